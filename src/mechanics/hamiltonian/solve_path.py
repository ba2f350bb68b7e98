"""`two_point`: a path between boundary conditions, with proof that it is one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, whole_numbers
from ..problem import check_arguments
from .boundary import FixedEnds, Free, Unknowns, boundary_of
from .by_collocation import by_collocation
from .by_shooting import by_shooting
from .flow import Flow
from .formula import parameter_record
from .guess import curve_of
from .hamiltonian import Hamiltonian
from .result import TwoPoint

Array = NDArray[np.float64]
METHODS = ("auto", "collocation", "multiple_shooting", "single_shooting")


def two_point(
    system: Any,
    boundary: Any,
    t_span: tuple[float, float | Free],
    *,
    par: Any = None,
    guess: Any = None,
    unknown: Mapping[str, float] | None = None,
    method: str = "auto",
    tol: float = 1e-6,
    order: int = 6,
    mesh: int | ArrayLike = 20,
    segments: int = 10,
    max_mesh: int = 20_000,
    max_iterations: int = 60,
    jacobian: Any = None,
    n: int | None = None,
) -> TwoPoint:
    """Solve a two-point boundary value problem of a Hamiltonian, or of any drift.

    Parameters
    ----------
    system : Hamiltonian, SymbolicSystem or callable
        What to follow; a callable is `drift(t, y, p, dy)`.
    boundary : (q0, q1), callable, or Separated
        Values of the first half of y at both ends; or conditions `g(y0, y1)` or `g(y0, y1, p)` that give an array of
        as many numbers as there are unknowns: those of y, and of `unknown` and a free end.
    t_span : (float, float or Free)
        Start and end; `Free(guess)` makes the end time unknown.
    par : optional
        Parameters of a symbolic system or of a drift; a mapping becomes a record.
    guess : optional
        An earlier result (its mesh is kept), states (m, n) at equal times, (times, states), or a function of t. Without
        it q is a straight line, with the momenta that belong to it.
    unknown : mapping, optional
        Field of the parameters -> first guess, for parameters that are sought.
    method : {"auto", "collocation", "multiple_shooting", "single_shooting"}
        "auto" is collocation, and multiple shooting where that fails.
    tol : float
        Bound of boundary residual, defect and Hamiltonian drift.
    order : {4, 6}
        Of collocation.
    mesh : int or array_like
        First number of intervals, or their ends as fractions from 0 to 1.
    segments : int
        Of multiple shooting.
    max_mesh, max_iterations : int
        Largest number of intervals; of Newton iterations on one mesh.
    jacobian : callable, optional
        `jacobian(t, y, p, J)` of a drift; central differences without it.
    n : int, optional
        Components of y, where neither boundary nor guess say it.

    Returns
    -------
    TwoPoint
        Also where there is no solution: then `converged` is False, `reason` says why and what to do, and `ys` is NaN.

    Raises
    ------
    TypeError, ValueError
        For arguments that make no sense.

    Notes
    -----
    There may be several solutions; which one is found depends on the guess.

    Examples
    --------
    >>> H = Hamiltonian(lambda t, q, p, par: p[0] ** 2 / 2 - np.cos(q[0]))
    >>> path = two_point(H, (0.0, 1.0), (0.0, 2.0))
    >>> path.converged
    True
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, but is {method!r}.")
    if order not in (4, 6):
        raise ValueError(f"order must be 4 or 6, but is {order!r}.")
    tol = finite_number("tol", tol)
    if not 1e-13 <= tol <= 0.1:
        raise ValueError(f"tol must lie between 1e-13 and 0.1, but is {tol}.")
    whole_numbers(segments=(segments, 1), max_mesh=(max_mesh, 2), max_iterations=(max_iterations, 1))
    flow = flow_of(system, par, jacobian, n if n is not None else components(boundary, guess))
    conditions = boundary_of(boundary, flow.n)
    unknowns = Unknowns(flow.p, unknown, t_span)
    if isinstance(guess, TwoPoint) and guess.unknown:  # start where the earlier result ended
        known = [guess.unknown.get(name, value) for name, value in unknowns.named(unknowns.start).items()]
        unknowns.start = np.array(known, dtype=float)
    curve, tau = curve_of(guess, flow, conditions, unknowns.t0, unknowns.apply(unknowns.start)[1])
    if tau is None or np.ndim(mesh) > 0 or mesh != 20:
        tau = first_mesh(mesh)
    wanted = flow.n + len(unknowns)
    ends = curve(np.array([0.0, 1.0]))[0]
    rows = conditions.value(ends[0], ends[1], unknowns.apply(unknowns.start)[0]).shape
    if rows != (wanted,):
        raise ValueError(
            f"There are {wanted} unknowns ({flow.n} components and {len(unknowns)} numbers), so the boundary must give "
            f"{wanted} conditions, but it gives {rows[0] if len(rows) == 1 else rows}."
        )
    if method in ("auto", "collocation"):
        found = by_collocation(flow, conditions, unknowns, curve, tau, order, tol, max_mesh, max_iterations)
        if found.converged or method == "collocation" or found.reason.startswith("singular"):
            return found
        other = by_shooting(flow, conditions, unknowns, curve, segments, tol, max_mesh, max_iterations)
        return other if other.converged else found
    pieces = segments if method == "multiple_shooting" else 1
    return by_shooting(flow, conditions, unknowns, curve, pieces, tol, max_mesh, max_iterations)


