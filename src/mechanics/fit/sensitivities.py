"""A trajectory with its derivatives along parameters and initial states: the variational equations, integrated with it.

    dy/dt = f(t, y, theta),   d(dy/dtheta)/dt = df/dy dy/dtheta + df/dtheta,   d(dy/dy0)/dt = df/dy dy/dy0

State and fitted numbers are written as duals, (y, theta) with theta' = 0: the drift compiled for them gives f and,
exactly, its derivative along every direction. Directions come in panels of `width` - 1, each with its own copy of the
numbers, and all panels are one state of an ordinary problem, so that any of our methods integrates it and the error
control sees the derivatives too.

Dickinson, Gelinas, J. Comput. Phys. 21 (1976) 123-143 (the direct method).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numpy.typing import NDArray

from ..engine.adopt import adopt
from ..engine.compile import compile_bound, kernel
from ..engine.stack import part
from ..methods import Method
from ..problem import Problem
from ..solving import solve
from ..status import Status
from .parameter_names import Named, Slots, make_slots, with_values

if not DISABLE_JIT:
    from ..engine.dual_memory import duals_of

Array = NDArray[np.float64]
MOST_STEPS = 200_000  # of one solve: a trial value that asks for more is a bad one
RELATIVE_STEP = 1e-6  # of differences, where the drift cannot take duals


@dataclass(frozen=True)
class Path:
    """A trajectory at the wanted times, what is observed of it, and derivatives; `status` says why it ended early.

    Attributes
    ----------
    ys, seen : ndarray, shapes (m, n), (m, k)
        States, observations.
    dys, dseen : ndarray, shapes (m, n, d), (m, k, d)
        Their derivatives along the fitted parameters, then the components of y0.
    """

    ys: Array
    seen: Array
    dys: Array
    dseen: Array
    status: Status


@dataclass(frozen=True, eq=False)
class Sensitive:
    """A problem made ready to be solved with derivatives.

    Parameters
    ----------
    problem : Problem
        Without a diffusion.
    named : sequence of Named
        Parameters along which derivatives are taken.
    observe : None, ndarray of int, or callable
        All components, these, or `observe(t, y, p, out)` with `outputs` numbers.
    along_y0 : bool
        Whether derivatives along the initial state are wanted too.
    exact : bool
        By duals; else by central differences of whole solves.
    """

    problem: Problem
    named: Sequence[Named]
    observe: Any
    outputs: int
    along_y0: bool
    method: Method
    rtol: float
    atol: float
    exact: bool = True

    @property
    def directions(self) -> int:
        """d: fitted parameters, and components of y0 where they are wanted."""
        return len(self.named) + (len(self.problem.y0) if self.along_y0 else 0)

    @property
    def width(self) -> int:
        """Doubles in a dual."""
        return 2 if self.directions <= 1 else 4 if self.directions <= 3 else 8

    @property
    def panels(self) -> int:
        """Number of copies of the state, each with `width` - 1 directions."""
        return max(1, -(-self.directions // (self.width - 1)))

    @cached_property
    def slots(self) -> Slots:
        """Numbers of p that carry derivatives."""
        return make_slots(self.problem.p, self.named)

    @cached_property
    def drift(self) -> Any:
        """The drift of all panels."""
        return panel_drift(
            self.problem.drift, self.slots.rebuild, len(self.problem.y0), self.slots.size, self.width, self.panels
        )

    @cached_property
    def look(self) -> Any:
        """Compiled `observe` of all panels at all times."""
        return compile_bound(
            _look, observe=adopt(self.observe), rebuild=self.slots.rebuild, n=len(self.problem.y0),
            m=self.slots.size, width=self.width, outputs=self.outputs,
        )  # fmt: skip

    def run(self, theta: Array, y0: Array, t0: float, ts: Array) -> Path:
        """Solve from (t0, y0) and look at the times ts, sorted from t0 on."""
        p = with_values(self.problem.p, self.named, theta)
        return self._by_duals(p, y0, t0, ts) if self.exact else self._by_differences(theta, y0, t0, ts)

    def _by_duals(self, p: Any, y0: Array, t0: float, ts: Array) -> Path:
        n, d, w = len(y0), self.directions, self.width
        slots = self.slots.values(p)
        start = np.zeros((self.panels, n + len(slots), w))
        start[:, :n, 0], start[:, n:, 0] = y0, slots
        for l in range(d):
            row = n + self.slots.fitted[l] if l < len(self.named) else l - len(self.named)
            start[l // (w - 1), row, 1 + l % (w - 1)] = 1.0
        try:
            solution = self._solve(self.drift, start.ravel(), p, t0, ts)
        except NotImplementedError:  # it failed, and the search for the cause calls the drift, which Python cannot do
            return self._failed(p, y0, t0, ts)
        flat = solution.ys
        blocks = flat.reshape(len(flat), self.panels, n + len(slots), w)
        ys, dys = blocks[:, 0, :n, 0], _directions(blocks[:, :, :n], d)
        if self.observe is None or isinstance(self.observe, np.ndarray):
            at = slice(None) if self.observe is None else self.observe
            return Path(ys, ys[:, at], dys, dys[:, at], solution.status)
        out = np.zeros((len(flat), self.panels, self.outputs, w))
        self.look(solution.ts, np.ascontiguousarray(flat), p, out.reshape(len(flat), -1))
        return Path(ys, out[:, 0, :, 0], dys, _directions(out, d), solution.status)

    def _failed(self, p: Any, y0: Array, t0: float, ts: Array) -> Path:
        """Nothing, with the cause that the plain solve has."""
        status = self._solve(self.problem.drift, y0, p, t0, ts).status
        n, k, d = len(y0), self.outputs, self.directions
        none = np.empty((0, n)), np.empty((0, k)), np.empty((0, n, d)), np.empty((0, k, d))
        return Path(*none, Status.BLOW_UP if status.ok else status)  # its derivatives do

    def _by_differences(self, theta: Array, y0: Array, t0: float, ts: Array) -> Path:
        point = np.concatenate([theta, y0])
        ys, seen, status = self._plain(point, t0, ts)
        d = self.directions
        dys, dseen = np.zeros((*ys.shape, d)), np.zeros((*seen.shape, d))
        for l in range(d if status.ok else 0):
            h, ends = RELATIVE_STEP * max(1.0, abs(point[l])), []
            for side in (1.0, -1.0):
                moved = point.copy()
                moved[l] += side * h
                ends.append(self._plain(moved, t0, ts))
            if not (ends[0][2].ok and ends[1][2].ok):
                return Path(ys, seen, dys, dseen, ends[0][2] if ends[1][2].ok else ends[1][2])
            dys[..., l] = (ends[0][0] - ends[1][0]) / (2.0 * h)
            dseen[..., l] = (ends[0][1] - ends[1][1]) / (2.0 * h)
        return Path(ys, seen, dys, dseen, status)

    def _plain(self, point: Array, t0: float, ts: Array) -> tuple[Array, Array, Status]:
        m = len(self.named)
        p = with_values(self.problem.p, self.named, point[:m])
        solution = self._solve(self.problem.drift, point[m:], p, t0, ts)
        ys = solution.ys
        if self.observe is None or isinstance(self.observe, np.ndarray):
            return ys, ys[:, slice(None) if self.observe is None else self.observe], solution.status
        seen, function = np.zeros((len(ys), self.outputs)), getattr(self.observe, "py_func", self.observe)
        for t, y, out in zip(solution.ts, ys, seen, strict=True):
            function(t, y, p, out)
        return ys, seen, solution.status

    def _solve(self, drift: Any, y0: Array, p: Any, t0: float, ts: Array) -> Any:
        problem = Problem(drift, y0, t0, max(float(ts[-1]), t0), p)
        return solve(problem, self.method, rtol=self.rtol, atol=self.atol, saveat=ts, throw=False, max_steps=MOST_STEPS)


def panel_drift(drift: Any, rebuild: Any, n: int, m: int, width: int, panels: int) -> Any:
    """The drift of `panels` copies of (y, theta) as duals, laid out flat."""
    if DISABLE_JIT:
        raise ValueError("Uncompiled code has no duals; take derivatives='differences'.")
    f, size = adopt(drift), (n + m) * width

    @kernel(forceinline=False)
    def along(t, y, p, dy):  # type: ignore[no-untyped-def]
        for g in range(panels):
            z = duals_of(part(y, g * size + n * width, m * width), m, width)  # type: ignore[call-arg, var-annotated]
            f(
                t,
                duals_of(part(y, g * size, n * width), n, width),
                rebuild(z, p),
                duals_of(part(dy, g * size, n * width), n, width),
            )
            for i in range(g * size + n * width, (g + 1) * size):
                dy[i] = 0.0

    return along


observe: Any = None  # bound by `look`
rebuild: Any = None
n: Any = None
m: Any = None
width: Any = None
outputs: Any = None


def _look(ts, ys, p, seen):  # type: ignore[no-untyped-def]
    size = (n + m) * width
    for i in range(len(ts)):
        for g in range(ys.shape[1] // size):
            z = duals_of(part(ys[i], g * size + n * width, m * width), m, width)  # type: ignore[call-arg, var-annotated]
            y = duals_of(part(ys[i], g * size, n * width), n, width)
            out = duals_of(part(seen[i], g * outputs * width, outputs * width), outputs, width)
            observe(ts[i], y, rebuild(z, p), out)


def _directions(blocks: Array, d: int) -> Array:
    """(m, panels, k, width) to derivatives (m, k, d)."""
    m, _, k, _ = blocks.shape
    return np.ascontiguousarray(blocks[..., 1:].transpose(0, 2, 1, 3).reshape(m, k, -1)[..., :d])
