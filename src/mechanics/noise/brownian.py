"""A Brownian path that can be asked for at any time, in any order, and always answers the same.

The interval [t0, t1] is halved again and again; halves are named by the integers 1, (2, 3), (4, 5, 6, 7), ... Of each
interval of length h two Gaussian numbers are known: W, the increment over it, and H = A/h - W/2, with A the time
integral of the path's departure from its start. They are independent, of variances h and h/12. Halves follow by

    W_left = W/2 + 3 H/2 + Z,     H_left = H/4 - Z/2 + N/2,   H_right = H/4 - Z/2 - N/2,   W_right = W - W_left

with Z and N of variances h/16 and h/12, normals named by (seed, member, interval). Times are rounded to
2^-52 (t1 - t0), so that a question takes at most 52 halvings and stores nothing.

Foster, Lyons, Oberhauser, SIAM J. Numer. Anal. 58 (2020) 1393-1421, theorem 6.1.4 of Foster's thesis for the halving
of (W, H).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import compile_bound, kernel
from .box_muller import constants
from .normals import normal_at, seed_word

Array = NDArray[np.float64]
LEVELS = 52
TICKS = 1 << LEVELS
STREAM = np.uint64(1 << 30)  # of draws that nothing else uses: truncated normals take 1, 2, ...
_ONE, _TWO = np.uint64(1), np.uint64(2)


@kernel
def two_normals(seed, member, node, c, const):  # type: ignore[no-untyped-def]
    """The normals of one interval and component."""
    first = _TWO * np.uint64(c)
    a = normal_at(seed, member, node, first, STREAM, const)
    return a, normal_at(seed, member, node, first + _ONE, STREAM, const)


@kernel(forceinline=False)
def descend(tick, c, span, seed, member, const):  # type: ignore[no-untyped-def]
    """W at a tick, and the time integral of W up to it, of component c."""
    a, b = two_normals(seed, member, np.uint64(0), c, const)
    h = span
    w, H = math.sqrt(h) * a, math.sqrt(h / 12.0) * b
    W, integral = 0.0, 0.0
    if tick == TICKS:
        return w, h * (H + 0.5 * w)
    node, half = np.uint64(1), TICKS // 2
    rest = tick
    while rest > 0:
        a, b = two_normals(seed, member, node, c, const)
        Z, N = math.sqrt(h / 16.0) * a, math.sqrt(h / 12.0) * b
        left, H_left = 0.5 * w + 1.5 * H + Z, 0.25 * H - 0.5 * Z + 0.5 * N
        h = 0.5 * h
        if rest >= half:
            integral += h * (W + H_left + 0.5 * left)
            W += left
            w, H = w - left, 0.25 * H - 0.5 * Z - 0.5 * N
            rest -= half
            node = _TWO * node + _ONE
        else:
            w, H = left, H_left
            node = _TWO * node
        half = half // 2
    return W, integral


def _path_entry(ticks, span, seed, member, W, integral):  # type: ignore[no-untyped-def]
    const = constants()
    for i in range(len(ticks)):
        for c in range(W.shape[1]):
            W[i, c], integral[i, c] = descend(ticks[i], c, span, seed, member, const)


@dataclass(frozen=True, eq=False)
class BrownianPath:
    """Independent Brownian motions on [t0, t1], W(t0) = 0, as a function of the time and a name.

    Parameters
    ----------
    t0, t1 : float
        Interval.
    noises : int
        Number of Brownian motions.
    seed : int or numpy.random.SeedSequence
        Names the ensemble of paths.
    member : int
        Which of its paths.

    Notes
    -----
    `solve(problem, method, dt=..., path=path)` takes the increments of the path; with another dt it sees the same path.
    It is another path than the one that `solve(seed=)` draws, which costs less.

    Examples
    --------
    >>> from mechanics.noise import BrownianPath
    >>> path = BrownianPath(0.0, 1.0, noises=2, seed=3)
    >>> bool((path(0.5) == path([0.1, 0.5, 0.9])[1]).all())
    True
    """

    t0: float
    t1: float
    noises: int = 1
    seed: int | np.random.SeedSequence = 0
    member: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.t0) and math.isfinite(self.t1) and self.t0 < self.t1):
            raise ValueError(f"A path needs finite t0 < t1, but got {self.t0} and {self.t1}.")
        if isinstance(self.noises, bool) or int(self.noises) != self.noises or not 1 <= self.noises < 2**32:
            raise ValueError(f"noises must be a whole number of at least 1, but is {self.noises!r}.")
        if isinstance(self.member, bool) or int(self.member) != self.member or self.member < 0:
            raise ValueError(f"member must be a whole number of at least 0, but is {self.member!r}.")
        seed_word(self.seed)

    def __call__(self, t: ArrayLike) -> Array:
        """W at a time or at times of any shape: shape (*t.shape, noises).

        Raises
        ------
        ValueError
            If a time lies outside of [t0, t1].
        """
        return self._values(t)[0]

    def integral(self, t: ArrayLike) -> Array:
        """The integral of W from t0 to t, shape (*t.shape, noises)."""
        return self._values(t)[1]

    def increment(self, a: ArrayLike, b: ArrayLike) -> Array:
        """W(b) - W(a), shape (*t.shape, noises)."""
        return self(b) - self(a)

    def normals(self, t0: float, t1: float, steps: int, *, areas: bool = False) -> Array:
        """What equal steps from t0 to t1 see of the path, as standard normals of shape (steps, noises).

        With `areas`, (steps, 2 noises): the second half belongs to the time integrals of the path over each step.
        """
        ends = t0 + (t1 - t0) * np.arange(steps + 1) / max(steps, 1)
        ends[-1] = t1
        W, integral = self._values(ends)
        dt = (np.diff(self._ticks(ends)).astype(float) * ((self.t1 - self.t0) / TICKS))[:, None]
        z = np.diff(W, axis=0) / np.sqrt(dt)
        if not areas:
            return z
        I10 = np.diff(integral, axis=0) - W[:-1] * dt
        return np.hstack([z, math.sqrt(3.0) * (2.0 * I10 / dt**1.5 - z)])

    def _ticks(self, t: Array) -> NDArray[np.int64]:
        if t.size and not (np.min(t) >= self.t0 and np.max(t) <= self.t1):
            raise ValueError(f"The path is known on [{self.t0}, {self.t1}], but was asked outside of it.")
        return np.rint((t - self.t0) / (self.t1 - self.t0) * TICKS).astype(np.int64)

    def _values(self, t: ArrayLike) -> tuple[Array, Array]:
        times = np.asarray(t, dtype=np.float64)
        ticks = np.ascontiguousarray(self._ticks(times)).ravel()
        W, integral = np.empty((len(ticks), self.noises)), np.empty((len(ticks), self.noises))
        with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
            compile_bound(_path_entry)(
                ticks, self.t1 - self.t0, seed_word(self.seed), np.uint64(self.member), W, integral
            )
        shape = (*times.shape, self.noises)
        return W.reshape(shape), integral.reshape(shape)
