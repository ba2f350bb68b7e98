"""heyoka: Taylor series of adaptive order, compiled for the system; ensembles in batches of vector lanes.

The integrator is built once for a tolerance and reused, as its authors advise; building is not timed.
"""

import heyoka as hy
import numpy as np

from harness.drifts import rebind

VERSION = hy.__version__


def system(case):
    """Pairs (variable, expression), from the plain drift run on symbols; None where it is not analytic."""
    if not case.analytic:
        return None
    y = hy.make_vars(*[f"y{i}" for i in range(case.n)])
    dy = [hy.expression(0.0)] * case.n
    rebind(case.drift, sin=hy.sin, sqrt=hy.sqrt)(0.0, y, None, dy)
    return list(zip(y, dy, strict=True))


def single(case):
    equations = system(case)

    def solve(tol):
        integrator = hy.taylor_adaptive(equations, case.y0, tol=tol)

        def run():
            integrator.time = 0.0
            integrator.state[:] = case.y0
            integrator.propagate_until(case.t1)
            return integrator.state

        return run

    return {"heyoka": solve} if equations else {}


def adaptive(case, y0, tol):
    equations = system(case)
    if equations is None:
        return {}
    width = hy.recommended_simd_size()
    integrator, out = [], np.empty_like(y0)

    def run():
        if not integrator:  # built by the first, untimed call
            integrator.append(hy.taylor_adaptive_batch(equations, np.zeros((case.n, width)), tol=tol))
        batch, end = integrator[0], [case.t1] * width
        for first in range(0, len(y0), width):
            live = min(width, len(y0) - first)
            batch.set_time([0.0] * width)
            batch.state[:, :live] = y0[first : first + live].T
            batch.propagate_until(end)
            out[first : first + live] = batch.state[:, :live].T
        return out

    return {"heyoka batch": run}


def along(case, tol, times):
    """A call without arguments that gives the states at `times`; None where the case is not analytic."""
    equations = system(case)
    if equations is None:
        return None
    integrator, out = hy.taylor_adaptive(equations, case.y0, tol=tol), np.empty((len(times), case.n))

    def run():
        integrator.time = 0.0
        integrator.state[:] = case.y0
        for k, t in enumerate(times):
            integrator.propagate_until(t)
            out[k] = integrator.state
        return out

    return run
