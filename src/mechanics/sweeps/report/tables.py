"""The page's tables: axes, summary of the outputs, failures, provenance. All of it text."""

import json
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .numbers import DASH, number, plural, with_error
from .sheet import DONE, FAILED, NOT_RUN, PARTLY, Output, Sheet

LONGEST = 4000  # characters of an attribute
SHOWN = 12  # failure messages, and values of an axis

Table = dict[str, list[Any]]


def axes(sheet: Sheet) -> Table:
    """Each axis, its values and their spacing."""
    rows = []
    for axis in sheet.full.axes[::-1]:
        if axis.kind == "steps":
            values = ", ".join(axis.values[:SHOWN]) + (", …" if len(axis) > SHOWN else "")
        else:
            values = f"{axis.values[0]} to {axis.values[-1]}"
            values += ", geometric" if axis.kind == "log" and axis.even else "" if axis.even else ", uneven"
        rows.append([axis.label, axis.name, axis.unit or DASH, str(len(axis)), values])
    rows += [[title, "", DASH, "1", value] for title, value in sheet.fixed.items()]
    return {"head": ["axis", "name", "unit", "values", "range"], "rows": rows}


def summary(sheet: Sheet) -> Table:
    """Least and largest value of each output with their cells, and the typical error."""
    rows = []
    for output in sheet.full.outputs:
        if not np.isfinite(output.value).any():
            rows.append([output.title, DASH, "", DASH, "", DASH, DASH])
            continue
        finite = np.where(np.isfinite(output.value), output.value, np.nan)
        rows.append(
            [
                output.title,
                *_extreme(sheet, output, int(np.nanargmin(finite))),
                *_extreme(sheet, output, int(np.nanargmax(finite))),
                number(float(np.nanmedian(finite))),
                DASH if output.error is None else _median(output.error),
            ]
        )
    return {"head": ["output", "least", "where", "largest", "where", "median", "median error"], "rows": rows}


def failures(sheet: Sheet) -> Table:
    """Each message, how many runs it ended, and one of them."""
    counts = Counter(failure.text for failure in sheet.failures)
    first = {failure.text: failure.where for failure in reversed(sheet.failures)}
    rows = [[str(n), text[:500], first[text]] for text, n in counts.most_common(SHOWN)]
    left_out = len(counts) - len(rows)
    if left_out > 0:
        rows.append(["", f"and {plural(left_out, 'other message')}", ""])
    all_of_them = int(sheet.full.failed.sum())
    if all_of_them > len(sheet.failures):
        rows.append(["", f"The data set keeps {len(sheet.failures)} messages of {all_of_them} failed runs.", ""])
    return {"head": ["runs", "message", "first in"], "rows": rows}


def provenance(sheet: Sheet) -> list[dict[str, Any]]:
    """The dataset's attributes; long ones are folded."""
    rows = []
    for name, value in sheet.attrs.items():
        if name == "failures":
            continue
        text = _text(value)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}… ({len(text)} characters)"
        rows.append({"name": name, "text": text, "long": len(text) > 160 or "\n" in text})
    return rows


def headline(sheet: Sheet) -> str:
    """Size and progress of the sweep in one line."""
    state = sheet.full.state
    size = " × ".join(str(len(axis)) for axis in sheet.full.axes[::-1]) or "1"
    parts = [f"{size} {'cells' if state.size != 1 else 'cell'}"]
    if sheet.seeds is not None:
        parts[0] += f" × {plural(sheet.seeds, 'seed')}"
    missing = int((state == NOT_RUN).sum())
    if missing:
        parts.append(f"{state.size - missing} of {plural(state.size, 'cell')} run")
    if sheet.full.failed.sum():
        parts.append(f"{plural(int(sheet.full.failed.sum()), 'run')} failed")
    seconds = sheet.attrs.get("wall_time_s")
    if isinstance(seconds, (int, float, np.number)) and np.isfinite(seconds):
        parts.append(f"{number(float(seconds), 3)} s")
    if "created" in sheet.attrs:
        parts.append(str(sheet.attrs["created"])[:16].replace("T", " "))
    return " · ".join(parts)


def legend(sheet: Sheet) -> dict[str, int]:
    """How many cells are in each state, of those states that a reader must be told."""
    state = sheet.full.state
    names = {"not_run": NOT_RUN, "partly": PARTLY, "failed": FAILED, "done": DONE}
    return {name: int((state == value).sum()) for name, value in names.items()}


def _extreme(sheet: Sheet, output: Output, flat: int) -> list[str]:
    cell = np.unravel_index(flat, output.value.shape)
    error = None if output.error is None else float(output.error[cell])
    where = [f"{axis.label} = {axis.values[i]}" for axis, i in zip(sheet.full.axes[::-1], cell[::-1], strict=True)]
    return [with_error(float(output.value[cell]), error), ", ".join(where)]


def _median(error: NDArray[np.float64]) -> str:
    finite = error[np.isfinite(error)]
    return number(float(np.median(finite)), 2) if finite.size else DASH


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    return json.dumps(value, ensure_ascii=False, default=str)
