"""Permutation alignment by weight matching: the order of one network's hidden units that brings it nearest to another.

    maximise <A, pi(B)> over permutations pi of each group, the other groups held;
    C = sum over (tensor, axis of the group) of A_(axis first) . B_(axis first, other axes permuted)^T,
    one linear assignment problem each, in random order until no group gains

Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836, Section 3.2, Algorithm 1. Since
|A - pi(B)|^2 = |A|^2 + |B|^2 - 2 <A, pi(B)>, the distance never grows. With two or more groups this is a local optimum.
Heads of an attention are matched jointly: the best orders inside each pair of heads, then the best pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .chain_spec import spec_of
from .permutation_spec import Axis, Layout, PermutationSpec, lay_out
from .permutations import Order, Permutations, identity, order_of, permute_state, random_permutations

Array = NDArray[np.float64]

GAIN = 1e-12  # in units of |A| |B|: below this a change of the objective is rounding


@dataclass(frozen=True)
class Alignment:
    """Permutations that bring a network near another.

    Attributes
    ----------
    permutations : dict of str to ndarray
        By group: unit i of the aligned copy is unit permutations[group][i] of the other network.
    raw, aligned : float
        |w - w'| over all parameters before and after; aligned <= raw. Buffers do not count.
    objective : tuple of float
        <w, pi(w')> at the start of the best run and after each change of a group, ascending.
    sweeps : int
        Passes over all groups in the best run, the last without a gain.
    layout : Layout
        Axes that each group moves.
    """

    permutations: dict[str, Order]
    raw: float
    aligned: float
    objective: tuple[float, ...]
    sweeps: int
    layout: Layout

    def apply(self, other: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Permuted copy of the other network's state dict, running statistics included.

        Raises
        ------
        ValueError
            If tensors are missing or have another shape.
        """
        state = other.state_dict() if isinstance(other, nn.Module) else dict(other)
        return permute_state(state, self.layout, self.permutations)


def align(
    model: nn.Module,
    other: nn.Module | Mapping[str, Tensor],
    *,
    spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None = None,
    restarts: int = 1,
    seed: int = 0,
) -> Alignment:
    """Permute the hidden units of `other` so that its weights come near those of `model`; neither is changed.

    Parameters
    ----------
    model : nn.Module
        Reference.
    other : nn.Module or state dict
        Network of the same architecture.
    spec : PermutationSpec or mapping, optional
        Axes that move together (`nets.perturb.permutation_spec`); made by `spec_of` for chains of layers.
    restarts : int
        Runs, of which the best is kept: the first from the present order, the others from random ones.
    seed : int
        Of the order of groups and of random starts.

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        If the networks differ in their tensors, a weight is not finite, the spec does not fit, or a module of the
        model is not known and no spec is given.

    Notes
    -----
    Scales of ReLU units and signs of tanh units are symmetries too, and are not removed. A group on two axes of one
    tensor (a recurrent matrix) makes the problem quadratic: its linearised step is taken only where it gains.

    Examples
    --------
    >>> from nets import MLP
    >>> found = align(MLP(4, 8, 3, 2), MLP(4, 8, 3, 2, seed=1))
    >>> found.aligned < found.raw
    True
    """
    whole_numbers(restarts=(restarts, 1), seed=(seed, 0))
    if spec is None:
        spec = spec_of(model)
    elif not isinstance(spec, PermutationSpec):
        spec = PermutationSpec(spec)
    own = model.state_dict()
    state = other.state_dict() if isinstance(other, nn.Module) else dict(other)
    layout = lay_out(spec, {name: tuple(tensor.shape) for name, tensor in own.items()})
    _check_same(own, state)
    names = [name for name, _ in model.named_parameters()]  # buffers stay out of the cost
    A, B = _arrays(own, names), _arrays(state, names)
    rng = np.random.default_rng([seed, 0])
    best = _match(A, B, layout, identity(layout), rng)
    for run in range(1, restarts):
        rng = np.random.default_rng([seed, run])
        found = _match(A, B, layout, random_permutations(layout, rng), rng)
        if found[1][-1] > best[1][-1]:
            best = found
    permutations, objective, sweeps = best
    raw = _distance(A, B)
    aligned = _distance(A, {name: _permute(b, layout, name, permutations) for name, b in B.items()})
    return Alignment(dict(permutations), raw, aligned, tuple(objective), sweeps, layout)


def aligned_distance(
    model: nn.Module,
    other: nn.Module | Mapping[str, Tensor],
    *,
    spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None = None,
    restarts: int = 1,
    seed: int = 0,
) -> float:
    """|w - pi(w')| over all parameters after `align`, an upper bound of the least over all permutations."""
    return align(model, other, spec=spec, restarts=restarts, seed=seed).aligned


def _match(
    A: dict[str, Array], B: dict[str, Array], layout: Layout, start: dict[str, Order], rng: np.random.Generator
) -> tuple[dict[str, Order], list[float], int]:
    """Coordinate ascent from `start`: permutations, objective after each change, number of sweeps."""
    now = dict(start)
    objective = [_objective(A, B, layout, now)]
    least = GAIN * np.sqrt(_square(A) * _square(B))
    quadratic = [_is_quadratic(A, layout, groups) for groups, _ in layout.bundles]
    sweeps, gained = 0, True
    while gained:
        gained = False
        sweeps += 1
        for k in rng.permutation(len(layout.bundles)):
            groups, heads = layout.bundles[k]
            costs = [_cost(A, B, layout, group, now) for group in groups]
            new = dict(zip(groups, _assign(costs, heads), strict=True))
            if quadratic[k]:
                gain = _objective(A, B, layout, now | new) - objective[-1]
            else:
                gain = sum(_trace(C, new[g]) - _trace(C, now[g]) for C, g in zip(costs, groups, strict=True))
            if gain > least:
                now |= new
                objective.append(objective[-1] + gain)
                gained = True
    return now, objective, sweeps


def _cost(A: dict[str, Array], B: dict[str, Array], layout: Layout, group: str, now: dict[str, Order]) -> Array:
    """C (n, n): what unit j of B adds to <A, pi(B)> in the place of unit i."""
    n = layout.sizes[group]
    C = np.zeros((n, n))
    for name in A:
        for k, segments in enumerate(layout.axes.get(name, ())):
            mine = [segment for segment in segments if segment.group == group]
            if mine:
                a = np.moveaxis(A[name], k, 0)
                b = np.moveaxis(_permute(B[name], layout, name, now, skip=k), k, 0)
                for start, stop, _, _ in mine:
                    C += a[start:stop].reshape(n, -1) @ b[start:stop].reshape(n, -1).T
    return C


def _assign(costs: list[Array], heads: int) -> list[Order]:
    """Best order of each group, all in the same order of the heads."""
    if heads == 1:
        return [linear_sum_assignment(C, maximize=True)[1] for C in costs]
    gain = np.zeros((heads, heads))
    inner: list[dict[tuple[int, int], Order]] = []
    for C in costs:
        d = len(C) // heads
        inner.append({})
        for i, j in np.ndindex(heads, heads):
            block = C[i * d : (i + 1) * d, j * d : (j + 1) * d]
            inner[-1][i, j] = linear_sum_assignment(block, maximize=True)[1]
            gain[i, j] += _trace(block, inner[-1][i, j])
    pairs = list(enumerate(linear_sum_assignment(gain, maximize=True)[1]))
    return [
        np.concatenate([j * (len(C) // heads) + orders[i, j] for i, j in pairs])
        for C, orders in zip(costs, inner, strict=True)
    ]


def _is_quadratic(A: dict[str, Array], layout: Layout, groups: tuple[str, ...]) -> bool:
    """Whether a tensor carries the groups on more than one axis."""
    return any(
        sum(any(s.group in groups for s in segments) for segments in layout.axes.get(name, ())) > 1 for name in A
    )


def _permute(b: Array, layout: Layout, name: str, permutations: Permutations, skip: int | None = None) -> Array:
    for k, segments in enumerate(layout.axes.get(name, ())):
        order = order_of(segments, permutations) if k != skip else None
        if order is not None:
            b = b.take(order, axis=k)
    return b


def _objective(A: dict[str, Array], B: dict[str, Array], layout: Layout, now: Permutations) -> float:
    return float(sum(np.vdot(a, _permute(B[name], layout, name, now)) for name, a in A.items()))


def _trace(C: Array, order: Order) -> float:
    return float(C[np.arange(len(C)), order].sum())


def _square(A: dict[str, Array]) -> float:
    return float(sum(np.vdot(a, a) for a in A.values()))


def _distance(A: dict[str, Array], B: dict[str, Array]) -> float:
    return float(np.sqrt(sum(np.square(a - B[name]).sum() for name, a in A.items())))


def _arrays(state: Mapping[str, Tensor], names: list[str]) -> dict[str, Array]:
    arrays = {name: state[name].detach().double().cpu().numpy() for name in names}
    broken = [name for name, a in arrays.items() if not np.isfinite(a).all()]
    if broken:
        raise ValueError(f"weights must be finite to be aligned, but {', '.join(broken)} holds others.")
    return arrays


def _check_same(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    differ = [n for n in {**own, **state} if n not in own or n not in state or own[n].shape != state[n].shape]
    if differ:
        raise ValueError(f"the networks must have the same tensors, but differ in {', '.join(differ)}.")
