"""Lyapunov exponents of maps, flows and stochastic equations, by orthonormalising the tangent dynamics.

    l_j = lim (1/T) sum log R_jj,   V_{n+1} = D phi V_n = Q R

Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15 (1980) 9-30; discrete QR: Geist, Parlitz, Lauterborn, Prog. Theor.
Phys. 83 (1990) 875-893. D phi is the derivative of the map, or of the numerical scheme of a flow.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..chain.parameters import ChainParameters
from ..checks import finite_number
from ..methods import RK4, Method
from ..problem import Problem
from ..solving import solve
from .backends import NAMES
from .chain import chain_map, limited
from .event_driven import EventDriven, Events, event_driven, solved_exactly
from .job import FINE, Array, Job, automatic_dt, make_job
from .map import Map
from .result import LyapunovSpectrum
from .steps import ABSOLUTE, check_flow

STEPS = 100_000  # of the default run
UNITS = 1000  # of the default run from event to event
SHARE = 0.2  # of the run is discarded by default
BLOCKS = 1024  # at most, of a fresh run
GRID = 10  # steps of a method that chooses them, in one of the grid
PILOT = 1000  # attempts from which their length is found
STILL = 1e-13  # relative change of a state at rest


def lyapunov_spectrum(
    system: Any,
    k: int | None = None,
    *,
    total: float | None = None,
    transient: float | None = None,
    dt: float | None = None,
    method: Method | None = None,
    interval: float | None = None,
    seed: int = 0,
    rtol: float = 0.02,
    tangent: str = "auto",
    tolerance: float = 1e-9,
) -> LyapunovSpectrum:
    """Lyapunov exponents with standard errors and a verdict.

    Parameters
    ----------
    system : Map, Problem or SpringChain
        With a diffusion or a chain's noise, the exponents are those of copies that see the same noise. A chain starts
        flat and at rest. One of second order without noise is solved exactly, from event to event, unless dt is given.
    k : int, optional
        Number of exponents, 1 <= k <= n; all by default, for chains whose blocks stop within steps those that are
        certain: as many as blocks.
    total : float, optional
        Averaging time (maps: iterations); 100 000 steps by default, 1000 units of some arcs from event to event.
    transient : float, optional
        Time before averaging begins, in which the state finds its attractor and the vectors their directions; a fifth
        of `total` by default.
    dt : float, optional
        Step of a flow. Without it, explicit methods with an error estimate (DOPRI5, TSIT5, VERN7) choose their steps,
        on a grid of ten of them or so; others take the largest for which a step and two half steps agree to 1e-7.
        Needed with noise, and by RADAU5 and KVAERNO5. For a chain the step of its simulation, whose derivative is
        taken.
    method : Method, optional
        RK4 by default; any explicit Runge-Kutta method, a splitting (VERLET, YOSHIDA4, ...) for separable
        Hamiltonians, IMPLICIT_MIDPOINT, GAUSS4, GAUSS6 for any, RADAU5 and KVAERNO5 for stiff problems, with noise
        EULER_MARUYAMA, MILSTEIN, EULER_HEUN, SRA1, SRI1W1, ...
    interval : float, optional
        Time between orthonormalisations; by default such that growth ratios stay below 1e6.
    seed : int
        Of the initial vectors and of the noise.
    rtol : float
        Relative standard error that counts as converged.
    tangent : {"auto", "jacobian", "duals", "differences"}
        How derivatives are found: from the system's `jacobian` (by default, where there is one), from the formulas, or
        from central differences, which is what "auto" falls back to where a function is not one of plain numbers. The
        result says which. A large sparse system is faster by its formulas than by a full matrix.
    tolerance : float
        Relative error of a step where the method chooses its steps; a thousandth of it is the absolute one.

    Returns
    -------
    LyapunovSpectrum

    Raises
    ------
    TypeError
        If the system is none of these, or its functions cannot be compiled.
    ValueError
        If k, a time or the method do not fit.

    Examples
    --------
    >>> from mechanics.lyapunov import Map, lyapunov_spectrum
    >>> def henon(n, x, p, out):
    ...     out[0] = 1.0 - 1.4 * x[0] ** 2 + x[1]
    ...     out[1] = 0.3 * x[0]
    >>> spectrum = lyapunov_spectrum(Map(henon, [0.1, 0.1]))
    >>> bool(abs(spectrum.exponents.sum() - -1.2039728043) < 1e-9)     # ln 0.3
    True
    """
    for name, value in (("total", total), ("interval", interval), ("rtol", rtol), ("tolerance", tolerance)):
        if value is not None and not finite_number(name, value) > 0.0:
            raise ValueError(f"{name} must be positive, but is {value}.")
    if transient is not None and finite_number("transient", transient) < 0.0:
        raise ValueError(f"transient must not be negative, but is {transient}.")
    job, step, p = arranged(system, k, dt, method, seed, tangent, tolerance)
    default = UNITS if isinstance(job, EventDriven) else STEPS / (GRID if job.adaptive else 1)
    total = default * step if total is None else float(total)
    skipped = SHARE * total if transient is None else float(transient)
    return fresh(job, p, step, total, skipped, interval, rtol)


def arranged(
    system: Any, k: int | None, dt: float | None, method: Method | None, seed: int, tangent: str,
    tolerance: float = 1e-9,
) -> tuple[Job | EventDriven, float, Any]:  # fmt: skip
    """The compiled job of a system, its step, and its parameters."""
    if dt is not None and not finite_number("dt", dt) > 0.0:
        raise ValueError(f"dt must be positive, but is {dt}.")
    if tangent not in ("auto", *NAMES):
        raise ValueError(f"tangent must be 'auto', 'jacobian', 'duals' or 'differences', but is {tangent!r}.")
    if isinstance(system, ChainParameters) and solved_exactly(system, dt):
        if method is not None:
            raise ValueError("A chain takes the steps of its own simulation, or none; leave out method=.")
        exact = event_driven(system, _count(k, 2 * system.blocks), seed)
        return exact, exact.dt, None
    chain, (system, tick) = system, _as_system(system, dt)
    k, note = limited(chain, dt, k)
    k = _count(k, len(system.x0) if isinstance(system, Map) else len(system.y0))
    if tick is None:
        _check_method(system, method, dt)
    elif method is not None:
        raise ValueError("A chain takes the steps of its own simulation; leave out method=.")
    chooses = isinstance(system, Problem) and dt is None and method is not None and method.adaptive
    unit, given = "t" if tick else None, tolerance if chooses else None
    job = make_job(system, k, method, seed, backend=tangent, unit=unit, tolerance=given, note=note)
    if chooses:
        step = _grid(system, method, tolerance)
    else:
        step = tick or (1.0 if job.is_map else automatic_dt(job, system.p) if dt is None else float(dt))
    return job, step, system.p


def _count(k: int | None, n: int) -> int:
    k = n if k is None else k
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= n:
        raise ValueError(f"k must be a whole number of exponents from 1 to the {n} components of the state, not {k!r}.")
    return int(k)


def _grid(problem: Problem, method: Any, tolerance: float) -> float:
    """GRID times the mean of the steps that the method chooses first."""
    end = problem.t1 if problem.t1 > problem.t0 else problem.t0 + 1.0
    run = solve(
        replace(problem, t1=end), method, rtol=tolerance, atol=ABSOLUTE * tolerance, saveat=[end], max_steps=PILOT,
        throw=False,
    )  # fmt: skip
    if not run.stats.accepted:
        raise ValueError(f"{method} takes no step from the initial state: {run.status.value}")
    return float(f"{GRID * (run.t - problem.t0) / run.stats.accepted:.1g}")


def _as_system(system: Any, dt: float | None) -> tuple[Any, float | None]:
    """A map or a problem; the second is the time of an iteration, where the map is the step of a chain."""
    if isinstance(system, Map):
        return system, None
    if isinstance(system, ChainParameters):
        if dt is None:
            raise ValueError("A chain needs dt=, the step of its simulation.")
        return chain_map(system, float(dt)), float(dt)
    if isinstance(system, Problem):
        if system.engine == "arrays":
            raise TypeError("The problem is for the array engine; write its drift as drift(t, y, p, dy).")
        return system, None
    raise TypeError(f"system must be a Map, a Problem or a SpringChain, but is a {type(system).__name__}.")


def _check_method(system: Any, method: Any, dt: float | None) -> None:
    if isinstance(system, Map):
        if method is not None or dt is not None:
            raise ValueError("A map has neither a method nor a dt: they are for flows.")
        return
    if method is not None and type(method) is not Method:
        raise TypeError(f"method must be a Method such as mechanics.methods.RK4, but is {method!r}.")
    if system.diffusion is not None and (method is None or dt is None):
        raise ValueError(
            "A stochastic problem needs method= and dt=: EULER_MARUYAMA or MILSTEIN read the diffusion in the sense of "
            "Ito, EULER_HEUN in that of Stratonovich, and the exponents differ."
        )
    check_flow(system, RK4 if method is None else method, dt)


def fresh(
    job: Job | EventDriven, p: Any, dt: float, total: float, transient: float, interval: float | None, rtol: float
) -> LyapunovSpectrum:
    """A spectrum from the initial state on."""
    V = job.start()
    q = job.interval(V, p, dt, 0) if interval is None else max(1, round(interval / dt))
    resets, extremes = np.zeros(job.k, np.int64), np.ones(2)
    skipped = math.ceil(transient / dt / q)
    start = LyapunovSpectrum(
        job, p, V, skipped * q, dt, q, 1, np.empty((0, job.k)), resets, 1.0, rtol,
        events=Events() if isinstance(job, EventDriven) else None,
    )  # fmt: skip
    if skipped:
        _, end = job.advance(V, job.room(q), p, dt, 0, skipped, 1, q, extremes)  # type: ignore[arg-type]
        if end != FINE:
            return replace(start, divergence=end * q)
        if interval is None:  # on the attractor the vectors may grow at other rates
            q = job.interval(V, p, dt, skipped * q)
    per_block = max(1, math.ceil(total / dt / q / BLOCKS))
    return proceed(replace(start, interval=q, per_block=per_block), total)


def proceed(before: LyapunovSpectrum, total: float) -> LyapunovSpectrum:
    """Go on until `total` units of averaging time."""
    if before.divergence is not None:
        raise ValueError("The run has diverged and cannot go on.")
    blocks = math.ceil(total / before.block_time - 1e-9) - len(before.sums)
    if blocks < 1:
        raise ValueError(f"total must be longer than the {before.time:g} that are done, but is {total}.")
    job, q, V = before.job, before.interval, before.V.copy()
    room: Any = job.room(q)
    extremes = np.array([1.0, before.growth_ratio])
    sums, end = job.advance(V, room, before.p, before.dt, before.step, blocks, before.per_block, q, extremes)
    after = replace(
        before, V=V, step=before.step + blocks * before.per_block * q, resets=before.resets + room.resets(job.k),
        growth_ratio=float(extremes[1]), sums=np.concatenate([before.sums, sums]), at_rest=_rests(before.V, V, job),
        events=None if before.events is None else before.events.and_also(room.events),
    )  # fmt: skip
    return after if end == FINE else replace(after, divergence=before.step + end * q)


def _rests(before: Array, after: Array, job: Job | EventDriven) -> bool:
    """Whether a system without noise has not moved."""
    if job.noisy:
        return False
    x, y = before[0, :, 0], after[0, :, 0]
    return bool(np.abs(x - y).max() <= STILL * np.abs(x).max())
