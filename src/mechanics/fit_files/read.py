"""`read_load_curves`: load curves from one file, or from several that hold a seed each."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .arrays import read_arrays
from .curves import LoadCurves, checked
from .store import read_store
from .table import read_table

MOST_LISTED = 12  # settings in a message
TABLES = (".csv", ".txt", ".dat", "")


def read_load_curves(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], *, setting: int | None = None
) -> LoadCurves:
    """Load curves of the seeds of one setting.

    Parameters
    ----------
    files : path or sequence of paths
        A CSV table, an npz file (plain arrays; a saved `Histories`, `History` or chain run), or the folder of a Zarr
        store; docs/fit_files.md says what they hold. Several files are further seeds of the same setting.
    setting : int, optional
        Which setting to take from a file that holds several, counted from 0.

    Returns
    -------
    LoadCurves
        Epochs at which a load is not a number are left out, and so is a history without numbers at more than half of
        them; `notes` says so.

    Raises
    ------
    ValueError
        If a file is of another kind, lacks a column or an array, has epochs that do not increase or layers out of
        order, has fewer than 5 whole epochs, or holds several settings and none was chosen; the message says where.
    ImportError
        For a Zarr store without the extra: pip install 'mechanet[sweep]'.
    """
    paths = [Path(f) for f in ([files] if isinstance(files, (str, os.PathLike)) else files)]
    if not paths:
        raise ValueError("files must name a file or more.")
    found = [_read(path) for path in paths]
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    return checked(_of_setting(_joined(found, paths), setting, where), where)


def _read(path: Path) -> LoadCurves:
    if path.is_dir():
        return read_store(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.suffix == ".npz":
        return read_arrays(path)
    if path.suffix.lower() in TABLES:
        return read_table(path)
    raise ValueError(f"{path} must be a .csv or .npz file or the folder of a Zarr store, but ends in {path.suffix!r}.")


def _joined(found: list[LoadCurves], paths: list[Path]) -> LoadCurves:
    """The histories of all files, one after the other."""
    first = found[0]
    if len(found) == 1:
        return first
    for other, path in zip(found[1:], paths[1:], strict=True):
        if other.layers != first.layers or not np.array_equal(other.epochs, first.epochs):
            raise ValueError(f"{path} must have the epochs and layers of {paths[0]}, but has others.")
        if (other.end is None) != (first.end is None):
            raise ValueError(f"{path} and {paths[0]} must both hold the load of the end, or neither.")
    ends = [f.end for f in found if f.end is not None]
    names = [
        f"{path.stem}:{s}" if len(f.seeds) > 1 else s for f, path in zip(found, paths, strict=True) for s in f.seeds
    ]
    if len(set(names)) < len(names):
        names = [f"{path.stem}:{s}" for f, path in zip(found, paths, strict=True) for s in f.seeds]
    return replace(
        first,
        load_curves=np.concatenate([f.load_curves for f in found]),
        end=np.concatenate(ends) if ends else None,
        seeds=tuple(names),
        settings=tuple(s for f in found for s in (f.settings or ({},) * len(f.seeds))),
    )


def _of_setting(found: LoadCurves, setting: int | None, where: str) -> LoadCurves:
    """The histories of one setting; ValueError that lists the settings where there are several and none is chosen."""
    words = _what_differs(found)
    known = list(dict.fromkeys(words))
    if setting is None and len(known) > 1:
        shown = "; ".join(f"{i}: {name} ({words.count(name)} seeds)" for i, name in enumerate(known[:MOST_LISTED]))
        more = f"; and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
        raise ValueError(
            f"{where} holds {len(known)} settings, and a chain is fitted to one; choose it by --setting: {shown}{more}."
        )
    chosen = 0 if setting is None else setting
    if not 0 <= chosen < len(known):
        raise ValueError(f"setting must be in 0 .. {len(known) - 1}, as {where} holds {len(known)}, but is {chosen}.")
    kept = found.of([i for i, name in enumerate(words) if name == known[chosen]])
    return replace(kept, setting=known[chosen])


def _what_differs(found: LoadCurves) -> list[str]:
    """For each history the settings that not all share, in words."""
    if not found.settings:
        return [""] * len(found.seeds)
    first = found.settings[0]
    names = list(dict.fromkeys(name for s in found.settings for name in s))
    varied = [name for name in names if any(s.get(name) != first.get(name) for s in found.settings)]
    return [", ".join(f"{name}={s.get(name, 'none')}" for name in varied) for s in found.settings]
