"""Functions `f(t, y, *args)` that return their result, compiled for the engine, which passes the place to write it."""

from collections.abc import Callable, Hashable
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

from .parameters import normalise


class NotCompilable(TypeError):
    """A function, or an argument for it, that compiled code cannot take."""


def can_compile(function: Any, wanted: bool | None) -> bool:
    """Whether to compile: as `wanted`, or where None is given if it is compiled already.

    Raises
    ------
    NotCompilable
        If it is wanted for what is no function.
    """
    if wanted and not isinstance(function, (FunctionType, Dispatcher)):
        raise NotCompilable(
            f"compile=True needs plain functions, but got a {type(function).__name__}: wrap it in a def, or leave "
            "compile out to call it as it is."
        )
    return isinstance(function, Dispatcher) if wanted is None else wanted


def compiled_arguments(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Hashable]:
    """`args` as compiled code takes them, and a key of their types; whole numbers stay whole.

    Raises
    ------
    NotCompilable
        If one of them is no number, array, or (named) tuple of these.
    """
    values: list[Any] = []
    keys: list[Hashable] = []
    for i, value in enumerate(args):
        plain: Any = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, (bool, int, float, complex)):
            values.append(plain)
            kind: Any = type(plain)
            keys.append(kind)
        elif isinstance(value, np.ndarray) and value.dtype.kind == "c":
            values.append(np.array(value, order="C"))
            keys.append((value.dtype.str, value.ndim))
        else:
            try:
                normal, key = normalise(value, f"args[{i}]")
            except TypeError as error:
                raise NotCompilable(str(error)) from None
            values.append(normal)
            keys.append(key)
    return tuple(values), tuple(keys)


@cache
def compiled_drift(fun: Any, is_complex: bool, vectorized: bool) -> Callable[..., None]:
    """`drift(t, y, p, dy)` that stores what `fun(t, y, *p.args)` returns."""
    if is_complex and vectorized:

        def drift(t, y, p, dy):  # type: ignore[no-untyped-def]
            z = y.view(np.complex128)
            store(fun(t, z.reshape(len(z), 1), *p.args).ravel(), dy.view(np.complex128))

    elif is_complex:

        def drift(t, y, p, dy):  # type: ignore[no-untyped-def]
            store(fun(t, y.view(np.complex128), *p.args), dy.view(np.complex128))

    elif vectorized:

        def drift(t, y, p, dy):  # type: ignore[no-untyped-def]
            store(fun(t, y.reshape(len(y), 1), *p.args).ravel(), dy)

    else:

        def drift(t, y, p, dy):  # type: ignore[no-untyped-def]
            store(fun(t, y, *p.args), dy)

    return drift


@cache
def compiled_jacobian(jac: Any) -> Callable[..., None]:
    """`jacobian(t, y, p, J)` that stores what `jac(t, y, *p.args)` returns, an array of shape (n, n)."""

    def jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
        found = jac(t, y, *p.args)
        for i in range(len(y)):
            for j in range(len(y)):
                J[i, j] = found[i, j]

    return jacobian


@cache
def compiled_event(event: Any, is_complex: bool) -> Callable[..., float]:
    """`g(t, y, p)` for the engine."""
    if is_complex:

        def g(t, y, p):  # type: ignore[no-untyped-def]
            return event(t, y.view(np.complex128), *p.args)

    else:

        def g(t, y, p):  # type: ignore[no-untyped-def]
            return event(t, y, *p.args)

    return g


def store(result: Any, dy: Any) -> None:
    """dy = result, for whatever a right-hand side may return."""
    dy[:] = result


def store_next(result: Any, dy: Any, k: int) -> None:
    """Components k, k + 1, ... of dy from a tuple of mixed types."""
    raise NotImplementedError  # only its compiled form is used


@overload(store, inline="always")
def _store(result, dy):  # type: ignore[no-untyped-def]
    if isinstance(result, types.BaseTuple) and not isinstance(result, types.UniTuple):
        size = len(result)

        def from_mixed(result, dy):  # type: ignore[no-untyped-def]
            if len(dy) != size:
                raise ValueError("fun returned an array of another length than y.")
            store_next(result, dy, 0)

        return from_mixed
    if isinstance(result, types.Array) and result.ndim > 1:
        return None
    if isinstance(result, (types.Array, types.UniTuple, types.List, types.ListType)):

        def from_sequence(result, dy):  # type: ignore[no-untyped-def]
            if len(result) == len(dy):
                for m in range(len(dy)):
                    dy[m] = result[m]
            elif len(result) == 1:
                for m in range(len(dy)):
                    dy[m] = result[0]
            else:
                raise ValueError("fun returned an array of another length than y.")

        return from_sequence
    if isinstance(result, types.Number):

        def from_number(result, dy):  # type: ignore[no-untyped-def]
            for m in range(len(dy)):
                dy[m] = result

        return from_number
    return None


@overload(store_next)
def _store_next(result, dy, k):  # type: ignore[no-untyped-def]
    if len(result) == 0:
        return lambda result, dy, k: None

    def store_first(result, dy, k):  # type: ignore[no-untyped-def]
        dy[k] = result[0]
        store_next(result[1:], dy, k + 1)

    return store_first
