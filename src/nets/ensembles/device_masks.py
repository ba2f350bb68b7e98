"""Dropout masks of many networks at once on any device: the numbers of `draws.kept_units`, by torch's integers.

Threefry-2x64-13 (Salmon et al., SC'11) with int64 in place of uint64: additions wrap alike, and a rotation takes the
arithmetic right shift without the copies of the sign.
"""

import numpy as np
import torch
from torch import Tensor

from mechanics.noise import seed_word

from .draws import DROPOUT, dropout_blocks, keep_threshold

PARITY = 0x1BD11BDAA9FC1A22
EVEN, ODD = (16, 42, 12, 31), (16, 32, 24, 21)
LOW = 0xFFFFFFFF


def signed(word: int) -> int:
    """The int64 with the bits of a 64-bit word."""
    return word - 2**64 if word >= 2**63 else word


def seed_words(seeds: list[int], device: torch.device) -> Tensor:
    """Key words of the networks' seeds, (models, 1)."""
    return torch.tensor([signed(int(seed_word(seed))) for seed in seeds], dtype=torch.int64, device=device)[:, None]


def kept_units(
    seeds: Tensor, step: int, layer: int, units: int, batch: int, keep: Tensor, stream: np.uint64 = DROPOUT
) -> Tensor:
    """Masks of one layer of all networks, (models, units, batch), true where a unit stays.

    Parameters
    ----------
    seeds : Tensor of int64, shape (models, 1)
        From `seed_words`.
    step, layer, units, batch, stream : int
        As in `draws.kept_units`, the same for all.
    keep : Tensor of int64, shape (models, 1, 1)
        `keep_threshold` of each network's probability to stay.
    """
    blocks = dropout_blocks(batch)
    counter = torch.arange(units * blocks, dtype=torch.int64, device=seeds.device)[None]
    w0, w1 = _threefry13(signed(step), counter, seeds, signed(int(stream) + layer))
    numbers = torch.stack([w0 & LOW, (w0 >> 32) & LOW, w1 & LOW, (w1 >> 32) & LOW], dim=2)
    return numbers.reshape(len(seeds), units, 4 * blocks)[:, :, :batch] < keep


def thresholds(keep: list[float], device: torch.device) -> Tensor:
    """For `kept_units`, (models, 1, 1)."""
    return torch.tensor([keep_threshold(k) for k in keep], dtype=torch.int64, device=device)[:, None, None]


def _threefry13(c0: int, c1: Tensor, k0: Tensor, k1: int) -> tuple[Tensor, Tensor]:
    k2 = (k0 ^ PARITY) ^ k1
    x0, x1 = _rounds(torch.full_like(c1, c0) + k0, c1 + k1, EVEN)
    x0, x1 = _rounds(x0 + k1, x1 + k2 + 1, ODD)
    x0, x1 = _rounds(x0 + k2, x1 + k0 + 2, EVEN)
    return _rounds(x0 + k0, x1 + k1 + 3, EVEN[:1])


def _rounds(x0: Tensor, x1: Tensor, rotations: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    for r in rotations:
        x0 = x0 + x1
        right = (x1 >> (64 - r)) & ((1 << r) - 1)
        x1 = ((x1 << r) | right) ^ x0
    return x0, x1
