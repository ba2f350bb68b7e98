"""Where an arc of a second-order chain ends: a block stops, or the force on a block at rest reaches its threshold.

Each watched distance to a threshold is a polynomial g(s) on the arc, g > 0 while nothing happens. Coefficients below
their own rounding are 0: what is left of g near s = 0 says whether a block at its threshold leaves it or passes it.
"""

import numpy as np
from numpy.typing import NDArray

from .first_root import first_root, to_bernstein
from .inertial_arc import DEGREE, Arc, InertialLaw, InertialState

Mask = NDArray[np.bool_]

ROUNDING = 64 * float(np.finfo(float).eps)
SAME = 1e-14  # of an arc: events closer than this are one


def next_event(arc: Arc) -> tuple[float, Mask, Mask, Mask]:
    """s of the first event (1 if there is none), and which blocks stop, start to the right, start to the left."""
    law, state = arc.law, arc.state
    at_rest = state.modes == 0
    force, size = law.pull(arc.x), law.size(arc.x)
    size[0] += law.static_right + law.static_left
    gap_right, gap_left = -force, force.copy()
    gap_right[0] += law.static_right
    gap_left[0] += law.static_left
    speed = np.zeros_like(force)
    speed[:DEGREE] = state.modes * arc.v
    speed_size = np.zeros_like(force)
    # A block that starts has a velocity and acceleration of exactly 0, or clear ones; its neighbours decide the rest.
    speed_size[2:DEGREE] = arc.length / law.mass * size[1 : DEGREE - 1]
    kinds = ((speed, speed_size, ~at_rest), (gap_right, size, at_rest), (gap_left, size, at_rest))
    roots = np.full((3, len(state.modes)), np.inf)
    for kind, (g, rounding, watched) in enumerate(kinds):
        g = np.where(np.abs(g) <= ROUNDING * rounding, 0.0, g)
        safe = (to_bernstein(DEGREE) @ g > 0).all(axis=0) & (g[0] > 0)
        for l in np.flatnonzero(watched & ~safe):
            significant = np.flatnonzero(g[:, l])
            if not len(significant):
                continue
            lowest = significant[0]
            if g[lowest, l] < 0:
                roots[kind, l] = 0.0
                continue
            c = np.zeros(DEGREE + 1)
            c[: DEGREE + 1 - lowest] = g[lowest:, l]
            root = first_root(c)
            roots[kind, l] = np.inf if root is None else root
    first = roots.min()
    if first > 1.0:
        nobody = np.zeros(len(state.modes), dtype=bool)
        return 1.0, nobody, nobody, nobody
    stops, right, left = roots <= first + SAME
    return float(first), stops, right, left


def changed(law: InertialLaw, arc: Arc, s: float, stops: Mask, right: Mask, left: Mask) -> InertialState:
    """The state after the events at s: a block that stopped rests, or turns round where its threshold is passed."""
    state = arc.state
    x, v = arc.at(s)
    force, slack = law.pull(x), ROUNDING * (law.size(x) + law.static_right + law.static_left)
    modes, starting = state.modes.copy(), right | left
    modes[right], modes[left] = 1, -1
    v = np.where((modes == 0) | starting | stops, 0.0, v)
    modes[stops] = 0
    modes[stops & (force > law.static_right + slack)] = 1
    modes[stops & (force < -law.static_left - slack)] = -1
    # Where static and sliding friction are the same the acceleration starts from 0.
    sliding = np.where(right, law.mu_right == law.static_right, law.mu_left == law.static_left)
    return InertialState(state.t + s * arc.length, x, v, modes, state.w, starting & sliding)
