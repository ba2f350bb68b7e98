"""A system with k tangent vectors, compiled: what `lyapunov_spectrum` and its relatives advance."""

import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import typeof, types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from ..engine.compile import compile_bound
from ..methods import RK4, Method
from ..noise.normals import seed_word
from ..problem import Problem
from .backends import Backend, backends
from .map import Map
from .orthonormal import address_for, room_for
from .run import FINE, orthonormaliser, spectrum_run
from .steps import Steps

Array = NDArray[np.float64]
PIECE_SECONDS = 0.2  # between looks at Ctrl-C
LARGEST_RATIO = 1e6  # of the growth of two vectors between orthonormalisations
LONGEST = 128  # steps between orthonormalisations
ALONE = 10  # for one vector, which has no ratio
PILOT = 500  # steps from which the interval is found
ALIKE = 1e-7  # a step and its two halves, relative: what an automatic dt achieves
TRIED = 200  # steps on which it is tried


class Room(NamedTuple):
    """Working memory of a run."""

    work: Array
    noise: Array  # (normals, steps of an interval)
    normals: Array
    product: Array
    triangles: Array  # see `orthonormal.room_for`

    def resets(self, k: int) -> NDArray[np.int64]:
        """How often each vector was replaced."""
        return self.triangles[-k:].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Job:
    """Compiled tangent dynamics of one kind of system; states are arrays that its functions take and return."""

    system: Map | Problem
    method: Method | None
    n: int
    k: int
    width: int
    found: Backend
    entry: Any
    seed: int
    unit: str  # of time: "iteration" or "t"
    adaptive: bool  # whether a step is one of a grid, within which the method chooses its own
    note: str = ""  # what the exponents are of, where that is not plain

    @property
    def backend(self) -> str:
        """How derivatives are found: "jacobian", "duals" or "differences"."""
        return self.found.name

    @property
    def steps(self) -> Steps:
        """The kernels of a step."""
        return self.found.steps

    @property
    def noisy(self) -> bool:
        """Whether steps draw noise."""
        return self.steps.draws > 0

    @property
    def implicit(self) -> bool:
        """Whether steps solve equations, which may fail."""
        return self.found.together

    def remarks(self, end: float) -> list[str]:
        """What a verdict has to add on a run until the time `end`."""
        return [self.note] if self.note else []

    @property
    def is_map(self) -> bool:
        """Whether time is counted in iterations."""
        return self.unit == "iteration"

    @property
    def panels(self) -> int:
        """Number of panels that hold the vectors."""
        return -(-self.k // (self.width - 1))

    @property
    def origin(self) -> float:
        """Time of step 0."""
        return 0.0 if isinstance(self.system, Map) else self.system.t0

    def start(self) -> Array:
        """The initial state with random orthonormal vectors, as panels."""
        V = np.zeros((self.panels, self.n, self.width))
        x0 = self.system.x0 if isinstance(self.system, Map) else self.system.y0
        V[:, :, 0] = x0
        Q = np.linalg.qr(np.random.default_rng(self.seed).standard_normal((self.n, self.k)))[0]
        for j in range(self.k):
            V[j // (self.width - 1), :, 1 + j % (self.width - 1)] = Q[:, j]
        return V

    def room(self, q: int = LONGEST) -> "Room":
        """Working memory for `advance` with up to q steps between orthonormalisations."""
        rows = self.steps.draws + self.steps.draws % 2
        return Room(
            np.full(self.found.size, math.nan),
            np.empty((rows, q if rows else 0)), np.empty(rows), np.empty(self.k), room_for(self.k, self.width),
        )  # fmt: skip

    def advance(
        self, V: Array, room: "Room", p: Any, dt: float, first: int, blocks: int, intervals: int, q: int,
        extremes: Array, qs: Array | None = None, rs: Array | None = None,
    ) -> tuple[Array, int]:  # fmt: skip
        """Sums of log R_jj of each block; V is changed. The second is FINE, or the intervals done before divergence."""
        logs = np.empty((blocks, self.k))
        none = np.empty((0, 0, 0))
        if self.steps.draws and room.noise.shape[1] != q:
            room = room._replace(noise=np.empty((len(room.noise), q)))
        piece, done = 1, 0
        while done < blocks:
            count = min(piece, blocks - done)
            began = time.perf_counter()
            end = self.entry(
                V, V.reshape(-1), *room, address_for(self.width), p, self.origin, dt, first + done * intervals * q,
                count, intervals, q, seed_word(self.seed), logs[done : done + count], extremes,
                none if qs is None else qs, none if rs is None else rs,
            )  # fmt: skip
            if end != FINE:
                return logs[: done + end // intervals], done * intervals + end
            done += count
            piece = max(1, min(8 * piece, int(count * PIECE_SECONDS / max(time.perf_counter() - began, 1e-5))))
        return logs, FINE

    def interval(self, V: Array, p: Any, dt: float, first: int) -> int:
        """Steps between orthonormalisations that keep growth ratios below LARGEST_RATIO, from PILOT steps on a copy."""
        V, extremes = V.copy(), np.ones(2)
        _, end = self.advance(V, self.room(), p, dt, first, PILOT, 1, 1, extremes)
        if end != FINE or self.k == 1:
            return 1 if end != FINE else ALONE
        rate = math.log(max(extremes[1], 1.0))
        return LONGEST if rate * LONGEST < math.log(LARGEST_RATIO) else max(1, int(math.log(LARGEST_RATIO) / rate))


def stepped(job: Any, what: str) -> Job:
    """The job, if it takes steps.

    Raises
    ------
    ValueError
        If it goes from event to event.
    """
    if not isinstance(job, Job):
        raise ValueError(f"{what} takes steps, but this chain is solved from event to event; give its step, dt=.")
    return job


def width_of(k: int) -> int:
    """Doubles in a dual: the state's and those of as many vectors as suit the registers."""
    return 4 if k <= 3 else 8


def make_job(
    system: Any, k: int, method: Method | None, seed: int, *, backend: str = "auto", unit: str | None = None,
    tolerance: float | None = None, note: str = "",
) -> Job:  # fmt: skip
    """Compile the tangent dynamics of a map or a flow; with a tolerance, of steps that the method chooses.

    Raises
    ------
    TypeError
        If the system's functions cannot be compiled.
    ValueError
        If there is no such backend.
    """
    n = len(system.x0 if isinstance(system, Map) else system.y0)
    if not isinstance(system, Map):
        method = RK4 if method is None else method
    width = width_of(k)
    problem: Exception | None = None
    for found in backends(system, method, width, backend, tolerance):
        entry = compile_bound(
            spectrum_run, tangent=found.tangent, fill=found.steps.fill, draws=found.steps.draws, k=k,
            orthonormalise=orthonormaliser(n, k, width), width=width, together=found.together,
        )  # fmt: skip
        if not DISABLE_JIT:
            try:
                entry.compile(_signature(system.p))
            except NumbaError as error:
                problem = error
                continue
        unit = unit or ("iteration" if isinstance(system, Map) else "t")
        return Job(system, method, n, k, width, found, entry, int(seed_word(seed)), unit, tolerance is not None, note)
    name = getattr(system.f if isinstance(system, Map) else system.drift, "__name__", "the system's function")
    raise TypeError(
        f"{name} could not be compiled. Functions take numbers, arrays and NamedTuples of these, and write their "
        f"result into their last argument. Numba says:\n{problem}"
    ) from problem


def _signature(p: Any) -> tuple[Any, ...]:
    f1, f2, f3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
    number, whole = types.float64, types.int64
    #  V, flat, work, Z, z, product, room, address, p, origin, dt,
    #  first, blocks, intervals, q, seed, logs, extremes, qs, rs
    return (
        f3, f1, f1, f2, f1, f1, f1, whole, typeof(p), number, number,
        *(whole,) * 4, types.uint64, f2, f1, f3, f3,
    )  # fmt: skip


def automatic_dt(job: Job, p: Any) -> float:
    """The largest of 1, 2, 5 times a power of ten for which a step and two half steps agree along the first steps."""
    system: Any = job.system
    span = abs(system.t1 - system.t0)
    exponent = math.floor(math.log10(span / 5.0)) if span > 0.0 else -1
    tried = [digit * 10.0**e for e in range(exponent, exponent - 12, -1) for digit in (5.0, 2.0, 1.0)]
    for dt in (dt for dt in tried if dt <= span / 5.0 or span == 0.0):
        if _fine_enough(job, p, dt):
            return float(f"{dt:.1g}")
    raise ValueError(f"No step from {tried[0]:.1g} to {tried[-1]:.1g} follows the flow to {ALIKE:g}; give dt=.")


def _fine_enough(job: Job, p: Any, dt: float) -> bool:
    V, room, extremes = job.start(), job.room(), np.ones(2)
    whole = V.copy()
    for i in range(TRIED):
        halves = whole.copy()
        ends = [
            job.advance(whole, room, p, dt, i, 1, 1, 1, extremes)[1],
            job.advance(halves, room, p, dt / 2.0, 2 * i, 1, 1, 2, extremes)[1],
        ]
        if ends != [FINE, FINE]:
            return False
        scale = np.abs(halves[0, :, 0]).max() + np.abs(V[0, :, 0]).max()
        if np.abs(whole[0, :, 0] - halves[0, :, 0]).max() > ALIKE * scale:
            return False
    return True
