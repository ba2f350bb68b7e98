"""`kernel` marks a function for compilation; `compile_bound` compiles an entry point, and alone caches it.

A kernel is a plain function of plain arguments, other kernels among them. An entry point leaves names open,

    step = drift = None                       # bound below

    def entry(y, p, t0, t1):
        return integrate(step, drift, y, p, t0, t1)

    run = compile_bound(entry, step=erk_step, drift=lorenz)

and `compile_bound` fills them in before numba sees the function. Numba can neither cache a function that receives
another one as an argument nor notice an edited callee; a bound entry with a key of our own can be cached safely
(docs/decisions/001-binding.md has the seven ways that were tried).
"""

import dataclasses
import itertools
import secrets
import uuid
from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import njit
from numba.core import config
from numba.core.bytecode import FunctionIdentity
from numba.core.dispatcher import Dispatcher

from .cache import CompileCounts, KernelCache
from .fingerprint import NotHashable, fingerprint

__all__ = ["CompileCounts", "compile_bound", "compile_counts", "compiled_so_far", "inlined", "kernel"]

# Numba names machine code after the function and a number that it counts from 1 in every process. Code loaded from disk
# brings the names of the process that compiled it, and where the linker knows a name already it takes what it knows:
# another function of that name, compiled here under that number, is replaced. Numbers that start anywhere do not meet.
FunctionIdentity._unique_ids = itertools.count(secrets.randbits(62))

_counts = CompileCounts()
_by_identity: dict[tuple[Any, ...], tuple[Callable[..., Any], dict[str, Any]]] = {}
_by_fingerprint: dict[str, Callable[..., Any]] = {}


def kernel(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compile a function into its callers: force-inlined, numpy's division, strict IEEE arithmetic.

    Use it bare (`@kernel`) or with numba options (`@kernel(fastmath={"contract"})`). Without fastmath flags a loop
    gives the same bits whether it is vectorised or not; where a fused multiply-add is wanted, call
    `mechanics.engine.elementary.fma`, which is one everywhere.
    """
    options = {"forceinline": True, "error_model": "numpy", **options}
    return njit(**options) if function is None else njit(**options)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Write a few lines of a kernel into their callers before types are inferred.

    As fast as `kernel` at run time, and compiled once with its caller: a call costs a tenth of a second to compile.
    """
    return njit(inline="always", forceinline=True, error_model="numpy")(function)


def compile_bound(entry: Callable[..., Any], *, parallel: bool = False, **names: Any) -> Any:
    """Compile `entry` with `names` bound as its globals; cached in memory and on disk.

    Parameters
    ----------
    entry : function
        A plain function. It releases the GIL while it runs.
    parallel : bool
        Compile `numba.prange` loops for threads.
    **names
        Kernels, numbers, strings, arrays, or (named) tuples of these, for the open names of `entry`.

    Returns
    -------
    callable
        The same object for the same entry, options and names; also for another function with the same code.
        Under NUMBA_DISABLE_JIT=1 the plain Python function.

    Raises
    ------
    TypeError
        If `entry` is already compiled, or not a function.

    Notes
    -----
    Where the fingerprint cannot be taken, the function is compiled once per process and not kept on disk.
    """
    if isinstance(entry, Dispatcher):
        raise TypeError(
            f"compile_bound takes a plain function, but {entry.py_func.__name__} is compiled; drop its decorator."
        )
    if not isinstance(entry, FunctionType):
        raise TypeError(f"compile_bound takes a plain function, but got {type(entry).__name__}.")
    identity = (entry, parallel, tuple(sorted((k, id(v)) for k, v in names.items())))
    if identity in _by_identity:
        return _by_identity[identity][0]
    compiled = _compile(entry, parallel, names)
    _by_identity[identity] = (compiled, names)  # the names are kept alive: their ids are part of the key
    return compiled


def compile_counts() -> CompileCounts:
    """Compilations, loads from disk and seconds spent compiling in this process so far (a copy)."""
    return dataclasses.replace(_counts)


def compiled_so_far() -> int:
    """Number of functions compiled in this process."""
    return _counts.compiled


def _compile(entry: FunctionType, parallel: bool, names: dict[str, Any]) -> Callable[..., Any]:
    bound = FunctionType(
        entry.__code__, {**entry.__globals__, **names}, entry.__name__, entry.__defaults__, entry.__closure__
    )
    bound.__kwdefaults__ = entry.__kwdefaults__
    bound.__module__ = entry.__module__
    bound.__doc__ = entry.__doc__
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return bound
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "parallel": parallel}
    try:
        tag, on_disk = fingerprint(entry, names, options), True
    except NotHashable:
        tag, on_disk = uuid.uuid4().hex, False
    if tag in _by_fingerprint:
        return _by_fingerprint[tag]
    bound.__qualname__ = f"{entry.__qualname__}.{tag}"
    compiled: Any = njit(**options)(bound)
    compiled._cache = KernelCache(bound, _counts, on_disk=on_disk)
    _by_fingerprint[tag] = compiled
    return compiled
