"""Types of parameter records: one class for each list of field names, equal in every process.

A kernel's machine code on disk is filed under the types of its arguments. A class made while the program runs would be
another one in the next process; this module makes the class again from its name, so that the file is found.
"""

import keyword
import re
from collections import namedtuple
from typing import Any

_made: dict[str, Any] = {}
_NAME = re.compile(r"Parameters\((?P<fields>[^().]*)\)")


def record_type(fields: tuple[str, ...]) -> Any:
    """The NamedTuple class with these fields, always the same one.

    Raises
    ------
    ValueError
        If a field is no name, or there twice.
    """
    name = f"Parameters({', '.join(fields)})"
    if name not in _made:
        make: Any = namedtuple
        kind = make("Parameters", fields)
        kind.__qualname__, kind.__module__ = name, __name__
        kind.__doc__ = "Values of the parameters, in the order in which they were given."
        _made[name] = kind
    return _made[name]


def field_name(name: str) -> str:
    """A name for a field that looks like the symbol: that of `{x}_{0}` is `x_0`."""
    plain = re.sub(r"\W+", "_", name).strip("_") or "p"
    if not plain.isidentifier():
        plain = f"p_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def __getattr__(name: str) -> Any:
    found = _NAME.fullmatch(name)
    if found is None:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return record_type(tuple(filter(None, found["fields"].split(", "))))
