"""Small residual network for images: one stream of constant shape to which blocks add.

    x -> Conv 3x3 -> Norm -> blocks x [h <- h + Conv(ReLU(Norm(Conv(ReLU(Norm(h))))))] -> Norm -> ReLU
      -> mean over positions -> Linear -> logits

Pre-activation blocks: He, Zhang, Ren, Sun, "Identity mappings in deep residual networks", ECCV 2016, arXiv:1603.05027.
LayerNorm is over the channels of each position: no example sees another.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .initial import default_weights


class ResNet(nn.Module):
    """Residual network whose blocks share one stream.

    Parameters
    ----------
    channels, size : int
        Of the input images, (N, channels, size, size); rows (N, channels size^2) are reshaped to that.
    width : int
        Channels of the stream and of the inside of each block.
    blocks : int
        Number of residual blocks, at least 1.
    classes : int
        Number of logits.
    norm : {"batch", "layer"}
        BatchNorm, or LayerNorm over channels.
    seed : int
        Of the initial weights (PyTorch's default law). The global generator is neither read nor changed.

    Raises
    ------
    ValueError
        If a size is below 1 or `norm` is unknown.
    """

    uses_global_rng = False  # tells `train` that runs in threads need no shared generator

    def __init__(
        self,
        channels: int = 1,
        size: int = 10,
        width: int = 8,
        blocks: int = 2,
        classes: int = 10,
        *,
        norm: Literal["batch", "layer"] = "batch",
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"channels": channels, "size": size, "width": width, "blocks": blocks, "classes": classes}
        whole_numbers(**{name: (value, 1) for name, value in sizes.items()})
        if norm not in ("batch", "layer"):
            raise ValueError(f"norm must be 'batch' or 'layer', but is {norm!r}.")
        self.settings = {**sizes, "norm": norm, "model_seed": int(seed)}
        self.shape = (channels, size, size)
        self.input = _conv(channels, width)
        self.blocks = nn.ModuleList(_block(width, norm) for _ in range(blocks))
        self.norm = _norm(width, norm)
        self.output = nn.utils.skip_init(nn.Linear, width, classes)
        self.load_layers = ("input", *(f"blocks.{l}" for l in range(blocks)))
        default_weights(self, seed)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, channels, size, size) or rows of that many numbers."""
        h = self.input(x.reshape(len(x), *self.shape))
        for block in self.blocks:
            h = h + block(h)
        return self.output(torch.relu(self.norm(h)).mean((2, 3)))


class ChannelNorm(nn.LayerNorm):
    """LayerNorm of the channels of each position, for (N, channels, height, width)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalised x, of the same shape."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def _conv(fan_in: int, fan_out: int) -> nn.Conv2d:
    return nn.utils.skip_init(nn.Conv2d, fan_in, fan_out, kernel_size=3, padding=1)


def _norm(width: int, norm: str) -> nn.Module:
    return nn.BatchNorm2d(width) if norm == "batch" else ChannelNorm(width)


def _block(width: int, norm: str) -> nn.Sequential:
    block = nn.Sequential()
    for k in (1, 2):
        block.add_module(f"norm{k}", _norm(width, norm))
        block.add_module(f"activation{k}", nn.ReLU())
        block.add_module(f"conv{k}", _conv(width, width))
    return block
