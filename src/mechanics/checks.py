"""Checks of arguments that several public calls share."""

import numpy as np


def whole_numbers(**counts: tuple[int, int]) -> None:
    """Raise ValueError unless each named value, given with its least admissible one, is a whole number."""
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")
