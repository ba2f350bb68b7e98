"""How the pulled end of a chain moves: a path of straight pieces through given times and positions.

Steady and jerky pulls as in the folding-ruler experiment of Shi, Pan, Dokmanic, arXiv:2407.19353, supplement S1.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers, whole_numbers


@dataclass(frozen=True, eq=False)
class Drive:
    """Position of the pulled end at given times, straight between them, at rest before and after.

    Parameters
    ----------
    times : array_like, shape (m,)
        Increasing, finite; unit of time.
    positions : array_like, shape (m,)
        Finite; unit of length.

    Raises
    ------
    ValueError
        If times do not increase, a value is not finite, or shapes differ.
    """

    times: Any
    positions: Any

    def __post_init__(self) -> None:
        for name in ("times", "positions"):
            values = finite_numbers(f"drive {name}", getattr(self, name))
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        if self.times.ndim != 1 or self.times.shape != self.positions.shape or len(self.times) < 1:
            raise ValueError(
                f"A drive takes one position for each time, but times have shape {self.times.shape} and positions "
                f"{self.positions.shape}."
            )
        if not (np.diff(self.times) > 0).all():
            raise ValueError(f"The times of a drive must increase, but are {self.times.tolist()[:8]}.")

    @classmethod
    def steady(cls, velocity: float, until: float, start: float = 0.0) -> Self:
        """Constant velocity from `start` at time 0 until the time `until`, then at rest."""
        velocity, until = finite_number("velocity", velocity), finite_number("until", until)
        if until <= 0:
            raise ValueError(f"until must be positive, but is {until}; it is the time at which the pull ends.")
        return cls([0.0, until], [start, start + velocity * until])

    @classmethod
    def jerky(cls, jump: float, every: float, jumps: int, start: float = 0.0, duration: float = 0.05) -> Self:
        """`jumps` fast pulls of length `jump`, one each `every`; each takes the fraction `duration` of `every`."""
        whole_numbers(jumps=(jumps, 1))
        jump, every, duration = (
            finite_number(n, v) for n, v in (("jump", jump), ("every", every), ("duration", duration))
        )
        if every <= 0 or not 0 < duration < 1:
            raise ValueError(f"every={every} must be positive and duration={duration} between 0 and 1.")
        starts = every * np.arange(jumps)
        times = np.column_stack([starts, starts + duration * every]).ravel()
        return cls(times, start + jump * np.repeat(np.arange(jumps + 1), 2)[1:-1])

    def at(self, t: ArrayLike) -> NDArray[np.float64]:
        """Position of the end at times t; same shape."""
        return np.asarray(np.interp(np.asarray(t, dtype=float), self.times, self.positions))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drive):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return tuple(self.times.tolist()), tuple(self.positions.tolist())
