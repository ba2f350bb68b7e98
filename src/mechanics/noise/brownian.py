"""A Brownian motion as an object: asked anywhere, in any order, as finely as wanted, always the same path."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import compile_bound
from .brownian_tree import CELLS, H, W, intervals_entry
from .normals import seed_word

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BrownianPath:
    """W(t) in m dimensions on [t0, t1], W(t0) = 0, a pure function of (seed, member).

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Names the path; 0 <= seed < 2^64.
    t0, t1 : float
        Start and end, t0 < t1.
    noises : int
        Number m of independent motions.
    member : int
        Another independent path of the same seed.

    Raises
    ------
    ValueError
        If t1 is not after t0, one of them is not finite, or an index is out of range.

    Notes
    -----
    A dyadic tree of bridges over integer nodes: nothing is stored, a query takes at most 48 splits for each of its ends
    and no recursion, and neighbouring queries of one call share their splits. Values do not depend on what was asked
    before or beside them. The law is that of Brownian motion at any set of times of which no two lie inside the same
    cell of 2^-48 of the span; of two that do each has its right variance, but between them the path is smoother than it
    should be. The draws are others than those of a solve with the same seed.

    Another t0, t1, seed or member is another path, and so is `noises` as a whole; its first motions stay the same.

    Examples
    --------
    >>> from mechanics.noise import BrownianPath
    >>> import numpy as np
    >>> path = BrownianPath(7, 0.0, 1.0)
    >>> path(0.3).shape, path(np.linspace(0.0, 1.0, 5)).shape
    ((1,), (5, 1))
    >>> dW = path.increments(np.linspace(0.0, 1.0, 1001))
    >>> bool(abs(dW.sum() - path(1.0)[0]) < 1e-13)
    True
    """

    seed: int | np.random.SeedSequence
    t0: float
    t1: float
    noises: int = 1
    member: int = 0
    _key: np.uint64 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("t0", "t1"):
            object.__setattr__(self, name, float(getattr(self, name)))
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, but is {getattr(self, name)}.")
        if not self.t0 < self.t1 < self.t0 + math.inf or not math.isfinite(self.t1 - self.t0):
            raise ValueError(f"t1 must come after t0 at a finite distance, but t0 = {self.t0} and t1 = {self.t1}.")
        for name, least, most in (("noises", 1, 2**31), ("member", 0, 2**64 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
                raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")
        object.__setattr__(self, "_key", seed_word(self.seed))

    def __call__(self, t: ArrayLike) -> Array:
        """W at a time, (m,), or at times of shape (k,), (k, m).

        Raises
        ------
        ValueError
            If a time is not in [t0, t1].
        """
        times = self._times(t)
        if times.ndim > 1:
            raise ValueError(f"t must be a time or an array of times (k,), but has shape {times.shape}.")
        flat = times.reshape(-1)
        out = self._intervals(np.stack([np.full_like(flat, self.t0), flat], axis=1))[:, W]
        return out[0] if times.ndim == 0 else out

    def increments(self, ts: ArrayLike) -> Array:
        """W(ts[i + 1]) - W(ts[i]), shape (k - 1, m), of a grid ts (k,) in either direction.

        Each is computed from the nodes between its ends and not as a difference of values: however short the step, its
        relative error is some 1e-15. Increments of a finer grid sum to those of a coarser one up to rounding.
        """
        return self._steps(ts)[0]

    def space_time_areas(self, ts: ArrayLike) -> Array:
        """Areas H between the path and its chords over the steps of a grid ts (k,), shape (k - 1, m).

        For a step h from s, H = (1/h) integral (W(u) - W(s)) du - dW / 2 with variance h / 12, independent of the
        increment dW. The integral dZ of Kloeden and Platen is h (dW / 2 + H).

        References
        ----------
        Foster, Lyons, Oberhauser, SIAM J. Numer. Anal. 58 (2020) 1500; Kloeden, Platen (1992), section 10.4.
        """
        return self._steps(ts)[1]

    def normals(self, ts: ArrayLike, *, areas: bool = False) -> Array:
        """Increments over the steps of a grid ts (k,), over sqrt(dt): standard normals of shape (k - 1, m).

        With `areas` (k - 1, 2 m): the second half are the areas H over their standard deviation. `solve` takes its
        noise from here where it is given a path.
        """
        dW, H = self._steps(ts)
        dt = np.abs(np.diff(np.asarray(ts, np.float64)))[:, None]
        z = dW / np.sqrt(dt)
        return np.hstack([z, H * np.sqrt(12.0 / dt)]) if areas else z

    def _steps(self, ts: ArrayLike) -> tuple[Array, Array]:
        times = self._times(ts)
        if times.ndim != 1 or not len(times):
            raise ValueError(f"ts must be an array of times (k,), k >= 1, but has shape {times.shape}.")
        ends = np.stack([times[:-1], times[1:]], axis=1)
        back = ends[:, 0] > ends[:, 1]
        out = self._intervals(np.sort(ends, axis=1))
        return np.where(back[:, None], -out[:, W], out[:, W]), out[:, H].copy()

    def _times(self, t: ArrayLike) -> Array:
        times = np.asarray(t)
        if times.dtype.kind not in "fiu":
            raise ValueError(f"Times must be real numbers, but have dtype {times.dtype}.")
        times = times.astype(np.float64)
        outside = ~((times >= self.t0) & (times <= self.t1))
        if outside.any():
            raise ValueError(
                f"Times must lie in [{self.t0}, {self.t1}], where the path is, but {times[outside][0]} does not."
            )
        return times

    def _intervals(self, ends: Array) -> Any:
        """Increments and areas (k, 2, m) of the intervals ends (k, 2)."""
        span = self.t1 - self.t0
        place = np.minimum((ends - self.t0) / span * CELLS, CELLS)
        cells = np.floor(place)
        out = np.empty((len(ends), 2, int(self.noises)))
        run = compile_bound(intervals_entry)
        with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
            run(out, cells.astype(np.int64), place - cells, span, self._key, np.uint64(self.member))
        return out


def refine(ts: ArrayLike, into: int = 2) -> Array:
    """A grid with each step cut into equal parts; every time of the old grid is in it, with the same bits.

    Parameters
    ----------
    ts : array_like, shape (k,)
    into : int
        Parts of a step.

    Returns
    -------
    ndarray, shape ((k - 1) into + 1,)
        `fine[::into]` is ts.
    """
    times = np.asarray(ts, dtype=np.float64)
    if times.ndim != 1 or not len(times):
        raise ValueError(f"ts must be an array of times (k,), k >= 1, but has shape {times.shape}.")
    if isinstance(into, bool) or not isinstance(into, (int, np.integer)) or into < 1:
        raise ValueError(f"into must be a whole number of at least 1, but is {into!r}.")
    parts = np.arange(into) / into
    inner = times[:-1, None] + np.diff(times)[:, None] * parts
    return np.append(inner.ravel(), times[-1])
