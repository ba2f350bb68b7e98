"""numbalsoda: ODEPACK's LSODA and Hairer's DOP853 behind a numba C callback."""

from importlib.metadata import version

import numba
import numpy as np
from numbalsoda import dop853, lsoda, lsoda_sig

VERSION = version("numbalsoda")


def callback(drift, n):
    compiled = numba.njit(drift)

    @numba.cfunc(lsoda_sig)
    def rhs(t, u, du, p):
        compiled(t, numba.carray(u, (n,)), None, numba.carray(du, (n,)))

    return rhs


def single(case):
    rhs = callback(case.drift, case.n)
    return {"numbalsoda dop853": with_solver(case, rhs, dop853), "numbalsoda lsoda": with_solver(case, rhs, lsoda)}


def stiff(case):
    return {"numbalsoda LSODA": with_solver(case, callback(case.drift, case.n), lsoda, case.floor)}


def with_solver(case, rhs, solver, floor=1.0):
    ts, y0 = np.array([0.0, case.t1]), case.y0

    def solve(tol):
        def run(rhs=rhs):  # the callback has to outlive its address
            states, success = solver(rhs.address, y0, ts, rtol=tol, atol=tol * floor, mxstep=1_000_000)
            if not success:
                raise RuntimeError(f"no success at {tol}")
            return states[-1]

        return run

    return solve


def adaptive(case, y0, tol):
    rhs, ts, out = callback(case.drift, case.n), np.array([0.0, case.t1]), np.empty_like(y0)

    @numba.njit
    def loop(address, y0, ts, tol, out):
        data = np.zeros(1)
        for m in range(y0.shape[0]):
            states, _ = dop853(address, y0[m], ts, data, tol, tol, 1_000_000)
            out[m] = states[-1]

    def run(rhs=rhs):
        loop(rhs.address, y0, ts, tol, out)
        return out

    return {"numbalsoda dop853": run}


def trivial():
    def decay(t, y, p, dy):
        dy[0] = -y[0]

    rhs, ts, y0 = callback(decay, 1), np.array([0.0, 1.0]), np.ones(1)
    return {"numbalsoda dop853": lambda rhs=rhs: dop853(rhs.address, y0, ts)}
