"""Kernels from groups of terms: loops over the rows of a group, or one list of statements for small systems.

Either way an entry of the result is the sum of what the terms add to it. In loops they are added to the array itself;
an entry that has one term only is set.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from .emit import Columns, Writer, assign, count, element, literal, load
from .graph import Graph, Node
from .groups import Group, Output, merge, pieces
from .layout import Layout, index_of
from .translate import Translator

import ast  # isort: skip

FEW_ROWS = 3  # so many terms of a shape are written out
Terms = Sequence[tuple[Group, Sequence[Output]]]


def operations(terms: Terms, most: int | None = None) -> int:
    """About how many operations the terms take, at most so many of each group written out (None: all)."""
    return sum(
        (g.rows if most is None else min(g.rows, most)) * sum(1 + int(sp.count_ops(o.expression)) for o in outputs)
        for g, outputs in terms
    )


def entries(terms: Terms, layout: Layout) -> Any:
    """Indices of the entries that each output adds to, shape (m, dimensions), over all rows."""
    parts = [target(g, o, layout) for g, outputs in terms for o in outputs]
    return np.concatenate(parts) if parts else np.empty((0, 1), np.int64)


def target(group: Group, output: Output, layout: Layout) -> Any:
    """Indices of the entries of an output, shape (rows, dimensions)."""
    columns = [group.sites[:, k] + layout.offsets.get(f, 0) for f, k in output.target]
    return np.column_stack(columns) if columns else np.empty((group.rows, 0), np.int64)


def written_out(graph: Graph, terms: Terms, layout: Layout, bound: dict[Any, Node]) -> dict[tuple[int, ...], Node]:
    """Node of every entry; `bound` replaces nodes of `Layout.bind` by others (accelerations, say)."""
    sums: dict[tuple[int, ...], list[Node]] = {}
    for g, outputs in terms:
        where = [target(g, o, layout) for o in outputs]
        for row in range(g.rows):
            nodes = {s: bound.get(n, n) for s, n in layout.bind(graph, g, row).items()}
            translate = Translator(graph, nodes)
            for indices, output in zip(where, outputs, strict=True):
                sums.setdefault(tuple(map(int, indices[row])), []).append(translate(output.expression))
    return {key: graph.total(parts) for key, parts in sums.items()}


def store(writer: Writer, graph: Graph, array: str, values: dict[tuple[int, ...], Node]) -> None:
    """Statements that set entries of `array`."""
    body, read = writer.statements(graph, values.values(), _plain)
    writer.body += body
    for indices, node in values.items():
        writer.body.append(assign(element(load(array), indices, ast.Store()), read(node)))


def give(writer: Writer, graph: Graph, node: Node) -> None:
    """Statements that return a number."""
    body, read = writer.statements(graph, [node], _plain)
    writer.body += [*body, ast.Return(read(node))]


def zero(writer: Writer, array: str, shape: Sequence[int]) -> None:
    """Loops that set an array to zero."""
    names = [writer.name("z") for _ in shape]
    body = [assign(element(load(array), [load(n) for n in names], ast.Store()), literal(0.0))]
    for name, length in zip(reversed(names), reversed(shape), strict=True):
        body = [count(name, length, body)]
    writer.body += body


def accumulate(
    writer: Writer,
    terms: Terms,
    layout: Layout,
    array: str,
    shape: Sequence[int],
    place: Callable[[Any], Any] = lambda indices: indices,
    zeros: bool = True,
) -> None:
    """Loops that leave in `array` the sums of all terms.

    Parameters
    ----------
    writer : Writer
        Takes the statements.
    terms : sequence of (Group, outputs)
        What to add up.
    layout : Layout
        Of the state.
    array : str
        Name of the result in the kernel.
    shape : sequence of int
        Its shape.
    place : callable
        From indices of entries (m, dimensions) to those in the array.
    zeros : bool
        Set the array to zero first, where that is needed.
    """
    terms = merge(terms)
    everything = place(entries(terms, layout))
    flat = np.ravel_multi_index(tuple(everything.T), tuple(shape)) if len(everything) else np.empty(0, np.int64)
    unique, counts = np.unique(flat, return_counts=True)
    shared = set(unique[counts > 1].tolist())
    if zeros and (shared or len(unique) < int(np.prod(shape))):
        zero(writer, array, shape)

    def statement(indices: Any, where: Any, value: Any, node_is_negative: bool) -> Any:
        alone = shared.isdisjoint(np.ravel_multi_index(tuple(where.T), tuple(shape)).tolist())
        target = element(load(array), indices, ast.Store())
        if alone:
            return assign(target, ast.UnaryOp(ast.USub(), value) if node_is_negative else value)
        before = element(load(array), indices)
        return assign(target, ast.BinOp(before, ast.Sub() if node_is_negative else ast.Add(), value))

    for g, outputs in ((part, outputs) for whole, outputs in terms for part in pieces(whole)):
        if g.rows <= FEW_ROWS:
            graph = Graph()
            values = [
                (place(np.array([key])), node) for key, node in written_out(graph, [(g, outputs)], layout, {}).items()
            ]
            pairs = [(where, *_split(graph, node)) for where, node in values]
            body, read = writer.statements(graph, [node for _, node, _ in pairs], _plain)
            writer.body += body
            for where, node, negative in pairs:
                writer.body.append(statement([int(i) for i in where[0]], where, read(node), negative))
            continue
        loop(writer, g, outputs, layout, partial(_placed, place, g, layout), statement)


def loop(
    writer: Writer,
    g: Group,
    outputs: Sequence[Output],
    layout: Layout,
    where: Callable[[Output], Any],
    statement: Callable[[Any, Any, Any, bool], Any],
) -> None:
    """One loop over the rows of a group, with a statement for each output."""
    graph = Graph()
    translate = Translator(graph, layout.bind(graph, g, None))
    counter = writer.name("k")
    columns = Columns(writer, counter)
    index = index_of(g, columns)
    pairs = [(o, *_split(graph, translate(o.expression))) for o in outputs]
    body, read = writer.statements(graph, [node for _, node, _ in pairs], index)
    for output, node, negative in pairs:
        indices = where(output)
        expressions = [columns.whole(column) for column in indices.T]
        body.append(statement(expressions, indices, read(node), negative))
    writer.body.append(count(counter, g.rows, columns.reads() + body))


def add_up(writer: Writer, terms: Terms, layout: Layout) -> None:
    """Loops that return the sum of one expression for each term."""
    total = writer.name("s")
    writer.body.append(assign(ast.Name(total, ast.Store()), literal(0.0)))

    def statement(_: Any, where: Any, value: Any, negative: bool) -> Any:
        sign = ast.Sub() if negative else ast.Add()
        return assign(ast.Name(total, ast.Store()), ast.BinOp(load(total), sign, value))

    for g, outputs in ((part, outputs) for whole, outputs in merge(terms) for part in pieces(whole)):
        loop(writer, g, outputs, layout, partial(_placed, _plain, g, layout), statement)
    writer.body.append(ast.Return(load(total)))


def _split(graph: Graph, node: Node) -> tuple[Node, bool]:
    """A node without its sign, and whether it had one."""
    kind, *rest = graph.nodes[node]
    return (rest[0], True) if kind == "neg" else (node, False)


def _placed(place: Callable[[Any], Any], g: Group, layout: Layout, output: Output) -> Any:
    return place(target(g, output, layout))


def _plain(where: Any) -> Any:
    return where
