"""The kernels of a system: drift, Jacobian, mass matrix, sums and vectors.

Small systems are written out as statements, with common subexpressions computed once for all components. Large ones are
loops over groups of terms of one shape. Both run in the lanes of ensembles.
"""

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .emit import Writer, assign, element, literal, load
from .equations import Equations
from .graph import Graph
from .groups import ACCELERATION, Group, Output, slot
from .kernels import (
    FEW_ROWS,
    Terms,
    accumulate,
    add_up,
    entries,
    give,
    loop,
    operations,
    store,
    target,
    written_out,
    zero,
)
from .linear import Elimination, divide_row, factor, solve, solve_columns

FEW_OPERATIONS = 250  # written out whatever loops could do
LEAST_GAIN = 2.0  # loops must save this factor of operations to compile
LOOPED_ELIMINATION = 100  # operations that the banded factorisation counts for


def drift(equations: Equations) -> Callable[..., None]:
    """`drift(t, y, p, dy)`."""
    layout, n = equations.layout, equations.layout.n
    writer = Writer(["t", "y", "p", "dy"])
    if _is_small(equations, equations.rate, equations.mass):
        graph = Graph()
        values = _accelerated(graph, equations)
        nothing = graph.total([])
        store(writer, graph, "dy", {(i,): values.get((i,), nothing) for i in range(n)})
        return writer.build("drift", "Right-hand side; fills dy (n,).")
    accumulate(writer, equations.rate, layout, "dy", (n,))
    if equations.mass and is_diagonal(equations):

        def divide(indices: Any, _: Any, value: Any, negative: bool) -> Any:
            whole = element(load("dy"), indices, ast.Store())
            return assign(whole, ast.BinOp(element(load("dy"), indices), ast.Div(), _signed(value, negative)))

        for g, outputs in _not_one(equations.mass):
            loop(writer, g, outputs, layout, partial(_velocity_row, equations, g), divide)
    elif equations.mass:
        mass = _factored(writer, equations)
        _run(writer, solve, *mass, load("dy"), literal(_velocities(equations)))
    return writer.build("drift", "Right-hand side; fills dy (n,).")


def jacobian(
    equations: Equations, drift: Callable[..., None], band: tuple[int, int] | None = None
) -> Callable[..., None]:
    """`jacobian(t, y, p, J)`.

    Parameters
    ----------
    equations : Equations
        What to differentiate.
    drift : function
        Gives the accelerations that a mass matrix needs.
    band : (int, int), optional
        Half-bandwidths of the Jacobian, which then must hold zeros and is not touched beyond them.
    """
    layout, n = equations.layout, equations.layout.n
    terms = equations.jacobian()
    writer = Writer(["t", "y", "p", "J"])
    doc = "Jacobian of the drift; fills J (n, n)." if band is None else f"Jacobian of the drift within the band {band}."
    if _is_small(equations, terms, equations.rate, equations.mass):
        graph = Graph()
        if band is None:
            zero(writer, "J", (n, n))
        store(writer, graph, "J", _jacobian_nodes(graph, equations, terms))
        return writer.build("jacobian", doc)
    if any(o.expression.has(*_accelerations(g)) for g, outputs in terms for o in outputs):
        _make(writer, ACCELERATION, (n,))
        _run(writer, drift, *map(load, ("t", "y", "p", ACCELERATION)))
    accumulate(writer, terms, layout, "J", (n, n), zeros=band is None)
    if equations.mass and is_diagonal(equations):

        def divide(indices: Any, _: Any, value: Any, negative: bool) -> Any:
            below, above = band or (n - 1, n - 1)
            writer.globals["f_divide_row"] = divide_row
            arguments = [load("J"), *indices, *map(literal, (n, below, above)), _signed(value, negative)]
            return ast.Expr(ast.Call(load("f_divide_row"), arguments, []))

        for g, outputs in _not_one(equations.mass):
            loop(writer, g, outputs, layout, partial(_velocity_row, equations, g), divide)
    elif equations.mass:
        mass = _factored(writer, equations)
        _make(writer, "work", (n,))
        _run(writer, solve_columns, *mass, load("J"), load("work"))
    return writer.build("jacobian", doc)


def mass_matrix(equations: Equations) -> Callable[..., None]:
    """`mass_matrix(t, y, p, M)`, M (d, d)."""
    writer = Writer(["t", "y", "p", "M"])
    d = _velocities(equations)
    accumulate(writer, equations.mass, equations.layout, "M", (d, d))
    return writer.build("mass_matrix", "Mass matrix; fills M (d, d).")


def number(equations: Equations, name: str) -> Callable[..., float]:
    """A sum over terms, `energy(t, y, p)` say."""
    writer = Writer(["t", "y", "p"])
    terms = [(g, [Output((), e)]) for g, e in equations.numbers[name] if e != 0]
    if _is_small(equations, terms):
        graph = Graph()
        give(writer, graph, written_out(graph, terms, equations.layout, {}).get((), graph.total([])))
    else:
        add_up(writer, terms, equations.layout)
    return writer.build(name, f"The {name} at (t, y, p).")


