"""An axis of a picture: where its cells lie between 0 and 1, and where its ticks are.

Evenly spaced values get a linear scale, geometric ones a logarithmic scale, other numbers the first of the two that
leaves every cell visible. What fits neither (0, 0.001, 1), and what is not a number, stands in steps of one width.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .numbers import number

EVEN = 1e-6  # relative unevenness of spacings that came from linspace or geomspace
VISIBLE = 0.2  # narrowest cell of an uneven axis in units of the mean one
LONGEST = 16  # characters of a tick label


@dataclass(frozen=True)
class Axis:
    """Values of one coordinate, laid out on [0, 1]; all of it text and numbers that a template can print."""

    name: str
    label: str
    unit: str
    kind: Literal["linear", "log", "steps"]
    values: list[str]
    brief: list[str]  # values to three digits
    places: NDArray[np.float64]  # of the values
    edges: NDArray[np.float64]  # of their cells
    ticks: list[tuple[float, str]]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def points(self) -> NDArray[np.float64]:
        """Places in a picture that begins and ends at the first and the last value."""
        return (self.places - self.places[0]) / (self.places[-1] - self.places[0])

    @property
    def point_ticks(self) -> list[tuple[float, str]]:
        """Ticks of such a picture."""
        first, last = self.places[0], self.places[-1]
        inside = [(float((at - first) / (last - first)), text) for at, text in self.ticks]
        return [(at, text) for at, text in inside if -1e-9 <= at <= 1 + 1e-9]

    @property
    def even(self) -> bool:
        """Whether all cells have one width."""
        return bool(np.ptp(np.diff(self.edges)) < 1e-4 / len(self))

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def make_axis(name: str, given: NDArray[Any], label: str | None = None, unit: str = "") -> Axis:
    """Lay out an axis; numbers must ascend, or they are treated as names."""
    label = label or name
    kind: Literal["linear", "log", "steps"] = _kind(given)
    if kind == "steps":
        shown, brief = [_text(v) for v in given], [shorten(_text(v, 3)) for v in given]
        edges = np.linspace(0, 1, len(given) + 1)
        places = (edges[:-1] + edges[1:]) / 2
        return Axis(name, label, unit, kind, shown, brief, places, edges, _step_ticks(places, brief))
    x = given.astype(float)
    s = np.log10(x) if kind == "log" else x
    inner = (s[:-1] + s[1:]) / 2
    bounds = np.concatenate([[s[0] - (inner[0] - s[0])], inner, [s[-1] + (s[-1] - inner[-1])]])
    low, high = bounds[0], bounds[-1]
    marks = log_ticks(low, high) if kind == "log" else linear_ticks(low, high)
    ticks = [(float((at - low) / (high - low)), text) for at, text in marks]
    places, edges = (s - low) / (high - low), (bounds - low) / (high - low)
    values, brief = [number(v, 6) for v in x], [number(v, 3) for v in x]
    return Axis(name, label, unit, kind, values, brief, places, edges, ticks)


def linear_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Round numbers from low to high, about `most` of them."""
    if not high > low:
        return [(low, number(low))]
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999) * power
    places = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return [(float(i * step), number(float(i * step), 6)) for i in places]


def log_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Decades between 10^low and 10^high, or 1-2-5 within them where there are few; places in log10."""
    first, last = int(np.ceil(low - 1e-9)), int(np.floor(high + 1e-9))
    if last - first >= 2:
        every = -(-(last - first + 1) // (most + 1))
        return [(float(e), number(10.0**e)) for e in range(first, last + 1, every)]
    marks = [(m, e) for e in range(first - 1, last + 1) for m in (1, 2, 5)]
    ticks = [(float(np.log10(m) + e), number(m * 10.0**e)) for m, e in marks if low <= np.log10(m) + e <= high]
    return ticks if len(ticks) > 1 else [(at, number(10.0**at, 3)) for at in (low, high)]


def _kind(values: NDArray[Any]) -> Literal["linear", "log", "steps"]:
    if values.dtype.kind not in "iuf" or len(values) < 2:
        return "steps"
    x = values.astype(float)
    if not (np.isfinite(x).all() and (np.diff(x) > 0).all()):
        return "steps"
    linear = _narrowest(x)
    log = _narrowest(np.log(x)) if x[0] > 0 else 0.0
    if linear > 1 - EVEN:
        return "linear"
    if log > 1 - EVEN:
        return "log"
    return "linear" if linear >= VISIBLE else "log" if log >= VISIBLE else "steps"


def _narrowest(x: NDArray[np.float64]) -> float:
    gaps = np.diff(x)
    return float(gaps.min() / gaps.mean())


def _step_ticks(places: NDArray[np.float64], brief: list[str]) -> list[tuple[float, str]]:
    every = -(-len(brief) // 8)
    return [(float(places[i]), brief[i]) for i in range(0, len(brief), every)]


def _text(value: Any, digits: int = 6) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, float, np.integer, np.floating)):
        return number(float(value), digits)
    return str(value)


def shorten(text: str, longest: int = LONGEST) -> str:
    """The beginning of a long text."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
