"""Load curves in CSV tables, wide or long.

    seed,epoch,D_0,D_1,...,D_7,end      one row for each seed and epoch; seed and end may be missing
    seed,epoch,layer,D                  one row for each seed, epoch and layer; layer counts 0, 1, ..., or is "end"
    0,1.31,0.9,...                      numbers without a header: epoch, D_0, D_1, ...

Lines that begin with # are comments. An empty cell or "nan" is a load that was not measured.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .curves import LoadCurves

WANTED = "columns epoch and D_0, D_1, ... (and seed, end), or epoch, layer and D (and seed)"
Row = tuple[int, list[str]]  # line number, cells


def read_table(file: Path) -> LoadCurves:
    """The load curves of a CSV file."""
    rows = list(_rows(file))
    if not rows:
        raise ValueError(f"{file} is empty; wanted are {WANTED}.")
    first = rows[0][1]
    if _is_number(first[0]):
        columns = ["epoch", *(f"D_{l}" for l in range(len(first) - 1))]
    else:
        columns, rows = first, rows[1:]
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise ValueError(f"{file}: columns must have different names, but {', '.join(repeated)} appear twice.")
    for line, cells in rows:
        if len(cells) != len(columns):
            raise ValueError(f"{file}, line {line}: {len(columns)} cells are wanted, but there are {len(cells)}.")
    if "epoch" not in columns:
        raise ValueError(f"{file} lacks the column epoch; it has {', '.join(columns)}. Wanted are {WANTED}.")
    if "layer" in columns:
        return _long(file, columns, rows)
    return _wide(file, columns, rows)


def _wide(file: Path, columns: list[str], rows: list[Row]) -> LoadCurves:
    loads = [name for name in columns if re.fullmatch(r"D_?\d+", name)]
    numbers = [int(name.removeprefix("D").removeprefix("_")) for name in loads]
    if len(loads) < 3:
        raise ValueError(
            f"{file} must have columns D_0, D_1, D_2 or more, but has {', '.join(columns)}. Wanted are {WANTED}."
        )
    if numbers != list(range(len(loads))):
        raise ValueError(
            f"{file}: layers must be in order, D_0, D_1, ..., D_{len(loads) - 1}, but are {', '.join(loads)}; order "
            "the columns from the input to the output."
        )
    unknown = [name for name in columns if name not in (*loads, "seed", "epoch", "end")]
    if unknown:
        raise ValueError(f"{file}: columns {', '.join(unknown)} are not known. Wanted are {WANTED}.")
    at = {name: columns.index(name) for name in columns}
    histories: dict[str, list[tuple[float, list[float], float]]] = {}
    for line, cells in rows:
        seed = cells[at["seed"]] if "seed" in at else "0"
        values = [_number(file, line, name, cells[at[name]]) for name in loads]
        end = _number(file, line, "end", cells[at["end"]]) if "end" in at else np.nan
        epoch = _number(file, line, "epoch", cells[at["epoch"]])
        _after(file, line, seed, epoch, histories.get(seed))
        histories.setdefault(seed, []).append((epoch, values, end))
    return _stacked(file, histories, "end" in at)


def _long(file: Path, columns: list[str], rows: list[Row]) -> LoadCurves:
    value = next((name for name in ("D", "load") if name in columns), None)
    if value is None:
        raise ValueError(f"{file} lacks the column D; it has {', '.join(columns)}. Wanted are {WANTED}.")
    at = {name: columns.index(name) for name in columns}
    histories: dict[str, list[tuple[float, list[float], float]]] = {}
    any_end = False
    for line, cells in rows:
        seed = cells[at["seed"]] if "seed" in at else "0"
        epoch = _number(file, line, "epoch", cells[at["epoch"]])
        load = _number(file, line, value, cells[at[value]])
        told = histories.setdefault(seed, [])
        if not told or told[-1][0] != epoch:
            _after(file, line, seed, epoch, told)
            told.append((epoch, [], np.nan))
        if cells[at["layer"]] == "end":
            told[-1] = (epoch, told[-1][1], load)
            any_end = True
        else:
            wanted = len(told[-1][1])
            if _number(file, line, "layer", cells[at["layer"]]) != wanted:
                raise ValueError(
                    f"{file}, line {line}: layers must be in order, 0, 1, ...: {wanted} is the next one of seed {seed} "
                    f"at epoch {epoch:g}, but layer is {cells[at['layer']]}."
                )
            told[-1][1].append(load)
    return _stacked(file, histories, any_end)


def _stacked(file: Path, histories: dict[str, list[tuple[float, list[float], float]]], has_end: bool) -> LoadCurves:
    """All seeds in one array; they must have the same epochs and layers."""
    if not histories:
        raise ValueError(f"{file} holds no load curves: there is no row after its header.")
    first = next(iter(histories))
    epochs = [row[0] for row in histories[first]]
    layers = {len(row[1]) for rows in histories.values() for row in rows}
    if len(layers) > 1:
        raise ValueError(
            f"{file}: every epoch must have the same layers, but some have {min(layers)}, some {max(layers)}."
        )
    for seed, rows in histories.items():
        own = [row[0] for row in rows]
        if own != epochs:
            odd = sorted(set(own) ^ set(epochs))
            raise ValueError(
                f"{file}: all seeds must have the same epochs, but {seed} and {first} differ at {odd[0]:g}; leave the "
                "seed or the epoch out (an empty cell is a load that was not measured)."
            )
    curves = np.array([[row[1] for row in rows] for rows in histories.values()])
    end = np.array([[row[2] for row in rows] for rows in histories.values()]) if has_end else None
    return LoadCurves(curves, np.array(epochs), end, tuple(histories), "a table")


def _rows(file: Path) -> Iterator[Row]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            for number, cells in enumerate(csv.reader(lines), start=1):
                stripped = [cell.strip() for cell in cells]
                if any(stripped) and not stripped[0].startswith("#"):
                    yield number, stripped
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is not a table of numbers separated by commas: {error}") from None


def _after(file: Path, line: int, seed: str, epoch: float, told: list[tuple[float, list[float], float]] | None) -> None:
    if told and not epoch > told[-1][0]:
        raise ValueError(
            f"{file}, line {line}: epochs must increase, but {epoch:g} follows {told[-1][0]:g} (seed {seed}); sort the "
            "rows by seed and epoch."
        )


def _number(file: Path, line: int, column: str, text: str) -> float:
    if not text:
        return np.nan
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{file}, line {line}: column {column} must hold a number, but holds {text!r}.") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
