"""Second-order chain with the sign law: friction that vanishes at rest, as the published notebook has it.

    m x_l'' = k (x_{l+1} - 2 x_l + x_{l-1}) - gamma x_l' - friction + eps e^{-lambda t} xi_l
    friction = mu_right (x_l' > 0),  -mu_left (x_l' < 0),  0 (x_l' = 0)

and the same smoothed over the speed `v_smooth`, dynamics "smooth_law", under which blocks creep and never stick,

    friction = mu |v| / sqrt(v^2 + v_smooth^2)                                              with mu of the direction.

github.com/DaDaCheng/DNN_Spring, spring/sdeint.ipynb. Under the sign law no block ever sticks: near rest, Euler's
velocities change sign every few steps, and those of Heun stand still; both at about dt (mu_right + mu_left)/(4 m),
where the set-valued law of "second_order" has 0. Two explicit methods: "heun", what sdeint's itoint comes to where
the noise is additive (SRI2 of Roessler, SIAM J. Numer. Anal. 48 (2010) 922-952),

    y^ = y + dt f(y),   y+ = y + dt/2 (f(y) + f(y^)) + g dW,

and "euler", that of Euler and Maruyama. The notebook's noise matrix, eps times ones for n independent paths, is one
path that all blocks share, with amplitude eps sqrt(n): noise="common" here. Its N points are dt N/(N - 1) apart.
"""

import math

import numpy as np

from ..engine import kernel
from .friction import pulled
from .parameters import ChainParameters
from .rows import first_of, value_of
from .scheme import Scheme
from .second_order import settle

ACCELERATION, X, V = range(3)  # parts of the scratch, blocks + 2 rows each: at the start, and the predicted state


@kernel
def accelerated(left, here, right, v, k_left, k_right, mu_right, mu_left, gamma, mass, v_smooth):  # type: ignore[no-untyped-def]
    """Acceleration of one block without noise."""
    friction = mu_right if v > 0.0 else -mu_left if v < 0.0 else 0.0
    friction *= abs(v) / math.sqrt(v * v + v_smooth * v_smooth) if v_smooth > 0.0 else 1.0
    return (pulled(left, here, right, k_left, k_right) - gamma * v - friction) / mass


@kernel
def of_lane(x_left, x, x_right, v, p, l, i):  # type: ignore[no-untyped-def]
    """The same with lane i's parameters of block l."""
    return accelerated(
        x_left, x, x_right, v, value_of(p.k, l - 1, i), value_of(p.k, l, i), value_of(p.mu_right, l - 1, i),
        value_of(p.mu_left, l - 1, i), value_of(p.gamma, l - 1, i), value_of(p.mass, l - 1, i),
        value_of(p.v_smooth, l - 1, i),
    )  # fmt: skip


