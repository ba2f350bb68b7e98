"""`kramers_moyal`: drift and diffusion of a time series without a model, from conditional moments of its increments.

    D1(x; tau) = <dx | x> / tau,    D2(x; tau) = (<dx dx^T | x> - <dx | x> <dx | x>^T) / (2 tau),
    dx = x(t + tau) - x(t)

As tau -> 0 they are those of dx = D1 dt + sqrt(2 D2) dW (Ito). At finite tau both are off by a term of first order:
D1(x; tau) = D1 + (tau / 2) L D1 + ..., with the generator L = D1 d/dx + D2 d^2/dx^2. An Ornstein-Uhlenbeck process of
rate r and noise s gives exactly -x (1 - e^{-r tau}) / tau and s^2 (1 - e^{-2 r tau}) / (4 r tau). A straight line
through several lags, read at tau = 0, takes the first order away.

Siegert, Friedrich, Peinke, Phys. Lett. A 243 (1998) 275-280; Ragwitz, Kantz, Phys. Rev. Lett. 87 (2001) 254501;
Gottschall, Peinke, New J. Phys. 10 (2008) 083034.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, whole_numbers
from .as_json import plain
from .trajectories import as_trajectories

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
EQUAL = 1e-6  # relative differences of time steps that count as equal


@dataclass(frozen=True, eq=False)
class KramersMoyal:
    """Conditional moments; made by `kramers_moyal`.

    Attributes
    ----------
    points : ndarray, shape (P,) or (P, 2)
        Mean state of each bin, or the points asked for.
    counts : ndarray, shape (P,)
        Increments of the first lag at each (their total weight, for points).
    tau : ndarray, shape (lags,)
        Lags, in units of time.
    drift, drift_stderr : ndarray, shape (lags, P), or (lags, P, 2)
        D1 at each lag and its standard error; NaN where there are too few increments.
    diffusion, diffusion_stderr : ndarray, shape (lags, P), or (lags, P, 2, 2)
        D2, in dx = D1 dt + sqrt(2 D2) dW.
    drift_at_zero, drift_at_zero_stderr, diffusion_at_zero, diffusion_at_zero_stderr : ndarray, shape as of one lag
        Read from a line through the lags at tau = 0; NaN with one lag.
    higher : dict
        Order from 3 on -> (lags, P), <dx^k | x> / (k! tau); one component only. Gaussian steps have
        D4 = D2^2 tau / 2; much more says jumps.
    """

    points: Array
    counts: Array
    tau: Array
    drift: Array
    drift_stderr: Array
    diffusion: Array
    diffusion_stderr: Array
    drift_at_zero: Array
    drift_at_zero_stderr: Array
    diffusion_at_zero: Array
    diffusion_at_zero_stderr: Array
    higher: dict[int, Array]

    @property
    def bias(self) -> tuple[Array, Array]:
        """First-order finite-step bias of drift and diffusion at the first lag, as the line sees it."""
        return self.drift[0] - self.drift_at_zero, self.diffusion[0] - self.diffusion_at_zero

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Drift and diffusion with two standard errors over x; one component only."""
        from ..plots.trajectory_fit import plot_kramers_moyal

        return plot_kramers_moyal(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        return plain({f.name: getattr(self, f.name) for f in fields(self)})


def kramers_moyal(
    ts: Any,
    ys: Any,
    *,
    bins: ArrayLike = 30,
    points: ArrayLike | None = None,
    bandwidth: float | None = None,
    order: int = 2,
    lags: ArrayLike = (1, 2),
    blocks: int = 40,
    fewest: int = 30,
) -> KramersMoyal:
    """Drift and diffusion of one or two components as functions of the state.

    Parameters
    ----------
    ts, ys : array_like
        Equally spaced times (m,) and values (m,), (m, 1) or (m, 2), NaN where missing; or lists of these.
    bins : int, or edges (of one component)
        Equally wide bins over the data, for each component.
    points : array_like, shape (P,) or (P, d), optional
        Instead: Epanechnikov weights of width `bandwidth` about these.
    bandwidth : float, optional
        Half-width of the weights, 1 / 10 of the range by default.
    order : int
        Highest moment, from 2 on.
    lags : array_like of int
        Steps between the two times of an increment; several for the line to tau = 0.
    blocks : int
        Stretches of time that the jackknife leaves out, one by one; they must be longer than the correlation time.
    fewest : int
        Bins with fewer increments are left open.

    Returns
    -------
    KramersMoyal

    Raises
    ------
    ValueError
        If times are not equally spaced, or a lag, an order or a shape makes no sense.

    Notes
    -----
    Bins average the drift over their width. Measurement noise of variance s^2 adds s^2 / tau to D2, which the line does
    not take away: D2 that grows as 1 / tau is its mark.
    """
    data = as_trajectories(ts, ys)
    d = data.columns
    whole_numbers(order=(order, 2), blocks=(blocks, 4), fewest=(fewest, 2))
    if d > 2 or (d == 2 and order > 2):
        raise ValueError(f"One component, or two up to order 2, but there are {d} and order is {order}.")
    steps = np.concatenate([np.diff(t) for t in data.ts])
    dt = float(np.median(steps))
    if np.abs(steps - dt).max() > EQUAL * dt * 10.0:
        raise ValueError(
            f"Times must be equally spaced, but steps are from {steps.min():g} to {steps.max():g}: do not "
            "interpolate, but mark missing values by NaN on the full grid."
        )
    taken = np.atleast_1d(np.asarray(lags))
    if taken.dtype.kind not in "iu" or (taken < 1).any() or len(set(taken.tolist())) < len(taken):
        raise ValueError(f"lags must be different whole numbers of at least 1, but are {taken.tolist()}.")
    if int(taken.max()) >= min(len(t) for t in data.ts):
        raise ValueError(f"The lag {int(taken.max())} is longer than a series.")
    weigh = _weigher(np.concatenate(data.ys), bins, points, bandwidth)
    sums = np.array([_sums(data.ys, int(lag), weigh, blocks, order) for lag in taken])  # (lags, blocks, P, columns)
    tau = taken * dt
    whole = sums.sum(axis=1)
    full = _estimates(whole, tau, d, fewest)
    left = [_estimates(whole - sums[:, b], tau, d, fewest) for b in range(blocks)]
    errors = [_jackknife([one[i] for one in left]) for i in range(4)]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x = whole[0, :, 1 : 1 + d] / whole[0, :, :1]
        higher = {
            k: whole[:, :, 1 + 2 * d + d * d + k - 3] / whole[:, :, 0] / (math.factorial(k) * tau[:, None])
            for k in range(3, order + 1)
        }
    where = mean_x if points is None else np.asarray(points, float).reshape(-1, d)
    first, last = (full[0][..., 0], full[1][..., 0, 0]) if d == 1 else (full[0], full[1])
    zero = (full[2][..., 0], full[3][..., 0, 0]) if d == 1 else (full[2], full[3])
    e = [errors[0][..., 0], errors[1][..., 0, 0], errors[2][..., 0], errors[3][..., 0, 0]] if d == 1 else errors
    return KramersMoyal(
        where[:, 0] if d == 1 else where, whole[0, :, 0], tau, first, e[0], last, e[1], zero[0], e[2], zero[1], e[3],
        higher,
    )  # fmt: skip


def _weigher(states: Array, bins: Any, points: Any, bandwidth: float | None) -> Callable[[Array], Array]:
    """A function from states (N, d) to weights (N, P)."""
    d = states.shape[1]
    low, high = np.nanmin(states, axis=0), np.nanmax(states, axis=0)
    if points is not None:
        at = np.asarray(points, dtype=float).reshape(-1, d)
        width = 0.1 * float((high - low).max()) if bandwidth is None else finite_number("bandwidth", bandwidth)
        if not width > 0.0:
            raise ValueError(f"bandwidth must be positive, but is {width}.")
        return lambda x: np.maximum(0.0, 1.0 - ((x[:, None] - at) ** 2).sum(axis=2) / width**2)
    if np.ndim(bins) == 0:
        whole_numbers(bins=(bins, 2))
        edges = [np.linspace(low[i], high[i], int(bins) + 1) for i in range(d)]
    else:
        edge = np.asarray(bins, dtype=float)
        if edge.ndim != 1 or len(edge) < 3 or (np.diff(edge) <= 0).any() or d > 1:
            raise ValueError("bins must be a number, or increasing edges of one component.")
        edges = [edge]
    counts = [len(e) - 1 for e in edges]
    total = int(np.prod(counts))

    def weigh(x: Array) -> Array:
        place, inside = np.zeros(len(x), dtype=int), np.ones(len(x), dtype=bool)
        for i, e in enumerate(edges):
            index = np.searchsorted(e, x[:, i], side="right") - 1
            index = np.where(x[:, i] == e[-1], counts[i] - 1, index)
            inside &= (index >= 0) & (index < counts[i])
            place = place * counts[i] + np.clip(index, 0, counts[i] - 1)
        out = np.zeros((len(x), total))
        out[np.flatnonzero(inside), place[inside]] = 1.0
        return out

    return weigh


def _sums(parts: list[Array], lag: int, weigh: Callable[[Array], Array], blocks: int, order: int) -> Array:
    """Sums of 1, x, dx, dx dx^T and higher powers at each point, block by block: (blocks, P, columns)."""
    before = np.concatenate([y[:-lag] for y in parts])
    moved = np.concatenate([y[lag:] - y[:-lag] for y in parts])
    out = []
    for x, dx in zip(np.array_split(before, blocks), np.array_split(moved, blocks), strict=True):
        ok = np.isfinite(x).all(axis=1) & np.isfinite(dx).all(axis=1)
        x, dx = x[ok], dx[ok]
        square = (dx[:, :, None] * dx[:, None, :]).reshape(len(dx), dx.shape[1] ** 2)
        powers = [dx[:, :1] ** k for k in range(3, order + 1)]
        out.append(weigh(x).T @ np.concatenate([np.ones((len(x), 1)), x, dx, square, *powers], axis=1))
    return np.array(out)


def _estimates(sums: Array, tau: Array, d: int, fewest: int) -> tuple[Array, Array, Array, Array]:
    """D1 and D2 at each lag, and at tau = 0."""
    count = np.where(sums[..., 0] >= fewest, sums[..., 0], np.nan)
    mean = sums[..., 1 + d : 1 + 2 * d] / count[..., None]
    square = sums[..., 1 + 2 * d : 1 + 2 * d + d * d] / count[..., None]
    square = square.reshape(*square.shape[:-1], d, d) - mean[..., :, None] * mean[..., None, :]
    square = square * (count / (count - 1.0))[..., None, None]
    D1 = mean / tau[:, None, None]
    D2 = square / (2.0 * tau[:, None, None, None])
    if len(tau) == 1:
        return D1, D2, np.full(D1.shape[1:], np.nan), np.full(D2.shape[1:], np.nan)
    weights = np.linalg.pinv(np.stack([np.ones_like(tau), tau], axis=1))[0]  # intercept of the line
    return D1, D2, np.tensordot(weights, D1, 1), np.tensordot(weights, D2, 1)


def _jackknife(left: list[Array]) -> Array:
    rows = np.array(left)
    off = rows - rows.mean(axis=0)
    return np.sqrt((len(rows) - 1) / len(rows) * (off**2).sum(axis=0))
