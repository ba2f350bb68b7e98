"""What a spectrum has to satisfy whatever its system, measured along a short stretch after the run.

sum             sum of log R_jj against log |det D f| of a map, or the mean divergence of a flow, both from differences
of the user's own function; not where the method chooses its steps, whose grid is too coarse for the mean
orthonormality  largest |Q^T Q - 1|
pairing         how far l_i + l_{n+1-i} is from one value: zero for Hamiltonian systems, -gamma with uniform friction
zeros           exponents that cannot be told from zero: a flow off its rest points has one, and one more for each
conserved quantity of a Hamiltonian
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .covariant import vectors_of
from .job import FINE, Job
from .map import Map

if TYPE_CHECKING:
    from .result import LyapunovSpectrum

Array = NDArray[np.float64]
STRETCH = 200  # steps
MOST = 64  # components for which the sum is checked
H = 1e-6


def checks_of(spectrum: "LyapunovSpectrum") -> dict[str, Any]:
    """The checks that apply; `sum` is (found, expected)."""
    job = spectrum.job
    if spectrum.divergence is not None:
        return {}
    Q = vectors_of(spectrum.V, job.k)
    found: dict[str, Any] = {
        "orthonormality": float(np.abs(Q.T @ Q - np.eye(job.k)).max()),
        "zeros": spectrum.zeros,
    }
    if job.k == job.n:
        if job.n % 2 == 0 and np.isfinite(spectrum.exponents).all():
            pairs = spectrum.exponents + spectrum.exponents[::-1]
            found["pairing"] = float(np.abs(pairs - pairs.mean()).max())
        if job.n <= MOST and isinstance(job, Job) and not job.noisy and not job.adaptive:
            found["sum"] = _sum(spectrum)
    return found


def _sum(spectrum: "LyapunovSpectrum") -> tuple[float, float]:
    """Sum of the exponents along the stretch, and the same from differences of the user's function."""
    job, dt = spectrum.job, spectrum.dt
    assert isinstance(job, Job)
    V, room, total, expected = spectrum.V.copy(), job.room(1), 0.0, 0.0
    for i in range(STRETCH):
        before = V[0, :, 0].copy()
        logs, end = job.advance(V, room, spectrum.p, dt, spectrum.step + i, 1, 1, 1, np.ones(2))
        if end != FINE:
            return np.nan, np.nan
        total += float(logs.sum())
        t = job.origin + (spectrum.step + i) * dt
        if isinstance(job.system, Map):
            expected += np.linalg.slogdet(_jacobian(job.system.f, spectrum.step + i, before, spectrum.p))[1]
        else:  # the trapezoidal rule
            ends = ((t, before), (t + dt, V[0, :, 0]))
            expected += dt / 2 * sum(np.trace(_jacobian(job.system.drift, at, y, spectrum.p)) for at, y in ends)
    return total / (STRETCH * dt), float(expected) / (STRETCH * dt)


def _jacobian(function: Any, t: Any, y: Array, p: Any) -> Array:
    """Central differences of the plain function."""
    plain = getattr(function, "py_func", function)
    n, h = len(y), H * max(1.0, float(np.abs(y).max()))
    J = np.empty((n, n))
    for j in range(n):
        ends = np.empty((2, n))
        for out, sign in zip(ends, (1.0, -1.0), strict=True):
            moved = y.copy()
            moved[j] += sign * h
            plain(t, moved, p, out)
        J[:, j] = (ends[0] - ends[1]) / (2.0 * h)
    return J
