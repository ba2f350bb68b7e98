"""A hash of everything that decides the machine code of a function.

Numba's own cache key knows the file of one function; an edited callee in another file silently runs as the
old machine code. Here the key is made of the *bytecode* of every function that can be reached (the very thing
numba compiles, so an edited file that was not reloaded cannot mislead it), their defaults, closures, compiler
options, and the bytes of every array constant. What cannot be hashed is refused: no disk cache, never a stale one.
"""

import builtins
import dis
import enum
import hashlib
import sys
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numba.core.types import Type as NumbaType
from numba.extending import _Intrinsic

from .. import __version__

# Their code changes only with their version, which is in the key: a name is enough.
TRUSTED = frozenset({"builtins", "math", "cmath", "operator", "numpy", "numba", "llvmlite", "llvmlite.ir"})
SCALARS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


def _engine_source() -> str:
    """Hash of the files that write machine code themselves: what they emit is in no bytecode that a key follows."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


ENGINE_SOURCE = _engine_source()  # read as the package is imported, when the files are what will run


class NotHashable(ValueError):
    """A reachable object whose content cannot be hashed, so that nothing may be cached on disk."""


def fingerprint(entry: FunctionType, names: dict[str, Any], options: dict[str, Any]) -> str:
    """Hash of all that decides the machine code of `entry` with `names` bound as globals.

    Parameters
    ----------
    entry : function
        The plain Python function that will be compiled.
    names : dict
        Values that replace globals of `entry` (functions, kernels, numbers, arrays, records of these).
    options : dict
        Compiler options.

    Returns
    -------
    str
        32 hexadecimal digits; equal in every process of the same versions.

    Raises
    ------
    NotHashable
        If a reachable object is neither code nor constant data (a module used as a value, say).
    """
    walk = _Walk()
    for version in (__version__, _versions(), sys.version.split()[0]):
        walk.token("version", version)
    walk.value(tuple(sorted((k, _option(v)) for k, v in options.items())))
    walk.function(entry, {**entry.__globals__, **names})
    for name in sorted(names):
        walk.token("bound", name)
        walk.value(names[name])
    return walk.hash.hexdigest()[:32]


def _versions() -> str:
    import llvmlite
    import numba

    return f"numba {numba.__version__} llvmlite {llvmlite.__version__} numpy {np.__version__}"


def _option(value: Any) -> Any:
    """Options are scalars or sets of flags; sets have no order of their own."""
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(value))
    if isinstance(value, SCALARS):
        return value
    return repr(value)


def _is_trusted(obj: Any) -> bool:
    module = obj.__name__ if isinstance(obj, ModuleType) else getattr(obj, "__module__", None)
    return isinstance(module, str) and (module in TRUSTED or module.split(".")[0] in TRUSTED)


class _Walk:
    """Feeds a hash with tagged, length-prefixed tokens while it follows a function's references."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.seen: dict[int, int] = {}
        self.alive: list[Any] = []  # ids stay unique only while their objects live

    def token(self, tag: str, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.hash.update(f"{tag}:{len(data)}:".encode())
        self.hash.update(data)

    def value(self, v: Any) -> None:
        if isinstance(v, Dispatcher):
            self.token("options", repr(sorted((k, _option(o)) for k, o in v.targetoptions.items())))
            compiled: Any = v
            pipeline = compiled._compiler.pipeline_class
            self.token("pipeline", f"{pipeline.__module__}.{pipeline.__qualname__}")
            if pipeline.__module__.startswith(f"{__package__}."):  # it puts our functions in place of what is reached
                self.token("source", ENGINE_SOURCE)
            self.function(v.py_func)
        elif isinstance(v, _Intrinsic):
            self.token("intrinsic", v._name)
            if v._defn.__module__.startswith(f"{__package__}."):
                self.token("source", ENGINE_SOURCE)
                self.writer(v._defn)
            else:
                self.function(v._defn)
        elif isinstance(v, FunctionType):
            if _is_trusted(v):
                self.token("trusted", f"{v.__module__}.{v.__qualname__}")
            else:
                self.function(v)
        elif isinstance(v, enum.Enum):
            self.token("enum", f"{type(v).__module__}.{v!r}")
        elif isinstance(v, SCALARS):
            self.token(type(v).__name__, repr(v))
        elif isinstance(v, np.ndarray):
            if v.dtype.hasobject:
                raise NotHashable("an array of Python objects")
            self.token("array", f"{v.dtype.descr if v.dtype.names else v.dtype.str}{v.shape}")
            self.token("bytes", np.ascontiguousarray(v).tobytes())
        elif isinstance(v, np.generic):
            self.token("scalar", v.dtype.str.encode() + v.tobytes())
        elif isinstance(v, tuple):
            fields = ",".join(getattr(v, "_fields", ()))
            self.token("tuple", f"{type(v).__qualname__}({fields}){len(v)}")
            for item in v:
                self.value(item)
        elif isinstance(v, frozenset):
            self.token("frozenset", repr(sorted(map(repr, v))))
        elif isinstance(v, CodeType):
            self.code(v)
        elif isinstance(v, (NumbaType, np.dtype)):
            self.token("type", repr(v))
        elif isinstance(v, type) and (_is_trusted(v) or hasattr(v, "_fields")):
            self.token("class", f"{v.__module__}.{v.__qualname__}{getattr(v, '_fields', '')}")
            self.value(tuple(sorted(getattr(v, "_field_defaults", {}).items())))
        elif isinstance(v, (BuiltinFunctionType, np.ufunc)) or _is_trusted(v):
            self.token("name", f"{getattr(v, '__module__', '')}.{getattr(v, '__name__', repr(type(v)))}")
        else:
            raise NotHashable(f"an object of type {type(v).__name__}: {v!r:.80}")

    def function(self, fn: FunctionType, scope: dict[str, Any] | None = None) -> None:
        """Bytecode, constants, defaults, and every global or closure variable that the code loads."""
        if id(fn) in self.seen:
            self.token("seen", str(self.seen[id(fn)]))
            return
        self.seen[id(fn)] = len(self.seen)
        self.alive.append(fn)
        self.code(fn.__code__)
        self.value(fn.__defaults__)
        self.value(tuple(sorted((fn.__kwdefaults__ or {}).items())))
        cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
        scope = fn.__globals__ if scope is None else scope
        for name, attributes in sorted(_loads(fn.__code__, frozenset(cells))):
            self.token("load", ".".join((name, *attributes)))
            if name in cells:
                try:
                    found = cells[name].cell_contents
                except ValueError:  # an empty cell: a name that is assigned later
                    self.token("unbound", name)
                    continue
            elif name in scope:
                found = scope[name]
            else:
                self.token("builtin" if hasattr(builtins, name) else "unbound", name)
                continue
            self.value(self.follow(found, name, attributes))

    def follow(self, value: Any, name: str, attributes: tuple[str, ...]) -> Any:
        """What the code takes of a name that it loads."""
        return _follow(value, name, attributes)

    def writer(self, fn: FunctionType) -> None:
        """A function of this package that writes machine code: its globals are in the hash of the source."""
        if id(fn) in self.seen:
            self.token("seen", str(self.seen[id(fn)]))
            return
        self.seen[id(fn)] = len(self.seen)
        self.alive.append(fn)
        self.code(fn.__code__)
        self.value(fn.__defaults__)
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            self.token("cell", name)
            found = cell.cell_contents
            if isinstance(found, FunctionType) and found.__module__.startswith(f"{__package__}."):
                self.writer(found)
            else:
                self.value(found)

    def code(self, code: CodeType) -> None:
        """What numba reads of a code object: no file name, no line numbers, so that moving code keeps its cache."""
        self.token("bytecode", code.co_code)
        self.token("names", repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)))
        self.token("arguments", repr((code.co_argcount, code.co_kwonlyargcount, code.co_flags)))
        self.token("table", code.co_exceptiontable)
        for const in code.co_consts:
            self.value(const)


