"""The second-order chain without noise, solved exactly from one slip, stop or reversal to the next.

    m x_l'' = k_{l+1} (x_{l+1} - x_l) - k_l (x_l - x_{l-1}) - gamma x_l' - friction,   x_0 = 0, x_L the pulled end  (10)
    friction = mu_right moving right, -mu_left moving left, anything up to the static thresholds at rest            (11)

Arcs between events are power series exact to rounding, and the times of events are roots of polynomials of which none
is skipped. No step size enters: the reference for simulations. Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers
from .exact_flow import corners_of, start_of
from .inertial_arc import Arc, InertialLaw, InertialState, Modes, Vector
from .inertial_events import ROUNDING, Mask, changed, next_event
from .inertial_tangent import carried
from .parameters import ChainParameters

MAX_EVENTS = 100_000
IDLE = 6  # events of each block at one time, beyond which modes alternate without end


@dataclass(frozen=True, eq=False)
class InertialFlow:
    """A second-order chain without noise from t0 to t1, exact to rounding.

    Attributes
    ----------
    chain : SpringChain
        The parameters.
    t0, t1 : float
        Time span.
    arcs : tuple
        The power series, one after the other.
    ts : ndarray, shape (m,)
        The times asked for.
    x : ndarray, shape (m, blocks + 2)
        Positions at these times, ends included.
    v : ndarray, shape (m, blocks + 2)
        Velocities, 0 at both ends.
    events : ndarray of (time, block, mode), shape (events,)
        Changes of mode in order of time: block 1 .. L-1 slips right (1), sticks (0), slips left (-1) from there on.
    friction_loss, damping_loss, work : float
        Energy lost to friction and damping, and put in by the pulled end, from t0 to t1.
    status : str
        "at rest": nothing moves after the last event; "moving": something may.
    shares : tuple of float
        How far along each of the arcs the motion went, 0 .. 1.
    last : InertialState
        The state at t1.
    """

    chain: ChainParameters
    t0: float
    t1: float
    arcs: tuple[Arc, ...]
    ts: Vector
    x: Vector
    v: Vector
    events: NDArray[np.void]
    friction_loss: float
    damping_loss: float
    work: float
    status: str
    shares: tuple[float, ...]
    last: InertialState

    def modes(self, t: ArrayLike) -> Modes:
        """Modes of the blocks from times t (any shape) on; (..., blocks)."""
        t = np.asarray(t, dtype=float)
        index = np.searchsorted([arc.state.t for arc in self.arcs], t, side="right") - 1
        return np.stack([arc.state.modes for arc in self.arcs])[np.maximum(index, 0)]

    def energy(self) -> Vector:
        """Kinetic and elastic energy at the times `ts`."""
        return law_of(self.chain).energy(self.x, self.v[:, 1:-1])

    def derivative(self) -> Vector:
        """Derivative of positions and velocities at t1 by those at t0, shape (2 blocks, 2 blocks): (x, v) by (x, v).

        Exact to rounding, jumps at stops, reversals and starts included: see `inertial_tangent`. A block at rest at t0
        stops again at once whatever pushes it: its column of velocity is 0.
        """
        V = np.eye(2 * self.chain.blocks)
        for arc, s, after in zip(self.arcs, self.shares, [*(a.state for a in self.arcs[1:]), self.last], strict=True):
            V = carried(arc, s, after, V)
        return V


def inertial_flow(
    chain: ChainParameters,
    x0: ArrayLike | None = None,
    v0: ArrayLike | None = None,
    t1: float = 100.0,
    *,
    t0: float = 0.0,
    ts: ArrayLike | None = None,
    max_events: int = MAX_EVENTS,
) -> InertialFlow:
    """Solve a second-order chain without noise exactly, event by event.

    Parameters
    ----------
    chain : SpringChain
        With dynamics "second_order". Its noise is left out.
    x0 : array_like, shape (blocks,) or (blocks + 2,), optional
        Positions at t0; 0 unless given, the pulled end at its target or where its drive is.
    v0 : array_like, shape (blocks,) or (blocks + 2,), optional
        Velocities at t0; 0 unless given.
    t1 : float
        Final time.
    t0 : float
        Initial time (matters for a driven end).
    ts : array_like, shape (m,), optional
        Times in t0 .. t1, in order, at which the state is wanted; those of the events unless given.
    max_events : int
        Changes of mode at which to give up.

    Returns
    -------
    InertialFlow
        Positions, velocities, the log of modes, the balance of energy.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RuntimeError
        If there are more than max_events changes of mode.

    Notes
    -----
    An arc lasts 1.5 over the fastest rate of the chain and costs some 0.8 ms for ten blocks: meant for modest chains.
    With static thresholds above the sliding friction, all blocks that reach theirs at one time start together.
    """
    if chain.dynamics != "second_order":
        raise ValueError(
            f"inertial_flow solves chains of second order, but dynamics is {chain.dynamics!r}; use exact_flow for "
            "overdamped chains."
        )
    t0, t1 = finite_number("t0", t0), finite_number("t1", t1)
    if t1 < t0:
        raise ValueError(f"t1={t1} is before t0={t0}.")
    law, corners = law_of(chain), corners_of(chain, t0, t1)
    state = first_state(law, t0, start_of(chain, x0, t0), _velocities(chain, v0), corners[0][1])
    wanted = None if ts is None else np.atleast_1d(finite_numbers("ts", ts))
    arcs, shares, log, totals = [], [], [], np.zeros(3)
    for arc, s, after in motion(law, state, corners, t1):
        log += [(after.t, l + 1, after.modes[l]) for l in np.flatnonzero(after.modes != arc.state.modes)]
        if len(log) > max_events:
            raise RuntimeError(f"More than {max_events} changes of mode (at t={after.t}); shorten the time span.")
        totals += arc.losses(s)
        arcs.append(arc)
        shares.append(s)
        state = after
    still = bool(arcs) and at_rest(arcs[-1].state)
    events = np.array(log, dtype=[("time", float), ("block", int), ("mode", np.int8)])
    if wanted is None:
        wanted = np.unique(np.concatenate([[t0], events["time"], [t1]]))
    x, v = _sampled(chain, arcs, wanted, state)
    friction, damping, work = (float(total) for total in totals)
    status = "at rest" if still else "moving"
    return InertialFlow(
        chain, t0, t1, tuple(arcs), wanted, x, v, events, friction, damping, work, status, tuple(shares), state
    )


def law_of(chain: ChainParameters) -> InertialLaw:
    """Springs, masses, damping and thresholds of a chain, one for each."""
    n = chain.blocks
    static_right = chain.mu_right if chain.mu_static_right is None else chain.mu_static_right
    static_left = chain.mu_left if chain.mu_static_left is None else chain.mu_static_left
    each = (chain.mass, chain.gamma or 0.0 if np.ndim(chain.gamma) == 0 else chain.gamma, chain.mu_right, chain.mu_left)
    return InertialLaw(
        np.array(np.broadcast_to(chain.k, n + 1), dtype=float),
        *(np.array(np.broadcast_to(value, n), dtype=float) for value in (*each, static_right, static_left)),
    )


def motion(
    law: InertialLaw, state: InertialState, corners: list[tuple[float, float]], t1: float, events: bool = True
) -> Iterator[tuple[Arc, float, InertialState]]:
    """Arcs until t1: each with the share of it that is valid, and the state there, events included.

    `corners` are the times at which the end's velocity changes, as of `corners_of`; without `events` modes stay.

    Raises
    ------
    RuntimeError
        If modes alternate without end at one time.
    """
    idle = 0
    nobody: Mask = np.zeros(len(state.modes), dtype=bool)
    for stop, w in [*corners[1:], (t1, 0.0)]:
        while state.t < stop:
            arc = Arc(law, state, stop - state.t)
            s, stops, right, left = (1.0, nobody, nobody, nobody) if at_rest(state) or not events else next_event(arc)
            after = changed(law, arc, s, stops, right, left)
            t = stop if s == 1.0 and arc.length == stop - state.t else after.t
            after = InertialState(t, after.x, after.v, after.modes, state.w if t < stop else w, after.starting)
            idle = idle + 1 if after.t == state.t else 0
            if idle > IDLE * len(state.modes):
                if not spent(law, after):
                    raise RuntimeError(f"Modes alternate without end at t={state.t}; shorten the time span.")
                idle, after = 0, InertialState(t, after.x, 0.0 * after.v, 0 * after.modes, 0.0, nobody)
            state = after
            yield arc, s, after


def at_rest(state: InertialState) -> bool:
    """Whether neither a block nor the end moves."""
    return not state.modes.any() and state.w == 0.0


def spent(law: InertialLaw, state: InertialState) -> bool:
    """Whether all that still moves is rounding: a chain without friction never comes to rest, it fades."""
    force, size = law.pull(state.x), law.size(state.x)
    held = (force <= law.static_right + ROUNDING * size) & (force >= -law.static_left - ROUNDING * size)
    slow = np.abs(state.v) <= 16 * ROUNDING * law.rate * np.abs(state.x[1:-1]).max()
    return bool(state.w == 0.0 and (held & slow).all())


def first_state(law: InertialLaw, t: float, x: Vector, v: Vector, w: float) -> InertialState:
    """The state at t0; blocks at rest beyond their static threshold start at once."""
    force, slack = law.pull(x), 4 * np.finfo(float).eps * law.size(x)
    modes = np.sign(v).astype(np.int8)
    modes[(v == 0) & (force > law.static_right + slack)] = 1
    modes[(v == 0) & (force < -law.static_left - slack)] = -1
    return InertialState(t, x, v, modes, w, np.zeros(len(v), dtype=bool))


def _velocities(chain: ChainParameters, v0: ArrayLike | None) -> Vector:
    if v0 is None:
        return np.zeros(chain.blocks)
    given = finite_numbers("v0", v0)
    if given.shape not in ((chain.blocks,), (chain.blocks + 2,)):
        raise ValueError(f"v0 must have shape ({chain.blocks},) or ({chain.blocks + 2},), but has shape {given.shape}.")
    return given.copy() if len(given) == chain.blocks else given[1:-1].copy()


def _sampled(chain: ChainParameters, arcs: list[Arc], ts: Vector, last: InertialState) -> tuple[Vector, Vector]:
    """Positions and velocities (m, blocks + 2) at times ts."""
    starts = np.array([arc.state.t for arc in arcs] or [last.t])
    if len(ts) and not (starts[0] <= ts.min() and ts.max() <= last.t):
        raise ValueError(f"ts must lie in {starts[0]} .. {last.t}, but hold {ts.min()} and {ts.max()}.")
    x, v = np.zeros((len(ts), chain.blocks + 2)), np.zeros((len(ts), chain.blocks + 2))
    for row, t in enumerate(ts):
        index = int(np.searchsorted(starts, t, side="right")) - 1
        if t == last.t or not arcs:
            x[row], v[row, 1:-1] = last.x, last.v
        else:
            arc = arcs[index]
            x[row], v[row, 1:-1] = arc.at((t - arc.state.t) / arc.length)
    if chain.drive is not None:
        x[:, -1] = chain.drive.at(ts)
    return x, v
