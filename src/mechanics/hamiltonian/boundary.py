"""Boundary conditions g(y(t0), y(t1)) = 0 with their derivatives, and what is unknown beside the path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers
from .flow import CUBE_EPS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Separated:
    """Conditions left(y0) = 0 and right(y1) = 0; together as many as unknowns.

    Parameters
    ----------
    left, right : callable
        `left(y0)` or `left(y0, p)` gives an array.
    """

    left: Callable[..., ArrayLike]
    right: Callable[..., ArrayLike]


@dataclass(frozen=True)
class Free:
    """An end time that is part of the solution: `t_span=(0.0, Free(2.0))`.

    Parameters
    ----------
    guess : float
        Where the search starts.
    """

    guess: float


class FixedEnds:
    """q(t0) = q0 and q(t1) = q1, the first half of y."""

    def __init__(self, q0: ArrayLike, q1: ArrayLike, n: int) -> None:
        self.q0, self.q1 = (np.atleast_1d(finite_numbers(k, v)) for k, v in (("q0", q0), ("q1", q1)))
        self.d = n // 2
        for name, q in (("q0", self.q0), ("q1", self.q1)):
            if n % 2 or q.shape != (self.d,):
                raise ValueError(
                    f"boundary=(q0, q1) fixes the first half of y = (q, p) with its {n} components, but {name} has "
                    f"shape {q.shape}."
                )
        self.rows = n
        self.values = np.concatenate((self.q0, self.q1))
        self.ends = np.zeros((n, 2 * n))  # dg/dy0 and dg/dy1 side by side
        for a in range(self.d):
            self.ends[a, a] = self.ends[self.d + a, n + a] = 1.0

    def value(self, y0: Array, y1: Array, p: Any) -> Array:
        """g."""
        return np.concatenate((y0[: self.d], y1[: self.d])) - self.values

    def derivatives(self, y0: Array, y1: Array, p: Any) -> tuple[Array, Array]:
        """dg/dy0, dg/dy1."""
        return self.ends[:, : self.rows], self.ends[:, self.rows :]


class General:
    """g(y0, y1) = 0 or g(y0, y1, p) = 0, any function; derivatives by central differences."""

    def __init__(self, g: Any, n: int) -> None:
        self.g = g
        code = getattr(g, "__code__", None)
        if isinstance(g, Separated):
            self.call: Callable[..., Any] = self._separated
        elif not callable(g):
            raise TypeError(
                f"boundary must be (q0, q1), a function g(y0, y1) or g(y0, y1, p), or Separated(...), but is {g!r}."
            )
        elif code is not None and code.co_argcount >= 3:
            self.call = g
        else:
            self.call = lambda y0, y1, p: g(y0, y1)
        self.n = n

    def _separated(self, y0: Array, y1: Array, p: Any) -> Array:
        parts = []
        for side, y in ((self.g.left, y0), (self.g.right, y1)):
            code = getattr(side, "__code__", None)
            parts.append(np.atleast_1d(side(y, p) if code is not None and code.co_argcount >= 2 else side(y)))
        return np.concatenate(parts)

    def value(self, y0: Array, y1: Array, p: Any) -> Array:
        """g."""
        return np.atleast_1d(np.asarray(self.call(y0, y1, p), dtype=float))

    def derivatives(self, y0: Array, y1: Array, p: Any) -> tuple[Array, Array]:
        """dg/dy0, dg/dy1."""

        def first(y: Array) -> Array:
            return self.value(y, y1, p)

        def second(y: Array) -> Array:
            return self.value(y0, y, p)

        return central(first, y0), central(second, y1)


def central(function: Callable[[Array], Array], x: Array) -> Array:
    """Jacobian by central differences."""
    columns = []
    for c in range(len(x)):
        step = CUBE_EPS * (1.0 + abs(x[c]))
        up, down = x.copy(), x.copy()
        up[c] += step
        down[c] -= step
        columns.append((function(up) - function(down)) / (up[c] - down[c]))
    return np.stack(columns, axis=-1)


def boundary_of(given: Any, n: int) -> Any:
    """`FixedEnds` of a pair, `General` of a function."""
    if isinstance(given, (FixedEnds, General)):
        return given
    if isinstance(given, (tuple, list)) and len(given) == 2 and not any(map(callable, given)):
        return FixedEnds(given[0], given[1], n)
    return General(given, n)


class Unknowns:
    """Unknown numbers theta: fields of p, and the end time if it is free.

    Parameters
    ----------
    p : any
        Parameters of the flow, a NamedTuple where some of its fields are unknown.
    guesses : mapping or None
        Field -> start.
    t_span : (float, float or Free)
        Times.
    """

    def __init__(self, p: Any, guesses: Any, t_span: Any) -> None:
        try:
            first, last = t_span
        except (TypeError, ValueError):
            raise TypeError(f"t_span must be (t0, t1), but is {t_span!r}.") from None
        self.p, self.names = p, tuple(guesses or ())
        fields = getattr(p, "_fields", ())
        for name in self.names:
            if name not in fields:
                raise ValueError(f"unknown names {name!r}, but the parameters are {', '.join(fields) or 'none'}.")
        self.free = isinstance(last, Free)
        self.t0 = finite_number("t0", first)
        self.t1 = finite_number("t1", last.guess if self.free else last)
        if self.t1 == self.t0:
            raise ValueError(f"t_span must be an interval, but both ends are {self.t0}.")
        start = [finite_number(name, guesses[name]) for name in self.names]
        self.start = np.array(start + [self.t1] * self.free)

    def __len__(self) -> int:
        return len(self.start)

    def apply(self, theta: Array) -> tuple[Any, float]:
        """p and t1."""
        p = self.p._replace(**dict(zip(self.names, map(float, theta), strict=False))) if self.names else self.p
        return p, float(theta[-1]) if self.free else self.t1

    def named(self, theta: Array) -> dict[str, float]:
        """Values by name; a free end is "t1"."""
        return dict(zip((*self.names, *(("t1",) * self.free)), map(float, theta), strict=True))
