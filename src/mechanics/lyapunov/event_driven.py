"""The noiseless second-order chain from event to event, with tangent vectors: a job without steps.

    V  ->  exp(A tau) V        on an arc, A that of the blocks that move
    V  ->  S V                 at a stop, reversal or start: `mechanics.chain.inertial_tangent`

A block that stops takes a dimension with it: tangent vectors lie in dv_l = 0 while it rests. If k vectors no longer fit
into what is left, the one that vanishes has the exponent -infinity, and becomes the unit vector of dv_l, orthogonal to
all others, which is as good as any once the block moves again. As many exponents are -infinity as blocks rest at once.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chain.exact_flow import corners_of
from ..chain.inertial_arc import REACH, InertialLaw
from ..chain.inertial_flow import first_state, law_of, motion
from ..chain.inertial_tangent import along, grazes, jumped
from ..chain.parameters import ChainParameters
from .run import FINE

Array = NDArray[np.float64]
ARCS = 4  # in a unit of the averaging time, unless events part them
LOST = 1e-10  # of a vector is rounding: a stop leaves it much less, or much more


class Events(NamedTuple):
    """Stops, reversals and starts of a run."""

    number: int = 0
    together: int = 0  # at one time with others
    slow: int = 0  # passed too slowly for a derivative
    at_rest: int = 0  # blocks at once, at most

    def and_also(self, later: "Events") -> "Events":
        """Those of a longer run."""
        return Events(
            self.number + later.number, self.together + later.together, self.slow + later.slow,
            max(self.at_rest, later.at_rest),
        )  # fmt: skip


class Counts:
    """What happens during a run."""

    def __init__(self, k: int) -> None:
        self.replaced, self.events = np.zeros(k, np.int64), Events()

    def resets(self, k: int) -> NDArray[np.int64]:
        """How often each vector was replaced."""
        return self.replaced


@dataclass(frozen=True, eq=False)
class EventDriven:
    """What `Job` is for systems with steps; dt is a unit of time, of no consequence for the result."""

    chain: ChainParameters
    law: InertialLaw
    k: int
    seed: int
    backend: ClassVar[str] = "exact"
    unit: ClassVar[str] = "t"
    is_map: ClassVar[bool] = False
    noisy: ClassVar[bool] = False
    implicit: ClassVar[bool] = False
    origin: ClassVar[float] = 0.0

    @property
    def n(self) -> int:
        """Components of the state: positions and velocities of the blocks."""
        return 2 * self.chain.blocks

    @property
    def dt(self) -> float:
        """Unit of the averaging time."""
        return ARCS * REACH / self.law.rate

    def remarks(self, end: float) -> list[str]:
        """What a verdict has to add on a run until the time `end`."""
        drive = self.chain.drive
        if drive is None or drive.times[-1] >= end - 1e-9 * abs(end):
            return []
        return [f"the pull ends at t = {drive.times[-1]:.6g}, before the run does at {end:.6g}: make it longer"]

    def start(self) -> Array:
        """The state at time 0 (rest, flat) with k vectors of a random unitary frame, shape (1, n, 1 + k).

        The frame is orthonormal and symplectic, vectors j and n + 1 - j conjugate: where damping is all that is not
        Hamiltonian, and the same for all blocks, exponents pair at every time and not only in the limit.
        """
        n = self.chain.blocks
        normal = np.random.default_rng(self.seed).standard_normal((2, n, n))
        U = np.linalg.qr(normal[0] + 1j * normal[1])[0]
        first = np.concatenate([U.real, U.imag])
        second = np.concatenate([-U.imag, U.real])[:, ::-1]
        V = np.zeros((1, self.n, 1 + self.k))
        V[0, :, 1:] = np.concatenate([first, second], axis=1)[:, : self.k]
        return V

    def room(self, q: int = 1) -> Counts:
        """Counters for `advance`."""
        return Counts(self.k)

    def interval(self, V: Array, p: Any, dt: float, first: int) -> int:
        """Vectors are orthonormalised at the end of each arc anyway."""
        return 1

    def advance(
        self,
        V: Array,
        room: Counts,
        p: Any,
        dt: float,
        first: int,
        blocks: int,
        intervals: int,
        q: int,
        extremes: Array,
    ) -> tuple[Array, int]:
        """Sums of log R_jj of each block; V is changed. The second is FINE."""
        logs = np.zeros((blocks, self.k))
        for b in range(blocks):
            for i in range(intervals):
                step = first + (b * intervals + i) * q
                self._interval(V[0], room, step * dt, (step + q) * dt, logs[b], extremes)
        return logs, FINE

    def _interval(self, V: Array, room: Counts, t0: float, t1: float, logs: Array, extremes: Array) -> None:
        """From t0 to t1: one unit of the averaging time."""
        n, chain = self.chain.blocks, self.chain
        end = chain.target if chain.drive is None else float(chain.drive.at(t0))
        corners = corners_of(chain, t0, t1)
        x = np.concatenate([[0.0], V[:n, 0], [end]])
        state = first_state(self.law, t0, x, V[n:, 0].copy(), corners[0][1])
        rubs = bool((self.law.static_right + self.law.static_left > 0.0).any())
        if not rubs:  # nothing jumps, and signs of velocities that have decayed into rounding mean nothing
            state = replace(state, modes=np.ones(n, np.int8))
        Q, resting = V[:, 1:].copy(), np.flatnonzero(state.modes == 0)
        of_rest = Q[n + resting] == 1.0  # vectors that take part again once a block moves: see `_stop`
        owner = np.where(of_rest.any(axis=0), resting[of_rest.argmax(axis=0)] if len(resting) else 0, -1)
        for l in resting.tolist():
            if (Q[n + l, owner < 0] != 0.0).any():  # as the run begins
                self._stop(Q, owner, l, logs, room)
        logs[owner >= 0] = -np.inf
        for arc, s, after in motion(self.law, state, corners, t1, rubs):
            live = owner < 0
            Q[:, live] = _orthonormal(along(arc, s, Q[:, live]), logs, live, extremes)
            changes = arc.state.modes != after.modes
            for l in np.flatnonzero(changes & (after.modes == 0)).tolist():
                self._stop(Q, owner, l, logs, room)
            others = np.flatnonzero(changes & (after.modes != 0))
            if len(others):
                live = owner < 0
                Q[:, live] = jumped(arc, after, others, Q[:, live])
                owner[np.isin(owner, others)] = -1
                live = owner < 0
                Q[:, live] = _orthonormal(Q[:, live], logs, live, None)
            count = int(changes.sum())
            slow = int(count > 0 and grazes(arc, after))
            at_rest = int(np.count_nonzero(after.modes == 0))
            room.events = room.events.and_also(Events(count, count if count > 1 else 0, slow, at_rest))
            state = after
        Q[np.ix_(n + np.flatnonzero(state.modes == 0), np.flatnonzero(owner < 0))] = 0.0
        V[:, 0], V[:, 1:] = np.concatenate([state.x[1:-1], state.v]), Q

    def _stop(self, Q: Array, owner: NDArray[np.intp], l: int, logs: Array, room: Counts) -> None:
        """Block l stops: dv_l = 0 in all vectors; one of which nothing is left becomes the unit vector of dv_l."""
        row, live = self.chain.blocks + l, np.flatnonzero(owner < 0)
        Q[row, live] = 0.0
        lengths = np.abs(np.diag(np.linalg.qr(Q[:, live])[1]))
        lost = live[lengths < LOST][:1]
        if len(lost):
            Q[:, lost], Q[row, lost], owner[lost] = 0.0, 1.0, l
            logs[lost] = -np.inf
            room.replaced[lost] += 1
            live = np.flatnonzero(owner < 0)
        Q[:, live] = _orthonormal(Q[:, live], logs, live, None)


def solved_exactly(chain: ChainParameters, dt: float | None) -> bool:
    """Whether a chain is solved from event to event: of second order, without noise, and nobody asks for steps."""
    if chain.dynamics != "second_order" or dt is not None:
        return False
    return not np.any(np.asarray(chain.eps_bar if chain.eps is None else chain.eps) > 0)


def event_driven(chain: ChainParameters, k: int, seed: int) -> EventDriven:
    """The job of a noiseless second-order chain."""
    return EventDriven(chain, law_of(chain), k, seed)


def _orthonormal(V: Array, logs: Array, columns: NDArray[Any], extremes: Array | None) -> Array:
    """Q of V = Q R with R_jj > 0, whose logarithms are added to those of their columns."""
    Q, R = np.linalg.qr(V)
    lengths = np.diag(R)
    logs[columns] += np.log(np.abs(lengths))
    if extremes is not None and len(lengths):
        extremes[1] = max(extremes[1], np.abs(lengths).max() / np.abs(lengths).min())
    result: Array = Q * np.sign(lengths)
    return result
