"""What is measured at chosen steps of a training, beside its exponents."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .edge import edge
from .functions import Effect, exponents
from .run import State, Training

Array = NDArray[np.float64]


class Measured(NamedTuple):
    """Curvature and function-space exponents at m steps.

    Attributes
    ----------
    steps : ndarray of int64, shape (m,)
    loss : ndarray, shape (m,)
        Of all data, without dropout.
    sharpness : ndarray, shape (m,)
        Largest eigenvalue of the Hessian of that loss.
    preconditioned : ndarray, shape (m,)
        Largest eigenvalue of P^(1/2) (H + c) P^(1/2), see `nets.lyapunov.edge`; for SGD that of H + c. NaN at
        step 0 for Adam and RMSProp, whose denominators come with the first step.
    edge : ndarray, shape (m,)
        lr x preconditioned / stability limit: 1 at the edge of stability. lr x sharpness / 2 for plain SGD.
    function : ndarray, shape (m, r)
        Function-space exponents over the steps from 0, descending; NaN at step 0. r is the rank of what the first
        frame does to the function; 0 without a probe.
    function_first : ndarray, shape (m,)
        The same of the first vector alone.
    """

    steps: NDArray[np.int64]
    loss: Array
    sharpness: Array
    preconditioned: Array
    edge: Array
    function: Array
    function_first: Array


def nothing() -> Measured:
    """No measurements."""
    none = np.empty(0)
    return Measured(np.empty(0, np.int64), none, none, none, none, np.empty((0, 0)), none)


def measured(before: Measured, job: Training, state: State, first: Effect | None, now: Effect | None) -> Measured:
    """One row more; the effects of the first frame and of this one if there is a probe."""
    found = edge(job, state)
    values, alone = np.empty(0), np.nan
    if first is not None and now is not None and state.product is not None:
        values, alone = exponents(first, now, state.product, max(state.n, 1))
        if state.n == 0:
            values, alone = np.full(len(values), np.nan), np.nan
    rows = before.function if len(before.steps) else np.empty((0, len(values)))
    return Measured(
        np.append(before.steps, state.n), np.append(before.loss, found.loss),
        np.append(before.sharpness, found.sharpness), np.append(before.preconditioned, found.preconditioned),
        np.append(before.edge, found.ratio), np.vstack([rows, values[None, :]]),
        np.append(before.function_first, alone),
    )  # fmt: skip
