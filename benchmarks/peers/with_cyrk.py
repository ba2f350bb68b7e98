"""CyRK: `pysolve_ivp` with a compiled right-hand side, and `nbsolve2_ivp`, whose callback C++ calls without Python."""

import CyRK
import numba
import numpy as np
from CyRK import cyjit, nbsolve2_ivp, pysolve_ivp

VERSION = CyRK.__version__


def right_hand_side(drift):
    compiled = numba.njit(drift)

    def fun(dy, t, y):
        compiled(t, y, None, dy)

    return numba.njit(fun)


def callback(drift, n):
    """A C callback; it has to outlive the use of its address."""
    compiled = numba.njit(drift)

    def fun(dy, t, y, args):
        compiled(t, numba.carray(y, (n,)), None, numba.carray(dy, (n,)))

    return cyjit(fun)


def single(case):
    fun, span = right_hand_side(case.drift), (0.0, case.t1)

    def by_python(method):
        def solve(tol):
            def run():
                found = pysolve_ivp(fun, span, case.y0, method, rtol=tol, atol=tol, pass_dy_as_arg=True)
                return found.y[:, -1]

            return run

        return solve

    rhs = callback(case.drift, case.n)

    def by_address(method):
        def solve(tol):
            return lambda: nbsolve2_ivp(rhs.address, span, case.y0, method=method, rtol=tol, atol=tol).y[:, -1]

        return solve

    return {
        "CyRK pysolve DOP853": by_python("DOP853"),
        "CyRK nbsolve2 DOP853": by_address("DOP853"),
        "CyRK nbsolve2 Vern8": by_address("Vern8"),
        "CyRK nbsolve2 Tsit5": by_address("Tsit5"),
    }


def adaptive(case, y0, tol):
    rhs, span, out = callback(case.drift, case.n), (0.0, case.t1), np.empty_like(y0)

    def run():
        for m in range(len(y0)):
            out[m] = nbsolve2_ivp(rhs.address, span, y0[m], method="DOP853", rtol=tol, atol=tol).y[:, -1]
        return out

    return {"CyRK nbsolve2 DOP853": run}


def trivial():
    def decay(t, y, p, dy):
        dy[0] = -y[0]

    fun, rhs, y0 = right_hand_side(decay), callback(decay, 1), np.ones(1)
    return {
        "CyRK pysolve RK45": lambda: pysolve_ivp(fun, (0.0, 1.0), y0, pass_dy_as_arg=True),
        "CyRK nbsolve2 RK45": lambda: nbsolve2_ivp(rhs.address, (0.0, 1.0), y0),
    }
