"""How a record of parameters shows itself: what is not as by default."""

from dataclasses import fields
from typing import Any

import numpy as np


def what_differs(record: Any) -> str:
    """A dataclass as a call with the fields that differ from their defaults; arrays as lists."""
    shown = []
    for f in fields(record):
        value = getattr(record, f.name)
        if isinstance(value, np.ndarray):
            shown.append(f"{f.name}={value.tolist()}")
        elif value != f.default:
            shown.append(f"{f.name}={value!r}")
    return f"{type(record).__name__}({', '.join(shown)})"
