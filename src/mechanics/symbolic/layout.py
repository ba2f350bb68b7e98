"""How a system's symbols are laid out in y and p, and how slots of a template become nodes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from .graph import Graph, Node
from .groups import ACCELERATION, Group, item_slot, slot


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a kernel finds what symbols stand for.

    Attributes
    ----------
    n : int
        Components of the state.
    offsets : mapping
        Where each family of the state begins in y.
    parameters : tuple of str
        Fields of the record.
    """

    n: int
    offsets: Mapping[str, int]
    parameters: tuple[str, ...]

    def bind(self, graph: Graph, group: Group, row: int | None) -> dict[Any, Node]:
        """Nodes of all symbols that derivatives of the template may hold: of one row, or of the loop's (None)."""
        bound = {sp.Symbol("t", real=True): graph.make("name", "t")}
        for k in range(len(self.parameters)):
            bound[parameter_symbol(k)] = graph.make("load", "p", k)
        for k in range(group.sites.shape[1]):
            for family, offset in self.offsets.items():
                where: Any = ("site", k, offset) if row is None else offset + int(group.sites[row, k])
                bound[slot(family, k)] = graph.make("load", "y", where)
            offset = self.offsets.get("v", 0)  # accelerations lie where velocities do
            where = ("site", k, offset) if row is None else offset + int(group.sites[row, k])
            bound[slot(ACCELERATION, k)] = graph.make("load", "w", where)
        for k, (position, items) in enumerate(group.items):
            where = ("items", k) if row is None else int(items[row])
            bound[item_slot(k)] = graph.make("item", position, where)
        for k, (symbol, values) in enumerate(group.constants.items()):
            bound[symbol] = graph.make("local", ("constant", k)) if row is None else graph.constant(values[row])
        return bound


def parameter_symbol(k: int) -> Any:
    """Internal symbol of the parameter at a position of the record."""
    return sp.Symbol(f"k{k:05d}", real=True)


def index_of(group: Group, columns: Any) -> Callable[[Any], Any]:
    """Expressions of the symbolic indices that `Layout.bind` makes."""
    constants = list(group.constants.values())

    def index(where: Any) -> Any:
        if isinstance(where, int):
            return where
        kind, k, *rest = where
        if kind == "site":
            return columns.whole(group.sites[:, k] + rest[0])
        if kind == "items":
            return columns.whole(group.items[k][1])
        return columns.real([float(c) for c in constants[k]])

    return index