def _loads(code: CodeType, free: frozenset[str]) -> set[tuple[str, tuple[str, ...]]]:
    """Global and closure names that the code loads, with the attributes taken of them at once."""
    loads = set()
    instructions = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PRECALL")]
    for i, instruction in enumerate(instructions):
        is_free = instruction.opname in ("LOAD_DEREF", "LOAD_CLOSURE") and instruction.argval in free
        if instruction.opname not in ("LOAD_GLOBAL", "LOAD_NAME") and not is_free:
            continue
        attributes = []
        for following in instructions[i + 1 :]:
            if following.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                break
            attributes.append(following.argval)
        loads.add((instruction.argval, tuple(attributes)))
    for const in code.co_consts:
        if isinstance(const, CodeType):
            loads |= _loads(const, free)
    return loads


def _follow(value: Any, name: str, attributes: tuple[str, ...]) -> Any:
    """`module.sub.function` -> function; attributes of what is not a module belong to the value itself."""
    for attribute in attributes:
        if not isinstance(value, ModuleType):
            return value
        if not hasattr(value, attribute):
            raise NotHashable(f"module {value.__name__} has no attribute {attribute}")
        value = getattr(value, attribute)
    if isinstance(value, ModuleType):
        raise NotHashable(f"module {value.__name__} ({name}) used as a value")
    return value
