"""The loops that a user of numba writes: one member after the other, the drift compiled, temporaries reused."""

import numba
import numpy as np

VERSION = numba.__version__


def fixed(case, y0, steps):
    drift, n = numba.njit(case.drift), case.n

    @numba.njit(nogil=True)
    def rk4(y0, out, t1, steps):
        dt = t1 / steps
        u, k1, k2, k3, k4 = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        for m in range(y0.shape[0]):
            y = out[m]
            y[:] = y0[m]
            for step in range(steps):
                t = step * dt
                drift(t, y, None, k1)
                for i in range(n):
                    u[i] = y[i] + 0.5 * dt * k1[i]
                drift(t + 0.5 * dt, u, None, k2)
                for i in range(n):
                    u[i] = y[i] + 0.5 * dt * k2[i]
                drift(t + 0.5 * dt, u, None, k3)
                for i in range(n):
                    u[i] = y[i] + dt * k3[i]
                drift(t + dt, u, None, k4)
                for i in range(n):
                    y[i] += dt / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i])

    out = np.empty_like(y0)

    def run():
        rk4(y0, out, case.t1, steps)
        return out

    return {"numba loop": run}
