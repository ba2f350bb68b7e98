"""Line plots: outputs over a single axis, curves of several cells, and a plane of small curves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis import linear_ticks, log_ticks
from .colour import LEVELS, Scale, make_scale, palettes
from .drawing import Frame, band, crosses, dots, make_frame, polylines
from .numbers import number
from .sheet import FAILED, NOT_RUN, Output, Sheet

HEIGHT = 200
MANY = 80  # points from which a line has no markers
CURVES = 8  # of a one-dimensional sweep that are drawn over each other
TILES = 5  # small curves along each axis of a plane
PAD = 0.05

Array = NDArray[np.float64]


def line_scale(value: Array, error: Array | None) -> Scale:
    """Range that holds the values and their errors, logarithmic as `make_scale` would have it."""
    scale = make_scale(value)
    shown = [value[np.isfinite(value)]]
    if scale.clipped:
        low, high = scale.low, scale.high
    else:
        if error is not None and not scale.log:
            known = np.isfinite(value) & np.isfinite(error)
            shown += [value[known] + s * error[known] for s in (-1, 1)]
        everything = np.concatenate(shown)
        if not everything.size:
            return Scale("line", 0.0, 1.0)
        if scale.log:
            everything = np.log10(everything)
        low, high = float(everything.min()), float(everything.max())
    pad = PAD * (high - low) or abs(low) * PAD or 0.5
    return Scale("line", low - pad, high + pad, log=scale.log, clipped=scale.clipped)


def make_lines(sheet: Sheet, scales: list[Scale]) -> list[dict[str, Any]]:
    """What the template needs of each output of a sweep over one axis."""
    (x,) = sheet.axes
    lines = []
    for index, (output, scale) in enumerate(zip(sheet.outputs, scales, strict=True)):
        frame = make_frame(scale_ticks(scale), 10, HEIGHT)
        at = frame.left + frame.width * x.places
        up = _up(frame, scale)
        known = np.isfinite(output.value)
        failed = [(frame.x(x.places[i]), frame.bottom - 6) for i in np.flatnonzero(sheet.state == FAILED)]
        lines.append(
            {
                "index": index,
                "output": output,
                "scale": scale,
                "frame": frame,
                "x": x,
                "ticks": scale_ticks(scale),
                "zero": _zero(frame, scale),
                "line": polylines(at, up(output.value)) if x.kind != "steps" else "",
                "band": _band(at, output, up) if x.kind != "steps" else "",
                "bars": _bars(at, output, up) if x.kind == "steps" else "",
                "dots": dots(zip(at[known], up(output.value)[known], strict=True))
                if len(x) <= MANY or x.kind == "steps"
                else "",
                "crosses": crosses(failed, 3.5),
                "gaps": _gaps(sheet, frame),
                "alt": f"{output.title} over {x.title}.",
                "caption": "Logarithmic scale. " if scale.log else "",
            }
        )
    return lines


def make_overlays(sheet: Sheet) -> list[dict[str, Any]]:
    """For each array output of a sweep over one axis: the curves of some of its cells in one picture."""
    (x,) = sheet.axes
    palette = palettes()["sequential"]
    overlays = []
    for curve in sheet.curves:
        cells = np.flatnonzero(np.isfinite(curve.value).any(axis=-1))
        cells = cells[np.unique(np.linspace(0, len(cells) - 1, min(len(cells), CURVES)).round().astype(int))]
        scale = line_scale(curve.value[cells], None)
        frame = make_frame(scale_ticks(scale), 10, HEIGHT)
        at, up = frame.left + frame.width * curve.own.points, _up(frame, scale)
        drawn = []
        for i in cells:
            colour = palette[int(i / max(len(x) - 1, 1) * (LEVELS - 1))]
            drawn.append(
                {
                    "colour": "#" + bytes(colour).hex(),
                    "value": x.values[i],
                    "line": polylines(at, up(curve.value[i])),
                    "band": _band(at, Output("", "", "", curve.value[i], _part(curve.error, i)), up),
                }
            )
        overlays.append(
            {
                "curve": curve,
                "x_ticks": curve.own.point_ticks,
                "axis": x,
                "frame": frame,
                "ticks": scale_ticks(scale),
                "zero": _zero(frame, scale),
                "drawn": drawn,
            }
        )
    return overlays


def make_planes(sheet: Sheet) -> list[dict[str, Any]]:
    """For each array output of a sweep over two axes: small curves at some cells, placed as in the map."""
    y, x = sheet.axes[-2:]
    first = (0,) * (len(sheet.axes) - 2)
    rows, columns = _some(len(y)), _some(len(x))
    frame = make_frame([(0.0, y.brief[i]) for i in rows], 6, 62.0 * len(rows))
    wide, high, gap = frame.width / len(columns), frame.height / len(rows), 4
    planes = []
    for curve in sheet.curves:
        scale = line_scale(curve.value, None)
        tiles = []
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                tile = Frame(
                    frame.left + j * wide + gap / 2,
                    frame.top + (len(rows) - 1 - i) * high + gap / 2,
                    wide - gap,
                    high - gap,
                    0,
                )
                at, up = tile.left + 3 + (tile.width - 6) * curve.own.points, _up(tile, scale)
                value = curve.value[(*first, row, column)]
                tiles.append(
                    {
                        "frame": tile,
                        "line": polylines(at, up(value)),
                        "zero": _zero(tile, scale),
                        "unknown": int(sheet.state[(*first, row, column)]) if not np.isfinite(value).any() else None,
                    }
                )
        planes.append(
            {
                "curve": curve,
                "frame": frame,
                "tiles": tiles,
                "x": x,
                "y": y,
                "slice": "".join(f", at {axis.title} = {axis.values[0]}" for axis in sheet.axes[:-2]),
                "columns": [((j + 0.5) / len(columns), x.brief[c]) for j, c in enumerate(columns)],
                "rows": [(round(frame.bottom - (i + 0.5) * high, 1), y.brief[r]) for i, r in enumerate(rows)],
                "low": number(10**scale.low if scale.log else scale.low, 3),
                "high": number(10**scale.high if scale.log else scale.high, 3),
                "log": scale.log,
            }
        )
    return planes


def scale_ticks(scale: Scale, most: int = 5) -> list[tuple[float, str]]:
    """Ticks of a vertical axis: places on [0, 1] with labels."""
    make = log_ticks if scale.log else linear_ticks
    return [((at - scale.low) / (scale.high - scale.low), text) for at, text in make(scale.low, scale.high, most)]


def _up(frame: Frame, scale: Scale) -> Any:
    return lambda values: frame.top + (1 - scale.place(np.asarray(values))) * frame.height


def _zero(frame: Frame, scale: Scale) -> float | None:
    inside = not scale.log and scale.low < 0 < scale.high
    return frame.y(-scale.low / (scale.high - scale.low)) if inside else None


def _limits(output: Output, error: Array, up: Any) -> tuple[Array, Array]:
    """One standard error below and above; NaN where either number is not finite."""
    known = np.isfinite(output.value) & np.isfinite(error)
    value, error = np.where(known, output.value, np.nan), np.where(known, error, np.nan)
    return up(value - error), up(value + error)


def _band(at: Array, output: Output, up: Any) -> str:
    return "" if output.error is None else band(at, *_limits(output, output.error, up))


def _bars(at: Array, output: Output, up: Any) -> str:
    if output.error is None:
        return ""
    low, high = _limits(output, output.error, up)
    return "".join(f"M{x:.1f} {a:.1f}V{b:.1f}" for x, a, b in zip(at, low, high, strict=True) if np.isfinite(a + b))


def _gaps(sheet: Sheet, frame: Frame) -> list[tuple[float, float]]:
    """Left edge and width of what has not been run."""
    (x,) = sheet.axes
    missing = sheet.state == NOT_RUN
    cuts = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    edges = [(frame.x(x.edges[a]), frame.x(x.edges[b])) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    return [(left, round(right - left, 1)) for left, right in edges]


def _part(error: Array | None, i: int) -> Array | None:
    return None if error is None else error[i]


def _some(n: int) -> list[int]:
    """A few places, the first and the last among them, evenly apart."""
    return sorted({int(i) for i in np.linspace(0, n - 1, min(n, TILES)).round()})