def scheme(heun: bool) -> Scheme:
    """The scheme of Heun or of Euler."""

    @kernel(forceinline=False)
    def move_lane(here, new, v, z, j, p, fade, common, dt, work, i):  # type: ignore[no-untyped-def]
        """One step of lane i."""
        rows = here.shape[0]
        for l in range(rows):
            inner = 0 < l < rows - 1
            a = of_lane(here[l - 1, i], here[l, i], here[l + 1, i], v[l, i], p, l, i) if inner else 0.0
            work[ACCELERATION * rows + l, i] = a
            work[V * rows + l, i] = v[l, i] + dt * a
            work[X * rows + l, i] = here[l, i] + dt * v[l, i]
        work[X * rows + rows - 1, i] = new[rows - 1, i]
        for l in range(1, rows - 1):
            x, a, predicted = X * rows + l, work[ACCELERATION * rows + l, i], work[V * rows + l, i]
            noise = value_of(p.eps_bar, l - 1, i) * fade * z[0 if common else l - 1, j] / value_of(p.mass, l - 1, i)
            if heun:
                after = of_lane(work[x - 1, i], work[x, i], work[x + 1, i], predicted, p, l, i)
                new[l, i] = here[l, i] + 0.5 * dt * (v[l, i] + predicted)
                v[l, i] += dt * (0.5 * (a + after) + noise)
            else:
                new[l, i] = work[x, i]
                v[l, i] += dt * (a + noise)

    @kernel(forceinline=False)
    def move(here, new, v, z, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
        """One step for all lanes."""
        rows, lanes = here.shape[0], here.shape[1]
        if p.mu_right.shape[1] > 1:
            for i in range(lanes):
                move_lane(here, new, v, z, i, p, fade, common, rate[i], work, i)
            return
        for i in range(lanes):
            work[X * rows, i], work[X * rows + rows - 1, i] = here[0, i], new[rows - 1, i]
        for l in range(1, rows - 1):
            left, x, right, speed = here[l - 1], here[l], here[l + 1], v[l]
            k_left, k_right, mass = first_of(p.k, l - 1), first_of(p.k, l), first_of(p.mass, l - 1)
            mu_right, mu_left = first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1)
            gamma, smooth = first_of(p.gamma, l - 1), first_of(p.v_smooth, l - 1)
            first, x_next, v_next = work[ACCELERATION * rows + l], work[X * rows + l], work[V * rows + l]
            for i in range(lanes):
                a = accelerated(
                    left[i], x[i], right[i], speed[i], k_left, k_right, mu_right, mu_left, gamma, mass, smooth
                )
                first[i] = a
                v_next[i] = speed[i] + rate[i] * a
                x_next[i] = x[i] + rate[i] * speed[i]
        for l in range(1, rows - 1):
            left, x, right = work[X * rows + l - 1], work[X * rows + l], work[X * rows + l + 1]
            k_left, k_right, mass = first_of(p.k, l - 1), first_of(p.k, l), first_of(p.mass, l - 1)
            mu_right, mu_left = first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1)
            gamma, eps = first_of(p.gamma, l - 1), first_of(p.eps_bar, l - 1) * fade
            smooth = first_of(p.v_smooth, l - 1)
            first, v_next, speed, begun, moved = (
                work[ACCELERATION * rows + l],
                work[V * rows + l],
                v[l],
                here[l],
                new[l],
            )
            xi = z[0 if common else l - 1]
            for i in range(lanes):
                noise = eps * xi[i] / mass
                if heun:
                    a = accelerated(
                        left[i], x[i], right[i], v_next[i], k_left, k_right, mu_right, mu_left, gamma, mass, smooth
                    )
                    moved[i] = begun[i] + 0.5 * rate[i] * (speed[i] + v_next[i])
                    speed[i] += rate[i] * (0.5 * (first[i] + a) + noise)
                else:
                    moved[i] = x[i]
                    speed[i] += rate[i] * (first[i] + noise)

    @kernel
    def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
        """`move` for a single lane."""
        move_lane(here, new, v, z, j, p, fade, common, rate[0], work, 0)

    limit, formula = (
        (limit_of_heun, "min(sqrt(mass/k), mass/(gamma + mu/v_smooth))") if heun else (limit_of_euler, "gamma/(4k)")
    )
    return Scheme(move, move_alone, settle, limit, formula, inertial=True, work=rows)


def rows(blocks: int) -> int:
    """Scratch rows of a step."""
    return 3 * (blocks + 2)


def limit_of_heun(chain: ChainParameters) -> float:
    """Beyond it the shortest wave or the damping explodes; below it undamped waves still grow, slowly."""
    damping = 0.0 if chain.gamma is None else float(np.max(np.asarray(chain.gamma) / chain.mass))
    if chain.v_smooth is not None:  # what friction is for a block that creeps
        damping += float(max(np.max(chain.mu_right), np.max(chain.mu_left)) / chain.v_smooth / np.min(chain.mass))
    return min(float(np.sqrt(np.min(chain.mass) / np.max(chain.k))), 1.0 / damping if damping > 0 else math.inf)


def limit_of_euler(chain: ChainParameters) -> float:
    """The step at which the shortest wave grows: 0 without damping, where Euler's method has no stable step."""
    damping = 0.0 if chain.gamma is None else float(np.min(np.asarray(chain.gamma) / np.max(chain.mass)))
    stiffness = 4.0 * float(np.max(chain.k) / np.min(chain.mass))
    if damping**2 < 4.0 * stiffness:
        return damping / stiffness
    return 4.0 / (damping + math.sqrt(damping**2 - 4.0 * stiffness))


HEUN = scheme(True)
EULER = scheme(False)
