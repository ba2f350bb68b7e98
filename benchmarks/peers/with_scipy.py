"""scipy.integrate.solve_ivp, with the right-hand side in Python and compiled by numba."""

import numba
import numpy as np
import scipy
from scipy.integrate import solve_ivp

VERSION = scipy.__version__


def right_hand_side(case, compiled):
    drift, n = (numba.njit(case.drift) if compiled else case.drift), case.n

    def fun(t, y):
        dy = np.empty(n)
        drift(t, y, None, dy)
        return dy

    if not compiled:
        return fun
    fast = numba.njit(fun)
    return lambda t, y: fast(float(t), y)  # numba dispatches slowly on numpy's scalars


def single(case):
    def with_method(method, compiled):
        fun = right_hand_side(case, compiled)

        def solve(tol):
            rtol = max(tol, 2.3e-14)  # scipy's own floor, without its warning
            return lambda: solve_ivp(fun, (0.0, case.t1), case.y0, method, rtol=rtol, atol=tol).y[:, -1]

        return solve

    return {
        "scipy DOP853": with_method("DOP853", compiled=False),
        "scipy DOP853, numba rhs": with_method("DOP853", compiled=True),
        "scipy LSODA, numba rhs": with_method("LSODA", compiled=True),
    }


def stiff(case):
    fun, y0 = right_hand_side(case, compiled=True), case.y0

    def with_method(method, **options):
        def solve(tol):
            found = dict(rtol=max(tol, 2.3e-14), atol=tol * case.floor, **options)
            return lambda: solve_ivp(fun, (0.0, case.t1), y0, method, **found).y[:, -1]

        return solve

    band = dict(zip(("lband", "uband"), case.band, strict=True)) if case.band else {}
    return {
        "scipy LSODA, numba rhs": with_method("LSODA", **band),
        "scipy Radau, numba rhs": with_method("Radau"),
        "scipy BDF, numba rhs": with_method("BDF"),
    }


def trivial():
    def fun(t, y):
        return -y

    return {"scipy RK45": lambda: solve_ivp(fun, (0.0, 1.0), [1.0])}
