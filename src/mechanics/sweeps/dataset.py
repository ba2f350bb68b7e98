"""A store as an `xarray.Dataset`.

For each output `name` of the function:

    name            (axes ..., own ...)   mean over the seeds that finished
    name_stderr     (axes ..., own ...)   its standard error: sd / sqrt(n); NaN for fewer than two seeds
    failed          (axes ...)            number of seeds that failed
    finished        (axes ...)            number of seeds that finished; the rest is not run yet

`own` are the dimensions of the output itself: `name_0`, `name_1`, ... unless `dims=` named them. With `by_seed=True`:
`name` (axes ..., seed, own ...) and `status` (axes ..., seed): 0 not run, 1 finished, 2 failed. All are float64.

Sums run over the seeds in their order, element by element: the same bits for any split into blocks.
"""

import itertools
import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .errors import Damaged
from .grid import SEED, Grid
from .store import FAILED, FINISHED, NOT_RUN, Store

Array = NDArray[np.float64]
MESSAGES = 20  # of failed runs, in the attributes of a dataset
Slab = tuple[int, NDArray[np.uint8], dict[str, Array]]


def to_dataset(store: Store, *, by_seed: bool = False) -> xr.Dataset:
    """What a store holds now; a damaged block counts as not run, and a warning names it."""
    grid, shapes = store.grid, store.shapes or {}
    cells = grid.cells
    counts = {name: np.zeros(cells, np.int64) for name in ("failed", "finished")}
    if by_seed:
        raw = {name: np.full((cells, len(grid.seeds), *own), np.nan) for name, own in shapes.items()}
        status = np.zeros((cells, len(grid.seeds)), np.uint8)
    else:
        mean = {name: np.full((cells, *own), np.nan) for name, own in shapes.items()}
        stderr = {name: np.full((cells, *own), np.nan) for name, own in shapes.items()}
    for first, found, values in _slabs(store):
        part = slice(first, first + len(found))
        counts["failed"][part] = (found == FAILED).sum(axis=1)
        counts["finished"][part] = (found == FINISHED).sum(axis=1)
        if by_seed:
            status[part] = found
            for name, rows in values.items():
                raw[name][part] = rows
        else:
            for name, rows in values.items():
                mean[name][part], stderr[name][part] = mean_and_error(rows, found == FINISHED)
    variables: dict[str, Any] = {}
    for name, own in shapes.items():
        dims, shape = store.dims_of(name), (*grid.cell_shape, *own)
        unit = {"units": grid.units[name]} if name in grid.units else {}
        if by_seed:
            variables[name] = ((*grid.dims, *dims), raw[name].reshape(*grid.shape, *own), unit)
        else:
            about = {"long_name": f"standard error of {name}", **unit}
            variables[name] = ((*grid.axes, *dims), mean[name].reshape(shape), unit)
            variables[f"{name}_stderr"] = ((*grid.axes, *dims), stderr[name].reshape(shape), about)
    if by_seed:
        variables["status"] = (grid.dims, status.reshape(grid.shape), {"meaning": "0 not run, 1 finished, 2 failed"})
    else:
        for name, count in counts.items():
            variables[name] = (tuple(grid.axes), count.reshape(grid.cell_shape), {"long_name": f"seeds that {name}"})
    coords = {
        name: (name, values.astype(object) if values.dtype.kind == "U" else values, _unit(grid.units, name))
        for name, values in ({**grid.axes, SEED: grid.seeds} if by_seed else grid.axes).items()
    }
    return xr.Dataset(variables, coords, _provenance(store, counts))


