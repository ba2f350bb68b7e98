"""Burridge-Knopoff chain: blocks dragged by leaf springs over a surface whose friction weakens with speed.

    m x_l'' = k (x_{l+1} - 2 x_l + x_{l-1}) + k_leaf (V t - x_l) - gamma x_l' - friction

    at rest      any value between -mu_left and mu_right
    moving right mu_right f(v),  moving left -mu_left f(v),   f(v) = (1 - drop) / (1 + |v| / (v_weak (1 - drop)))

Burridge, Knopoff, Bull. Seismol. Soc. Am. 57 (1967) 341-371; the friction law is equation (4) of Carlson, Langer,
Phys. Rev. A 40 (1989) 6470-6484, with sigma = `drop` and 2 alpha = 1/`v_weak` in their units. Between slips nothing
moves but the plate, so the time of the next slip is known and the chain goes there at once.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers, whole_numbers
from ..engine import compile_bound
from ..noise import normals, seed_word
from ..threads import default_threads
from .earthquake_steps import ENDS, advance
from .what_differs import what_differs

EVENTS = 4096  # and
CALL_STEPS = 2_000_000  # of one compiled call at most: Ctrl-C is served between calls


@dataclass(frozen=True, eq=False)
class BurridgeKnopoff:
    """Blocks between springs, each tied by a leaf spring to a plate that moves at constant speed.

    Parameters
    ----------
    blocks : int
        Number of blocks, at least 1.
    k : float
        Stiffness of the springs between blocks.
    k_leaf : float
        Stiffness of the leaf springs to the plate, positive.
    plate_velocity : float
        V > 0, speed of the plate.
    mu_right, mu_left : float or array_like, shape (blocks,)
        Friction at rest against motion to the right and left; infinity forbids a direction.
    drop : float
        Fraction of the friction that is lost as a block starts, 0 <= drop < 1.
    v_weak : float
        Speed scale of the weakening, positive; infinity keeps the friction of a moving block constant.
    mass, gamma : float
        Mass of a block (positive) and damping (force per velocity, not negative).
    ends : {"free", "periodic"}
        The outer blocks have no outer neighbour, or each other.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it, its value and the remedy.

    References
    ----------
    Carlson, Langer, Phys. Rev. A 40 (1989) 6470-6484: their l^2 = k/k_leaf, sigma = drop, 2 alpha = 1/v_weak and
    nu = plate_velocity, in units where k_leaf = mass = mu_right = 1.
    """

    blocks: int = 100
    k: float = 100.0
    k_leaf: float = 1.0
    plate_velocity: float = 0.01
    mu_right: Any = 1.0
    mu_left: Any = np.inf
    drop: float = 0.01
    v_weak: float = 1 / 6
    mass: float = 1.0
    gamma: float = 0.0
    ends: Literal["free", "periodic"] = "free"

    def __post_init__(self) -> None:
        whole_numbers(blocks=(self.blocks, 1))
        for name in ("k", "k_leaf", "plate_velocity", "drop", "mass", "gamma"):
            object.__setattr__(self, name, finite_number(name, getattr(self, name)))
        for name in ("k_leaf", "plate_velocity", "mass", "v_weak"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}.")
        for name in ("k", "gamma"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but is {getattr(self, name)}.")
        if not 0 <= self.drop < 1:
            raise ValueError(f"drop={self.drop} must be at least 0 and below 1; it is a fraction of the friction.")
        for name in ("mu_right", "mu_left"):
            values = np.array(getattr(self, name), dtype=float)
            if values.shape not in ((), (self.blocks,)) or not (values >= 0).all():
                raise ValueError(
                    f"{name} must be one number of at least 0, or {self.blocks} of them, but is {getattr(self, name)}."
                )
            values.setflags(write=False)
            object.__setattr__(self, name, float(values) if values.ndim == 0 else values)
        if not np.isfinite(self.mu_right).all():
            raise ValueError(
                "mu_right must be finite: the plate pulls to the right, and blocks that never follow break."
            )
        if self.ends not in ENDS:
            raise ValueError(f"ends must be one of {', '.join(map(repr, ENDS))}, but is {self.ends!r}.")

    def simulate(
        self,
        events: int = 1000,
        dt: float | None = None,
        *,
        seed: int | np.random.SeedSequence = 0,
        members: int = 1,
        first_member: int = 0,
        x0: ArrayLike | None = None,
        max_steps: int = 100_000_000,
        threads: int | None = None,
    ) -> "Earthquakes":
        """Simulate until each member has had `events` slip events.

        Parameters
        ----------
        events : int
            Number of slip events of each member.
        dt : float, optional
            Step while blocks move; a fiftieth of the fastest oscillation's period over 2 pi unless given.
        seed : int or numpy.random.SeedSequence
            Names the ensemble: initial positions of member m are drawn from it (or given as `x0`).
        members, first_member : int
            Members first_member, ..., first_member + members - 1.
        x0 : array_like, shape (blocks,) or (members, blocks), optional
            Initial positions at rest. Unless given, normal with a hundredth of the length mu_right / k_leaf.
        max_steps : int
            Steps of one member at which it is given up.
        threads : int, optional
            One for each processor this process may use, unless given.

        Returns
        -------
        Earthquakes
            A catalogue of events and the last state.

        Raises
        ------
        ValueError
            If an argument is out of range, or dt is beyond the stability limit.
        """
        whole_numbers(events=(events, 1), members=(members, 1), first_member=(first_member, 0))
        whole_numbers(max_steps=(max_steps, 1), threads=(1 if threads is None else threads, 1))
        limit = 2.0 / float(np.sqrt((4 * self.k + self.k_leaf) / self.mass))
        dt = limit / 100 if dt is None else finite_number("dt", dt)
        if not 0 < dt < limit:
            raise ValueError(
                f"dt={dt} is outside 0 < dt < 2 sqrt(m/(4k + k_leaf)) = {limit:.6g}; use {limit / 20:.3g}."
            )
        x = self._initial(x0, seed, members, first_member)
        threads = threads or default_threads()
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda row: _one(self, x[row], events, dt, max_steps), range(members)))
        catalogue = np.concatenate([c for c, _, _ in parts])
        member = np.repeat(np.arange(first_member, first_member + members), [len(c) for c, _, _ in parts])
        short = sum(len(c) < events for c, _, _ in parts)
        status = "finished" if not short else (
            f"{short} of {members} members did not reach {events} events in max_steps={max_steps}: raise max_steps, or "
            "look whether the chain slips steadily (plate_velocity too large for separate events)"
        )  # fmt: skip
        start, end, epicentre, size, moment, peak = catalogue.T
        last, t = np.stack([x for _, x, _ in parts]), np.array([t for _, _, t in parts])
        return Earthquakes(
            self, member, start, end, epicentre.astype(int), size.astype(int), moment, peak, last, t, dt, status
        )

    def replace(self, **changes: Any) -> "BurridgeKnopoff":
        """Return the chain with other parameters."""
        return replace(self, **changes)

    def _initial(
        self, x0: ArrayLike | None, seed: int | np.random.SeedSequence, members: int, first: int
    ) -> NDArray[np.float64]:
        if x0 is None:
            labels = np.arange(first, first + members)[:, None]
            size = 0.01 * float(np.max(self.mu_right)) / self.k_leaf
            return size * normals(int(seed_word(seed)), labels, 0, np.arange(self.blocks))
        given = finite_numbers("x0", x0)
        if given.shape not in ((self.blocks,), (members, self.blocks)):
            raise ValueError(f"x0 must have shape ({self.blocks},) or ({members}, {self.blocks}), not {given.shape}.")
        return np.broadcast_to(given, (members, self.blocks)).copy()

    def __repr__(self) -> str:
        return what_differs(self)


@dataclass(frozen=True, eq=False)
class Earthquakes:
    """A catalogue of slip events; one entry an event in each array, shape (events,), member after member.

    Attributes
    ----------
    chain : BurridgeKnopoff
        The parameters.
    member : ndarray of int
        Whose event it is.
    start, end : ndarray
        Times at which the first block left and the last block came to rest.
    epicentre : ndarray of int
        Index of the block that left first.
    size : ndarray of int
        Number of blocks that moved.
    moment : ndarray
        Sum of all slips, unit of length.
    peak : ndarray
        Largest speed of a block.
    x : ndarray, shape (members, blocks)
        Last positions, at rest.
    t : ndarray, shape (members,)
        Last times.
    dt, status
        The step, and "finished" or why there is less than was asked for.
    """

    chain: BurridgeKnopoff
    member: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    epicentre: NDArray[np.int64]
    size: NDArray[np.int64]
    moment: NDArray[np.float64]
    peak: NDArray[np.float64]
    x: NDArray[np.float64]
    t: NDArray[np.float64]
    dt: float
    status: str

    @property
    def magnitude(self) -> NDArray[np.float64]:
        """Natural logarithm of the moment, as in Carlson and Langer."""
        return np.log(self.moment)


def _one(
    chain: BurridgeKnopoff, x0: NDArray[np.float64], events: int, dt: float, max_steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Catalogue (events, 6), last positions and last time of one member."""
    n = chain.blocks
    x, v = np.zeros(n + 2), np.zeros(n + 2)
    x[1:-1] = x0
    mu_right, mu_left = (np.broadcast_to(m, n).astype(float) for m in (chain.mu_right, chain.mu_left))
    catalogue = np.zeros((events, 6))
    clock = np.zeros(1)
    begun, drift = x.copy(), x.copy()
    run = compile_bound(advance)
    found, steps = 0, 0
    while found < events and steps < max_steps:
        more, done = run(
            x, v, begun, drift, clock, catalogue, found, min(events, found + EVENTS),
            min(max_steps - steps, CALL_STEPS), dt,
            chain.k, chain.k_leaf, chain.plate_velocity, mu_right, mu_left, chain.drop, chain.v_weak, chain.mass,
            chain.gamma, ENDS[chain.ends],
        )  # fmt: skip
        found, steps = more, steps + done
    return catalogue[:found], x[1:-1].copy(), float(clock[0])
