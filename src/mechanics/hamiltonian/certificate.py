"""What a solution is judged by, measured on the curve that is returned and not on the equations that were solved.

boundary residual    max |g(u(t0), u(t1))|
defect               max |u' - f(t, u)| / (1 + |f(t, u)|), at three times in every interval and in every component
Hamiltonian drift    max |H(u(t)) - H(u(t0))| / (1 + sum |f_i y_i|), where H does not depend on time

The curve is of degree 7; where its defect is above tol the cubic is measured too, and each interval takes the better.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .flow import Flow
from .interpolant import Interpolant, interpolate
from .kernels import compiled

Array = NDArray[np.float64]
PLACES = np.array([0.1726731646460114, 0.5, 0.8273268353539886])  # of the defect: inner Lobatto points
WEIGHTS = (49.0 / 180.0, 64.0 / 180.0, 49.0 / 180.0)  # theirs; at the ends of an interval the defect is zero


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
        drift = 0.0 if math.isnan(self.hamiltonian_drift) else self.hamiltonian_drift
        return bool(self.residual <= tol and self.defect <= tol and drift <= tol)


def _weigh(ts, u, du, F, defects, gaps):  # type: ignore[no-untyped-def]
    n, largest = u.shape[1], 0.0
    for i in range(len(ts) - 1):
        worst = 0.0
        for a in range(n):
            total = 0.0
            for j in range(3):
                miss = du[3 * i + j, a] - F[3 * i + j, a]
                share = abs(miss) / (1.0 + abs(F[3 * i + j, a]))
                worst = share if share > worst or not math.isfinite(share) else worst
                total += WEIGHTS[j] * miss
            gaps[i, a] = total * (ts[i + 1] - ts[i])
        defects[i] = worst if math.isfinite(worst) else math.inf
        largest = max(largest, defects[i])
    return largest


def _drift(y, f, nodes, inside):  # type: ignore[no-untyped-def]
    d = y.shape[1] // 2
    first, second, drift = 0.0, 0.0, 0.0
    for i in range(len(y)):
        drift = max(drift, abs(nodes[i] - nodes[0]))
        for a in range(d):
            first = max(first, abs(f[i, d + a] * y[i, a]))
            second = max(second, abs(f[i, a] * y[i, d + a]))
    for i in range(len(inside)):
        drift = max(drift, abs(inside[i] - nodes[0]))
    return drift / (1.0 + first + second)


class _Measured:
    """Curve of one degree, with its samples and defects."""

    def __init__(
        self, flow: Flow, ts: Array, y: Array, f: Array, times: Array, points: NDArray[np.int64] | int
    ) -> None:
        self.sol = interpolate(ts, y, f, points)
        self.u, du = self.sol.with_slope(times)
        self.defects, self.gaps = np.empty(len(ts) - 1), np.empty((len(ts) - 1, flow.n))
        F = flow.slopes(times, self.u)
        self.defect = float(compiled(_weigh)(ts, self.u, du, F, self.defects, self.gaps))


def certify(flow: Flow, boundary: Any, ts: Array, y: Array, tol: float = 0.0) -> Certificate:
    """Measure the curve through y at the times ts; `tol` is what it should meet."""
    f = flow.slopes(ts, y)
    times = (ts[:-1, None] + (ts[1:] - ts[:-1])[:, None] * PLACES).ravel()
    found = _Measured(flow, ts, y, f, times, 4)
    if len(ts) > 3 and not found.defect <= tol:
        better = _Measured(flow, ts, y, f, times, 2).defects < found.defects
        if better.any():
            found = _Measured(flow, ts, y, f, times, np.where(better, 2, 4))
    drift = math.nan
    if flow.conserves:
        drift = compiled(_drift)(y, f, flow.energies(ts, y), flow.energies(times, found.u))
    miss = boundary.value(y[0], y[-1], flow.p)
    residual = float(max(miss.max(initial=0.0), -miss.min(initial=0.0)))
    return Certificate(found.sol, residual, found.defect, drift, found.defects, found.gaps)
