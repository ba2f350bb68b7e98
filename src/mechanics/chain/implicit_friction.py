"""Second-order chain with set-valued friction: implicit steps, for stiff springs and steps beyond the explicit limit.

    m (v+ - v) = dt (force(x_theta) - gamma v_theta - friction(v+)),   x+ = x + dt v_theta
    v_theta = theta v+ + (1 - theta) v,   x_theta = theta x+ + (1 - theta) x

theta = 1 is Euler's implicit step (order 1, energy never grows), theta = 1/2 the midpoint (order 2 where no block turns
round): the theta method of Moreau and Jean (Jean, Comput. Methods Appl. Mech. Eng. 177 (1999) 235-257), without
impacts. Velocities after the step solve a convex problem exactly, see `implicit_pass` and `implicit_modes`. A block at
rest whose force stays below the threshold keeps its bits and a velocity of exactly 0.
"""

import math

from ..engine import kernel
from .implicit_modes import find_modes_of_all, find_modes_of_one
from .implicit_rows import PARTS, V, prepare
from .parameters import ChainParameters
from .scheme import Scheme
from .second_order import settle

TROUBLE = (
    "the modes of an implicit step were not found, or a position is not finite; make dt smaller, and look whether "
    "parameters differ by a factor of 1e12 or more between blocks"
)


def scheme(theta: float) -> Scheme:
    """The scheme of one theta."""

    @kernel
    def move(here, new, v, z, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
        """One step for all lanes; a lane at rest is left as it is."""
        n, lanes, dt = here.shape[0] - 2, here.shape[1], 0.0
        for i in range(lanes):
            dt = max(dt, rate[i])
        find_modes_of_all(prepare(here, new, v, z, 0, p, fade, common, dt, theta, work), work, trouble)
        for l in range(1, n + 1):
            after = work[V * (n + 2) + l]
            for i in range(lanes):
                moves = rate[i] > 0.0
                moved = here[l, i] + dt * (theta * after[i] + (1.0 - theta) * v[l, i])
                new[l, i] = moved if moves else here[l, i]
                v[l, i] = after[i] if moves else v[l, i]
                trouble[i] = trouble[i] if abs(moved) < math.inf else 1

    @kernel
    def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
        """`move` for a single lane."""
        n, dt = here.shape[0] - 2, rate[0]
        if not find_modes_of_one(prepare(here, new, v, z, j, p, fade, common, dt, theta, work), work):
            trouble[0] = 1
        for l in range(1, n + 1):
            after = work[V * (n + 2) + l, 0]
            new[l, 0] = here[l, 0] + dt * (theta * after + (1.0 - theta) * v[l, 0])
            v[l, 0] = after
            trouble[0] = trouble[0] if abs(new[l, 0]) < math.inf else 1

    return Scheme(move, move_alone, settle, no_limit, inertial=True, work=rows, trouble=TROUBLE)


def rows(blocks: int) -> int:
    """Scratch rows of an implicit step."""
    return PARTS * (blocks + 2)


def no_limit(chain: ChainParameters) -> float:
    """Stable at every step."""
    return math.inf


IMPLICIT = scheme(1.0)
MIDPOINT = scheme(0.5)
