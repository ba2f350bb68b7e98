"""Stores of sweeps as data sets, messages of failed runs, and tables."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import replacing
from .extra import require_extra

if TYPE_CHECKING:
    import xarray as xr


def open_store(path: str | os.PathLike[str], *, by_seed: bool = False) -> "xr.Dataset":
    """The data set of a sweep's store, also while it is being written.

    Parameters
    ----------
    path : path
        Folder that was `out` of a sweep.
    by_seed : bool
        The value of every run, with a dimension `seed`, instead of means over the seeds.

    Returns
    -------
    xarray.Dataset
        As `sweep` returns it. What is not run yet is NaN; `finished` and `failed` count seeds, the attribute `status`
        is "complete" or "incomplete".

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    StoreError
        If it is not the store of a sweep.
    """
    require_extra()
    from .dataset import to_dataset
    from .store import open_folder

    return to_dataset(open_folder(Path(path)), by_seed=by_seed)


def failures(path: str | os.PathLike[str]) -> list[tuple[dict[str, Any], int, str]]:
    """The failed runs of a store: cell, seed, message."""
    require_extra()
    from .dataset import failures as of_store
    from .store import open_folder

    store = open_folder(Path(path))
    found = []
    for run, text in of_store(store):
        cells, seeds = store.grid.columns(run, run + 1)
        found.append(({name: column[0].item() for name, column in cells.items()}, int(seeds[0]), text))
    return found


def to_csv(dataset: "xr.Dataset", path: str | os.PathLike[str]) -> Path:
    """Write a sweep's data set as a table: one row a cell, a column for each axis and each number of an output.

    An output with dimensions of its own takes a column for each of its elements: `name[0]`, `name[1]`, ... Numbers
    are written with all their digits. The file appears whole or not at all.
    """
    names = [name for name in dataset.dims if name in dataset.coords and name not in _own_dims(dataset)]
    stacked = dataset.transpose(*names, ...)
    shape = tuple(dataset.sizes[name] for name in names)
    columns: dict[str, Any] = {}
    places = np.unravel_index(np.arange(int(np.prod(shape))), shape) if names else ()
    for name, place in zip(names, places, strict=True):
        columns[str(name)] = dataset.coords[name].values[place]
    for key, variable in stacked.data_vars.items():
        full = variable.broadcast_like(stacked[names]) if names else variable
        rows = full.transpose(*names, ...).values.reshape(int(np.prod(shape)), -1)
        single = rows.shape[1] == 1 and not set(variable.dims) - set(names)
        own = [size for dim, size in zip(variable.dims, variable.shape, strict=True) if dim not in names]
        for i in range(rows.shape[1]):
            label = ",".join(str(int(k)) for k in np.unravel_index(i, own)) if own else ""
            columns[str(key) if single else f"{key}[{label}]"] = rows[:, i]
    path = Path(path)
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
        text.flush()
        text.detach()
    return path


def _own_dims(dataset: "xr.Dataset") -> set[Any]:
    """Dimensions that belong to outputs and not to the grid: those the counts do not have."""
    grid = dataset["failed" if "failed" in dataset else "status"].dims
    return set(dataset.dims) - set(grid)
