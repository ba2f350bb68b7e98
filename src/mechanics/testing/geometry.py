"""Structure of the one-step map: reversibility and symplecticity.

Both are checked with steps so long that the method itself errs by 1e-5 to 1e-3: a map that is reversible or
symplectic only up to its own error then fails by orders of magnitude.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.methods import Method
from mechanics.status import SolveError
from mechanics.systems.hamiltonian import HENON_HEILES

from ._runs import Step, changed, check_method, end, name_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StructureCheck:
    """Outcome of `check_reversible` and `check_symplectic`: largest defect at step dt, which errs by `error`."""

    method: str
    dt: float
    defect: float
    error: float


def check_reversible(
    method: Method | Step,
    *,
    system: Any = HENON_HEILES,
    steps: int = 20,
    flip: Sequence[float] | None = None,
    dt: float | None = None,
    tol: float = 1e-11,
) -> StructureCheck:
    """Check that steps there and back return to the start.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1`.
    system : System or Problem
        What moves.
    steps : int
        Steps in each direction.
    flip : sequence of float, optional
        Signs rho, e.g. (1, 1, -1, -1): go back by flipping the state instead of the sign of dt,
        rho step rho step = identity. For autonomous systems with rho f(rho y) = -f(y).
    dt : float, optional
        Step; by default one at which the method errs by 1e-5 to 1e-3.
    tol : float
        Allowed relative distance from the start.

    Returns
    -------
    StructureCheck

    Raises
    ------
    AssertionError
        If the return misses the start.
    """
    check_method(method)
    dt, error = _visible_step(method, system) if dt is None else (dt, _own_error(method, system, dt))
    there = changed(system, t1=system.t0 + steps * dt)
    y = end(method, there, steps)
    if flip is None:
        back = end(method, changed(system, y0=y, t0=there.t1, t1=system.t0), steps)
    else:
        signs = np.asarray(flip, float)
        back = signs * end(method, changed(there, y0=signs * y), steps)
    defect = float(np.abs(back - system.y0).max() / max(1.0, np.abs(system.y0).max()))
    check = StructureCheck(name_of(method), dt, defect, error)
    if not defect <= tol:
        raise AssertionError(
            f"{check.method} should be reversible, but {steps} steps of dt = {dt:.3g} there and back miss the start by "
            f"{defect:.1e} (allowed {tol:.0e}; one step errs by {error:.1e})."
        )
    return check


def check_symplectic(
    method: Method | Step, *, system: Any = HENON_HEILES, dt: float | None = None, tol: float = 1e-8
) -> StructureCheck:
    """Check M^T J M = J for the Jacobian M of one step, by differences of sixth order.

    Parameters
    ----------
    method : Method or function
        A method of the library, or `step(t, dt, y, drift, p) -> y1`.
    system : System or Problem
        Hamiltonian, y = (q_1 .. q_d, v_1 .. v_d).
    dt : float, optional
        Step; by default one at which the method errs by 1e-5 to 1e-3.
    tol : float
        Allowed defect, largest entry.

    Returns
    -------
    StructureCheck

    Raises
    ------
    AssertionError
        If the map is not symplectic.
    ValueError
        If the state has an odd number of components.
    """
    check_method(method)
    n = len(system.y0)
    if n % 2:
        raise ValueError(f"a Hamiltonian system has positions and velocities, but y0 has {n} components.")
    dt, error = _visible_step(method, system) if dt is None else (dt, _own_error(method, system, dt))
    one = changed(system, t1=system.t0 + dt)
    M = np.empty((n, n))
    for j in range(n):
        h = 3e-3 * max(1.0, abs(system.y0[j]))  # h^6 against rounding / h
        total = np.zeros(n)
        for k, weight in ((1, 45.0), (2, -9.0), (3, 1.0)):
            for sign in (1.0, -1.0):
                y0 = np.array(system.y0, float)
                y0[j] += sign * k * h
                total += sign * weight * end(method, changed(one, y0=y0), 1)
        M[:, j] = total / (60.0 * h)
    d = n // 2
    J = np.block([[np.zeros((d, d)), np.eye(d)], [-np.eye(d), np.zeros((d, d))]])
    defect = float(np.abs(M.T @ J @ M - J).max())
    check = StructureCheck(name_of(method), dt, defect, error)
    if not defect <= tol:
        raise AssertionError(
            f"{check.method} should be symplectic, but M^T J M differs from J by {defect:.1e} at dt = {dt:.3g} "
            f"(allowed {tol:.0e}; one step errs by {error:.1e})."
        )
    return check


def _own_error(method: Method | Step, system: Any, dt: float) -> float:
    """Difference of one step and two half steps, relative."""
    one = changed(system, t1=system.t0 + dt)
    try:
        whole, halves = end(method, one, 1), end(method, one, 2)
    except SolveError:  # steps too long for the iteration of an implicit method
        return np.inf
    return float(np.abs(whole - halves).max() / max(1.0, np.abs(halves).max()))


def _visible_step(method: Method | Step, system: Any) -> tuple[float, float]:
    """The longest of a falling sequence of steps at which the method errs by less than 1e-3.

    Raises
    ------
    AssertionError
        If no step down to 1e-6 of the interval has a finite error below 1e-3.
    """
    dt = abs(system.t1 - system.t0) / 4.0
    while dt > 1e-6 * abs(system.t1 - system.t0):
        with np.errstate(all="ignore"):
            error = _own_error(method, system, dt)
        if error < 1e-3:
            return dt, error
        dt *= 0.8
    raise AssertionError(f"{name_of(method)} errs by more than 1e-3 in one step of any length; it is not consistent.")
