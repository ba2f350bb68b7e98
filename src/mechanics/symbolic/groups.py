"""Terms of the same shape, grouped: a template over slots, and for each term the indices and numbers that fill them.

    cos(q3 - q4), cos(q4 - q5), ...     ->     cos(q_a - q_b),  rows (3, 4), (4, 5), ...

Derivatives are taken of the template, once for all its rows, and code is a loop over the rows: neither grows with the
number of terms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from .translate import number

MOST_PIECES = 4
MOST_SITES = 12  # terms with more are multiplied out
MOST_MOVING = 4  # the same for terms with velocities, which are differentiated up to three times
ACCELERATION = "w"


class Leaf(NamedTuple):
    """What an internal symbol stands for."""

    kind: str  # family of a state ("y", "q", "v", "m"), "parameter", "item" or "t"
    place: int  # of the state within its family, or position of the parameter
    item: int = 0  # position within an array of parameters


@dataclass(frozen=True, eq=False)
class Group:
    """A template and its rows.

    Attributes
    ----------
    role : str
        What the expression is in its system.
    template : sympy expression
        Over `slot(family, k)`, `item_slot(k)`, `constant_slot(k)`, and internal symbols of parameters and time.
    sites : ndarray, shape (rows, sites)
        Index of the state that fills each slot, the same for all families.
    items : tuple of (position of the parameter, ndarray (rows,))
        For each item slot.
    constants : tuple of lists
        For each constant slot its exact values.
    """

    role: str
    template: Any
    sites: Any
    items: tuple[tuple[int, Any], ...]
    constants: dict[Any, list[Fraction | float]]

    @property
    def rows(self) -> int:
        """Number of terms."""
        return len(self.sites)


class Output(NamedTuple):
    """`expression`, added to the entry of an array that `target` names by families and slots.

    A Tuple stands for a sum that must not be simplified: (b - a) + (b - a)^2 loses digits as b + (b - a)^2 - a.
    """

    target: tuple[tuple[str, int], ...]
    expression: Any


def slot(family: str, k: int) -> Any:
    """Symbol of the state of a family at site k of a template."""
    return sp.Symbol(f"{family}{k:03d}", real=True)


def item_slot(k: int) -> Any:
    """Symbol of an item of an array of parameters."""
    return sp.Symbol(f"b{k:03d}", real=True)


def constant_slot(k: int) -> Any:
    """Symbol of a number that differs between rows."""
    return sp.Symbol(f"a{k:03d}", real=True)


@dataclass
class _Filling:
    """What fills the slots of one term."""

    sites: list[int] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)


def terms(expression: Any, leaves: Mapping[Any, Leaf]) -> list[Any]:
    """The summands of an expression; those with many states are multiplied out, and equal ones collected."""
    waiting, kept, split = list(reversed(sp.Add.make_args(expression))), [], False
    while waiting:
        term = waiting.pop()
        moving = any(leaves[s].kind == "v" for s in term.free_symbols)
        if len(_sites(term, leaves)) <= (MOST_MOVING if moving else MOST_SITES):
            kept.append(term)
            continue
        parts = sp.Add.make_args(_multiplied_out(term))
        if len(parts) == 1:
            kept.append(term)
        else:
            split = True
            waiting += reversed(parts)
    return list(sp.Add.make_args(sp.Add(*kept))) if split else kept


def _multiplied_out(term: Any) -> Any:
    """The outermost products and whole powers multiplied out; what is within a root or a sine is left as it is."""
    factors = [sp.expand(factor, deep=False) for factor in sp.Mul.make_args(term)]
    return sp.expand(sp.Mul(*factors), deep=False)


def _sites(term: Any, leaves: Mapping[Any, Leaf]) -> set[int]:
    """Indices of the states in a term."""
    return {leaves[s].place for s in term.free_symbols if leaves[s].kind not in ("parameter", "item", "t")}


def group(found: Iterable[tuple[str, int | None, Any]], leaves: Mapping[Any, Leaf]) -> list[Group]:
    """Group terms by role and template.

    Parameters
    ----------
    found : iterable of (role, first, expression)
        In internal symbols; `first` is the index of the state that fills slot 0 whether it appears or not, or None.
    leaves : mapping
        What the internal symbols stand for.
    """
    collected: dict[tuple[str, Any, tuple[int, ...]], list[_Filling]] = {}
    for role, first, expression in found:
        others = sorted(_sites(expression, leaves) - {first})
        filling = _Filling(others if first is None else [first, *others])
        template = _fill(expression, leaves, filling)
        kinds = tuple(position for position, _ in filling.items)
        collected.setdefault((role, template, kinds), []).append(filling)
    return [_group(*key, rows) for key, rows in collected.items()]


def _fill(e: Any, leaves: Mapping[Any, Leaf], filling: _Filling) -> Any:
    """The template of an expression; what it takes out goes to `filling`."""
    leaf = leaves.get(e)
    if leaf is not None:
        if leaf.kind in ("parameter", "t"):
            return e
        if leaf.kind == "item":
            return item_slot(_place(filling.items, (leaf.place, leaf.item)))
        return slot(leaf.kind, _place(filling.sites, leaf.place))
    if e.is_Atom:
        return e
    if e.is_Pow and e.exp.is_Number:
        return sp.Pow(_fill(e.base, leaves, filling), e.exp)
    if e.is_Add or e.is_Mul:
        args = []
        for a in e.args:
            if a.is_Number and a not in (sp.S.One, sp.S.NegativeOne):
                filling.constants.append(a)
                args.append(constant_slot(len(filling.constants) - 1))
            else:
                args.append(_fill(a, leaves, filling))
        return e.func(*args)
    return e.func(*(_fill(a, leaves, filling) for a in e.args))


def _place(found: list[Any], what: Any) -> int:
    if what not in found:
        found.append(what)
    return found.index(what)


def _group(role: str, template: Any, kinds: tuple[int, ...], rows: list[_Filling]) -> Group:
    same, differ = {}, {}
    for k, column in enumerate(zip(*(r.constants for r in rows), strict=True)):
        if all(c == column[0] for c in column):
            same[constant_slot(k)] = column[0]
        else:
            differ[constant_slot(k)] = [number(c) for c in column]
    sites = np.array([r.sites for r in rows], np.int64).reshape(len(rows), -1)
    items = tuple((position, np.array([r.items[k][1] for r in rows])) for k, position in enumerate(kinds))
    return Group(role, template.xreplace(same) if same else template, sites, items, differ)


def merge(terms: Iterable[tuple[Group, Sequence[Output]]]) -> list[tuple[Group, list[Output]]]:
    """Groups whose rows are filled alike as one, outputs to one entry as one: one loop instead of several."""
    merged: dict[tuple[Any, ...], tuple[Group, dict[Any, list[Any]]]] = {}
    for g, outputs in terms:
        if not outputs:
            continue
        key = g.sites.shape, g.sites.tobytes(), tuple((k, i.tobytes()) for k, i in g.items)
        before, sums = merged.setdefault(key, (Group(g.role, g.template, g.sites, g.items, {}), {}))
        moved = {c: constant_slot(len(before.constants) + k) for k, c in enumerate(g.constants)}
        before.constants.update({moved[c]: values for c, values in g.constants.items()})
        for target, expression in outputs:
            sums.setdefault(target, []).append(expression.xreplace(moved) if moved else expression)
    return [
        (g, [Output(t, e[0] if len(e) == 1 else sp.Tuple(*e)) for t, e in sums.items()]) for g, sums in merged.values()
    ]


def pieces(g: Group) -> list[Group]:
    """The group itself, or a few parts in whose rows all indices grow evenly: a ring closes on itself."""
    indices = np.column_stack([g.sites, *(i for _, i in g.items)])
    begins, row = [0], 1
    while row < g.rows:  # a part goes on while it keeps the step of its first two rows
        start = begins[-1]
        if row > start + 1 and (indices[row] - indices[row - 1] != indices[start + 1] - indices[start]).any():
            begins.append(row)
            if len(begins) > MOST_PIECES:
                return [g]
        row += 1
    ends = [*begins[1:], g.rows]
    return [_rows(g, slice(b, e)) for b, e in zip(begins, ends, strict=True)]


def _rows(g: Group, part: slice) -> Group:
    items = tuple((k, i[part]) for k, i in g.items)
    constants = {c: values[part] for c, values in g.constants.items()}
    return Group(g.role, g.template, g.sites[part], items, constants)


def symbols_of(expression: Any, families: Iterable[str]) -> list[tuple[str, int]]:
    """Families and slots of the states in an expression, in order."""
    wanted = set(families)
    return sorted(
        (s.name[0], int(s.name[1:])) for s in expression.free_symbols if s.name[0] in wanted and len(s.name) == 4
    )
