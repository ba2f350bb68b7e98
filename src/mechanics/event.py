"""Events: where a function of the state changes sign, and what happens there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .problem import check_arguments


@dataclass(frozen=True, eq=False)
class Event:
    """A root of g(t, y, p) along the solution.

    Parameters
    ----------
    g : callable
        `g(t, y, p) -> float`; plain Python, compiled when first solved.
    direction : {-1, 0, 1}
        Report only roots where g falls (-1) or rises (1) in the direction of the solve.
    terminal : bool or int
        Stop at the first root, or at the root of this number.
    apply : callable, optional
        `apply(t, y, p) -> None` changes y in place at the root; the solve goes on from there.

    Raises
    ------
    TypeError, ValueError
        If a function has the wrong arguments, or a number is out of range.
    """

    g: Callable[..., float]
    direction: int = field(default=0, kw_only=True)
    terminal: bool | int = field(default=False, kw_only=True)
    apply: Callable[..., None] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_arguments(self.g, "g", "t, y, p")
        if self.apply is not None:
            check_arguments(self.apply, "apply", "t, y, p")
        if self.direction not in (-1, 0, 1):
            raise ValueError(f"direction must be -1, 0 or 1, but is {self.direction!r}.")
        if int(self.terminal) != self.terminal or self.terminal < 0:
            raise ValueError(f"terminal must be True, False, or a count, but is {self.terminal!r}.")


def as_events(events: Any) -> tuple[Event, ...]:
    """One event or a sequence of them as a tuple."""
    given = (events,) if isinstance(events, Event) else tuple(events)
    for event in given:
        if not isinstance(event, Event):
            raise TypeError(f"events must be Event objects, but got {event!r}; write Event(g).")
    return given
