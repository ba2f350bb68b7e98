"""Convolutional network of the spring-block paper: every layer keeps its shape, so that layers compare.

    x -> BatchNorm -> (depth - 1) x [Conv 3x3, BatchNorm, LeakyReLU(slope), MaxPool 2, Upsample 2, Dropout(p)]
      -> Linear -> logits

Shi, Pan, Dokmanic, "A spring-block theory of feature learning", PRL (2025), arXiv:2407.19353, supplement. The load D_l
is measured after the pooling, where every number occurs once; upsampling repeats it.
"""

import math

from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .dropout import Dropout
from .initial import default_weights


class CNN(nn.Module):
    """Convolutional network whose layers all have the same number of channels and the same size.

    Parameters
    ----------
    channels, size : int
        Of the input images, (N, channels, size, size); rows (N, channels size^2) are reshaped to that. An even size.
    width : int
        Channels of each hidden layer.
    depth : int
        Number of layers with weights, at least 1; 8 means 7 convolutions and the output, as in the paper.
    classes : int
        Number of logits.
    slope : float
        Slope of the leaky ReLU for negative numbers.
    dropout : float
        Probability of zero after each layer, 0 <= dropout < 1.
    seed : int
        Of the initial weights (PyTorch's default law). The global generator is neither read nor changed.

    Attributes
    ----------
    load_layers : tuple of str
        Names of the modules whose outputs are the layers 0 .. depth - 1 of the load curve.

    Raises
    ------
    ValueError
        If a size is below 1 or odd, or `slope` or `dropout` is out of range.
    """

    uses_global_rng = False  # tells `train` that runs in threads need no shared generator

    def __init__(
        self,
        channels: int = 3,
        size: int = 10,
        width: int = 20,
        depth: int = 8,
        classes: int = 10,
        *,
        slope: float = 0.0,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"channels": channels, "size": size, "width": width, "depth": depth, "classes": classes}
        whole_numbers(**{name: (value, 1) for name, value in sizes.items()})
        if size % 2:
            raise ValueError(f"size must be even, so that pooling and upsampling give it back, but is {size}.")
        if not math.isfinite(slope):
            raise ValueError(f"slope must be finite, but is {slope}; 0 is the ReLU, 1 a linear activation.")
        self.settings = {
            **sizes, "slope": float(slope), "dropout": float(dropout), "model_seed": int(seed),
        }  # fmt: skip
        self.shape = (channels, size, size)
        self.input = nn.BatchNorm2d(channels)
        self.hidden = nn.ModuleList(
            _hidden_layer(channels if l == 0 else width, width, slope, dropout) for l in range(depth - 1)
        )
        self.output = nn.utils.skip_init(nn.Linear, (width if depth > 1 else channels) * size * size, classes)
        self.load_layers = ("input", *(f"hidden.{l}.pool" for l in range(depth - 1)))
        default_weights(self, seed)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, channels, size, size) or rows of that many numbers."""
        h = self.input(x.reshape(len(x), *self.shape))
        for layer in self.hidden:
            h = layer(h)
        return self.output(h.flatten(1))


def _hidden_layer(fan_in: int, fan_out: int, slope: float, dropout: float) -> nn.Sequential:
    layer = nn.Sequential()
    layer.add_module("conv", nn.utils.skip_init(nn.Conv2d, fan_in, fan_out, kernel_size=3, padding=1))
    layer.add_module("norm", nn.BatchNorm2d(fan_out))
    layer.add_module("activation", nn.LeakyReLU(slope))
    layer.add_module("pool", nn.MaxPool2d(2))
    layer.add_module("upsample", nn.Upsample(scale_factor=2, mode="nearest"))
    layer.add_module("dropout", Dropout(dropout))
    return layer
