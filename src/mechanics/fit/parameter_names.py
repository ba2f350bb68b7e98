"""Names of the numbers in a problem's parameters, and the parameters with some of these numbers replaced.

A record's field is called by its name ("k"), an element of an array field "k[2]", a field of a record in a record
"force.k"; parameters that are one array "p[0]", "p[1]", ..., and a single number "p". `with_values` replaces numbers in
Python, `make_rebuild` makes the kernel that does the same with numbers that carry derivatives.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numpy.typing import NDArray

from ..engine.adopt import Adopting
from ..engine.stack import part


def _piece(function: Any) -> Any:
    """A kernel that may return arrays of duals, which numba could not hand to Python."""
    if DISABLE_JIT:
        return function
    options: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(error_model="numpy", forceinline=True, pipeline_class=Adopting, **options)(function)


class Named(NamedTuple):
    """A number of p: what the user calls it, the way to it, and its place in an array at the end of that way."""

    name: str
    path: tuple[int, ...]  # of fields
    element: int | None


def all_numbers(p: Any) -> list[Named]:
    """Every float of normalised parameters, arrays of one dimension included, in the order of the fields."""
    if isinstance(p, tuple):
        return list(_of_tuple(p, "", ()))
    if isinstance(p, np.ndarray):
        return list(_of_leaf(p, "p", ()))
    return [Named("p", (), None)] if isinstance(p, float) else []


def _of_tuple(p: Any, prefix: str, path: tuple[int, ...]) -> Any:
    fields = getattr(p, "_fields", None)
    for i, value in enumerate(p):
        name = prefix + (fields[i] if fields else f"p[{i}]")
        if isinstance(value, tuple):
            yield from _of_tuple(value, name + ".", (*path, i))
        else:
            yield from _of_leaf(value, name, (*path, i))


def _of_leaf(value: Any, name: str, path: tuple[int, ...]) -> Any:
    if isinstance(value, float):
        yield Named(name, path, None)
    elif isinstance(value, np.ndarray) and value.dtype == np.float64 and value.ndim == 1:
        yield from (Named(f"{name}[{i}]", path, i) for i in range(len(value)))


def select(p: Any, parameters: Any) -> tuple[Named, ...]:
    """The numbers to fit: names, or a mapping from names of the user's to names here or to places in an array.

    Raises
    ------
    ValueError
        If a name is unknown or given twice, or none is given.
    TypeError
        If `parameters` is neither.
    """
    there = all_numbers(p)
    if parameters is None:
        wanted: list[tuple[str, Any]] = [(one.name, one.name) for one in there]
    elif isinstance(parameters, str):
        wanted = [(parameters, parameters)]
    elif isinstance(parameters, Mapping):
        wanted = list(parameters.items())
    elif isinstance(parameters, Sequence):
        wanted = [(f"p[{key}]" if isinstance(key, (int, np.integer)) else key, key) for key in parameters]
    else:
        raise TypeError(f"parameters must be names, or a mapping from names to names or places, but is {parameters!r}.")
    found = tuple(_find(there, key)._replace(name=str(name)) for name, key in wanted)
    if not found:
        raise ValueError("There is nothing to fit: the problem has no p that holds floats, or parameters= is empty.")
    if len({(one.path, one.element) for one in found}) < len(found) or len({one.name for one in found}) < len(found):
        raise ValueError(f"parameters names a number twice: {', '.join(one.name for one in found)}.")
    return found


def _find(there: list[Named], key: Any) -> Named:
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        key = f"p[{int(key)}]"
    exact = [one for one in there if one.name == key]
    ends = exact or [one for one in there if one.name.rsplit(".", 1)[-1] == key]
    if len(ends) == 1:
        return ends[0]
    names = ", ".join(one.name for one in there) or "none"
    what = "stands for several numbers" if ends else "is no number of the problem's p"
    raise ValueError(f"parameters: {key!r} {what}. Its numbers are: {names}.")


def values_of(p: Any, named: Sequence[Named]) -> NDArray[np.float64]:
    """The numbers, shape (len(named),)."""
    return np.array([_value(p, one) for one in named])


def _value(p: Any, one: Named) -> float:
    leaf = _leaf(p, one.path)
    return float(leaf if one.element is None else leaf[one.element])


def with_values(p: Any, named: Sequence[Named], values: Any) -> Any:
    """A copy of the parameters with these numbers replaced."""
    for one, value in zip(named, values, strict=True):
        p = _with(p, one.path, one.element, float(value))
    return p


def _with(p: Any, path: tuple[int, ...], element: int | None, value: float) -> Any:
    if path:
        parts = list(p)
        parts[path[0]] = _with(p[path[0]], path[1:], element, value)
        return type(p)(*parts) if hasattr(p, "_fields") else tuple(parts)
    if element is None:
        return value
    array = p.copy()
    array[element] = value
    return array


class Slots(NamedTuple):
    """The flat vector of numbers that may carry derivatives: what it is made of, and where the fitted ones are in it.

    An array of which one element is fitted is there as a whole, so that it stays one array.
    """

    paths: tuple[tuple[int, ...], ...]
    size: int
    fitted: NDArray[np.int64]
    rebuild: Any  # kernel `rebuild(z, p) -> p` for z as `values` gives it

    def values(self, p: Any) -> NDArray[np.float64]:
        """The vector z of these parameters, shape (size,)."""
        return np.concatenate([np.atleast_1d(_leaf(p, path)) for path in self.paths])


def make_slots(p: Any, named: Sequence[Named]) -> Slots:
    """Slots of the fitted numbers, in the order of the record."""
    starts: dict[tuple[int, ...], int] = {}
    size = 0
    for path in sorted({one.path for one in named}):
        starts[path] = size
        size += np.size(_leaf(p, path))
    fitted = np.array([starts[one.path] + (one.element or 0) for one in named], dtype=np.int64)
    return Slots(tuple(starts), size, fitted, make_rebuild(p, starts))


def _leaf(p: Any, path: tuple[int, ...]) -> Any:
    for i in path:
        p = p[i]
    return p


def make_rebuild(p: Any, starts: dict[tuple[int, ...], int], path: tuple[int, ...] = ()) -> Any:
    """Kernel `rebuild(z, p)`: p with the numbers and arrays of `starts` taken from z."""
    if path in starts:
        at = starts[path]
        if isinstance(p, np.ndarray):
            length = len(p)

            @_piece
            def array(z, p):  # type: ignore[no-untyped-def]
                return part(z, at, length)

            return array

        @_piece
        def number(z, p):  # type: ignore[no-untyped-def]
            return z[at]

        return number
    if not isinstance(p, tuple) or not any(key[: len(path)] == path for key in starts):

        @_piece
        def constant(z, p):  # type: ignore[no-untyped-def]
            return p

        return constant
    kind = type(p) if hasattr(p, "_fields") else None
    gather = _nothing
    for i, value in enumerate(p):
        gather = _joined(gather, make_rebuild(value, starts, (*path, i)), i)
    if kind is None:
        return gather

    @_piece
    def record(z, p):  # type: ignore[no-untyped-def]
        return kind(*gather(z, p))

    return record


@_piece
def _nothing(z, p):  # type: ignore[no-untyped-def]
    return ()


def _joined(before: Any, one: Any, i: int) -> Any:
    @_piece
    def gather(z, p):  # type: ignore[no-untyped-def]
        return before(z, p) + (one(z, p[i]),)  # noqa: RUF005 - numba knows tuples' sums, not their displays with stars

    return gather
