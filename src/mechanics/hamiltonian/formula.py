"""From a Hamiltonian written as a Python function to its formula: run once on symbols, it needs no derivatives by hand.

H(t, q, p, par)   ->   a `SymbolicSystem` with drift, Jacobian and energy
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..engine.trace import NAMES, Graph, Row, Untraceable, _on_symbols
from ..parameters import normalise
from ..symbolic.records import record_type

ADVICE = (
    "Write H with + - * / ** and " + NAMES + " of t, q[i], p[i] and the fields of par, or give its derivatives: "
    "Hamiltonian(gradient=g, d=d), where g(t, q, p, par, dq, dp) fills dH/dq and dH/dp."
)


def parameter_record(p: Any) -> Any:
    """Parameters as a kernel takes them; a mapping becomes a record with its keys as fields."""
    if isinstance(p, Mapping):
        p = record_type(tuple(p))(*p.values())
    return normalise(p)[0]


def formula_of(H: Callable[..., float], d: int, p: Any) -> Any:
    """The system of Hamilton's equations of `H`; its parameters have the fields of p, or one field "p".

    Raises
    ------
    ValueError
        If H is no formula of its arguments.
    """
    import sympy as sp

    from ..symbolic import from_hamiltonian

    graph = Graph()
    found: dict[int, Any] = {}
    q, momenta = Row([graph.add("y", i) for i in range(d)]), Row([graph.add("y", d + i) for i in range(d)])
    fields = getattr(type(p), "_fields", None)
    values = {} if p is None else dict(zip(fields, p, strict=True)) if fields is not None else {"p": p}
    names: dict[str, Any] = {}
    stands = {name: _stand_in(graph, name, value, names) for name, value in values.items()}
    par = None if p is None else type(p)(*stands.values()) if fields is not None else stands["p"]
    try:
        value = _on_symbols(H, {})(graph.add("t"), q, momenta, par)
        last = graph.symbol(value).index
    except Untraceable as error:
        raise ValueError(f"H cannot be differentiated: {error}. {ADVICE}") from error
    except Exception as error:
        raise ValueError(f"Running H on symbols ended with {type(error).__name__}: {error}. {ADVICE}") from error
    state = [sp.Symbol(f"q{i}", real=True) for i in range(d)] + [sp.Symbol(f"p{i}", real=True) for i in range(d)]
    t = sp.Symbol("t", real=True)
    for node in graph.nodes[: last + 1]:
        found[len(found)] = _expression(sp, node, found, t, state, names)
    return from_hamiltonian(sp.sympify(found[last]), state[:d], state[d:], t=t, parameters=names)


def _stand_in(graph: Graph, name: str, value: Any, names: dict[str, Any]) -> Any:
    import sympy as sp

    if isinstance(value, np.ndarray):
        if value.ndim != 1:
            raise ValueError(f"Parameter {name} must be a number or a vector, but has shape {value.shape}. {ADVICE}")
        names[name] = tuple(sp.Symbol(f"{name}_{i}", real=True) for i in range(len(value)))
        return Row([graph.add("p", name, str(i)) for i in range(len(value))])
    if not isinstance(value, (int, float)):
        raise ValueError(f"Parameter {name} must be a number or a vector, but is a {type(value).__name__}. {ADVICE}")
    names[name] = sp.Symbol(f"par_{name}", real=True)
    return graph.add("p", name)


def _expression(sp: Any, node: tuple[Any, ...], found: dict[int, Any], t: Any, state: list[Any], names: Any) -> Any:
    operation, *arguments = node
    if operation == "constant":
        value = arguments[0]
        return sp.Integer(int(value)) if value == math.floor(value) and abs(value) < 1e15 else sp.Float(value, 17)
    if operation == "t":
        return t
    if operation == "y":
        return state[arguments[0]]
    if operation == "p":
        name, *index = arguments
        return names[name][int(index[0])] if index else names[name]
    if operation in ("sincos", "sinhcosh"):
        return operation, found[arguments[0]]
    if operation in ("first", "second"):
        pair, x = found[arguments[0]]
        pairs = {"sincos": (sp.sin, sp.cos), "sinhcosh": (sp.sinh, sp.cosh)}[pair]
        return pairs[operation == "second"](x)
    if operation == "pow":
        power = arguments[1]
        return found[arguments[0]] ** (sp.Rational(power) if 2 * power == int(2 * power) else sp.Float(power, 17))
    a, *rest = (found[i] for i in arguments)
    if rest:
        b = rest[0]
        return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b if operation == "div" else None}[operation]
    return -a if operation == "neg" else getattr(sp, operation)(a)


__all__ = ["formula_of", "parameter_record"]
