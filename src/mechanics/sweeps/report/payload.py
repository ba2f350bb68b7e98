"""The numbers behind the pictures, as JSON and base64, within a budget: what the page's script reads."""

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis import Axis
from .colour import FAILED_COLOUR, Scale, palettes
from .lines import line_scale, scale_ticks
from .numbers import ordinal, plural
from .sheet import Curve, Sheet

CURVE_BYTES = 1_500_000  # of all curves before base64, which adds a third
MESSAGES = 300
LONGEST = 300  # characters of a message


def make_payload(sheet: Sheet, scales: list[Scale]) -> dict[str, Any]:
    """Everything that hovering, choosing and redrawing need."""
    budget = CURVE_BYTES // max(1, len(sheet.curves))
    messages: dict[str, str] = {}
    for failure in sheet.failures[:MESSAGES]:
        if failure.cell is None:
            continue
        cell = str(int(np.ravel_multi_index(failure.cell, sheet.shape)))
        messages.setdefault(cell, failure.text[:LONGEST])
    return {
        "axes": [_axis(axis) for axis in sheet.axes],
        "outputs": [
            {
                "name": output.name,
                "title": output.title,
                "value": _floats(output.value),
                "error": None if output.error is None else _floats(output.error),
                "scale": {"palette": s.palette, "low": s.low, "high": s.high, "log": s.log},
            }
            for output, s in zip(sheet.outputs, scales, strict=True)
        ],
        "curves": [_curve(sheet, curve, budget) for curve in sheet.curves],
        "state": base64.b64encode(sheet.state.tobytes()).decode(),
        "failed": {str(i): int(n) for i, n in zip(*_nonzero(sheet.failed), strict=True)},
        "messages": messages,
        "palettes": {name: base64.b64encode(colours.tobytes()).decode() for name, colours in palettes().items()},
        "failed_colour": list(FAILED_COLOUR),
    }


def curve_steps(sheet: Sheet, curve: Curve, budget: int) -> tuple[int, ...]:
    """Every how many cells along each axis, then along the curve, a curve is kept, so that all fit the budget."""
    shape = list(curve.value.shape)
    steps = [1] * len(shape)
    per_number = 4 * (1 if curve.error is None else 2)

    def size() -> int:
        return per_number * math.prod(-(-n // s) for n, s in zip(shape, steps, strict=True))

    while -(-shape[-1] // steps[-1]) > 200:
        steps[-1] += 1
    while size() > budget:
        longest = max(range(len(shape)), key=lambda i: shape[i] / steps[i])
        steps[longest] += 1
    return tuple(steps)


def thinning_notes(sheet: Sheet) -> list[str]:
    """What of the curves the page leaves out."""
    notes = []
    for curve in sheet.curves:
        *cells, own = curve_steps(sheet, curve, CURVE_BYTES // max(1, len(sheet.curves)))
        if own > 1:
            notes.append(f"{curve.label}: every {ordinal(own)} point of {len(curve.own)} is kept.")
        thinned = [
            f"every {ordinal(s)} value of {axis.label}" for s, axis in zip(cells, sheet.axes, strict=True) if s > 1
        ]
        if thinned:
            notes.append(f"{curve.label}: curves are kept for {' and '.join(thinned)}; a cell shows the nearest one.")
    if len(sheet.failures) > MESSAGES:
        notes.append(f"Messages of the first {MESSAGES} of {plural(len(sheet.failures), 'failed run')} are kept.")
    return notes


def _curve(sheet: Sheet, curve: Curve, budget: int) -> dict[str, Any]:
    steps = curve_steps(sheet, curve, budget)
    kept = tuple(slice(None, None, step) for step in steps)
    scale = line_scale(curve.value, curve.error)
    own = slice(None, None, steps[-1])
    return {
        "name": curve.name,
        "title": curve.title,
        "own": curve.own.title,
        "points": _rounded(curve.own.points[own]),
        "labels": curve.own.values[own],
        "ticks": [[round(at, 5), text] for at, text in curve.own.point_ticks],
        "steps": list(steps[:-1]),
        "shape": list(curve.value[kept].shape[:-1]),
        "value": _floats(curve.value[kept]),
        "error": None if curve.error is None else _floats(curve.error[kept]),
        "scale": {"low": scale.low, "high": scale.high, "log": scale.log},
        "y_ticks": [[round(at, 5), text] for at, text in scale_ticks(scale, 3)],
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "title": axis.title,
        "label": axis.label,
        "unit": axis.unit,
        "values": axis.values,
        "edges": _rounded(axis.edges),
        "places": _rounded(axis.places),
        "even": axis.even,
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(v), 6) for v in values]


def _floats(values: NDArray[np.float64]) -> str:
    """Single precision, little-endian, base64: NaN and infinities pass, which JSON does not have."""
    with np.errstate(over="ignore"):
        return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _nonzero(counts: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    flat = counts.ravel()
    where = np.flatnonzero(flat)
    return where.tolist(), flat[where].tolist()
