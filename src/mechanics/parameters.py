"""Parameters of a problem in a form that never changes its compiled type with its values.

Numbers become floats (integers stay integers only where a NamedTuple annotates them so), arrays become contiguous, and
a key says which machine code fits.
"""

from collections.abc import Hashable
from typing import Any, get_type_hints

import numpy as np

WHOLE = (bool, int)


def normalise(p: Any, name: str = "p") -> tuple[Any, Hashable]:
    """The parameters as kernels take them, and a key that is equal for parameters of the same compiled type.

    Parameters
    ----------
    p : None, float, array_like, or NamedTuple of these
        Lists become arrays.
    name : str
        What messages call it.

    Returns
    -------
    value, key
        Arrays are copies.

    Raises
    ------
    TypeError
        For anything else (a dict, say).
    """
    if p is None:
        return None, None
    if isinstance(p, (bool, np.bool_)):
        return bool(p), bool
    if isinstance(p, (int, float, np.integer, np.floating)):
        return float(p), float
    if isinstance(p, tuple):
        return _tuple(p, name)
    if isinstance(p, (np.ndarray, list)):
        return _array(p, name)
    if callable(getattr(p, "__array__", None)):
        return _array(np.asarray(p), name)
    advice = " Write a NamedTuple with its keys as fields." if isinstance(p, dict) else ""
    raise TypeError(
        f"{name} must be None, a number, an array, or a NamedTuple of these, but is a {type(p).__name__}.{advice}"
    )


def _array(p: Any, name: str) -> tuple[Any, Hashable]:
    try:
        array = np.array(p, order="C")
    except ValueError as error:
        raise TypeError(f"{name} must be an array with equally long rows: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, but its dtype is {array.dtype}.")
    if array.dtype.kind == "f" or isinstance(p, list):
        array = array.astype(np.float64)
    return array, ("array", array.dtype.str, array.ndim)


def _tuple(p: tuple[Any, ...], name: str) -> tuple[Any, Hashable]:
    kind: Any = type(p)
    fields = getattr(kind, "_fields", None)
    if fields is None:
        parts = [normalise(v, f"{name}[{i}]") for i, v in enumerate(p)]
        return tuple(v for v, _ in parts), ("tuple", *(k for _, k in parts))
    whole = _whole_fields(kind)
    values: list[Any] = []
    keys: list[Hashable] = []
    for field, v in zip(fields, p, strict=True):
        if field in whole and isinstance(v, (int, np.integer)) and not isinstance(v, bool):
            values.append(int(v))
            keys.append(int)
        else:
            value, key = normalise(v, f"{name}.{field}")
            values.append(value)
            keys.append(key)
    return kind(*values), (kind, *keys)


_whole: dict[type, frozenset[str]] = {}


def _whole_fields(kind: type) -> frozenset[str]:
    """Fields annotated as int."""
    if kind not in _whole:
        try:
            hints = get_type_hints(kind)
        except Exception:  # annotations that name what is not importable: then nothing is known to be whole
            hints = {}
        _whole[kind] = frozenset(name for name, hint in hints.items() if hint is int)
    return _whole[kind]