def mean_and_error(rows: Array, finished: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Mean over the finished seeds (axis 1) and its standard error."""
    lift = (..., *(None,) * (rows.ndim - 2))
    n = finished.sum(axis=1)[lift].astype(np.float64)
    total = np.zeros((rows.shape[0], *rows.shape[2:]))
    squares = np.zeros_like(total)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for s in range(rows.shape[1]):
            total += np.where(finished[:, s][lift], rows[:, s], 0.0)
        mean = total / n
        for s in range(rows.shape[1]):
            squares += np.where(finished[:, s][lift], (rows[:, s] - mean) ** 2, 0.0)
        error = np.sqrt(squares / (n - 1) / n)
    return np.where(n > 0, mean, np.nan), np.where(n > 1, error, np.nan)


def _slabs(store: Store) -> Iterator[Slab]:
    """Whole cells with all their seeds, a few blocks at a time: first cell, status (cells, seeds), outputs."""
    seeds, shapes = len(store.grid.seeds), store.shapes or {}
    group = store.blocks.per_dim[-1]  # blocks that share a cell
    for first in range(0, store.blocks.count, group):
        blocks = [b for b in range(first, first + group) if b in store.records.found]
        if not blocks:
            continue
        start, stop = store.blocks.runs(first)[0], store.blocks.runs(first + group - 1)[1]
        status = np.full(stop - start, NOT_RUN, np.uint8)
        values = {name: np.full((stop - start, *own), np.nan) for name, own in shapes.items()}
        for block in blocks:
            a, b = store.blocks.runs(block)
            try:
                found, outputs = store.read(block)
            except Damaged as error:
                warnings.warn(
                    f"Block {block} ({store.grid.describe(a)} to {store.grid.describe(b - 1)}) is damaged: it {error}. "
                    "It counts as not run; resume the sweep to run it again.",
                    stacklevel=4,
                )
                continue
            status[a - start : b - start] = found
            for name, rows in outputs.items():
                values[name][a - start : b - start] = rows
        cells = (stop - start) // seeds
        yield (
            start // seeds,
            status.reshape(cells, seeds),
            {name: rows.reshape(cells, seeds, *rows.shape[1:]) for name, rows in values.items()},
        )


def empty_dataset(grid: Grid) -> xr.Dataset:
    """The data set of a sweep that was stopped before its first run ended: coordinates, and nothing finished."""
    counts = {name: (tuple(grid.axes), np.zeros(grid.cell_shape, np.int64)) for name in ("failed", "finished")}
    coords = {name: values.astype(object) if values.dtype.kind == "U" else values for name, values in grid.axes.items()}
    return xr.Dataset(counts, coords, {"status": "incomplete", "runs": grid.runs, "finished_runs": 0, "failed_runs": 0})


def _unit(units: dict[str, str], name: str) -> dict[str, str]:
    return {"units": units[name]} if name in units else {}


def _provenance(store: Store, counts: dict[str, NDArray[np.int64]]) -> dict[str, Any]:
    """Where the numbers come from, in types that netCDF can hold; nothing names the machine or its folders."""
    manifest, records = store.manifest, store.records.found.values()
    sessions: dict[str, float] = {}
    for record in records:
        sessions[record.session] = max(sessions.get(record.session, 0.0), record.elapsed)
    failed, finished = int(counts["failed"].sum()), int(counts["finished"].sum())
    return {
        "format": manifest.format,
        **manifest.versions,
        "function": manifest.function,
        "fingerprint": manifest.fingerprint,
        "parameters": json.dumps(manifest.parameters),
        "seeds": json.dumps(store.grid.seeds.tolist()),
        "created": manifest.created,
        "wall_time_s": round(sum(sessions.values()), 3),
        "run_time_s": round(sum(record.seconds for record in records), 3),
        "runs": store.grid.runs,
        "finished_runs": finished,
        "failed_runs": failed,
        "failures": json.dumps(_first_failures(store)),
        "status": "complete" if failed + finished == store.grid.runs else "incomplete",
    }


def _first_failures(store: Store) -> dict[str, str]:
    return {store.grid.describe(run): text for run, text in itertools.islice(failures(store), MESSAGES)}


def failures(store: Store) -> Iterator[tuple[int, str]]:
    """Run and message of each failed run, in order."""
    for block in sorted(store.records.found):
        start, stop = store.blocks.runs(block)
        for place, text in sorted(store.records.found[block].failures.items(), key=lambda item: int(item[0])):
            if start + int(place) < stop:
                yield start + int(place), text
