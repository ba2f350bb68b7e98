"""Weight matching: the signed order of each group of units that brings one set of tensors nearest to another.

    maximise <A, pi(B)> over signed permutations pi of each group, the other groups held;
    C = sum over (tensor, axis of the group) of A_(axis first) . B_(axis first, other axes permuted and signed)^T,
    one linear assignment problem each, in random order until no group gains

Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836, Algorithm 1. Where a unit has a sign, each
pair of units takes the sign of the greater sum: C = C_0 + |C_1|, C_1 from the tensors that change with it. Heads of an
attention are matched jointly: the best orders inside each pair of heads, then the best pairs.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .normal_forms import spread
from .permutation_spec import Layout
from .permutations import Order, identity, order_of, random_permutations
from .unit_symmetries import Flip

Array = NDArray[np.float64]
Tensors = Mapping[str, Array]

GAIN = 1e-12  # in units of |A| |B|: below this a change of the objective is rounding


@dataclass(frozen=True)
class Pairing:
    """Which unit of B takes the place of which of A, and with what sign.

    Attributes
    ----------
    permutations : dict of str to ndarray
        By group: unit i of the result is unit permutations[group][i] of B.
    signs : dict of str to ndarray
        By flip: +-1 for each unit of the result.
    """

    permutations: dict[str, Order]
    signs: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """A pairing that no group improves.

    Attributes
    ----------
    pairing : Pairing
    objective : tuple of float
        <A, pi(B)> at the start and after each change of a group, ascending.
    sweeps : int
    """

    pairing: Pairing
    objective: tuple[float, ...]
    sweeps: int


def match(
    A: Tensors,
    B: Tensors,
    layout: Layout,
    flips: Mapping[str, Flip],
    restarts: int,
    seed: int,
    normal: tuple[Mapping[str, Array], Mapping[str, Array]] = ({}, {}),
) -> Match:
    """The best of some ascents: from the present order and signs, and from random orders.

    `normal` are the signs of the normal forms of A and B. Where there are signs, each order, the present one too, is
    first improved with these, which are right for networks that differ by a symmetry alone.
    """
    for group in {group for groups, heads in layout.bundles if heads > 1 for group in groups}:
        if any(flip.group == group for flip in flips.values()):
            raise ValueError(f"units of the heads {group!r} cannot have signs of their own.")
    ones = {name: np.ones(flip.units) for name, flip in flips.items()}
    found = []
    for run in range(restarts):
        rng = np.random.default_rng([seed, run])
        start = Pairing(random_permutations(layout, rng) if run else identity(layout), ones)
        if run == 0 or not flips:
            found.append(_ascend(A, B, layout, flips, start, rng))
        if flips:
            found.append(_ascend(A, B, layout, flips, _in_normal_signs(A, B, layout, flips, start, rng, normal), rng))
    return max(found, key=lambda m: m.objective[-1])


def _in_normal_signs(
    A: Tensors,
    B: Tensors,
    layout: Layout,
    flips: Mapping[str, Flip],
    start: Pairing,
    rng: np.random.Generator,
    normal: tuple[Mapping[str, Array], Mapping[str, Array]],
) -> Pairing:
    """The order that fits best while all signs are normal, with these signs."""
    own, theirs = (
        {name: paired(t, layout, flips, name, Pairing(identity(layout), dict(signs))) for name, t in tensors.items()}
        for tensors, signs in ((A, normal[0]), (B, normal[1]))
    )
    orders = _ascend(own, theirs, layout, {}, Pairing(start.permutations), rng).pairing.permutations
    signs = {name: normal[0][name] * normal[1][name][orders[str(f.group)]] for name, f in flips.items()}
    return Pairing(orders, signs)


def paired(b: Array, layout: Layout, flips: Mapping[str, Flip], name: str, now: Pairing, skip: int = -1) -> Array:
    """A tensor of B in its new order and signs, except along axis `skip`."""
    for k, segments in enumerate(layout.axes.get(name, ())):
        if k == skip:
            continue
        order = order_of(segments, now.permutations)
        if order is not None:
            b = b.take(order, axis=k)
        for own, flip in flips.items():
            if (name, k) in flip.carriers:
                sign = spread(now.signs[own], flip.group, layout, name, k)
                b = b * sign.reshape([-1 if m == k else 1 for m in range(b.ndim)])
    return b


def _ascend(
    A: Tensors, B: Tensors, layout: Layout, flips: Mapping[str, Flip], start: Pairing, rng: np.random.Generator
) -> Match:
    """Coordinate ascent from `start`."""
    now = start
    objective = [_objective(A, B, layout, flips, now)]
    least = GAIN * np.sqrt(_square(A) * _square(B))
    quadratic = [_is_quadratic(A, layout, groups) for groups, _ in layout.bundles]
    sweeps, gained = 0, True
    while gained:
        gained = False
        sweeps += 1
        for k in rng.permutation(len(layout.bundles)):
            groups, heads = layout.bundles[k]
            if heads == 1:
                new, gain = _signed(A, B, layout, flips, groups[0], now)
            else:
                costs = [_costs(A, B, layout, flips, group, now)[()] for group in groups]
                orders = dict(zip(groups, _assign_heads(costs, heads), strict=True))
                gain = sum(
                    _trace(C, orders[g]) - _trace(C, now.permutations[g]) for C, g in zip(costs, groups, strict=True)
                )
                new = Pairing(now.permutations | orders, now.signs)
            if quadratic[k]:
                gain = _objective(A, B, layout, flips, new) - objective[-1]
            if gain > least:
                now = new
                objective.append(objective[-1] + gain)
                gained = True
    return Match(now, tuple(objective), sweeps)


def _signed(
    A: Tensors, B: Tensors, layout: Layout, flips: Mapping[str, Flip], group: str, now: Pairing
) -> tuple[Pairing, float]:
    """Best order and signs of one group, and what they gain."""
    own = [name for name, flip in flips.items() if flip.group == group]
    costs = _costs(A, B, layout, flips, group, now)
    choices = np.array(list(itertools.product((1.0, -1.0), repeat=len(own)))).reshape(2 ** len(own), len(own))
    sums = np.stack([
        sum(np.prod([choice[own.index(f)] for f in key]) * C for key, C in costs.items()) for choice in choices
    ])  # fmt: skip
    best = sums.max(0)
    order = linear_sum_assignment(best, maximize=True)[1]
    units = np.arange(len(order))
    chosen = choices[sums[:, units, order].argmax(0)]
    before = sum(
        float((np.prod([now.signs[f] for f in key], axis=0) * C[units, now.permutations[group]]).sum())
        for key, C in costs.items()
    )
    signs = now.signs | {name: chosen[:, k] for k, name in enumerate(own)}
    return Pairing(now.permutations | {group: order}, signs), float(best[units, order].sum()) - before


def _costs(
    A: Tensors, B: Tensors, layout: Layout, flips: Mapping[str, Flip], group: str, now: Pairing
) -> dict[tuple[str, ...], Array]:
    """C (n, n) of the tensors that each set of signs multiplies: what unit j of B adds in the place of unit i."""
    n = layout.sizes[group]
    costs: dict[tuple[str, ...], Array] = {(): np.zeros((n, n))}
    for name in A:
        for k, segments in enumerate(layout.axes.get(name, ())):
            mine = [segment for segment in segments if segment.group == group]
            if mine:
                key = tuple(f for f, flip in flips.items() if flip.group == group and (name, k) in flip.carriers)
                C = costs.setdefault(key, np.zeros((n, n)))
                a = np.moveaxis(A[name], k, 0)
                b = np.moveaxis(paired(B[name], layout, flips, name, now, skip=k), k, 0)
                for start, stop, _, _ in mine:
                    C += a[start:stop].reshape(n, -1) @ b[start:stop].reshape(n, -1).T
    return costs


def _assign_heads(costs: list[Array], heads: int) -> list[Order]:
    """Best order of each group, all in the same order of the heads."""
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


def _is_quadratic(A: Tensors, layout: Layout, groups: tuple[str, ...]) -> bool:
    """Whether a tensor carries the groups on more than one axis."""
    return any(
        sum(any(s.group in groups for s in segments) for segments in layout.axes.get(name, ())) > 1 for name in A
    )


def _objective(A: Tensors, B: Tensors, layout: Layout, flips: Mapping[str, Flip], now: Pairing) -> float:
    return float(sum(np.vdot(a, paired(B[name], layout, flips, name, now)) for name, a in A.items()))


def _trace(C: Array, order: Order) -> float:
    return float(C[np.arange(len(C)), order].sum())


def _square(A: Tensors) -> float:
    return float(sum(np.vdot(a, a) for a in A.values()))
