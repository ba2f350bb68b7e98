"""Compiled kernels by their Python functions: `compiled(f)` is one look-up after the first call."""

from functools import cache
from typing import Any

from ..engine.adopt import adopt
from ..engine.compile import compile_bound


@cache
def compiled(entry: Any) -> Any:
    """A kernel that needs no function of the user."""
    return compile_bound(entry)


@cache
def bound(entry: Any, name: str, function: Any) -> Any:
    """A kernel with one function of the user filled in under `name`."""
    return compile_bound(entry, **{name: adopt(function)})
