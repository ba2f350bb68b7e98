"""Heat maps: one for each output over the last two axes, with the slices along the axis before."""

from typing import Any

import numpy as np

from .axis import Axis
from .colour import Scale, levels, make_scale, palettes, picture
from .drawing import crosses, dots, make_frame, map_height
from .numbers import number, plural
from .sheet import FAILED, PARTLY, Output, Sheet

TOP = 34  # room of the colour bar
SLICES = 12  # small pictures of slices
MARKS = 2000  # crosses and dots that one map draws


def make_maps(sheet: Sheet, scales: list[Scale]) -> list[dict[str, Any]]:
    """What the template needs of each map."""
    colours = palettes()
    y, x = sheet.axes[-2:]
    frame = make_frame(y.ticks, TOP, map_height(y))
    first = (0,) * (len(sheet.axes) - 2)
    marks = _marks(sheet, first, frame)
    maps = []
    for index, (output, scale) in enumerate(zip(sheet.outputs, scales, strict=True)):
        cells = levels(output.value, sheet.state == FAILED, scale)
        maps.append(
            {
                "index": index,
                "output": output,
                "scale": scale,
                "frame": frame,
                "x": x,
                "y": y,
                "image": picture(cells[first], y, x, colours[scale.palette]),
                "alt": f"Map of {output.title} over {x.title} and {y.title}: {_range(output)}.",
                "caption": _caption(scale),
                "slices": _slices(sheet, cells, colours[scale.palette]),
                **marks,
            }
        )
    return maps


def scales_of(sheet: Sheet) -> list[Scale]:
    """One scale for each output, the same for all its slices."""
    return [make_scale(output.value) for output in sheet.outputs]


def chosen_slices(axis: Axis) -> list[int]:
    """Places along an axis of which small pictures are drawn."""
    return sorted({int(i) for i in np.linspace(0, len(axis) - 1, min(len(axis), SLICES)).round()})


def _slices(sheet: Sheet, cells: Any, palette: Any) -> list[dict[str, Any]]:
    if len(sheet.axes) < 3:
        return []
    y, x = sheet.axes[-2:]
    rest = (0,) * (len(sheet.axes) - 3)
    axis = sheet.axes[-3]
    return [
        {"place": i, "value": axis.brief[i], "image": picture(cells[(*rest, i)], y, x, palette)}
        for i in chosen_slices(axis)
    ]


def _marks(sheet: Sheet, first: tuple[int, ...], frame: Any) -> dict[str, str]:
    """Crosses on cells whose seeds all failed, dots where some did."""
    y, x = sheet.axes[-2:]
    state = sheet.state[first]
    half = 0.5 * min(frame.width * np.diff(x.edges).min(), frame.height * np.diff(y.edges).min())
    places = {}
    for name, which in (("crosses", FAILED), ("dots", PARTLY)):
        rows, columns = np.nonzero(state == which)
        points = list(zip(rows, columns, strict=True)) if len(rows) <= MARKS else []
        places[name] = [(frame.x(x.places[j]), frame.y(y.places[i])) for i, j in points]
    size = float(np.clip(0.6 * half, 1, 5))
    return {"crosses": crosses(places["crosses"], size), "dots": dots(places["dots"])}


def _range(output: Output) -> str:
    finite = output.value[np.isfinite(output.value)]
    return f"from {number(finite.min())} to {number(finite.max())}" if finite.size else "no cell has a value yet"


def _caption(scale: Scale) -> str:
    said = "Logarithmic colour scale. " if scale.log else ""
    if scale.clipped:
        said += f"{plural(scale.clipped, 'cell')} beyond the colour scale: drawn in its end colours. "
    return said