def flow_of(system: Any, par: Any, jacobian: Any, n: int | None) -> Flow:
    """The flow of whatever is given as a system.

    Raises
    ------
    TypeError, ValueError
        If it is none.
    """
    if isinstance(system, Flow):
        return system
    if isinstance(system, Hamiltonian):
        if par is not None:
            raise ValueError("A Hamiltonian has its parameters; change them with H.with_par(...), and leave out par=.")
        return system._flow
    if hasattr(system, "equations") and hasattr(system, "values"):
        if system.kind == "hamiltonian":
            return Hamiltonian.from_system(system, par)._flow
        return Flow(system.drift, system.jacobian, None, system.n, system.values(par))
    check_arguments(system, "drift", "t, y, p, dy")
    if jacobian is not None:
        check_arguments(jacobian, "jacobian", "t, y, p, J")
    if n is None:
        raise ValueError("The number of components is not known; give n=, or a guess.")
    whole_numbers(n=(n, 1))
    return Flow(system, jacobian, None, n, parameter_record(par))


def components(boundary: Any, guess: Any) -> int | None:
    """Number of components that boundary or guess tell, if any does."""
    if isinstance(boundary, FixedEnds):
        return 2 * boundary.d
    if isinstance(boundary, (tuple, list)) and len(boundary) == 2 and not any(map(callable, boundary)):
        return 2 * int(np.size(boundary[0]))
    if isinstance(guess, TwoPoint):
        return int(guess.ys.shape[1])
    if isinstance(guess, tuple) and len(guess) == 2:
        return int(np.shape(guess[1])[-1])
    if guess is not None and not callable(guess):
        return int(np.shape(guess)[-1])
    return None


def first_mesh(mesh: int | ArrayLike) -> Array:
    """Fractions from 0 to 1."""
    if np.ndim(mesh) == 0:
        whole_numbers(mesh=(mesh, 1))  # type: ignore[arg-type]
        return np.linspace(0.0, 1.0, int(mesh) + 1)  # type: ignore[arg-type]
    tau = np.array(mesh, dtype=float)
    if tau.ndim != 1 or len(tau) < 2 or tau[0] != 0.0 or tau[-1] != 1.0 or not np.all(np.diff(tau) > 0.0):
        raise ValueError("mesh must be a number of intervals, or fractions that rise from 0 to 1.")
    return tau
