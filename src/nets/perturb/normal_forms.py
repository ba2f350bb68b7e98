"""Normal form of a network's weights: of all that differ by scales and signs of hidden units, one.

    scale c > 0 of each homogeneous unit:  |w_in| = |w_out| = (|w_in| |w_out|)^(1/2),   the least |w| of all scales
    sign of each odd unit:                 its incoming entry of largest magnitude is positive

ln c solves a convex problem (|w|^2 is a sum of exponentials of differences of ln c), here by turns, unit by unit, to
rounding: Osborne, J. ACM 7 (1960) 338. Which units these are: `unit_symmetries`. The function stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .chain_spec import spec_of
from .permutation_spec import Axis, Layout, PermutationSpec, lay_out
from .same_network import check_network
from .unit_symmetries import Carrier, Flip, UnitScaling, UnitSymmetries, symmetries_of

Array = NDArray[np.float64]

ROUNDING = 1e-14  # of ln c: a sweep that changes less has converged
SWEEPS = 5000
VAST = 1e120  # squares and their sums must be finite; a weight below 1e-160 counts as 0


@dataclass(frozen=True, eq=False)
class NormalForm:
    """Weights in normal form and what brought them there.

    Attributes
    ----------
    state : dict of str to Tensor
        State dict of the same function; `model.load_state_dict(form.state)`.
    scales, signs : dict of str to ndarray, shape (units,)
        By module: factors of the incoming weights of each unit. 1 for a unit of which all incoming or all outgoing
        weights are 0: no factor balances it.
    untouched : dict of str to str
        Modules whose units have no scale and no sign, or whose own scale is left, and why.
    sweeps : int
        Passes over all units.
    imbalance : float
        Largest |ln(|w_in| / |w_out|)| left; rounding.
    """

    state: dict[str, Tensor]
    scales: dict[str, Array]
    signs: dict[str, Array]
    untouched: dict[str, str]
    sweeps: int
    imbalance: float


def normal_form(
    model: nn.Module,
    *,
    spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None = None,
    symmetries: UnitSymmetries | None = None,
) -> NormalForm:
    """Balance the scales of homogeneous units and fix the signs of odd ones; the model is not changed.

    Parameters
    ----------
    model : nn.Module
        A chain of layers (`spec_of`), `ResNet` or `LeakyResNet`.
    spec : PermutationSpec or mapping, optional
        Axes along which units lie, for a network that `spec_of` does not know.
    symmetries : UnitSymmetries, optional
        Which tensors a unit's factor multiplies and divides; made by `symmetries_of` by default.

    Returns
    -------
    NormalForm

    Raises
    ------
    ValueError
        If a module is not known, a weight is not finite, or the symmetries name tensors that do not fit.

    Notes
    -----
    Units behind a normalisation are balanced with gamma and beta as incoming weights; the scale of the weights before
    it has no effect but through its eps, and stays. Linear and attention layers have larger groups of symmetries
    (whole matrices), of which only scales and signs are removed, and none for a `Transformer`, which is refused.

    Examples
    --------
    >>> from nets import MLP
    >>> form = normal_form(MLP(4, 8, 3, 2, norm=None))
    >>> sorted(form.scales)
    ['hidden.0.linear', 'hidden.1.linear', 'input']
    """
    check_network("model", model)
    own = symmetries_of(model) if symmetries is None else symmetries
    if not isinstance(own, UnitSymmetries):
        raise TypeError(f"symmetries must be a UnitSymmetries, but is {own!r}.")
    state = model.state_dict()
    return normal_state(state, own, layout_of(model, state, spec))


def layout_of(
    model: nn.Module, state: Mapping[str, Tensor], spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None
) -> Layout:
    """Layout of the model's tensors by a spec, its own by default."""
    if spec is None:
        spec = spec_of(model)
    elif not isinstance(spec, PermutationSpec):
        spec = PermutationSpec(spec)
    return lay_out(spec, {name: tuple(tensor.shape) for name, tensor in state.items()})


def normal_state(state: Mapping[str, Tensor], symmetries: UnitSymmetries, layout: Layout) -> NormalForm:
    """Normal form of a state dict."""
    _check(state, symmetries, layout)
    arrays = _arrays(state, symmetries)
    scales, sweeps, imbalance = _balance(arrays, symmetries.scalings, layout)
    for name, s in symmetries.scalings.items():
        multiply(arrays, s.incoming, s.group, scales[name], layout)
        multiply(arrays, s.outgoing, s.group, 1 / scales[name], layout)
    signs = {}
    for name, flip in symmetries.flips.items():
        signs[name] = _normal_signs(arrays, flip, layout)
        multiply(arrays, flip.carriers, flip.group, signs[name], layout)
    made = {
        name: torch.from_numpy(arrays[name]).to(tensor) if name in arrays else tensor.detach().clone()
        for name, tensor in state.items()
    }
    return NormalForm(made, scales, signs, dict(symmetries.untouched), sweeps, imbalance)


def multiply(
    arrays: dict[str, Array], carriers: tuple[Carrier, ...], group: str | None, factors: Array, layout: Layout
) -> None:
    """Multiply the units of tensors by a factor each; the arrays are replaced."""
    for name, axis in carriers:
        if name in arrays:
            shape = [-1 if k == axis else 1 for k in range(arrays[name].ndim)]
            arrays[name] = arrays[name] * spread(factors, group, layout, name, axis).reshape(shape)


