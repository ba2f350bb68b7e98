"""The derivative of the noiseless second-order chain by its initial state, exact through stops, reversals and starts.

    d dx/dt = dv,  m d dv/dt = K dx - gamma dv           blocks that move; those at rest keep dx and have dv = 0
    S = I + (f+ - f-) n^T / (n^T f- + dh/dt)             at an event h = 0 with normal n, f before and after

Only the acceleration of the block with the event jumps, so that S changes one row, that of its velocity:

    reversal            dv_l  ->  a+/a- dv_l
    slip to stick       dv_l  ->  0                      rank is lost
    stick to slip       dv_l  ->  a+ dF_l / (dF_l/dt)    0 where static and sliding friction are the same: a+ = 0

with the accelerations a- before and a+ after, and F_l the force of the springs on the block. A corner in the path of
the pulled end has a time of its own and leaves no jump. Mueller, Chaos Solitons Fractals 5 (1995) 1671-1681; Leine,
Nijmeijer, Dynamics and Bifurcations of Non-Smooth Mechanical Systems (Springer 2004), chapter 7.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .inertial_arc import DEGREE, Arc, InertialLaw, InertialState, Vector

GRAZING = 1e-9  # of the forces on a block: an event that is passed this slowly has no derivative


def carried(arc: Arc, s: float, after: InertialState, V: Vector) -> Vector:
    """Tangent vectors (2 blocks, k) at the share s of an arc, and past the events there, from those at its start."""
    return jumped(arc, after, np.flatnonzero(arc.state.modes != after.modes), along(arc, s, V))


def along(arc: Arc, s: float, V: Vector) -> Vector:
    """Tangent vectors at the share s of an arc, before its events: a power series like the arc itself."""
    state = arc.state
    V = np.where(np.concatenate([np.ones_like(state.modes), state.modes]) != 0, V.T, 0.0).T
    if not state.modes.any():
        return V
    A = s * arc.length * _matrix(arc.law, state.modes.astype(np.int8).tobytes())
    term = total = V
    for k in range(1, DEGREE + 1):
        term = A @ term / k
        total = total + term
    return total


def jumped(arc: Arc, after: InertialState, blocks: NDArray[np.intp], V: Vector) -> Vector:
    """Tangent vectors past the events of these blocks, at which their modes on an arc became those after it."""
    if not len(blocks):
        return V
    law, before = arc.law, arc.state.modes
    n, V = len(before), V.copy()
    force, change = law.pull(after.x), law.pull(np.concatenate([[0.0], after.v, [arc.state.w]]))
    dF = law.pull(np.pad(V[:n].T, ((0, 0), (1, 1)))).T
    for l in blocks.tolist():
        now = accelerated(law, l, force[l], after.modes[l])
        if before[l] == 0:
            V[n + l] = 0.0 if after.starting[l] else now * dF[l] / change[l]
        elif after.modes[l] == 0:
            V[n + l] = 0.0
        else:
            V[n + l] *= now / accelerated(law, l, force[l], before[l])
    return V


def grazes(arc: Arc, after: InertialState) -> bool:
    """Whether an event at the end of an arc is passed so slowly that the flow has no derivative there."""
    law, before = arc.law, arc.state.modes
    force, size = law.pull(after.x), law.size(after.x) + law.static_right + law.static_left
    velocity = np.concatenate([[0.0], after.v, [arc.state.w]])
    change, speeds = law.pull(velocity), law.size(velocity)
    for l in np.flatnonzero(before != after.modes).tolist():
        if before[l] != 0 and abs(law.mass[l] * accelerated(law, l, force[l], before[l])) <= GRAZING * size[l]:
            return True
        if before[l] == 0 and not after.starting[l] and abs(change[l]) <= GRAZING * speeds[l]:
            return True
    return False


def accelerated(law: InertialLaw, l: int, force: float, mode: int) -> float:
    """Acceleration of block l with velocity 0 under a force of its springs, sliding as `mode` says."""
    friction = law.mu_right[l] if mode > 0 else -law.mu_left[l] if mode < 0 else force
    return float((force - friction) / law.mass[l])


@lru_cache(maxsize=256)
def _matrix(law: InertialLaw, modes: bytes) -> Vector:
    """What the tangent vectors' rate is, while these blocks move."""
    moving = np.flatnonzero(np.frombuffer(modes, np.int8))
    n = len(law.mass)
    stiffness = law.pull(np.pad(np.eye(n), ((0, 0), (1, 1))))  # symmetric
    A = np.zeros((2 * n, 2 * n))
    A[moving, n + moving] = 1.0
    A[n + moving, :n] = stiffness[moving] / law.mass[moving, None]
    A[n + moving, n + moving] = -(law.gamma / law.mass)[moving]
    return A
