"""What a page shows of a sweep: plain arrays on ordered axes, read from the labelled dataset.

The last axis is drawn horizontally, the one before it vertically, the others are chosen from. Axes of a single value
and parts of huge grids are left out of the pictures; `notes` says so.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .axis import Axis, make_axis
from .failures import Failure, read_failures
from .numbers import ordinal

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]
ERROR = "_stderr"
COUNTS = ("failed", "finished")
MOST_NUMBERS = 400_000  # drawn on a page: 1.6 MB in single precision, the errors as much again
NOT_RUN, DONE, PARTLY, FAILED = range(4)  # state of a cell


@dataclass(frozen=True)
class Output:
    """A number for each cell, mean over seeds; `error` is its standard error, or None."""

    name: str
    label: str
    unit: str
    value: Array
    error: Array | None

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class Curve(Output):
    """An array for each cell over a coordinate of its own: value has one more axis, whose values `own` holds."""

    own: Axis


@dataclass(frozen=True)
class Full:
    """The whole sweep, of which a huge grid's pictures show a part: its axes, numbers and states."""

    axes: list[Axis]
    outputs: list[Output]
    state: NDArray[np.uint8]
    failed: NDArray[np.int64]


@dataclass(frozen=True)
class Sheet:
    """A sweep, ready to be drawn."""

    axes: list[Axis]
    fixed: dict[str, str]  # axes of one value
    outputs: list[Output]
    curves: list[Curve]
    failed: NDArray[np.int64]  # seeds, of each cell
    state: NDArray[np.uint8]
    failures: list[Failure]
    attrs: dict[str, Any]
    others: list[str]  # variables that no picture shows
    seeds: int | None
    full: "Full"
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return tuple(len(axis) for axis in self.axes)


def read_sheet(dataset: "xarray.Dataset", horizontal_vertical: Sequence[str] | None = None) -> Sheet:
    """Read a sweep's dataset; `horizontal_vertical` names the axes that are drawn, by default the two longest."""
    dims = _axes_of(dataset)
    dataset = _ascending(dataset, dims)
    order = _order(dataset, dims, horizontal_vertical)
    single = [name for name in order if dataset.sizes[name] == 1]
    shown = [name for name in order if name not in single]
    fixed = {axis.title: axis.values[0] for axis in (_axis(dataset, name) for name in single)}
    dataset = dataset.isel(dict.fromkeys(single, 0))
    full_axes = [_axis(dataset, name) for name in shown]
    outputs, others = _outputs(dataset, shown)
    part, notes = _thinning(dataset, full_axes, len(outputs))
    thinned = dataset.isel(dict(zip(shown, part, strict=True)))
    curves = _curves(thinned, shown)
    failed = _counts(dataset, "failed", shown)
    state = _states(dataset, shown, outputs, failed)
    if not outputs:
        outputs = [_mean_of(curve) for curve in _curves(dataset, shown)]
    return Sheet(
        axes=[_axis(thinned, name) for name in shown],
        fixed=fixed,
        outputs=[_cut(output, part) for output in outputs],
        curves=curves,
        failed=failed[part],
        state=state[part],
        failures=read_failures(thinned, shown),
        attrs={str(key): value for key, value in dataset.attrs.items()},
        others=others,
        seeds=_seeds(dataset),
        full=Full(full_axes, outputs, state, failed),
        notes=notes,
    )


def _axes_of(dataset: "xarray.Dataset") -> tuple[str, ...]:
    if "failed" in dataset:
        return tuple(map(str, dataset["failed"].dims))
    found = [variable.dims for variable in dataset.data_vars.values()]
    if not found:
        raise ValueError("The dataset has no variables; a report needs a sweep's outputs.")
    return tuple(str(dim) for dim in found[0] if all(dim in dims for dims in found))


def _order(dataset: "xarray.Dataset", dims: tuple[str, ...], wanted: Sequence[str] | None) -> list[str]:
    """Axes with the vertical and the horizontal one last."""
    if wanted is not None:
        unknown = [name for name in wanted if name not in dims]
        if unknown or not 1 <= len(set(wanted)) == len(wanted) <= 2:
            raise ValueError(f"axes must be one or two of {', '.join(dims)}, but are {', '.join(wanted)}.")
        drawn = list(wanted)
    else:
        longest = sorted(dims, key=lambda name: -dataset.sizes[name])[:2]
        drawn = [name for name in dims if name in longest]
    return [name for name in dims if name not in drawn] + drawn[::-1]


def _ascending(dataset: "xarray.Dataset", names: Sequence[str]) -> "xarray.Dataset":
    """The dataset with every numeric axis in ascending order."""
    for name in names:
        values = dataset[name].values
        if values.dtype.kind in "iuf" and np.isfinite(values).all() and (np.diff(values) < 0).any():
            dataset = dataset.isel({name: np.argsort(values, kind="stable")})
    return dataset


