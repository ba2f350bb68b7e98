"""Initial states and parameters of the members of an ensemble."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engine.lane_parameters import Varied
from .parameters import normalise
from .problem import Problem

Array = NDArray[np.float64]
NO_ROWS = np.empty((1, 0))


def count_members(members: int | None, y0: Any, varied: Varied) -> int:
    """The number of members, from whatever says it.

    Raises
    ------
    ValueError
        If nothing says it, or two arguments disagree.
    """
    said = {}
    if members is not None:
        if isinstance(members, bool) or int(members) != members or members < 1:
            raise ValueError(f"members must be a whole number of at least 1, but is {members!r}.")
        said["members"] = int(members)
    if y0 is not None:
        said["y0"] = len(y0)
    if varied.layout is not None:
        said["p"] = len(varied.rows)
    if not said:
        raise ValueError("Give the number of members: members=, or y0= or p= with one row for each.")
    if len(set(said.values())) > 1:
        raise ValueError("The members disagree: " + ", ".join(f"{k} says {v}" for k, v in said.items()) + ".")
    return next(iter(said.values()))


def initial_states(problem: Problem, y0: ArrayLike | None) -> Array:
    """Rows of initial states, (members, n), or (1, n) shared by all."""
    if y0 is None:
        return problem.y0[None].copy()
    rows = np.array(y0, dtype=np.float64, order="C")
    n = len(problem.y0)
    if rows.ndim == 1 and n == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] != n or not len(rows):
        raise ValueError(f"y0 must have shape (members, {n}), but has shape {rows.shape}.")
    if not np.isfinite(rows).all():
        raise ValueError(f"y0 must be finite, but row {np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]} is not.")
    return rows


def varied_parameters(problem: Problem, p: Any) -> Varied:
    """What differs between members: `p` has the form of the problem's, with one more axis in front where it differs.

    Raises
    ------
    ValueError, TypeError
        If the forms do not fit.
    """
    if p is None:
        return Varied(problem.p, NO_ROWS, None)
    own = problem.p
    if own is None:
        raise ValueError("p was given, but the problem has no parameters; give it p= with one member's values.")
    if isinstance(own, float):
        return Varied(own, _rows(p, 0, "p"), "number")
    if isinstance(own, np.ndarray):
        rows = _rows(p, 1, "p")
        if own.ndim != 1 or rows.shape[1] != len(own):
            raise ValueError(f"p must have shape (members, {own.size}), but has shape {rows.shape}.")
        return Varied(own, rows, "array")
    return _record(own, p)


def _record(own: Any, p: Any) -> Varied:
    if not isinstance(p, tuple) or type(p) is not type(own) or len(p) != len(own):
        raise TypeError(f"p must be a {type(own).__name__} whose fields are arrays where members differ, but is {p!r}.")
    layout: list[Any] = []
    columns: list[Array] = []
    shared = []
    names = getattr(own, "_fields", [f"[{i}]" for i in range(len(own))])
    for name, one, many in zip(names, own, p, strict=True):
        if isinstance(one, tuple):
            inner, key = normalise(many, f"p.{name}")
            if key != normalise(one)[1]:
                raise TypeError(
                    f"p.{name} is a record in a record: it must be as in the problem, shared by all members."
                )
            layout.append("shared")
            shared.append(inner)
            continue
        depth = 1 if isinstance(one, np.ndarray) else 0
        given = np.asarray(many)
        if given.ndim == depth:
            layout.append("shared")
            shared.append(normalise(many, f"p.{name}")[0] if not isinstance(one, int) else many)
            continue
        if depth and one.ndim != 1:
            raise ValueError(
                f"p.{name} has {one.ndim} dimensions; only numbers and vectors can differ between members."
            )
        rows = _rows(many, depth, f"p.{name}")
        if depth and rows.shape[1] != len(one):
            raise ValueError(f"p.{name} must have shape (members, {len(one)}), but has shape {rows.shape}.")
        layout.append(rows.shape[1] if depth else "number")
        columns.append(rows)
        shared.append(one)
    if not columns:
        raise ValueError("No field of p has a row for each member; leave p out, or give arrays.")
    if len({len(c) for c in columns}) > 1:
        raise ValueError(f"The fields of p have different numbers of members: {[len(c) for c in columns]}.")
    kind: Any = type(own)
    record = kind(*shared) if hasattr(kind, "_fields") else tuple(shared)
    return Varied(record, np.concatenate(columns, axis=1), tuple(layout))


def _rows(values: Any, depth: int, name: str) -> Array:
    rows = np.array(values, dtype=np.float64, order="C")
    if rows.ndim != depth + 1:
        raise ValueError(f"{name} must have {depth + 1} dimensions, members first, but has shape {rows.shape}.")
    return rows if depth else rows[:, None]


def member_parameters(varied: Varied, who: int) -> Any:
    """One member's parameters, as a single solve takes them."""
    if varied.layout is None:
        return varied.shared
    row = varied.rows[who]
    if varied.layout == "number":
        return float(row[0])
    if varied.layout == "array":
        return row.copy()
    values, at = [], 0
    for field, one in zip(varied.layout, varied.shared, strict=True):  # type: ignore[call-overload]
        if field == "shared":
            values.append(one)
        elif field == "number":
            values.append(float(row[at]))
            at += 1
        else:
            values.append(row[at : at + field].copy())
            at += field
    kind: Any = type(varied.shared)
    return kind(*values) if hasattr(kind, "_fields") else tuple(values)
