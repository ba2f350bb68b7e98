"""CyRK: `pysolve_ivp` with a compiled right-hand side, and `nbsolve2_ivp`, whose callback C++ calls without Python.

`nbsolve2_ivp` is called from compiled code and its result is freed, as CyRK asks: called from Python without that, a
trivial solve took about 250 µs instead of 7 to 13.
"""

import CyRK
import numba
import numpy as np
from CyRK import cyjit, nbsolve2_ivp, pysolve_ivp

VERSION = CyRK.__version__


@numba.njit
def final_state(address, t1, y0, method, rtol, atol):
    found = nbsolve2_ivp(address, (0.0, t1), y0, method, None, False, None, rtol, atol)
    out = found.y[:, -1].copy()
    found.free()
    return out


@numba.njit
def final_states(address, t1, y0, tol, out):
    for m in range(y0.shape[0]):
        out[m] = final_state(address, t1, y0[m], "DOP853", tol, tol)


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
            return lambda: final_state(rhs.address, case.t1, case.y0, method, tol, tol)

        return solve

    return {
        "CyRK pysolve DOP853": by_python("DOP853"),
        "CyRK nbsolve2 DOP853": by_address("DOP853"),
        "CyRK nbsolve2 Vern8": by_address("Vern8"),
        "CyRK nbsolve2 Tsit5": by_address("Tsit5"),
    }


STIFF = ("RADAU", "LSODA", "BDF")


def stiff(case):
    """The callback without Python; on a banded system also LSODA with its band, which only `pysolve_ivp` can take."""
    rhs, y0 = callback(case.drift, case.n), case.y0

    def by_address(method):
        return lambda tol: lambda: final_state(rhs.address, case.t1, y0, method, tol, tol * case.floor)

    found = {f"CyRK {method}": by_address(method) for method in STIFF}
    if case.band:
        fun, band = right_hand_side(case.drift), dict(zip(("lband", "uband"), case.band, strict=True))

        def banded(tol):
            options = dict(rtol=tol, atol=tol * case.floor, pass_dy_as_arg=True, **band)
            return lambda: pysolve_ivp(fun, (0.0, case.t1), y0, "LSODA", **options).y[:, -1]

        found["CyRK LSODA, banded, from Python"] = banded
    return found


def adaptive(case, y0, tol):
    rhs, out = callback(case.drift, case.n), np.empty_like(y0)

    def run():
        final_states(rhs.address, case.t1, y0, tol, out)
        return out

    return {"CyRK nbsolve2 DOP853": run}


def trivial():
    def decay(t, y, p, dy):
        dy[0] = -y[0]

    fun, rhs, y0 = right_hand_side(decay), callback(decay, 1), np.ones(1)
    return {
        "CyRK pysolve RK45": lambda: pysolve_ivp(fun, (0.0, 1.0), y0, pass_dy_as_arg=True),
        "CyRK nbsolve2 RK45": lambda: final_state(rhs.address, 1.0, y0, "RK45", 1e-3, 1e-6),
    }
