"""Checks of arguments that several public calls share."""

from typing import Any

import numpy as np


def whole_numbers(**counts: tuple[int, int]) -> None:
    """Raise ValueError unless each named value, given with its least admissible one, is a whole number."""
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")


def finite_number(name: str, value: Any) -> float:
    """The value as a float; ValueError with its name unless it is a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, but is {value!r}.") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, but is {number}.")
    return number
