"""scikit-sundae: CVODE's backward differentiation formulas, with the right-hand side called through Python.

The compiled right-hand side costs CVODE about a microsecond a call to reach; its linear solver is banded where the
system is.
"""

import numba
import numpy as np
import sksundae
from sksundae.cvode import CVODE

VERSION = sksundae.__version__


def stiff(case):
    compiled, y0, ts = numba.njit(case.drift), case.y0, np.array([0.0, case.t1])

    def rhs(t, y, yp):
        compiled(t, y, None, yp)

    band = {}
    if case.band:
        band = {"linsolver": "band", "lband": case.band[0], "uband": case.band[1]}

    def solve(tol):
        solver = CVODE(rhs, method="BDF", rtol=tol, atol=tol * case.floor, max_num_steps=1_000_000, **band)

        def run():
            found = solver.solve(ts, y0)
            if not found.success:
                raise RuntimeError(found.message)
            return found.y[-1]

        return run

    return {"scikit-sundae CVODE": solve}
