"""Ordinary differential equations from expressions."""

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from .equations import Equations
from .expressions import Names, as_expression, as_symbol, time_of
from .groups import MOST_SITES, Group, Output, group, terms
from .layout import Layout
from .system import SymbolicSystem


def from_ode(
    equations: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    *,
    t: Any = None,
    parameters: Any = None,
    diffusion: Mapping[Any, Any] | None = None,
) -> SymbolicSystem:
    """A system from first-order equations, or from higher ones that are solved for their highest derivatives.

    Parameters
    ----------
    equations : mapping or sequence of pairs
        {x: expression} for dx/dt = expression; x is a Symbol or a function of time, x(t). The key
        x(t).diff(t, k) gives the k-th derivative; the lower ones become components of the state.
    t : Symbol, optional
        Time; needed where it appears and the state is no function of it.
    parameters : sequence of Symbol, or mapping
        Fields of the record of parameters, in order. {name: symbol or sequence of symbols} names fields; a sequence
        becomes an array.
    diffusion : mapping, optional
        {x: expression}: independent noise for each component, Ito; what is not named has none.

    Returns
    -------
    SymbolicSystem
        y in the order of the equations; with higher derivatives first all functions, then their first derivatives, ...

    Raises
    ------
    TypeError
        If an expression is a string or no expression.
    ValueError
        If a symbol is neither state nor parameter nor time, or given twice, or a function has no counterpart.
    """
    pairs = list(equations.items()) if isinstance(equations, Mapping) else list(equations)
    if not pairs:
        raise ValueError("equations must not be empty.")
    heads = [_head(key) for key, _ in pairs]
    t = time_of([q for q, _ in heads], t)
    state = [
        _nth(q, t, level) for level in range(max(order for _, order in heads)) for q, order in heads if level < order
    ]
    names = Names(parameters, t)
    names.state("y", state)
    place = {s: i for i, s in enumerate(state)}
    found: list[tuple[str, int | None, Any]] = []
    for q, order in heads:
        for level in range(1, order):  # x' is a component, and so on
            found.append(("rate", place[_nth(q, t, level - 1)], names.rename(_nth(q, t, level), "")))
    for (q, order), (key, value) in zip(heads, pairs, strict=True):
        found.extend(_component("rate", place[_nth(q, t, order - 1)], value, names, f"The equation of {key}"))
    kind = None
    for q, value in (diffusion or {}).items():
        if q not in place:
            raise ValueError(f"diffusion names {q}, which is no component of the state.")
        parts = _component("diffusion", place[q], value, names, f"The diffusion of {q}")
        found.extend(parts)
        depends = any(names.leaves[s].kind == "y" for _, _, e in parts for s in e.free_symbols)
        kind = "diagonal" if depends or kind == "diagonal" else "additive"
    groups = group(found, names.leaves)
    layout = Layout(len(state), {"y": 0}, names.record._fields)

    def outputs(role: str) -> list[tuple[Group, list[Output]]]:
        return [(g, [Output((("y", 0),), g.template)]) for g in groups if g.role == role and g.template != 0]

    made = Equations(layout, outputs("rate"), vectors={"diffusion": outputs("diffusion")}, noise=kind)
    return SymbolicSystem("ode", tuple(state), names.record, tuple(names.parameters), made)


def _head(key: Any) -> tuple[Any, int]:
    """The quantity and the order of its derivative that a key names."""
    if isinstance(key, sp.Derivative):
        function, (variable, order) = key.expr, key.variable_count[0]
        if len(key.variable_count) == 1 and isinstance(function, AppliedUndef) and function.args == (variable,):
            return function, int(order)
        raise ValueError(f"{key} must be a derivative of a function of time, such as x(t).diff(t, 2).")
    return as_symbol(key, "the key of an equation"), 1


def _nth(q: Any, t: Any, order: int) -> Any:
    """The derivative of this order."""
    return sp.Derivative(q, (t, order)) if order else q


def _component(role: str, i: int, value: Any, names: Names, what: str) -> list[tuple[str, int | None, Any]]:
    """One component as a whole, or its terms if it holds many states."""
    expression = names.rename(as_expression(value, what), what)
    sites = [s for s in expression.free_symbols if names.leaves[s].kind == "y"]
    if len(sites) <= MOST_SITES:
        return [(role, i, expression)]
    return [(role, i, term) for term in terms(expression, names.leaves)]
