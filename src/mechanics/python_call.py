"""Python functions called from inside compiled code: `y' = f(t, y)` where f is any callable.

Machine code writes t and y into a box, takes the GIL, calls a Python object without arguments, and reads the answer
from the box. The object is found by its address, which is data, so one compiled engine serves every function. If the
call raises, the exception is put aside, the answer is NaN, and nothing is called any more: the engine's steps shrink to
nothing within microseconds, and `raise_stored` raises the exception where the engine was started.
"""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

from .engine.compile import kernel

FAILED, KIND, VALUE, TRACEBACK = 0, 1, 2, 3  # positions in `Calls.error`

_restore = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyErr_Restore", ctypes.pythonapi)
)


class Calls(NamedTuple):
    """What compiled code needs to call Python.

    Attributes
    ----------
    functions : ndarray of int64
        Addresses of Python objects: the drift, then the events.
    box : ndarray, shape (1 + 2 n,)
        t, y, and the answer.
    error : ndarray of int64, shape (4,)
        Whether a call failed, and the owned references to its exception.
    """

    functions: NDArray[np.int64]
    box: NDArray[np.float64]
    error: NDArray[np.int64]


class Given(NamedTuple):
    """Parameters of every problem here: the user's arguments, for functions that are compiled, and Python."""

    args: Any
    calls: Calls


def prepare_calls(
    drift: Callable[..., Any] | None,
    events: Sequence[Callable[..., Any] | None],
    args: tuple[Any, ...],
    n: int,
    *,
    is_complex: bool,
    vectorized: bool,
) -> tuple[Calls, list[Any]]:
    """The record for compiled code and the objects that it calls, which the caller must keep alive.

    Parameters
    ----------
    drift, events : callables `f(t, y, *args)`, or None where compiled code needs none
    args : tuple
        Passed on to every function.
    n : int
        Floating-point numbers in the state: twice its components if it is complex.
    is_complex : bool
        Whether neighbours in the state are real and imaginary parts.
    vectorized : bool
        Whether the drift takes y as a column.
    """
    box = np.zeros(1 + 2 * n)
    y, dy, g = box[1 : 1 + n], box[1 + n :], box[1 + n : 2 + n]
    if is_complex:
        y, dy = y.view(np.complex128), dy.view(np.complex128)
    alive: list[Any] = [drift and _caller(drift, box, y, dy, args, vectorized)]
    alive += [event and _caller(event, box, y, g, args, False) for event in events]
    addresses = np.array([id(function) for function in alive], np.int64)
    return Calls(addresses, box, np.zeros(4, np.int64)), alive


def _caller(f: Any, box: Any, y: Any, answer: Any, args: tuple[Any, ...], column: bool) -> Callable[[], None]:
    """A function without arguments from box to box; f gets its own copy of y, which it may keep."""
    t = box.item
    if column:

        def call() -> None:
            answer[:] = np.asarray(f(t(0), y.copy()[:, None], *args)).ravel()

    elif args:

        def call() -> None:
            answer[:] = f(t(0), y.copy(), *args)

    else:

        def call() -> None:
            answer[:] = f(t(0), y.copy())

    return call


def raise_stored(error: NDArray[np.int64]) -> None:
    """Raise the exception of a call that failed, with its own traceback."""
    if error[FAILED]:
        kind, value, traceback = (int(address) or None for address in error[KIND:])
        error[:] = 0
        _restore(kind, value, traceback)  # ctypes sees the error indicator on return and raises


if DISABLE_JIT:

    def call_object(address: Any, error: Any) -> bool:
        """Call the Python object at an address; exceptions take their ordinary way."""
        ctypes.cast(int(address), ctypes.py_object).value()
        return True

else:

    @intrinsic
    def call_object(typingctx, address, error):  # type: ignore[no-untyped-def]
        """Call the Python object at an address; False, and the exception in `error`, if it raises."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            api = context.get_python_api(builder)
            array = context.make_array(signature.args[1])(context, builder, args[1]).data
            gil = api.gil_ensure()
            result = api.call_function_objargs(builder.inttoptr(args[0], api.pyobj), ())
            succeeded = cgutils.is_not_null(builder, result)
            with builder.if_else(succeeded) as (then, otherwise):
                with then:
                    api.decref(result)
                with otherwise:
                    slots = [cgutils.alloca_once(builder, api.pyobj) for _ in range(3)]
                    api.err_fetch(*slots)
                    word = ir.IntType(64)
                    values = [ir.Constant(word, 1), *(builder.ptrtoint(builder.load(slot), word) for slot in slots)]
                    for position, value in enumerate(values):
                        builder.store(value, builder.gep(array, [ir.Constant(word, position)]))
            api.gil_release(gil)
            return succeeded

        return types.boolean(types.int64, error), codegen


@kernel(forceinline=False)
def ask(which, t, y, calls):  # type: ignore[no-untyped-def]
    """Let Python answer in the box; False once a call has failed."""
    if calls.error[0] != 0:
        return False
    calls.box[0] = t
    for m in range(len(y)):
        calls.box[1 + m] = y[m]
    return call_object(calls.functions[which], calls.error)


def python_drift(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A drift that Python answers."""
    n = len(y)
    if ask(0, t, y, p.calls):
        for m in range(n):
            dy[m] = p.calls.box[1 + n + m]
    else:
        for m in range(n):
            dy[m] = np.nan


@cache
def python_event(e: int) -> Callable[..., float]:
    """An event function that Python answers; e counts the events from 0. Beyond those that there are, it is 1."""

    def g(t, y, p):  # type: ignore[no-untyped-def]
        if 1 + e >= len(p.calls.functions):
            return 1.0
        return p.calls.box[1 + len(y)] if ask(1 + e, t, y, p.calls) else np.nan

    return g
