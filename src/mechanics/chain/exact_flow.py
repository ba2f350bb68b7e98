"""The overdamped chain without noise, solved exactly from one change of mode to the next.

    x_l' = sigma(k_{l+1} (x_{l+1} - x_l) - k_l (x_l - x_{l-1})),   x_0 = 0, x_L the pulled end                 (5)-(6)

Between changes of mode (slips right, stuck, slips left) the chain is linear and its motion known in closed form; the
times of the changes are found to rounding, none skipped. No step size enters: the reference for simulations.
Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers
from .event_search import next_event
from .load_curve import load_curve
from .modes import Law, Modes, Piece, State, Vector, decide, first_modes
from .parameters import ChainParameters

MAX_EVENTS = 100_000
IDLE = 4  # events of each block at one time, beyond which modes alternate without end


@dataclass(frozen=True, eq=False)
class ExactFlow:
    """An overdamped chain without noise from t0 to t1, exact to rounding.

    Attributes
    ----------
    chain : SpringChain
        The parameters.
    t0, t1 : float
        Time span; t1 is infinite where the rest was asked for.
    pieces : tuple of State
        Time, positions, velocities, forces and modes at t0 and wherever a mode, or a driven end's velocity, changes.
    ts : ndarray, shape (m,)
        The times asked for.
    x : ndarray, shape (m, blocks + 2)
        Positions at these times, ends included.
    status : str
        "at rest": nothing moves after the last event; "comes to rest": no mode changes any more, and what moves
        approaches `rest` exponentially; "moving": modes may change after t1, or the end is still pulled.
    rest : ndarray, shape (blocks + 2,), or None
        Where the chain rests in the end; None while "moving".
    """

    chain: ChainParameters
    t0: float
    t1: float
    pieces: tuple[State, ...]
    ts: Vector
    x: Vector
    status: str
    rest: Vector | None

    def __call__(self, t: ArrayLike) -> Vector:
        """Positions at times t (any shape) in t0 .. t1; shape (..., blocks + 2)."""
        x = self._each(t, lambda piece, tau: piece.state.x + piece.displacement(tau))
        if self.chain.drive is not None:
            x[..., -1] = self.chain.drive.at(t)
        return x

    def velocity(self, t: ArrayLike) -> Vector:
        """Velocities of the blocks at times t (any shape); shape (..., blocks)."""
        return self._each(t, lambda piece, tau: piece.velocity(tau))

    def modes(self, t: ArrayLike) -> Modes:
        """Modes of the blocks from times t (any shape) on: 1 slips right, 0 stuck, -1 slips left; (..., blocks)."""
        index = self._index(np.asarray(t, dtype=float))
        return np.stack([state.modes for state in self.pieces])[index]

    @property
    def events(self) -> NDArray[np.void]:
        """Changes of mode in order of time: array of (time, block 1 .. L-1, mode that begins), shape (events,)."""
        changes = []
        for before, after in zip(self.pieces[:-1], self.pieces[1:], strict=True):
            changes += [(after.t, l + 1, after.modes[l]) for l in np.flatnonzero(before.modes != after.modes)]
        return np.array(changes, dtype=[("time", float), ("block", int), ("mode", np.int8)])

    @property
    def load_curve(self) -> Vector:
        """D_l = x_L - x_l at the times `ts`, shape (m, blocks + 2)."""
        return load_curve(self.x)

    def _index(self, t: Vector) -> NDArray[np.intp]:
        if not ((t >= self.t0) & (t <= self.t1)).all():
            raise ValueError(f"Times must lie in {self.t0} .. {self.t1}, but hold {t.ravel()[:8].tolist()}.")
        times = np.array([state.t for state in self.pieces])
        return np.maximum(np.searchsorted(times, t, side="right") - 1, 0)

    def _each(self, t: ArrayLike, value) -> Vector:  # type: ignore[no-untyped-def]
        t = np.asarray(t, dtype=float)
        flat, index = t.ravel(), self._index(t).ravel()
        law, piece_of = law_of(self.chain), lru_cache(maxsize=2)(lambda i: Piece(law, self.pieces[i]))
        rows = [value(piece_of(int(i)), time - self.pieces[i].t) for i, time in zip(index, flat, strict=True)]
        return np.array(rows).reshape(*t.shape, -1)


def exact_flow(
    chain: ChainParameters,
    x0: ArrayLike | None = None,
    t1: float | None = None,
    *,
    t0: float = 0.0,
    ts: ArrayLike | None = None,
    max_events: int = MAX_EVENTS,
) -> ExactFlow:
    """Solve an overdamped chain without noise exactly, event by event.

    Parameters
    ----------
    chain : SpringChain
        With dynamics "overdamped". Its noise is left out.
    x0 : array_like, shape (blocks,) or (blocks + 2,), optional
        Positions at t0; 0 unless given, the pulled end at its target or where its drive is.
    t1 : float, optional
        Final time; to the rest unless given.
    t0 : float
        Initial time (matters for a driven end).
    ts : array_like, shape (m,), optional
        Times at which positions are wanted; those of the changes of mode unless given.
    max_events : int
        Changes of mode at which to give up.

    Returns
    -------
    ExactFlow
        Positions, the log of modes, the rest state; call it for the state at any time.

    Raises
    ------
    ValueError
        If an argument is out of range.
    RuntimeError
        If there are more than max_events changes of mode.

    Notes
    -----
    A piece between events costs O(blocks^2) for each look at it: meant for chains of up to some hundred blocks.
    """
    if chain.dynamics != "overdamped":
        raise ValueError(
            f"exact_flow solves overdamped chains, but dynamics is {chain.dynamics!r}; simulate that chain instead."
        )
    t0 = finite_number("t0", t0)
    end = np.inf if t1 is None else finite_number("t1", t1)
    if end < t0:
        raise ValueError(f"t1={t1} is before t0={t0}.")
    law, corners = law_of(chain), corners_of(chain, t0, end)
    state = first_modes(law, t0, start_of(chain, x0, t0), corners[0][1])
    pieces, status, idle = [state], "moving", 0
    for stop, w in [*corners[1:], (end, 0.0)]:
        while True:
            piece = Piece(law, state)
            tau, reached, for_ever = next_event(piece, stop - state.t)
            if not reached.any():
                break
            idle = idle + 1 if tau == 0.0 else 0
            if len(pieces) > max_events or idle > IDLE * chain.blocks:
                raise RuntimeError(f"More than {max_events} changes of mode (at t={state.t}); shorten the time span.")
            state = decide(law, piece.at(tau), reached)
            pieces.append(state)
        if stop == end:
            if for_ever:
                status = "at rest" if not piece.runs else "comes to rest"
            break
        moved = piece.at(stop - state.t)
        moved = State(stop, moved.x, moved.v, moved.force, moved.modes, w)
        state = decide(law, moved, np.zeros(chain.blocks, dtype=bool))
        pieces.append(state)
    rest = None
    if status != "moving":
        rest = state.x.copy()
        rest[1:-1] += piece.remaining(0.0)
    times = np.array([state.t for state in pieces]) if ts is None else np.atleast_1d(finite_numbers("ts", ts))
    if ts is None and np.isfinite(end) and end > times[-1]:
        times = np.append(times, end)
    flow = ExactFlow(chain, t0, end, tuple(pieces), times, np.empty((0, chain.blocks + 2)), status, rest)
    return replace(flow, x=flow(times))


def law_of(chain: ChainParameters) -> Law:
    """Springs and thresholds of a chain, one for each."""
    n = chain.blocks
    return Law(
        *(np.array(np.broadcast_to(v, m)) for v, m in ((chain.k, n + 1), (chain.mu_right, n), (chain.mu_left, n)))
    )


def corners_of(chain: ChainParameters, t0: float, end: float) -> list[tuple[float, float]]:
    """Times at which the velocity of the pulled end changes, the start first, and the velocity from there on."""
    if chain.drive is None:
        return [(t0, 0.0)]
    times, positions = chain.drive.times, chain.drive.positions
    speeds = np.concatenate([[0.0], np.diff(positions) / np.diff(times), [0.0]])
    first = int(np.searchsorted(times, t0, side="right"))
    later = [(float(times[i]), float(speeds[i + 1])) for i in range(first, len(times)) if times[i] < end]
    return [(t0, float(speeds[first])), *later]


def start_of(chain: ChainParameters, x0: ArrayLike | None, t0: float) -> Vector:
    """Positions at the start, checked; at 0 unless given."""
    end = chain.target if chain.drive is None else float(chain.drive.at(t0))
    x = np.zeros(chain.blocks + 2)
    x[-1] = end
    if x0 is None:
        return x
    given = finite_numbers("x0", x0)
    if given.shape not in ((chain.blocks,), (chain.blocks + 2,)):
        raise ValueError(
            f"x0 must have shape ({chain.blocks},) or ({chain.blocks + 2},), but has shape {given.shape}; exact_flow "
            "takes one chain."
        )
    if len(given) == chain.blocks:
        x[1:-1] = given
    elif given[0] != 0.0 or given[-1] != end:
        raise ValueError(f"x0 must start at 0 and end at {end}, but its ends are {given[0]} and {given[-1]}.")
    else:
        x[:] = given
    return x
