"""Covariant Lyapunov vectors: directions that the tangent dynamics carries into themselves.

    V_{n+1} = D phi V_n = Q_{n+1} R_{n+1}          forward, as for the exponents
    C_n = R_{n+1}^{-1} C_{n+1} / lengths           backward, C upper triangular with unit columns
    W_n = Q_n C_n                                  column j grows at the rate of exponent j in both directions of time

Ginelli, Poggi, Turchi, Chate, Livi, Politi, PRL 99 (2007) 130601. Only Q at the ends of stretches is kept on the way
forward, and each stretch is run again on the way back: memory grows as the root of the length of the window.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compile import compile_bound
from .job import FINE, Job, stepped

if TYPE_CHECKING:
    from .result import LyapunovSpectrum

Array = NDArray[np.float64]
INTERVALS = 1000  # of the default window
SHARE = 0.5  # of the window, before and after it, by default
MOST = 2**31  # bytes of a window
SHORTER = 4  # than the interval of the exponents: growth ratios of 30 keep triangles well-conditioned


@dataclass(frozen=True, eq=False)
class CovariantVectors:
    """Covariant vectors at the ends of the intervals of a window.

    Attributes
    ----------
    times : ndarray, shape (m,)
        Absolute times.
    states : ndarray, shape (m, n)
        The state there.
    vectors : ndarray, shape (m, n, k)
        Unit vectors, column j of exponent j.
    exponents : ndarray, shape (k,)
        Mean growth rates of the vectors over the window, found on the way back.
    growth : ndarray, shape (m - 1, k)
        Local exponents: growth rates from one time to the next.
    defect : float
        Largest error of covariance, |D phi w_n / |D phi w_n| -+ w_{n+1}|, by the triangles of the window.
    """

    times: Array
    states: Array
    vectors: Array
    exponents: Array
    growth: Array
    defect: float

    def angles(self, i: int = 0, j: int = 1) -> Array:
        """Angles between vectors i and j along the window, from 0 to pi/2: near 0 the directions are tangent."""
        cosine = np.abs(np.einsum("ma,ma->m", self.vectors[:, :, i], self.vectors[:, :, j]))
        sine = np.linalg.norm(self.vectors[:, :, i] - _signed(self.vectors, i, j), axis=1)
        # near 0 from the difference: arccos loses half of the digits there
        result: Array = np.where(
            cosine > 0.9, 2.0 * np.arcsin(np.minimum(sine / 2.0, 1.0)), np.arccos(np.minimum(cosine, 1.0))
        )
        return result

    def subspace_angles(self, split: int) -> Array:
        """Smallest angles between the span of the first `split` vectors and that of the others: zero is a tangency."""
        k = self.vectors.shape[2]
        if not 1 <= split < k:
            raise ValueError(f"split must be a whole number from 1 to {k - 1}, but is {split!r}.")
        angles = np.empty(len(self.vectors))
        for m, W in enumerate(self.vectors):
            A, B = np.linalg.qr(W[:, :split])[0], np.linalg.qr(W[:, split:])[0]
            rest = A - B @ (B.T @ A)  # sines of the principal angles
            angles[m] = math.asin(min(1.0, float(np.linalg.svd(rest, compute_uv=False)[-1])))
        return angles


def _signed(vectors: Array, i: int, j: int) -> Array:
    signs = np.sign(np.einsum("ma,ma->m", vectors[:, :, i], vectors[:, :, j]))
    result: Array = vectors[:, :, j] * np.where(signs == 0.0, 1.0, signs)[:, None]
    return result


def _backward(rs, cs, C, logs):  # type: ignore[no-untyped-def]
    """C -> R^{-1} C with unit columns, through the triangles from last to first; cs[n] is C before interval n."""
    k = C.shape[0]
    for n in range(len(rs) - 1, -1, -1):
        for j in range(k):
            for i in range(j, -1, -1):
                total = C[i, j]
                for m in range(i + 1, j + 1):
                    total -= rs[n, i, m] * C[m, j]
                C[i, j] = total / rs[n, i, i]
            length = 0.0
            for i in range(j + 1):
                length += C[i, j] * C[i, j]
            length = math.sqrt(length)
            logs[n, j] = -math.log(length)
            for i in range(j + 1):
                C[i, j] /= length
                cs[n, i, j] = C[i, j]
            for i in range(j + 1, k):
                cs[n, i, j] = 0.0


def covariant_vectors(
    spectrum: "LyapunovSpectrum", time: float | None = None, *, transient: float | None = None, seed: int | None = None
) -> CovariantVectors:
    """Covariant Lyapunov vectors along the orbit, from where a spectrum's run has ended.

    Parameters
    ----------
    spectrum : LyapunovSpectrum
        Of the system; its vectors have found their directions.
    time : float, optional
        Length of the window; 1000 orthonormalisations by default.
    transient : float, optional
        Time after the window in which the backward pass converges, as exp(-gap of the exponents x time); half of the
        window by default.
    seed : int, optional
        Of the triangle that the backward pass starts with; that of the spectrum by default.

    Returns
    -------
    CovariantVectors

    Raises
    ------
    ValueError
        If the run has diverged or lost rank: a vector that vanishes has no direction.

    Notes
    -----
    Vectors of equal exponents span a space that is covariant as a whole; each of them is arbitrary in it.
    """
    if spectrum.divergence is not None:
        raise ValueError("The run has diverged: there are no covariant vectors.")
    if not np.isfinite(spectrum.exponents).all():
        raise ValueError("An exponent is -infinity: its vector vanishes and has no direction. Give a smaller k.")
    job = stepped(spectrum.job, "covariant_vectors")
    q, dt = max(1, spectrum.interval // SHORTER), spectrum.dt
    window = INTERVALS if time is None else max(1, round(time / dt / q))
    after = math.ceil(SHARE * window) if transient is None else max(1, round(transient / dt / q))
    n, k = spectrum.job.n, spectrum.job.k
    if 8 * window * (n * k + n) > MOST:
        raise ValueError(
            f"{window} intervals of {n} x {k} numbers need more than {MOST / 2**30:.0f} GiB; shorten time."
        )
    stretch = max(1, math.isqrt(window + after))
    starts, V, step = [], spectrum.V.copy(), spectrum.step
    lengths = [min(stretch, window + after - i) for i in range(0, window + after, stretch)]
    passes = Stretches(job, spectrum.p, dt, q)
    for count in lengths:
        starts.append((V.copy(), step))
        passes.run(V, step, count)
        step += count * q
    C = np.triu(np.random.default_rng(spectrum.job.seed if seed is None else seed).standard_normal((k, k)))
    C /= np.linalg.norm(C, axis=0)
    backward = compile_bound(_backward)
    vectors, states = np.empty((window + 1, n, k)), np.empty((window + 1, n))
    growth, coefficients, defect = np.empty((window, k)), np.empty((window + 1, k, k)), 0.0
    done = window + after
    for (V, step), count in zip(reversed(starts), reversed(lengths), strict=True):
        first = done - count
        at_start, Q0 = V[0, :, 0].copy(), vectors_of(V, k)
        qs, rs, xs = passes.run(V, step, count)
        cs, logs = np.empty((count, k, k)), np.empty((count, k))
        if done == window:  # the last point of the window is the end of this stretch
            coefficients[window] = C
            vectors[window], states[window] = qs[-1] @ C, xs[-1]
        backward(rs, cs, C, logs)
        for m in range(count):
            if first + m <= window:
                coefficients[first + m] = cs[m]
                vectors[first + m] = (Q0 if m == 0 else qs[m - 1]) @ cs[m]
                states[first + m] = at_start if m == 0 else xs[m - 1]
            if first + m < window:
                growth[first + m] = logs[m] / (q * dt)
        for m in range(count):
            if first + m < window:
                carried = rs[m] @ cs[m]
                carried /= np.linalg.norm(carried, axis=0)
                expected = coefficients[first + m + 1]
                defect = max(defect, float(np.abs(carried - expected).max()))
        done = first
    times = job.origin + dt * (spectrum.step + q * np.arange(window + 1.0))
    order = spectrum.order
    return CovariantVectors(times, states, vectors[:, :, order], growth.mean(axis=0)[order], growth[:, order], defect)


class Stretches:
    """Runs of some intervals that keep Q and R."""

    def __init__(self, job: Job, p: Any, dt: float, q: int) -> None:
        self.job, self.p, self.dt, self.q, self.room = job, p, dt, q, job.room(q)

    def run(self, V: Array, step: int, count: int) -> tuple[Array, Array, Array]:
        """V is advanced; Q, R and states after each interval."""
        n, k = self.job.n, self.job.k
        qs, rs = np.empty((count, n, k + 1)), np.empty((count, k, k))
        _, end = self.job.advance(V, self.room, self.p, self.dt, step, 1, count, self.q, np.ones(2), qs, rs)
        if end != FINE:
            raise ValueError(f"The run diverged within the window, at step {step + end * self.q}.")
        return np.ascontiguousarray(qs[:, :, :k]), rs, qs[:, :, k].copy()


def vectors_of(V: Array, k: int) -> Array:
    """The tangent vectors of panels as columns."""
    return np.concatenate([panel[:, 1:] for panel in V], axis=1)[:, :k]
