"""Likelihood of positions of an underdamped Langevin equation whose velocity is not seen, by a Kalman filter.

    dx = v dt,   dv = (F(x) - gamma v) dt + sigma dW,       x seen without error at t_0, t_1, ...

Between two times the force is linear, F(x_i) + F'(x_i) (x - x_i), so that (x, v) is Gaussian given the positions so
far: the step predicts it (`linear_flow`), the next position updates the velocity. Exact for linear forces. Velocities
from differences of positions are wrong at any time step: they give 2/3 of gamma and of sigma^2.

Pedersen et al., Phys. Rev. E 94 (2016) 062401; Brueckner, Ronceray, Broedersz, Phys. Rev. Lett. 125 (2020) 058103.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compile import compile_bound
from .linear_flow import flow, room_of

Array = NDArray[np.float64]
WIDE = 100.0  # prior variance of the first velocity, in mean square velocities of the series
LOG_2PI = math.log(2.0 * math.pi)


def make_filter() -> Any:
    """`positions(x, dt, F, dF, gamma, sigma)`: log densities, surprises and predictions of x[1:], each (N - 1,)."""
    entry: Any = compile_bound(_filter)

    def positions(x: Array, dt: Array, F: Array, dF: Array, gamma: float, sigma: float) -> tuple[Array, Array, Array]:
        N = len(dt)
        out = np.empty(N), np.empty(N), np.empty(N)
        wide = WIDE * float(np.mean((np.diff(x) / dt) ** 2))
        entry(x, dt, F, dF, float(gamma), float(sigma), wide, *out, np.zeros((6, 4)), np.zeros(room_of(2)))
        return out

    return positions


def _filter(x, dt, F, dF, gamma, sigma, wide, logs, surprise, predicted, work, room):  # type: ignore[no-untyped-def]
    J, S, f, Phi, u, Q = work[0], work[1], work[2], work[3], work[4], work[5]
    v, P = 0.0, wide
    J[1], J[3], S[3] = 1.0, -gamma, sigma * sigma
    for i in range(len(dt)):
        f[1], J[2] = F[i], dF[i]
        flow(J, S, f, dt[i], 2, Phi, u, Q, room)
        moved, speed = u[0] + Phi[1] * v, u[1] + Phi[3] * v
        Cxx = Q[0] + Phi[1] * Phi[1] * P
        Cxv = Q[1] + Phi[1] * Phi[3] * P
        Cvv = Q[3] + Phi[3] * Phi[3] * P
        off = x[i + 1] - x[i] - moved
        predicted[i] = x[i] + moved
        surprise[i] = off / math.sqrt(Cxx)
        logs[i] = -0.5 * (off * off / Cxx + math.log(Cxx) + LOG_2PI)
        v = speed + Cxv / Cxx * off
        P = Cvv - Cxv * Cxv / Cxx
