"""Between changes of mode a noiseless chain is linear: its motion in closed form, and which mode comes next.

The mode of a block is +1 (slips right), 0 (stuck) or -1 (slips left). A run of moving blocks between stuck neighbours
or ends obeys

    v' = -K v + k_L w e_last,      v(tau) = v_p + sum_q c_q e^{-lambda_q tau} phi_q,      x(tau) = x + int v,

where K is the stiffness of the run, symmetric, tridiagonal and positive definite, and w the velocity of the pulled end.
Equal springs have lambda_q = 4 k sin^2(q pi/2m), phi_q ~ sin(q l pi/m), m the number of springs of the run.
Right side (6) is continuous, so a block that reaches a threshold has velocity 0 in both modes; the first derivative of
its force that does not vanish decides whether it moves.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

Vector = NDArray[np.float64]
Modes = NDArray[np.int8]

EPS = float(np.finfo(float).eps)
ROUNDING = 16 * EPS  # of a sum of modes or forces, times the sum of their magnitudes


@dataclass(frozen=True, eq=False)
class Law:
    """Springs k (L,) and thresholds mu_right, mu_left (blocks,) of a chain."""

    k: Vector
    mu_right: Vector
    mu_left: Vector

    def force(self, x: Vector) -> Vector:
        """Force of the springs on each block at positions x (blocks + 2,)."""
        return np.diff(self.k * np.diff(x))

    def pull(self, ends: Vector) -> Vector:
        """The same for velocities or displacements (..., blocks + 2): what a force changes by."""
        return np.diff(self.k * np.diff(ends, axis=-1), axis=-1)

    def bound(self, size: Vector) -> Vector:
        """Bound on `pull` of anything below `size` (blocks + 2,) in magnitude."""
        return self.k[:-1] * (size[:-2] + size[1:-1]) + self.k[1:] * (size[1:-1] + size[2:])


@dataclass(frozen=True, eq=False)
class State:
    """Positions (blocks + 2,), velocities, forces and modes (blocks,) at time t, and the end's velocity from there on.

    Velocities and forces are carried along: recomputed from positions they would lose their relative accuracy as a
    chain comes to rest.
    """

    t: float
    x: Vector
    v: Vector
    force: Vector
    modes: Modes
    w: float


def with_ends(inner: Vector, end: float) -> Vector:
    """(blocks,) between the held end and the pulled one."""
    return np.concatenate([[0.0], inner, [end]])


class Piece:
    """Motion from a state on, in its modes."""

    def __init__(self, law: Law, state: State) -> None:
        self.law, self.state = law, state
        moving = np.flatnonzero(state.modes)
        n = len(state.modes)
        self.runs = np.split(moving, np.flatnonzero(np.diff(moving) > 1) + 1) if len(moving) else []
        self.rates, self.shapes, self.steady = np.zeros(len(moving)), np.zeros((n, len(moving))), np.zeros(n)
        self.slowest = np.zeros(n, dtype=int)  # column of each moving block's slowest mode
        column = 0
        for run in self.runs:
            a, m = int(run[0]), len(run)
            springs = law.k[a : a + m + 1]
            columns = slice(column, column + m)
            self.rates[columns], self.shapes[a : a + m, columns] = spectrum(springs)
            self.slowest[run] = column
            if run[-1] == n - 1 and state.w != 0.0:
                stretch = np.cumsum(1.0 / springs)
                self.steady[run] = state.w * stretch[:-1] / stretch[-1]
            column += m
        self.weights = (state.v - self.steady) @ self.shapes

        # v' = k_{l+1} v_{l+1} + k_l v_{l-1} - (k_l + k_{l+1}) v: only a neighbour that moves the other way stops a
        # block, and only one that moves frees a stuck block, in its own direction.
        around = with_ends(state.modes.astype(float), np.sign(state.w))
        left, right = around[:-2], around[2:]
        self.may_stop = (state.modes * left < 0) | (state.modes * right < 0)
        self.may_go_right = (state.modes == 0) & ((left > 0) | (right > 0))
        self.may_go_left = (state.modes == 0) & ((left < 0) | (right < 0))

    @cached_property
    def magnitudes(self) -> Vector:
        """|shapes|, for bounds."""
        return np.abs(self.shapes)

    def left(self, tau: float) -> Vector:
        """c_q e^{-lambda_q tau}."""
        return self.weights * np.exp(-self.rates * tau)

    def velocity(self, tau: float) -> Vector:
        """Velocities (blocks,) after a time tau."""
        return self.steady + self.shapes @ self.left(tau)

    def displacement(self, tau: float) -> Vector:
        """Positions (blocks + 2,) after a time tau minus those before."""
        return with_ends(
            self.steady * tau - self.shapes @ (self.weights * np.expm1(-self.rates * tau) / self.rates),
            self.state.w * tau,
        )

    def heat(self, tau: float) -> float:
        """Integral of sum v^2 over a time tau: of v_p^2 + 2 v_p u + u^2, u the decaying part."""
        lasting = 2.0 * self.steady @ (self.shapes @ (self.weights * self._kept(self.rates, tau)))
        both = self._kept(self.rates[:, None] + self.rates[None, :], tau)
        products = (self.shapes.T @ self.shapes) * np.outer(self.weights, self.weights)
        return float(self.steady @ self.steady * tau + lasting + (products * both).sum())

    @staticmethod
    def _kept(rates: Vector, tau: float) -> Vector:
        """Integral of e^{-rate t} over 0 .. tau."""
        return np.asarray(-np.expm1(-rates * tau) / rates)

    def remaining(self, tau: float) -> Vector:
        """What each block (blocks,) still moves after tau, if modes stay and the pulled end is at rest."""
        return self.shapes @ (self.left(tau) / self.rates)

    def at(self, tau: float) -> State:
        """The state after a time tau, modes as they are."""
        state, moved = self.state, self.displacement(tau)
        return State(
            state.t + tau, state.x + moved, self.velocity(tau), state.force + self.law.pull(moved), state.modes, state.w
        )


def spectrum(springs: Vector) -> tuple[Vector, Vector]:
    """Rates (m,), slowest first, and orthonormal shapes (m, m), a column each, of m blocks between m + 1 springs."""
    m = len(springs) - 1
    if (springs == springs[0]).all():
        q = np.arange(1, m + 1)
        rates = 4.0 * springs[0] * np.sin(q * np.pi / (2 * (m + 1))) ** 2
        # exact reduction of the angle keeps the shapes orthogonal to rounding for long runs
        angle = np.outer(q, q) % (2 * (m + 1)) * (np.pi / (m + 1))
        return rates, np.sqrt(2.0 / (m + 1)) * np.sin(angle)
    rates, shapes = eigh_tridiagonal(springs[:-1] + springs[1:], -springs[1:-1])
    return rates, shapes * np.sign(shapes[0])


def at_thresholds(law: Law, force: Vector) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which blocks' forces are at (or within rounding of) mu_right, and which at -mu_left."""
    slack = ROUNDING * (np.abs(force) + law.mu_right + law.mu_left)
    return np.abs(force - law.mu_right) <= slack, np.abs(force + law.mu_left) <= slack


