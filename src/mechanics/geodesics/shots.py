"""Multiple shooting of a representation geodesic: what an explicit method of order eight says of its steps.

    gap_l = Phi_h(y_{l-1}) - y_l,   J dy = gap  with Newton's matrix of the collocation

All steps are shot at once. The gaps judge a solution by another method than the one that made it, and a few corrections
with the matrix of the collocation remove them: its steps differ from the flow's derivative by their own error alone.
Order eight: Dormand and Prince, in Hairer, Norsett, Wanner, Solving ODEs I, 2nd ed., II.5.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..methods.dop853 import DOP853
from .field import field, joined, states, weights
from .layers import Task

Array = NDArray[np.float64]
FINEST = 64  # steps in a shot


def shot(task: Task, y: Array, h: Array, steps: int) -> tuple[Array, Array]:
    """States (L, 2n) a time h (L,) after y, by that many steps, and the integral of ||W||_F^2 on the way (L,)."""
    tab = DOP853.data
    b = np.array(tab.b)
    dt = (h / steps)[:, None]
    K, squares = np.empty((len(b), *y.shape)), np.empty((len(b), len(y)))
    total = np.zeros(len(y))
    for _ in range(steps):
        for i in range(len(b)):
            z = y + dt * np.einsum("j,jln->ln", np.array(tab.A[i][:i]), K[:i]) if i else y
            A, B = states(task, z)
            K[i] = joined(*field(task, A, B))
            squares[i] = (weights(task, A, B) ** 2).sum((-1, -2))
        y = y + dt * np.einsum("j,jln->ln", b, K)
        total += dt[:, 0] * (b @ squares)
    return y, total


class Gaps(NamedTuple):
    """What shots say of states."""

    gap: Array
    """Ends of the shots less the states there, (L, 2n)."""
    unsure: float
    """How far the shots themselves are known, relative to the largest entries."""
    square: float
    """Integral of ||W||_F^2."""


def gaps(task: Task, y: Array, h: Array, accuracy: float) -> Gaps:
    """Shots from states (L+1, 2n); their steps are halved until they are known to `accuracy`."""
    scale = extent(task, y)
    steps, ends = 1, shot(task, y[:-1], h, 1)[0]
    while True:
        finer, squares = shot(task, y[:-1], h, 2 * steps)
        unsure = float((np.abs(finer - ends) / scale).max())
        steps, ends = 2 * steps, finer
        if unsure <= accuracy or steps >= FINEST or not np.isfinite(unsure):
            return Gaps(ends - y[1:], unsure, float(squares.sum()))


def extent(task: Task, y: Array) -> Array:
    """Largest |A| and largest |B| of states, for each entry of a state (2n,)."""
    n = task.X.size
    return np.repeat([max(np.abs(y[:, :n]).max(), 1e-3), max(np.abs(y[:, n:]).max(), 1e-3)], n)
