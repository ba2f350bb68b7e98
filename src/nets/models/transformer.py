"""Tiny transformer encoder that classifies sequences: of real vectors (rows of an image), or of tokens.

    h = E x + position;   layers x [h <- h + Attention(LayerNorm(h)),  h <- h + W_2 GELU(W_1 LayerNorm(h))]
    logits = W LayerNorm(h) averaged over the sequence

Vaswani et al., "Attention is all you need", NeurIPS 2017, arXiv:1706.03762, with the normalisation first (Xiong et al.,
ICML 2020, arXiv:2002.04745), which trains without a warm-up.
"""

import math

import torch
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .initial import default_weights


class Transformer(nn.Module):
    """Transformer encoder with learned positions.

    Parameters
    ----------
    inputs, length : int
        Numbers of each element and elements of a sequence (N, length, inputs); rows (N, length inputs) are reshaped to
        that. With `tokens`, sequences (N, length) of whole numbers, and `inputs` is not read.
    width, heads : int
        Features of the stream, a multiple of the number of heads.
    layers : int
        Pairs of attention and feed-forward network, at least 1; the latter is 4 times as wide.
    classes : int
        Number of logits.
    tokens : int, optional
        Size of the vocabulary.
    dropout : float
        Of the attention weights, 0 <= dropout < 1.
    seed : int
        Of the initial weights: linear layers as PyTorch does it, embeddings and positions normal with 1/sqrt(width).

    Raises
    ------
    ValueError
        If a size is below 1, width is no multiple of heads, or dropout is out of range.
    """

    def __init__(
        self,
        inputs: int = 10,
        length: int = 10,
        width: int = 16,
        heads: int = 2,
        layers: int = 2,
        classes: int = 10,
        *,
        tokens: int | None = None,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"inputs": inputs, "length": length, "width": width, "heads": heads, "layers": layers}
        sizes |= {"classes": classes, **({} if tokens is None else {"tokens": tokens})}
        whole_numbers(**{name: (value, 1) for name, value in sizes.items()})
        if width % heads:
            raise ValueError(f"width must be a multiple of heads = {heads}, but is {width}.")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), but is {dropout}.")
        self.settings = {**sizes, "dropout": float(dropout), "model_seed": int(seed)}
        self.uses_global_rng = dropout > 0  # attention draws its masks from the global generator
        kind, size = (nn.Linear, inputs) if tokens is None else (nn.Embedding, tokens)
        self.embed = nn.utils.skip_init(kind, size, width)
        self.position = nn.Parameter(torch.empty(length, width))
        self.layers = nn.ModuleList(_Layer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.output = nn.utils.skip_init(nn.Linear, width, classes)
        self.load_layers = tuple(f"layers.{l}" for l in range(layers))
        default_weights(self, seed)
        self._other_weights(seed)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of sequences (N, length, inputs), rows, or tokens (N, length)."""
        if isinstance(self.embed, nn.Linear):
            x = x.reshape(len(x), len(self.position), self.embed.in_features)
        h = self.embed(x) + self.position
        for layer in self.layers:
            h = layer(h)
        return self.output(self.norm(h).mean(1))

    @torch.no_grad()
    def _other_weights(self, seed: int) -> None:
        """Attention's own parameters, embeddings and positions; from generators that the linear layers do not use."""
        generator = torch.Generator().manual_seed((1 << 62) | int(seed))
        std = 1 / math.sqrt(self.position.shape[1])
        self.position.normal_(0, std, generator=generator)
        if isinstance(self.embed, nn.Embedding):
            self.embed.weight.normal_(0, std, generator=generator)
        for attention in (m for m in self.modules() if isinstance(m, nn.MultiheadAttention)):
            bound = math.sqrt(3) * std  # the variance 1/width of the Xavier law for square blocks
            attention.in_proj_weight.uniform_(-bound, bound, generator=generator)
            attention.in_proj_bias.zero_()


class _Layer(nn.Module):
    """Attention, then a feed-forward network, each on the normalised stream and added to it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        with torch.random.fork_rng(devices=[]):  # its constructor draws weights, which are replaced
            self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.utils.skip_init(nn.Linear, width, 4 * width)
        self.down = nn.utils.skip_init(nn.Linear, 4 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        """The stream (N, length, width) after this layer."""
        z = self.norm1(h)
        h = h + self.attention(z, z, z, need_weights=False)[0]
        return h + self.down(nn.functional.gelu(self.up(self.norm2(h))))
