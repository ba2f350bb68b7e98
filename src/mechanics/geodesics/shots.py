"""Multiple shooting of a representation geodesic: what an explicit method of order eight says of its steps.

    gap_l = Phi_h(y_{l-1}) - y_l,   J dy = gap  with Newton's matrix of the collocation

All steps are shot at once. The gaps judge a solution by another method than the one that made it, and a few corrections
with the matrix of the collocation remove them: its steps differ from the flow's derivative by their own error alone.
Order eight: Dormand and Prince, in Hairer, Norsett, Wanner, Solving ODEs I, 2nd ed., II.5.
"""

import numpy as np
from numpy.typing import NDArray

from ..methods.dop853 import DOP853
from .field import field, joined, states
from .layers import Task

Array = NDArray[np.float64]
FINEST = 64  # steps in a shot


def shot(task: Task, y: Array, h: Array, steps: int) -> Array:
    """States (L, 2n) a time h (L,) after y, by that many steps."""
    tab = DOP853.data
    stages = len(tab.b)
    dt = (h / steps)[:, None]
    K = np.empty((stages, *y.shape))
    for _ in range(steps):
        for i in range(stages):
            z = y + dt * np.einsum("j,jln->ln", np.array(tab.A[i][:i]), K[:i]) if i else y
            K[i] = joined(*field(task, *states(task, z)))
        y = y + dt * np.einsum("j,jln->ln", np.array(tab.b), K)
    return y


def gaps(task: Task, y: Array, h: Array, accuracy: float) -> tuple[Array, float]:
    """Gaps (L, 2n) of states (L+1, 2n), and how far the shots themselves are known, relative to the largest entries.

    Steps are halved until that is below `accuracy`.
    """
    scale = extent(task, y)
    steps, ends = 1, shot(task, y[:-1], h, 1)
    while True:
        finer = shot(task, y[:-1], h, 2 * steps)
        unsure = float((np.abs(finer - ends) / scale).max())
        steps, ends = 2 * steps, finer
        if unsure <= accuracy or steps >= FINEST or not np.isfinite(unsure):
            return ends - y[1:], unsure


def extent(task: Task, y: Array) -> Array:
    """Largest |A| and largest |B| of states, for each entry of a state (2n,)."""
    n = task.X.size
    return np.repeat([max(np.abs(y[:, :n]).max(), 1e-3), max(np.abs(y[:, n:]).max(), 1e-3)], n)