def first_modes(law: Law, t: float, x: Vector, w: float) -> State:
    """State of a chain at positions x (blocks + 2,) whose end moves with velocity w."""
    force = law.force(x)
    # A block that rests within the rounding of its springs' forces of a threshold is at it.
    slack = 4 * EPS * law.bound(np.abs(x))
    force = np.where(np.abs(force - law.mu_right) <= slack, law.mu_right, force)
    force = np.where(np.abs(force + law.mu_left) <= slack, -law.mu_left, force)
    v = force - np.clip(force, -law.mu_left, law.mu_right)
    return decide(law, State(t, x, v, force, np.sign(v).astype(np.int8), w), np.zeros(len(v), dtype=bool))


def decide(law: Law, state: State, reached: NDArray[np.bool_]) -> State:
    """The state with modes for the time after it: `reached` blocks came to a threshold, moving or stuck.

    Derivatives of all forces are followed order by order, F^(n+1) = pull of v^(n), until one of an undecided block does
    not vanish: it starts to move if that is its threshold's direction, and is stuck if not.
    """
    n = len(state.modes)
    modes, v, force = state.modes.copy(), state.v.copy(), state.force.copy()
    right, left = at_thresholds(law, force)
    right |= reached & ((modes > 0) | ((modes == 0) & (force > law.mu_right)))
    left |= reached & ((modes < 0) | ((modes == 0) & (force < -law.mu_left)))
    undecided = (reached | (modes == 0)) & (right | left)
    modes[undecided], v[undecided] = 0, 0.0
    force = np.where(undecided, np.where(right, law.mu_right, -law.mu_left), force)
    rate, w = v.copy(), state.w
    for _ in range(n + 1):
        if not undecided.any():
            break
        ends = with_ends(rate, w)
        change = law.pull(ends)
        clear = undecided & (np.abs(change) > ROUNDING * law.bound(np.abs(ends)))
        modes[clear] = np.where(change > 0, right, -left.astype(np.int8))[clear]
        undecided &= ~clear
        rate = np.where(modes != 0, change, 0.0)
        rate /= max(np.abs(rate).max(), 1e-300)  # signs alone matter
        w = 0.0  # the end's velocity is constant
    return State(state.t, state.x, v, force, modes, state.w)