def _axis(dataset: "xarray.Dataset", name: str) -> Axis:
    coordinate = dataset[name]
    label, unit = _words(coordinate.attrs, name)
    return make_axis(name, coordinate.values, label, unit)


def _words(attrs: Mapping[Any, Any], name: str) -> tuple[str, str]:
    unit = str(attrs.get("units", ""))
    return str(attrs.get("long_name") or name), "" if unit == "1" else unit


def _outputs(dataset: "xarray.Dataset", axes: list[str]) -> tuple[list[Output], list[str]]:
    """The variables with one number for each cell, and the names of those that no picture can show."""
    outputs: list[Output] = []
    others: list[str] = []
    for name, variable, own in _means(dataset, axes):
        if variable.dtype.kind not in "iufb" or len(own) > 1 or not set(axes) <= set(map(str, variable.dims)):
            others.append(name)
        elif not own or dataset.sizes[own[0]] == 1:
            flat = dataset.isel(dict.fromkeys(own, 0))
            outputs.append(Output(name, *_words(variable.attrs, name), *_mean_and_error(flat, name, axes)))
    return outputs, others


def _curves(dataset: "xarray.Dataset", axes: list[str]) -> list[Curve]:
    """The variables with a one-dimensional array for each cell."""
    return [
        Curve(
            name, *_words(variable.attrs, name), *_mean_and_error(dataset, name, [*axes, *own]), _axis(dataset, own[0])
        )
        for name, variable, own in _means(dataset, axes)
        if variable.dtype.kind in "iufb"
        and len(own) == 1
        and dataset.sizes[own[0]] > 1
        and set(axes) <= set(map(str, variable.dims))
    ]


def _means(dataset: "xarray.Dataset", axes: list[str]) -> Iterator[tuple[str, "xarray.DataArray", list[str]]]:
    """Name, variable and own dimensions of each output; neither errors nor counts."""
    for key, variable in dataset.data_vars.items():
        name = str(key)
        base = name.removesuffix(ERROR)
        if name not in COUNTS and (base == name or base not in dataset):
            yield name, variable, [str(dim) for dim in variable.dims if dim not in axes]


def _mean_and_error(dataset: "xarray.Dataset", name: str, dims: list[str]) -> tuple[Array, Array | None]:
    error = _values(dataset[name + ERROR], dims) if name + ERROR in dataset else None
    return _values(dataset[name], dims), error


def _values(variable: "xarray.DataArray", dims: list[str]) -> Array:
    return np.asarray(variable.transpose(*dims).values, dtype=np.float64)


def _counts(dataset: "xarray.Dataset", name: str, axes: list[str]) -> NDArray[np.int64]:
    if name not in dataset:
        return np.zeros([dataset.sizes[axis] for axis in axes], np.int64)
    return np.nan_to_num(_values(dataset[name], axes)).clip(0).astype(np.int64)


def _states(
    dataset: "xarray.Dataset", axes: list[str], outputs: list[Output], failed: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """A cell is done where seeds finished; without that count, where it has a number."""
    if "finished" in dataset:
        known = _counts(dataset, "finished", axes) > 0
    else:
        known = np.zeros(failed.shape, bool)
        for value in [output.value for output in outputs] or [c.value[..., 0] for c in _curves(dataset, axes)]:
            known |= np.isfinite(value)
    state = np.where(failed > 0, FAILED, NOT_RUN)
    return np.where(known, np.where(failed > 0, PARTLY, DONE), state).astype(np.uint8)


def _thinning(dataset: "xarray.Dataset", axes: list[Axis], outputs: int) -> tuple[tuple[slice, ...], list[str]]:
    """Every how many cells of a huge grid are drawn, so that the page stays small."""
    steps = [1] * len(axes)

    def cells() -> int:
        return math.prod(-(-len(axis) // step) for axis, step in zip(axes, steps, strict=True))

    while cells() * max(1, outputs) > MOST_NUMBERS:
        steps[max(range(len(axes)), key=lambda i: len(axes[i]) / steps[i])] += 1
    notes = [
        f"The pictures show every {ordinal(step)} of the {len(axis)} values of {axis.label}; the tables cover all."
        for axis, step in zip(axes, steps, strict=True)
        if step > 1
    ]
    return tuple(slice(None, None, step) for step in steps), notes


def _cut(output: Output, part: tuple[slice, ...]) -> Output:
    return replace(output, value=output.value[part], error=None if output.error is None else output.error[part])


def _mean_of(curve: Curve) -> Output:
    """What a map shows of a sweep that has arrays only."""
    return Output(
        curve.name, f"{curve.label}, mean over {curve.own.label}", curve.unit, curve.value.mean(axis=-1), None
    )


def _seeds(dataset: "xarray.Dataset") -> int | None:
    seeds = dataset.attrs.get("seeds")
    if isinstance(seeds, str):
        try:
            seeds = json.loads(seeds)
        except ValueError:
            return None
    if isinstance(seeds, (int, np.integer)):
        return int(seeds)
    return None if seeds is None else int(np.size(seeds))
