"""Rectangles, paths and text sizes of the page's pictures, in the units of their viewBox."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .axis import Axis, shorten

WIDTH = 400  # of every picture: about a phone's, so that text keeps its size there
CHARACTER = 6.4  # width of one in tick labels


@dataclass(frozen=True)
class Frame:
    """The rectangle between the axes; `height_of_all` is the picture's."""

    left: float
    top: float
    width: float
    height: float
    height_of_all: float

    def x(self, place: float) -> float:
        """From [0, 1] along the horizontal axis."""
        return round(self.left + place * self.width, 1)

    def y(self, place: float) -> float:
        """From [0, 1] up the vertical axis."""
        return round(self.top + (1 - place) * self.height, 1)

    def labels(self, ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
        """The ticks below the frame whose labels have room beside each other; words are shortened to it."""
        gaps = [b[0] - a[0] for a, b in pairwise(ticks)]
        longest = max(4, int(min(gaps, default=1.0) * self.width / CHARACTER) - 1)
        kept, end = [], -np.inf
        for at, text in ticks:
            label = shorten(text, longest) if any(c.isalpha() for c in text) else text
            half = len(label) * CHARACTER / 2
            if at * self.width - half > end:
                kept.append((at, label))
                end = at * self.width + half
        return kept

    def label_x(self, at: float, text: str) -> float:
        """Middle of a label below or above the frame, moved inwards where it would leave the picture."""
        return round(min(self.x(at), WIDTH - len(text) * CHARACTER / 2), 1)

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height


def make_frame(y_ticks: list[tuple[float, str]], top: float, height: float) -> Frame:
    """Room for the vertical axis' labels at the left, for the horizontal ones below."""
    widest = max((len(shorten(text)) for _, text in y_ticks), default=1)
    left = round(30 + max(2, widest) * CHARACTER, 1)
    return Frame(left, top, round(WIDTH - 10 - left, 1), height, top + height + 44)


def map_height(y: Axis) -> float:
    """A row of few cells needs no tall picture."""
    return float(np.clip(34 * len(y), 68, 270))


def polylines(x: Iterable[float], y: Iterable[float]) -> str:
    """Path through points, broken where one is missing; a point between two gaps becomes a dot."""
    path, pen_down = [], False
    for a, b in zip(x, y, strict=True):
        if not (np.isfinite(a) and np.isfinite(b)):
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{a:.1f} {b:.1f}" + ("" if pen_down else "h0"))
        pen_down = True
    return "".join(path)


def band(x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> str:
    """Closed paths between two curves, one for each run of known points."""
    known = np.isfinite(low) & np.isfinite(high)
    cuts = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    path = []
    for start, stop in zip(cuts[::2], cuts[1::2], strict=True):
        run = slice(start, stop)
        there = [f"{a:.1f} {b:.1f}" for a, b in zip(x[run], high[run], strict=True)]
        back = [f"{a:.1f} {b:.1f}" for a, b in zip(x[run][::-1], low[run][::-1], strict=True)]
        path.append(f"M{'L'.join(there + back)}Z")
    return "".join(path)


def crosses(points: Iterable[tuple[float, float]], size: float) -> str:
    """A path of crosses."""
    s = round(size, 1)
    return "".join(
        f"M{x - s:.1f} {y - s:.1f}l{2 * s:.1f} {2 * s:.1f}m0 {-2 * s:.1f}l{-2 * s:.1f} {2 * s:.1f}" for x, y in points
    )


def dots(points: Iterable[tuple[float, float]]) -> str:
    """A path of points, drawn by its round line caps."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
