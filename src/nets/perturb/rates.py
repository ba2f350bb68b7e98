"""Learning rates that change along training: functions of the number of steps done, for `divergence` and spectra.

Any such function will do; these are the usual ones. They compose: `warm_up(cosine(0.1, 2000), 100)`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.checks import finite_number, whole_numbers

Array = NDArray[np.float64]
Rate = float | Callable[[int], float] | Sequence[float] | Array


def step_decay(lr: float, every: int, factor: float = 0.1) -> Callable[[int], float]:
    """Learning rate lr factor^floor(n / every) after n steps.

    Raises
    ------
    ValueError
        If lr or factor is not positive, or every is below 1.
    """
    _positive(lr=lr, factor=factor)
    whole_numbers(every=(every, 1))
    return lambda n: lr * factor ** (n // every)


def cosine(lr: float, steps: int, last: float = 0.0) -> Callable[[int], float]:
    """Half a cosine from lr to `last` over so many steps, and `last` from then on, if it is positive.

    The rate of step n is that of the middle of the step, (n + 1/2) / steps of the way, so that none is 0.
    Loshchilov, Hutter, ICLR 2017, arXiv:1608.03983, equation (5).

    Raises
    ------
    ValueError
        If lr is not positive, last is negative, or steps is below 1.
    """
    _positive(lr=lr)
    whole_numbers(steps=(steps, 1))
    if finite_number("last", last) < 0:
        raise ValueError(f"last must not be negative, but is {last}.")

    def rate(n: int) -> float:
        return last + (lr - last) * 0.5 * (1 + math.cos(math.pi * (n + 0.5) / steps)) if n < steps else last

    return rate


def warm_up(lr: float | Callable[[int], float], steps: int) -> Callable[[int], float]:
    """Linear rise over so many steps, (n + 1) / steps of the rate, then lr or another function of the step.

    Raises
    ------
    ValueError
        If steps is below 1, or lr is not positive.
    """
    whole_numbers(steps=(steps, 1))
    if not callable(lr):
        _positive(lr=lr)
    return lambda n: min((n + 1) / steps, 1.0) * (lr(n) if callable(lr) else lr)


def rates_of(lr: Any, steps: int) -> tuple[float, Array | None]:
    """The first rate, and those of all steps, shape (steps,), if they are not one number.

    Raises
    ------
    ValueError
        If there is not one rate for each step, or one is not positive and finite.
    """
    if isinstance(lr, str):
        raise ValueError(f"lr must be a number, a function of the steps done or an array, but is {lr!r}.")
    if callable(lr):
        values = np.array([finite_number(f"lr at step {n}", lr(n)) for n in range(max(steps, 1))])
    elif np.ndim(lr) == 0:
        if not finite_number("lr", lr) > 0:
            raise ValueError(f"lr must be positive, but is {lr}.")
        return float(lr), None
    else:
        values = np.asarray(lr, dtype=np.float64)
        if values.shape != (steps,) or not steps:
            raise ValueError(
                f"lr must be a number, a function of the steps done, or an array with one rate for each of the {steps} "
                f"steps, but has shape {values.shape}."
            )
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise ValueError(f"lr must be positive and finite, but is {values[bad[0]]} at step {bad[0]}.")
    return float(values[0]), values


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not finite_number(name, value) > 0:
            raise ValueError(f"{name} must be positive, but is {value}.")
