"""Which function, with which parameters: hashes that decide whether a store may be continued.

User code is hashed by its bytecode and all it reaches (`mechanics.engine.fingerprint`); installed packages count by
name and version, since their code changes with it.
"""

import dataclasses
import functools
import hashlib
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..engine.fingerprint import NotHashable, _Walk

INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
OURS = ("mechanics", "nets")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
NO_CODE = (  # of a class: set by the interpreter, or words
    "__dict__",
    "__weakref__",
    "__doc__",
    "__module__",
    "__annotations__",
    "__firstlineno__",
    "__static_attributes__",
)
LARGE = 100  # values of an array parameter that are written out in the provenance


def fingerprint_of(function: Any, *more: Any) -> str:
    """Hash of a function (or any callable) and further values; equal in every process.

    What has no content that can be hashed (an open file, an object of a class in C) counts by its type and its `repr`.
    """
    walk = _FunctionWalk()
    for value in (function, *more):
        walk.value(value)
    return walk.hash.hexdigest()[:32]


def name_of(function: Any) -> str:
    """`module:qualified.name` of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def script_of(function: Any) -> str | None:
    """File name, without its folder, of the script or module that defines a function."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(function, "__code__", None)
    if code is None or code.co_filename.startswith("<"):
        return None
    return code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]


def describe_parameters(parameters: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], bool]:
    """Parameters for JSON, a hash of each, and whether the JSON says all of them."""
    plain = {name: to_json(value) for name, value in parameters.items()}
    hashes = {name: fingerprint_of(value)[:16] for name, value in parameters.items()}
    return plain, hashes, all(_is_plain(value) for value in parameters.values())


def to_json(value: Any) -> Any:
    """A value as JSON can hold it: exact for numbers, strings, lists and dicts, a description for the rest."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else repr(value)
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, np.ndarray):
        if value.size <= LARGE and value.dtype.kind in "fiubU":
            return to_json(value.tolist())
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        return f"array of shape {value.shape}, type {value.dtype}, sha256 {digest}"
    if hasattr(value, "_asdict"):
        return to_json(value._asdict())
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__qualname__, **fields}
    if callable(value) and hasattr(value, "__qualname__"):
        return name_of(value)
    return f"object of type {type(value).__qualname__}"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, str) or (type(value) is float and bool(np.isfinite(value)))


class _FunctionWalk(_Walk):
    """The walk of the engine, through plain Python: classes, instances, containers, installed packages."""

    def value(self, v: Any) -> None:
        package = _installed(v)
        if package is not None:
            name = getattr(v, "__qualname__", getattr(v, "__name__", type(v).__name__))
            self.token("installed", f"{package} {_version(package)} {getattr(v, '__module__', '')}.{name}")
        elif isinstance(v, ModuleType):
            self.token("module", v.__name__)
        elif isinstance(v, functools.partial):
            self.once(v, "partial", lambda: self.value((v.func, v.args, v.keywords)))
        elif isinstance(v, MethodType):
            self.once(v, "method", lambda: self.value((v.__func__, v.__self__)))
        elif isinstance(v, type) and not hasattr(v, "_fields"):
            self.once(v, f"class {v.__qualname__}", lambda: self.members(v))
        elif isinstance(v, (property, staticmethod, classmethod)):
            inner = (v.fget, v.fset) if isinstance(v, property) else (v.__func__,)
            self.once(v, type(v).__name__, lambda: self.value(inner))
        elif isinstance(v, (list, set)):
            items = sorted(v, key=repr) if isinstance(v, set) else v
            self.once(v, f"{type(v).__name__} of {len(v)}", lambda: self.value(tuple(items)))
        elif isinstance(v, dict):
            self.once(v, f"dict of {len(v)}", lambda: self.value(tuple(v.items())))
        else:
            self.rest(v)

    def rest(self, v: Any) -> None:
        """What the engine's walk knows, else the content of an instance, else its type."""
        try:
            super().value(v)
        except NotHashable:
            state = getattr(v, "__dict__", None)
            numbers = _numbers(v)
            if numbers is not None:
                self.token("array", type(v).__qualname__)
                super().value(numbers)
            elif isinstance(v, np.ndarray):
                self.once(v, f"objects of shape {v.shape}", lambda: self.value(tuple(v.ravel().tolist())))
            elif isinstance(state, dict) and state:
                self.once(v, f"instance of {type(v).__qualname__}", lambda: self.value((type(v), dict(state))))
            else:
                self.token("object", f"{type(v).__qualname__} {ADDRESS.sub('', repr(v))}")

    def follow(self, value: Any, name: str, attributes: tuple[str, ...]) -> Any:
        """As far as modules go; a module itself is a value here."""
        for attribute in attributes:
            if not isinstance(value, ModuleType) or not hasattr(value, attribute):
                break
            value = getattr(value, attribute)
        return value

    def once(self, v: Any, tag: str, walk_inside: Any) -> None:
        """Content that may hold itself is walked once."""
        if id(v) in self.seen:
            self.token("seen", str(self.seen[id(v)]))
            return
        self.seen[id(v)] = len(self.seen)
        self.alive.append(v)
        self.token("of", tag)
        walk_inside()

    def members(self, cls: type) -> None:
        """What a class of the user defines, and its bases."""
        for name, member in sorted(vars(cls).items()):
            if name not in NO_CODE and not name.startswith("_abc_"):
                self.token("member", name)
                self.value(member)
        for base in cls.__bases__:
            self.value(base)


def _numbers(v: Any) -> np.ndarray | None:
    """The numbers of an array of another library; None where it has none to give."""
    if not hasattr(v, "__array__"):
        return None
    try:
        numbers = np.asarray(v)
    except Exception:  # a tensor that needs a gradient, or lives on a device
        return None
    return None if numbers.dtype.hasobject else numbers


def _installed(v: Any) -> str | None:
    """The installed package (or the standard library) that defines an object; None for code of the user."""
    if not (isinstance(v, (ModuleType, type, FunctionType)) or hasattr(v, "__wrapped__") or hasattr(v, "py_func")):
        return None
    module = v.__name__ if isinstance(v, ModuleType) else getattr(v, "__module__", None)
    if not isinstance(module, str):
        return None
    top = module.split(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return top
    if top in OURS:
        return top
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return top if INSTALLED.search(file) else None


@functools.cache
def _version(package: str) -> str:
    if package in OURS:
        from .. import __version__

        return __version__
    if package in sys.stdlib_module_names:
        return sys.version.split()[0]
    try:
        return version(package)
    except PackageNotFoundError:
        return str(getattr(sys.modules.get(package), "__version__", ""))
