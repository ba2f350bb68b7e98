"""Hamilton's equations

    q_i' = dH/dp_i,    p_i' = -dH/dq_i + Q_i

Goldstein, Poole, Safko, Classical Mechanics, 3rd ed., (8.18).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .differentiate import derivative
from .equations import Equations
from .expressions import Names, as_expression, as_symbol, time_of
from .groups import Group, Output, group, slot, symbols_of, terms
from .layout import Layout
from .system import SymbolicSystem


def from_hamiltonian(
    H: Any,
    q: Sequence[Any],
    p: Sequence[Any],
    *,
    t: Any = None,
    parameters: Any = None,
    forces: Mapping[Any, Any] | None = None,
) -> SymbolicSystem:
    """A system from its Hamiltonian.

    Parameters
    ----------
    H : sympy expression
        Of coordinates, momenta, parameters and time.
    q, p : sequences of Symbol or functions of time, of one length
        Coordinates and their momenta.
    t : Symbol, optional
        Time; needed where it appears and the coordinates are no functions of it.
    parameters : sequence of Symbol, or mapping
        As in `from_ode`.
    forces : mapping, optional
        {q_i: expression} added to p_i'.

    Returns
    -------
    SymbolicSystem
        y = (q..., p...).

    Raises
    ------
    TypeError
        If an expression is a string or no expression.
    ValueError
        If a symbol is neither state nor parameter nor time, or given twice, or a function has no counterpart; if H
        contains neither a coordinate nor its momentum.
    """
    coordinates, momenta = (as_list(x, name) for x, name in ((q, "q"), (p, "p")))
    if len(coordinates) != len(momenta) or not coordinates:
        raise ValueError(f"q and p must be of one length, but are {len(coordinates)} and {len(momenta)}.")
    t = time_of([*coordinates, *momenta], t)
    names = Names(parameters, t)
    names.state("q", coordinates)
    names.state("p", momenta)
    whole = names.rename(as_expression(H, "H"), "H")
    present = {(leaf.kind, leaf.place) for s in whole.free_symbols for leaf in [names.leaves[s]]}
    idle = [str(c) for i, c in enumerate(coordinates) if ("q", i) not in present and ("p", i) not in present]
    if idle:
        raise ValueError(f"H contains neither {idle[0]} nor its momentum; leave them out of q and p.")
    found: list[tuple[str, int | None, Any]] = [("hamiltonian", None, term) for term in terms(whole, names.leaves)]
    found += force_terms(forces, coordinates, names)
    groups = group(found, names.leaves)
    d = len(coordinates)
    layout = Layout(2 * d, {"q": 0, "p": d}, names.record._fields)
    energy = [(g, g.template) for g in groups if g.role == "hamiltonian"]
    equations = Equations(layout, [(g, _rates(g)) for g in groups], numbers={"energy": energy})
    state = (*coordinates, *momenta)
    return SymbolicSystem("hamiltonian", state, names.record, tuple(names.parameters), equations)


def _rates(g: Group) -> list[Output]:
    if g.role == "force":
        return [Output((("p", 0),), g.template)]
    result = []
    for family, k in symbols_of(g.template, ("q", "p")):
        change = derivative(g.template, slot(family, k))
        result.append(Output((("q", k),), change) if family == "p" else Output((("p", k),), -change))
    return [o for o in result if o.expression != 0]


def as_list(given: Any, name: str) -> list[Any]:
    """The quantities as a list; one alone is a list of one."""
    if isinstance(given, str):
        as_symbol(given, name)
    many = given if isinstance(given, (list, tuple)) or not hasattr(given, "free_symbols") else [given]
    return [as_symbol(x, f"each of {name}") for x in many]


def force_terms(forces: Any, coordinates: list[Any], names: Names) -> list[tuple[str, int | None, Any]]:
    """Terms of generalised forces, by coordinate."""
    place = {c: i for i, c in enumerate(coordinates)}
    result: list[tuple[str, int | None, Any]] = []
    for c, value in (forces or {}).items():
        if c not in place:
            raise ValueError(f"forces names {c}, which is no coordinate.")
        what = f"The force on {c}"
        whole = names.rename(as_expression(value, what), what)
        result += [("force", place[c], term) for term in terms(whole, names.leaves) if term != 0]
    return result
