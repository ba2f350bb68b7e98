"""Permutations of hidden units, by group, and what they do to a network's tensors."""

from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .permutation_spec import Layout, PermutationSpec, Segment, lay_out

Order = NDArray[np.int64]
Permutations = Mapping[str, Order]


def identity(layout: Layout) -> dict[str, Order]:
    """Permutations that change nothing."""
    return {group: np.arange(size) for group, size in layout.sizes.items()}


def random_permutations(layout: Layout, rng: np.random.Generator) -> dict[str, Order]:
    """Uniformly drawn permutations that keep heads together."""
    drawn = {}
    for groups, heads in layout.bundles:
        order = rng.permutation(heads)
        for group in groups:
            d = layout.sizes[group] // heads
            drawn[group] = np.concatenate([j * d + rng.permutation(d) for j in order])
    return drawn


def permute_state(state: Mapping[str, Tensor], layout: Layout, permutations: Permutations) -> dict[str, Tensor]:
    """Copy of a state dict with every axis in the order of its group."""
    copies = {name: tensor.detach().clone() for name, tensor in state.items()}
    for name, axes in layout.axes.items():
        shape = tuple(segments[-1].stop for segments in axes)
        if name not in copies or tuple(copies[name].shape) != shape:
            found = f"has shape {tuple(copies[name].shape)}" if name in copies else "is missing"
            raise ValueError(f"{name} must have shape {shape}, but {found}; align networks of one architecture.")
        for k, segments in enumerate(axes):
            order = order_of(segments, permutations)
            if order is not None:
                copies[name] = copies[name].index_select(k, torch.from_numpy(order).to(copies[name].device))
    return copies


def order_of(segments: tuple[Segment, ...], permutations: Permutations) -> Order | None:
    """Index array of one axis, or None if it stays."""
    if all(segment.group is None for segment in segments):
        return None
    pieces = []
    for start, stop, group, block in segments:
        if group is None:
            pieces.append(np.arange(start, stop))
        else:
            pieces.append((start + permutations[group][:, None] * block + np.arange(block)).ravel())
    return np.concatenate(pieces)


@torch.no_grad()
def spec_error(model: nn.Module, spec: PermutationSpec, x: Tensor, *, seed: int = 0) -> float:
    """max |f(x; pi w) - f(x; w)| / max |f(x; w)| for a random pi, in the model's precision and evaluation mode.

    A right spec gives rounding (1e-15 in double precision), a wrong one about 1: check one written by hand.
    """
    copy = deepcopy(model).eval()
    state = copy.state_dict()
    before = copy(x)
    layout = lay_out(spec, {name: tuple(tensor.shape) for name, tensor in state.items()})
    copy.load_state_dict(permute_state(state, layout, random_permutations(layout, np.random.default_rng(seed))))
    return float((copy(x) - before).abs().max() / before.abs().max())
