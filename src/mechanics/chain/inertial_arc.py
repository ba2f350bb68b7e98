"""A stretch of a noiseless second-order chain on which no mode changes, as a power series that is exact to rounding.

    m x_l'' = k_{l+1} (x_{l+1} - x_l) - k_l (x_l - x_{l-1}) - gamma x_l' - friction_l,   friction_l constant

for the blocks that move; the others rest, and the pulled end moves at a constant velocity. The equation is linear, so
its Taylor coefficients follow from one another; over h = 1.5 / (largest frequency + damping rate) the first left out
is below 1.5^23/23! = 4e-19 of the largest. No eigenvectors: blocks may differ in mass, damping and springs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Modes = NDArray[np.int8]

DEGREE = 22
REACH = 1.5  # length of an arc times the fastest rate
NODES, WEIGHTS = np.polynomial.legendre.leggauss(DEGREE)  # exact for the square of a velocity of this degree
POWERS = (0.5 * (NODES[:, None] + 1.0)) ** np.arange(DEGREE + 1)


@dataclass(frozen=True, eq=False)
class InertialLaw:
    """Springs k (L,); masses, damping, sliding and static thresholds (blocks,) of a chain."""

    k: Vector
    mass: Vector
    gamma: Vector
    mu_right: Vector
    mu_left: Vector
    static_right: Vector
    static_left: Vector

    @property
    def rate(self) -> float:
        """Bound on frequencies and damping rates (Gershgorin)."""
        frequency = np.sqrt(2.0 * ((self.k[:-1] + self.k[1:]) / self.mass).max())
        return float(frequency + (self.gamma / self.mass).max())

    def pull(self, x: Vector) -> Vector:
        """Force of the springs on each block at positions (or their derivatives) x (..., blocks + 2)."""
        return np.diff(self.k * np.diff(x, axis=-1), axis=-1)

    def size(self, x: Vector) -> Vector:
        """What the rounding of `pull` is measured by."""
        x = np.abs(x)
        return self.k[:-1] * (x[..., :-2] + x[..., 1:-1]) + self.k[1:] * (x[..., 1:-1] + x[..., 2:])

    def energy(self, x: Vector, v: Vector) -> Vector:
        """Kinetic and elastic energy at positions (..., blocks + 2) and velocities (..., blocks)."""
        return 0.5 * (self.mass * v**2).sum(axis=-1) + 0.5 * (self.k * np.diff(x, axis=-1) ** 2).sum(axis=-1)


@dataclass(frozen=True, eq=False)
class InertialState:
    """Positions (blocks + 2,), velocities and modes (blocks,) at time t, and the end's velocity from there on.

    `starting` marks blocks that leave their threshold now: friction equals the force on them, to the last bit.
    """

    t: float
    x: Vector
    v: Vector
    modes: Modes
    w: float
    starting: NDArray[np.bool_]


class Arc:
    """Motion from a state on, for a time `length` at most; s = tau / length runs from 0 to 1."""

    def __init__(self, law: InertialLaw, state: InertialState, until: float) -> None:
        self.law, self.state = law, state
        moving = state.modes != 0
        # Where nothing moves but the end, the series ends after its second term and holds for any time.
        self.length = h = until if not moving.any() else min(until, REACH / law.rate)
        n = len(moving)
        self.x = x = np.zeros((DEGREE + 1, n + 2))
        x[0] = state.x
        x[1, 1:-1], x[1, -1] = h * state.v, h * state.w
        force = law.pull(state.x)
        sliding = np.where(state.modes > 0, law.mu_right, -law.mu_left)
        self.friction = np.where(moving, np.where(state.starting, force, sliding), 0.0)
        for k in range(DEGREE - 1):
            force = law.pull(x[k]) - law.gamma * (k + 1) * x[k + 1, 1:-1] / h
            if k == 0:
                force -= self.friction
            x[k + 2, 1:-1] = np.where(moving, h * h * force / (law.mass * (k + 1) * (k + 2)), 0.0)
        self.v = np.arange(1, DEGREE + 1)[:, None] * x[1:, 1:-1] / h

    def at(self, s: float) -> tuple[Vector, Vector]:
        """Positions (blocks + 2,) and velocities (blocks,) at tau = s length."""
        powers = s ** np.arange(DEGREE + 1)
        return powers @ self.x, powers[:-1] @ self.v

    def losses(self, s: float) -> tuple[float, float, float]:
        """Work until then: lost to friction, lost to damping, put in by the pulled end."""
        end, _ = self.at(s)
        friction = float(self.friction @ (end - self.state.x)[1:-1])
        v = (POWERS * s ** np.arange(DEGREE + 1))[:, :-1] @ self.v
        scale = 0.5 * s * self.length
        damping = float(scale * WEIGHTS @ (v**2 @ self.law.gamma))
        stretch = (self.x[:, -1] - self.x[:, -2]) / np.arange(1, DEGREE + 2)
        work = self.law.k[-1] * self.state.w * self.length * float(stretch @ s ** np.arange(1, DEGREE + 2))
        return friction, damping, work
