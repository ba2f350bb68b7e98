"""Colours of a map: from values to levels of a palette, and from levels to a small PNG picture.

A quantity that changes sign gets two hues that meet at zero, a positive one over more than three decades a logarithmic
scale. Single extreme cells do not set the range: they are drawn in its end colours, and the caption says so.
"""

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .axis import Axis, linear_ticks, log_ticks

LEVELS = 254
FAILED, NOT_RUN = 254, 255  # levels beyond the palette's
FAILED_COLOUR = (138, 143, 152)
DECADES = 3.0  # of a positive quantity, from which its scale is logarithmic
EXTREME = 8.0  # range over that of the central 98 % from which extreme cells are clipped
PIXELS = 400  # of a picture whose cells are not all of one size


@dataclass(frozen=True)
class Scale:
    """Range of a quantity and its palette; `low` and `high` are logarithms to base 10 where `log` is set."""

    palette: str
    low: float
    high: float
    log: bool = False
    clipped: int = 0

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places on [0, 1] with labels."""
        make = log_ticks if self.log else linear_ticks
        return [((at - self.low) / (self.high - self.low), text) for at, text in make(self.low, self.high, 4)]

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on [0, 1]; NaN stays."""
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.log10(values) if self.log else values
        return np.clip((s - self.low) / (self.high - self.low), 0.0, 1.0)


def make_scale(values: NDArray[np.float64]) -> Scale:
    """The range and palette that suit the finite ones among the values."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Scale("sequential", 0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if low > 0 and np.log10(high / low) > DECADES:
        return Scale("sequential", float(np.log10(low)), float(np.log10(high)), log=True)
    inner_low, inner_high = (float(q) for q in np.quantile(finite, (0.01, 0.99)))
    clipped = 0
    if inner_high > inner_low and high - low > EXTREME * (inner_high - inner_low):
        margin = 0.1 * (inner_high - inner_low)
        low, high = max(low, inner_low - margin), min(high, inner_high + margin)
        clipped = int(((finite < low) | (finite > high)).sum())
    if min(-low, high) > 0.02 * (high - low):
        end = max(-low, high)
        return Scale("diverging", -end, end, clipped=clipped)
    if not high > low:
        pad = abs(low) * 0.05 or 0.5
        low, high = low - pad, high + pad
    return Scale("sequential", low, high, clipped=clipped)


def palettes() -> dict[str, NDArray[np.uint8]]:
    """Colours by name, shape (LEVELS, 3); without the ends that vanish on a dark or a light page."""
    from matplotlib import colormaps

    ranges = {"sequential": ("viridis", 0.08, 0.96), "diverging": ("RdBu_r", 0.06, 0.94)}
    return {
        name: np.round(255 * colormaps[base](np.linspace(low, high, LEVELS))[:, :3]).astype(np.uint8)
        for name, (base, low, high) in ranges.items()
    }


def levels(values: NDArray[np.float64], failed: NDArray[np.bool_], scale: Scale) -> NDArray[np.uint8]:
    """Palette level of each cell; FAILED or NOT_RUN where there is no value."""
    place = scale.place(values)
    known = ~np.isnan(place)
    out = np.where(failed, FAILED, NOT_RUN).astype(np.uint8)
    out[known] = np.minimum(place[known] * LEVELS, LEVELS - 1).astype(np.uint8)
    return out


def picture(cells: NDArray[np.uint8], y: Axis, x: Axis, palette: NDArray[np.uint8]) -> str:
    """Data URI of a map's cells, shape (y, x), first row at the bottom; stretched, it fills the axes' rectangle."""
    rows, columns = _pixels(y), _pixels(x)
    return png_uri(cells[np.ix_(rows[::-1], columns)], palette)


def png_uri(cells: NDArray[np.uint8], palette: NDArray[np.uint8]) -> str:
    """A PNG of palette levels, the level NOT_RUN transparent."""
    height, width = cells.shape
    colours = np.vstack([palette, [FAILED_COLOUR], [(0, 0, 0)]]).astype(np.uint8)
    lines = np.zeros((height, width + 1), np.uint8)  # each line begins with its filter: 0, none
    lines[:, 1:] = cells
    parts = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        _chunk(b"PLTE", colours.tobytes()),
        _chunk(b"tRNS", b"\xff" * NOT_RUN + b"\x00"),
        _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        _chunk(b"IEND", b""),
    ]
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixels(axis: Axis) -> NDArray[np.intp]:
    """Cell under each pixel along an axis: one each where cells are even, else as fine as the picture is."""
    if axis.even:
        return np.arange(len(axis))
    centres = (np.arange(PIXELS) + 0.5) / PIXELS
    return np.clip(np.searchsorted(axis.edges, centres, side="right") - 1, 0, len(axis) - 1)
