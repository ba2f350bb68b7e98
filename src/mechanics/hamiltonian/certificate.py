"""What a solution is judged by, measured on the curve that is returned and not on the equations that were solved.

boundary residual    max |g(u(t0), u(t1))|
defect               max |u' - f(t, u)| / (1 + |f(t, u)|), at three times in every interval and in every component
Hamiltonian drift    max |H(u(t)) - H(u(t0))| / (1 + sum |f_i y_i|), where H does not depend on time
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .flow import Flow
from .interpolant import SAMPLES, WEIGHTS, Interpolant, interpolate

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Certificate:
    """Numbers as above, the curve, and the defect of each interval."""

    sol: Interpolant
    residual: float
    defect: float
    hamiltonian_drift: float  # nan where there is no conserved Hamiltonian
    defects: Array
    gaps: Array  # integral of u' - f(t, u) over each interval (M, n)

    def meets(self, tol: float) -> bool:
        """Whether all are below tol."""
        drift = 0.0 if np.isnan(self.hamiltonian_drift) else self.hamiltonian_drift
        return bool(self.residual <= tol and self.defect <= tol and drift <= tol)


def certify(flow: Flow, boundary: Any, ts: Array, y: Array) -> Certificate:
    """Measure the curve through y at the times ts."""
    f = flow.slopes(ts, y)
    widths = np.diff(ts)
    times = (ts[:-1, None] + widths[:, None] * np.array(SAMPLES)).ravel()
    where = np.repeat(np.arange(len(widths)), len(SAMPLES))
    points: Any = 4
    defects, energies, gaps = np.full(len(widths), np.inf), None, np.zeros((len(widths), flow.n))
    for candidate in (4, 2) if len(ts) > 3 else (2,):
        curve = interpolate(ts, y, f, candidate)
        u, du = curve.with_slope(times, where)
        F = flow.slopes(times, u)
        found = (np.abs(du - F) / (1.0 + np.abs(F))).max(axis=1).reshape(-1, len(SAMPLES)).max(axis=1)
        found = np.where(np.isfinite(found), found, np.inf)
        energy = flow.energies(times, u)
        better = found < defects
        defects, points = np.where(better, found, defects), np.where(better, candidate, points)
        integral = np.einsum("ijk,j->ik", (du - F).reshape(len(widths), len(SAMPLES), -1), WEIGHTS) * widths[:, None]
        gaps = np.where(better[:, None], integral, gaps)
        if energy is not None:
            energies = energy if energies is None else np.where(np.repeat(better, len(SAMPLES)), energy, energies)
    drift = np.nan
    if energies is not None and flow.conserves:
        at_nodes = flow.energies(ts, y)
        d = flow.n // 2
        scale = 1.0 + float(np.abs(f[:, d:] * y[:, :d]).max(initial=0.0) + np.abs(f[:, :d] * y[:, d:]).max(initial=0.0))
        first = at_nodes[0]  # type: ignore[index]
        drift = float(max(np.abs(energies - first).max(), np.abs(at_nodes - first).max())) / scale
    residual = float(np.abs(boundary.value(y[0], y[-1], flow.p)).max(initial=0.0))
    sol = interpolate(ts, y, f, points)
    return Certificate(sol, residual, float(defects.max()), drift, defects, gaps)
