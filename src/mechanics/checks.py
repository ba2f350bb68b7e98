"""Checks of arguments that several public calls share."""

import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


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


def real_numbers(name: str, values: Any) -> NDArray[np.float64]:
    """A new array of floats, NaN and infinities among them; ValueError with its name unless all are real numbers."""
    try:
        kind = np.asarray(values).dtype.kind
        if kind in "cSU":
            raise ValueError
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of real numbers, but is {reprlib.repr(values)}.") from None


def finite_numbers(name: str, values: Any) -> NDArray[np.float64]:
    """A new array of floats; ValueError with its name unless all are finite real numbers."""
    array = real_numbers(name, values)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but holds {array[~np.isfinite(array)][0]}.")
    return array
