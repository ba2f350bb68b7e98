"""A named discrete map, what is known of its Lyapunov exponents, and where that comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .system import Vector, _frozen


@dataclass(frozen=True, eq=False)
class MapSystem:
    """x_{n+1} = f(n, x_n, p); made by `make_map`.

    Attributes
    ----------
    name : str
    f : function
        `f(n, x, p, out) -> None`, in place, scalar style; with `noises`, `f(n, x, z, p, out)` with standard normals z.
    x0 : ndarray, shape (d,)
        Standard start (read-only).
    p : NamedTuple or None
    reference : str
        Where the map was published.
    jacobian : function or None
        `jacobian(n, x, p, J) -> None` sets every J[i, j] = d f_i / d x_j; None with `noises`.
    noises : int
        Standard normals of one iteration.
    exponents : tuple of float
        Known Lyapunov exponents per iteration, descending; perhaps only the leading ones.
    tolerance : float
        Of `exponents`: 0 where they are exact, else about three standard errors of the source.
    source : str
        Where `exponents` come from.
    """

    name: str
    f: Callable[..., None]
    x0: Vector
    p: Any
    reference: str
    jacobian: Callable[..., None] | None
    noises: int
    exponents: tuple[float, ...]
    tolerance: float
    source: str

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.x0)

    def image(self, x: ArrayLike, n: int = 0, z: ArrayLike | None = None, p: Any = None) -> Vector:
        """f at one state as a new array, in plain Python."""
        state = np.asarray(x, float)
        out = np.empty_like(state)
        p = self.p if p is None else p
        if self.noises:
            normals = np.asarray(np.nan if z is None else z, float)
            if normals.shape != (self.noises,):
                raise ValueError(f"{self.name} takes z of shape ({self.noises},), but got {z!r}.")
            self.f(n, state, normals, p, out)
        else:
            self.f(n, state, p, out)
        return out

    def orbit(self, steps: int, x0: ArrayLike | None = None, seed: int = 0) -> Vector:
        """States (steps + 1, d) from x0, in plain Python; z from `seed` where the map has noises."""
        if steps < 0:
            raise ValueError(f"steps must be 0 or more, but is {steps!r}.")
        rng = np.random.default_rng(seed)
        xs = np.empty((steps + 1, self.n))
        xs[0] = self.x0 if x0 is None else x0
        for i in range(steps):
            xs[i + 1] = self.image(xs[i], i, rng.normal(size=self.noises) if self.noises else None)
        return xs

    def map(self, **changes: Any) -> Any:
        """A `mechanics.lyapunov.Map` of this record; changes may give x0 and p."""
        from mechanics.lyapunov import Map  # type: ignore[import-not-found, unused-ignore]

        unknown = sorted(set(changes) - {"x0", "p"})
        if unknown:
            raise TypeError(f"map() can change x0 and p, but got {', '.join(unknown)}.")
        parts = {"x0": self.x0, "p": self.p, **changes}
        return Map(self.f, parts["x0"], parts["p"], jacobian=self.jacobian, noises=self.noises)

    def __repr__(self) -> str:
        return f"MapSystem({self.name}, n={self.n})"


def make_map(
    name: str,
    f: Callable[..., None],
    x0: ArrayLike,
    p: Any = None,
    *,
    reference: str,
    jacobian: Callable[..., None] | None = None,
    noises: int = 0,
    exponents: ArrayLike = (),
    tolerance: float = 0.0,
    source: str = "",
) -> MapSystem:
    """Build a `MapSystem` and freeze its start.

    Raises
    ------
    ValueError
        If x0 is not a finite vector, exponents increase or are more than its components, or lack a source.
    """
    state = _frozen(x0)
    if state.ndim != 1 or not np.isfinite(state).all():
        raise ValueError(f"x0 must be a finite vector, but is {np.asarray(x0)!r}.")
    known = tuple(float(e) for e in np.atleast_1d(np.asarray(exponents, float)))
    if len(known) > len(state) or any(b > a for a, b in pairwise(known)):
        raise ValueError(f"exponents must descend and be at most {len(state)}, but are {known}.")
    if known and not source:
        raise ValueError("known exponents need a source.")
    return MapSystem(name, f, state, p, reference, jacobian, int(noises), known, float(tolerance), source)