def vector(equations: Equations, name: str, length: int) -> Callable[..., None]:
    """`momenta(t, y, p, out)` and the like."""
    writer = Writer(["t", "y", "p", "out"])
    terms = equations.vectors[name]
    if _is_small(equations, terms):
        graph = Graph()
        values = written_out(graph, terms, equations.layout, {})
        nothing = graph.total([])
        store(writer, graph, "out", {(i,): values.get((i,), nothing) for i in range(length)})
    else:
        accumulate(writer, terms, equations.layout, "out", (length,))
    return writer.build(name, f"The {name} at (t, y, p); fills out ({length},).")


def _is_small(equations: Equations, *parts: Terms) -> bool:
    """Whether to write all terms out as one list of statements."""
    written, looped = (sum(operations(terms, most) for terms in parts) for most in (None, FEW_ROWS))
    if equations.mass and equations.mass in parts and not is_diagonal(equations):
        written += _velocities(equations) * _bandwidth(equations) ** 2
        looped += LOOPED_ELIMINATION
    return written <= max(FEW_OPERATIONS, LEAST_GAIN * looped)


def _velocities(equations: Equations) -> int:
    return equations.layout.offsets["v"]


def _accelerated(graph: Graph, equations: Equations) -> dict[tuple[int, ...], int]:
    """Nodes of dy, with the mass matrix eliminated."""
    values = written_out(graph, equations.rate, equations.layout, {})
    if not equations.mass:
        return values
    d = _velocities(equations)
    solved = _eliminated(graph, equations).solve({i - d: node for (i,), node in values.items() if i >= d})
    return {key: node for key, node in values.items() if key[0] < d} | {(d + i,): node for i, node in solved.items()}


def _eliminated(graph: Graph, equations: Equations) -> Elimination:
    matrix: Any = written_out(graph, equations.mass, equations.layout, {})
    return Elimination(graph, matrix, _velocities(equations))


def _jacobian_nodes(graph: Graph, equations: Equations, terms: Terms) -> dict[tuple[int, ...], int]:
    layout = equations.layout
    if not equations.mass:
        return written_out(graph, terms, layout, {})
    d = _velocities(equations)
    rates = _accelerated(graph, equations)
    nothing = graph.total([])
    bound = {graph.make("load", ACCELERATION, i): rates.get((i,), nothing) for i in range(d, layout.n)}
    values = written_out(graph, terms, layout, bound)
    elimination = _eliminated(graph, equations)
    result = {key: node for key, node in values.items() if key[0] < d}
    for j in range(layout.n):
        column = {i - d: node for (i, k), node in values.items() if k == j and i >= d}
        result |= {(d + i, j): node for i, node in elimination.solve(column).items()}
    return result


def is_diagonal(equations: Equations) -> bool:
    """Whether each coordinate has one mass of its own, from one term."""
    where = entries(equations.mass, equations.layout)
    return bool((where[:, 0] == where[:, 1]).all()) and len(np.unique(where[:, 0])) == len(where)


def _bandwidth(equations: Equations) -> int:
    """Diagonals of the mass matrix below the main one."""
    where = entries(equations.mass, equations.layout)
    return int(np.abs(where[:, 0] - where[:, 1]).max())


def _not_one(mass: Terms) -> Terms:
    """Without the masses that are 1."""
    kept = ((g, [o for o in outputs if o.expression != 1]) for g, outputs in mass)
    return [(g, outputs) for g, outputs in kept if outputs]


def _velocity_row(equations: Equations, g: Group, output: Output) -> Any:
    return target(g, output, equations.layout)[:, :1] + _velocities(equations)


def _accelerations(g: Group) -> list[Any]:
    return [slot(ACCELERATION, k) for k in range(g.sites.shape[1])]


def _signed(value: Any, negative: bool) -> Any:
    return ast.UnaryOp(ast.USub(), value) if negative else value


def _factored(writer: Writer, equations: Equations) -> list[Any]:
    """Statements that factorise the mass matrix; its name, order and number of diagonals."""
    d = _velocities(equations)
    b = _bandwidth(equations)
    half = [(g, [o for o in outputs if o.target[0][1] <= o.target[1][1]]) for g, outputs in equations.mass]
    _make(writer, "M", (d, b + 1))

    def place(indices: Any) -> Any:
        high, low = indices.max(axis=1), indices.min(axis=1)
        return np.column_stack([high, high - low])

    accumulate(writer, half, equations.layout, "M", (d, b + 1), place)
    mass = [load("M"), literal(d), literal(b)]
    _run(writer, factor, *mass)
    return mass


def _make(writer: Writer, name: str, shape: tuple[int, ...]) -> None:
    size = literal(shape[0]) if len(shape) == 1 else ast.Tuple([literal(s) for s in shape], ast.Load())
    writer.globals["f_empty"] = np.empty
    writer.body.append(assign(ast.Name(name, ast.Store()), ast.Call(load("f_empty"), [size], [])))


def _run(writer: Writer, function: Callable[..., Any], *arguments: Any) -> None:
    name = f"f_{function.__name__}"
    writer.globals[name] = function
    writer.body.append(ast.Expr(ast.Call(load(name), list(arguments), [])))