def spread(factors: Array, group: str | None, layout: Layout, name: str, axis: int) -> Array:
    """Factors of units along an axis of a tensor; 1 where other things lie."""
    segments = layout.axes[name][axis]
    length = segments[-1].stop
    if group is None:
        return np.repeat(factors, length // len(factors))
    found = np.ones(length)
    for start, stop, own, block in segments:
        if own == group:
            found[start:stop] = np.repeat(factors, block)
    return found


def _balance(
    arrays: Mapping[str, Array], scalings: Mapping[str, UnitScaling], layout: Layout
) -> tuple[dict[str, Array], int, float]:
    """Factors of all units by turns, number of sweeps, largest imbalance left."""
    squares = {name: arrays[name] ** 2 for s in scalings.values() for name, _ in (*s.incoming, *s.outgoing)}
    logs = {name: np.zeros(s.units) for name, s in scalings.items()}
    sweeps, change = 0, np.inf
    while scalings and change > ROUNDING and sweeps < SWEEPS:
        sweeps, change = sweeps + 1, 0.0
        order = list(scalings.items())
        for name, s in order if sweeps % 2 else order[::-1]:
            coupled = {t for t, _ in s.incoming} & {t for t, _ in s.outgoing}
            for units in range(s.units) if coupled else [slice(None)]:
                step = np.zeros(s.units)
                step[units] = _log_factors(squares, s, layout, coupled)[units]
                logs[name] += step
                change = max(change, float(np.abs(step).max(initial=0.0)))
                multiply(squares, s.incoming, s.group, np.exp(2 * step), layout)
                multiply(squares, s.outgoing, s.group, np.exp(-2 * step), layout)
    left = [2 * np.abs(_log_factors(squares, s, layout, set())).max(initial=0.0) for s in scalings.values()]
    return {name: np.exp(log) for name, log in logs.items()}, sweeps, float(max(left, default=0.0))


def _log_factors(squares: Mapping[str, Array], s: UnitScaling, layout: Layout, coupled: set[str]) -> Array:
    """ln c that balances each unit while all others stay; 0 for a unit without incoming or outgoing weights."""
    into, out = (sum(_sums(squares, c, s, layout) for c in side) for side in (s.incoming, s.outgoing))
    own = sum((_diagonal(squares[name], s) for name in coupled), np.zeros(s.units))  # weights of a unit to itself
    into, out = np.maximum(into - own, 0), np.maximum(out - own, 0)
    good = (into > 0) & (out > 0)
    return np.where(good, 0.25 * (np.log(np.where(good, out, 1)) - np.log(np.where(good, into, 1))), 0.0)


def _sums(squares: Mapping[str, Array], carrier: Carrier, s: UnitScaling, layout: Layout) -> Array:
    name, axis = carrier
    rows = np.moveaxis(squares[name], axis, 0)
    along = rows.reshape(len(rows), -1).sum(1)
    if s.group is None:
        return np.asarray(along.reshape(s.units, -1).sum(1))
    total = np.zeros(s.units)
    for start, stop, own, _ in layout.axes[name][axis]:
        if own == s.group:
            total += along[start:stop].reshape(s.units, -1).sum(1)
    return total


def _diagonal(square: Array, s: UnitScaling) -> Array:
    """Squares of the weights of each unit of a stack (layers, units, units or more) to itself."""
    units = np.arange(s.units)
    return np.asarray(square[:, units, units].sum(0))


def _normal_signs(arrays: Mapping[str, Array], flip: Flip, layout: Layout) -> Array:
    parts = []
    for name, axis in flip.by:
        rows = np.moveaxis(arrays[name], axis, 0)
        parts.append(rows.reshape(flip.units, -1))
    entries = np.concatenate(parts, axis=1)
    largest = entries[np.arange(flip.units), np.abs(entries).argmax(1)]
    return np.where(largest < 0, -1.0, 1.0)


def _arrays(state: Mapping[str, Tensor], symmetries: UnitSymmetries) -> dict[str, Array]:
    """All tensors that have a part in a symmetry, in double precision."""
    carriers = [c for s in symmetries.scalings.values() for c in (*s.incoming, *s.outgoing)]
    carriers += [c for f in symmetries.flips.values() for c in f.carriers]
    arrays = {name: state[name].detach().double().cpu().numpy() for name, _ in carriers}
    broken = [name for name, a in arrays.items() if not np.isfinite(a).all()]
    if broken:
        raise ValueError(f"weights must be finite for a normal form, but {', '.join(broken)} holds others.")
    vast = [name for name, a in arrays.items() if np.abs(a).max(initial=0.0) > VAST]
    if vast:
        raise ValueError(f"weights above {VAST:g} cannot be balanced, but {', '.join(vast)} holds some.")
    return arrays


def _check(state: Mapping[str, Tensor], symmetries: UnitSymmetries, layout: Layout) -> None:
    """Raise ValueError unless all tensors are there and have the units."""
    named: list[tuple[str, UnitScaling | Flip]] = [*symmetries.scalings.items(), *symmetries.flips.items()]
    for module, s in named:
        carriers = (*s.incoming, *s.outgoing) if isinstance(s, UnitScaling) else (*s.carriers, *s.by)
        for name, axis in carriers:
            if name not in state or not 0 <= axis < state[name].ndim:
                raise ValueError(
                    f"the symmetry of {module} names axis {axis} of {name}, which the network does not have."
                )
            length = state[name].shape[axis]
            here = length if s.group is None else layout.sizes.get(s.group, 0)
            if here != s.units and (s.group is not None or length % s.units):
                raise ValueError(f"the symmetry of {module} has {s.units} units, but axis {axis} of {name} has {here}.")
