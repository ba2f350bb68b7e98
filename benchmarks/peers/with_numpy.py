"""numpy, one expression for all members: the drift runs on rows of shape (members,)."""

import numpy as np

from harness.drifts import rebind

VERSION = np.__version__


def fixed(case, y0, steps):
    drift = rebind(case.drift, sin=np.sin, sqrt=np.sqrt, min=np.minimum, max=np.maximum)

    def run():
        dt, y = case.t1 / steps, np.ascontiguousarray(y0.T)
        k1, k2, k3, k4 = (np.empty_like(y) for _ in range(4))
        for step in range(steps):
            t = step * dt
            drift(t, y, None, k1)
            drift(t + 0.5 * dt, y + 0.5 * dt * k1, None, k2)
            drift(t + 0.5 * dt, y + 0.5 * dt * k2, None, k3)
            drift(t + dt, y + dt * k3, None, k4)
            y += dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
        return y.T

    return {"numpy, vectorised": run}
