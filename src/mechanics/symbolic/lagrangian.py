"""Lagrange's equations of the second kind,

    d/dt dL/dv_i - dL/dq_i = Q_i - dR/dv_i,

written as M a = F with

    M_ij = d^2 L / dv_i dv_j,    F_i = dL/dq_i - sum_j d^2 L / dv_i dq_j v_j - d^2 L / dv_i dt + Q_i - dR/dv_i.

Goldstein, Poole, Safko, Classical Mechanics, 3rd ed., (1.57), (1.70).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from .differentiate import derivative
from .equations import Equations
from .expressions import Names, as_expression, time_of
from .groups import Group, Output, group, slot, symbols_of, terms
from .hamiltonian import as_list, force_terms
from .kernels import entries
from .layout import Layout
from .system import SymbolicSystem

TIME = sp.Symbol("t", real=True)


def from_lagrangian(
    L: Any,
    q: Sequence[Any],
    *,
    velocities: Sequence[Any] | None = None,
    t: Any = None,
    parameters: Any = None,
    forces: Mapping[Any, Any] | None = None,
    dissipation: Any = None,
) -> SymbolicSystem:
    """A system from its Lagrangian.

    Parameters
    ----------
    L : sympy expression
        Of coordinates, their first derivatives, parameters and time.
    q : sequence of functions of time, or of Symbol with `velocities`
        Generalised coordinates, such as Function("q")(t) or `sympy.physics.mechanics.dynamicsymbols("q")`.
    velocities : sequence of Symbol, optional
        Symbols of the velocities; without them they are the derivatives of q.
    t : Symbol, optional
        Time; needed where it appears and q are no functions of it.
    parameters : sequence of Symbol, or mapping
        As in `from_ode`.
    forces : mapping, optional
        {q_i: expression}: generalised forces Q_i.
    dissipation : sympy expression, optional
        Rayleigh's function R.

    Returns
    -------
    SymbolicSystem
        y = (q..., v...).

    Raises
    ------
    TypeError
        If an expression is a string or no expression.
    ValueError
        If a symbol is neither state nor parameter nor time, or given twice, or a function has no counterpart; if L has
        derivatives above the first; if the mass matrix is singular.

    Notes
    -----
    The mass matrix may depend on the state. Small ones are eliminated in the drift, by statements that skip what is
    zero; large ones that are not diagonal are factorised as L D L^T within their band, without pivoting, so they must
    be positive definite, as kinetic energies are.
    """
    coordinates = as_list(q, "q")
    if not coordinates:
        raise ValueError("q must name at least one coordinate.")
    t = time_of(coordinates, t)
    speeds = _speeds(coordinates, velocities, t)
    names = Names(parameters, t)
    names.state("q", coordinates)
    names.state("v", speeds)
    _check_order(L, coordinates)
    whole = names.rename(as_expression(L, "L"), "L")
    found: list[tuple[str, int | None, Any]] = [("lagrangian", None, term) for term in terms(whole, names.leaves)]
    found += force_terms(forces, coordinates, names)
    if dissipation is not None:
        friction = names.rename(as_expression(dissipation, "dissipation"), "dissipation")
        found += [("dissipation", None, term) for term in terms(friction, names.leaves)]
    d = len(coordinates)
    layout = Layout(2 * d, {"q": 0, "v": d}, names.record._fields)
    moving = Group("velocity", slot("v", 0), np.arange(d)[:, None], (), {})
    groups = group(found, names.leaves)
    mechanical = [g for g in groups if g.role == "lagrangian"]
    pairs = [(g, _derivatives(g)) for g in mechanical]
    rate = [(moving, [Output((("q", 0),), slot("v", 0))])]
    rate += [(g, _force(g, first)) for g, first in pairs]
    rate += [(g, _other_force(g)) for g in groups if g.role != "lagrangian"]
    equations = Equations(
        layout,
        rate,
        [(g, _masses(first)) for g, first in pairs],
        numbers={
            "energy": [(g, sum((slot("v", k) * e for k, e in first.items()), -g.template)) for g, first in pairs],
            "lagrangian": [(g, g.template) for g in mechanical],
        },
        vectors={"momenta": [(g, [Output((("q", k),), e) for k, e in first.items()]) for g, first in pairs]},
    )
    system = SymbolicSystem("lagrangian", (*coordinates, *speeds), names.record, tuple(names.parameters), equations)
    _check_mass(system, names.sizes)
    return system


def _speeds(coordinates: list[Any], velocities: Any, t: Any) -> list[Any]:
    if velocities is not None:
        speeds = as_list(velocities, "velocities")
        if len(speeds) != len(coordinates):
            raise ValueError(f"velocities must be {len(coordinates)}, one for each of q, but are {len(speeds)}.")
        return speeds
    for c in coordinates:
        if not isinstance(c, AppliedUndef):
            raise ValueError(f"{c} is no function of time; write Function('{c}')(t), or give velocities=.")
    return [sp.Derivative(c, t) for c in coordinates]


def _check_order(L: Any, coordinates: list[Any]) -> None:
    if not isinstance(L, sp.Expr):
        return  # `as_expression` explains
    known = set(coordinates)
    for e in L.atoms(sp.Derivative):
        if e.expr in known and e.derivative_count > 1:
            raise ValueError(f"L contains {e}; Lagrange's equations here hold for first derivatives only.")


def _derivatives(g: Group) -> dict[int, Any]:
    """dL/dv of a template, by slot."""
    return {k: derivative(g.template, slot("v", k)) for _, k in symbols_of(g.template, ("v",))}


def _masses(first: dict[int, Any]) -> list[Output]:
    result = []
    for k, momentum in first.items():
        for j in first:
            mass = derivative(momentum, slot("v", j))
            if mass != 0:
                result.append(Output((("q", k), ("q", j)), mass))
    return result


def _force(g: Group, first: dict[int, Any]) -> list[Output]:
    """F of a term of L."""
    forces = {k: derivative(g.template, slot("q", k)) for _, k in symbols_of(g.template, ("q",))}
    for k, momentum in first.items():
        for _, j in symbols_of(momentum, ("q",)):
            forces[k] = forces.get(k, 0) - derivative(momentum, slot("q", j)) * slot("v", j)
        forces[k] = forces.get(k, 0) - derivative(momentum, TIME)
    return [Output((("v", k),), e) for k, e in forces.items() if e != 0]


def _other_force(g: Group) -> list[Output]:
    if g.role == "force":
        return [Output((("v", 0),), g.template)]
    return [Output((("v", k),), -derivative(g.template, slot("v", k))) for _, k in symbols_of(g.template, ("v",))]


def _check_mass(system: SymbolicSystem, sizes: list[int | None]) -> None:
    """Raise if a coordinate has no mass, or the mass matrix is singular at states and parameters drawn at random."""
    d = system.n // 2
    where = entries(system.equations.mass, system.equations.layout)
    massless = sorted(set(range(d)) - set(where[:, 0].tolist()))
    if massless:
        raise ValueError(
            f"The mass matrix is singular: L is not quadratic in {system.state[d + massless[0]]}. Add its kinetic "
            f"energy, or eliminate the coordinate."
        )
    if (where[:, 0] == where[:, 1]).all():
        return
    random = np.random.default_rng(0)
    ranks = []
    for _ in range(3):
        p = system.parameters(*(random.uniform(0.5, 1.5, size) for size in sizes))
        M = np.empty((d, d))
        try:
            with np.errstate(all="ignore"):
                system.mass_matrix(random.uniform(0.5, 1.5), random.uniform(0.3, 1.3, 2 * d), p, M)
        except (ArithmeticError, ValueError):  # outside the domain of a function: nothing is learned
            continue
        if np.isfinite(M).all():
            scale = 1.0 / np.sqrt(np.maximum(np.abs(M).max(axis=1), 1e-300))
            ranks.append(np.linalg.matrix_rank(M * scale[:, None] * scale, tol=1e-11))
    if ranks and max(ranks) < d:
        raise ValueError(
            f"The mass matrix is singular, of rank {max(ranks)} for {d} coordinates: some velocities appear only in "
            f"combinations. Take fewer coordinates, or add the missing kinetic energy."
        )
