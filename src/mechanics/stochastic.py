"""What a stochastic problem asks of a solve: a method that fits its noise, a grid of steps, a name of the noise."""

import math
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from .engine import layout
from .langevin_methods import check_langevin, one_draw
from .methods import Method, all_methods
from .noise.brownian import BrownianPath
from .noise.normals import seed_word
from .problem import Problem

Array = NDArray[np.float64]
NEAR = 1e-6  # a time this part of a step away from the grid is on it
READ = {"ito": "Ito", "stratonovich": "Stratonovich"}
BY_PATH = -1  # in place of `refine`, where the noise is a path of the user
OTHERS = (
    "needs diagonal noise whose g[i] depends on t and y[i] alone, but here a g[i] changes with another component. Take "
    'EULER_MARUYAMA, or write the noise as a matrix with noise="general".'
)
LARGEST = 2**31  # bytes of a path that is laid out on the grid


def reading(method: Method) -> str:
    """The method with the calculus in which it reads the diffusion."""
    return f"{method} ({READ[method.calculus]})" if method.calculus else str(method)


def fitting(noise: str) -> str:
    """The methods that solve a structure of noise, as a sentence lists them."""
    return ", ".join(reading(method) for method in all_methods("stochastic") if noise in method.noises)


def check_noise(problem: Problem, method: Method, dt: Any) -> None:
    """Raise unless the method fits the noise of the problem, or its lack of noise."""
    if method.kind == "langevin":
        check_langevin(problem, method)
        _check_grid(method, dt, problem.t0, problem.t1)
        return
    check_structure(problem, method, dt, problem.t0, problem.t1)
    if problem.diffusion is None:
        return
    if problem.noise == "diagonal" and not method.any_diagonal and not _depends_on_own(problem):
        raise ValueError(f"{method} {OTHERS}")


def check_structure(problem: Problem, method: Method, dt: Any, t0: float, t1: float) -> None:
    """The part of `check_noise` that needs no values of the diffusion."""
    if problem.diffusion is None:
        if method.kind == "stochastic":
            raise ValueError(
                f"{method} solves stochastic equations, but the problem has no diffusion; give Problem(diffusion=), or "
                "take a method for ordinary differential equations such as TSIT5."
            )
        return
    if method.kind != "stochastic":
        raise ValueError(
            f"{method} solves ordinary differential equations, but the problem has {problem.noise} noise. Methods that "
            f"fit: {fitting(problem.noise)}."
        )
    if problem.noise not in method.noises:
        raise ValueError(
            f"{method} solves {', '.join(sorted(method.noises))} noise, but the problem has {problem.noise} noise. "
            f"Methods that fit: {fitting(problem.noise)}."
        )
    _check_grid(method, dt, t0, t1)


def _check_grid(method: Method, dt: Any, t0: float, t1: float) -> None:
    if dt is None:
        raise ValueError(f"{method} takes fixed steps, as all methods for stochastic equations do; give dt=.")
    grid_steps(t0, t1, float(dt))


_own: dict[tuple[Any, int], bool] = {}


def _depends_on_own(problem: Problem) -> bool:
    """Whether g[i] stays the same when other components are changed, at the initial state; True where unknown."""
    diffusion: Any = problem.diffusion
    n, key = len(problem.y0), (diffusion, len(problem.y0))
    if n == 1 or n > 64:
        return True
    if key not in _own:
        plain = diffusion.py_func if isinstance(diffusion, Dispatcher) else diffusion
        before, after = np.full(n, np.nan), np.full(n, np.nan)
        same = True
        try:
            with np.errstate(all="ignore"):
                plain(problem.t0, problem.y0.copy(), problem.p, before)
                for j in range(n):
                    y = problem.y0.copy()
                    y[j] += 0.01 * (1.0 + abs(y[j]))
                    plain(problem.t0, y, problem.p, after)
                    others = np.arange(n) != j
                    same = same and np.array_equal(before[others], after[others], equal_nan=True)
        except Exception:  # a start outside the domain of g: compiled code will show what it is
            same = True
        _own[key] = same
    return _own[key]


def grid_steps(t0: float, t1: float, dt: float) -> int:
    """Number of steps from t0 to t1."""
    if t1 < t0:
        raise ValueError(f"A stochastic equation is solved forwards, but t1 = {t1} lies before t0 = {t0}.")
    if not math.isfinite(dt) or dt <= 0.0:
        raise ValueError(f"dt must be positive, but is {dt}.")
    if dt <= 4.0 * np.spacing(max(abs(t0), abs(t1))):
        raise ValueError(f"dt = {dt} is too short for times near {max(abs(t0), abs(t1))} to advance.")
    steps = round((t1 - t0) / dt)
    if abs(t0 + steps * dt - t1) > _tolerance(t0, t1, dt) * max(1.0, steps * 1e-3):
        below = (t1 - t0) / max(1, math.ceil((t1 - t0) / dt))
        raise ValueError(
            f"A step of noise is not cut, so t1 - t0 = {t1 - t0} must be a whole number of steps, but is "
            f"{(t1 - t0) / dt:.6g} of them with dt = {dt}; dt = {below} would do."
        )
    return steps


def _tolerance(t0: float, t1: float, dt: float) -> float:
    return NEAR * dt + 4.0 * float(np.spacing(max(abs(t0), abs(t1))))


def on_grid(times: Array, t0: float, t1: float, dt: float) -> Array:
    """The ends of steps that the requested times are, as the engine computes them.

    Raises
    ------
    ValueError
        If a time lies between two ends of steps: nothing is interpolated.
    """
    steps = grid_steps(t0, t1, dt)
    index = np.rint((times - t0) / dt)
    ends = np.where(index == steps, t1, t0 + index * dt)
    off = np.flatnonzero(np.abs(ends - times) > _tolerance(t0, t1, dt) * np.maximum(1.0, index * 1e-3))
    if len(off):
        t, near = times[off[0]], ends[off[0]]
        raise ValueError(
            f"saveat must hold ends of steps of stochastic equations, t0 + i dt, because a path is unknown "
            f"between them, but {t} is none (the nearest is {near}). Choose dt so that it divides "
            "the distances, or round saveat."
        )
    return ends


def name_noise(whole: NDArray[np.int64], seed: Any, member: int, refine: int) -> None:
    """Write what names the noise into the state of a run."""
    whole[layout.SEED] = seed_word(seed).view(np.int64)
    whole[layout.MEMBER], whole[layout.REFINE] = member, refine


def same_noise(whole: NDArray[np.int64], seed: Any, member: int, refine: int) -> None:
    """Raise unless a continued run goes on with the noise it began with."""
    given = whole.copy()
    name_noise(given, seed, member, refine)
    if not np.array_equal(given, whole):
        was = (
            "path="
            if whole[layout.REFINE] == BY_PATH
            else (
                f"seed={int(whole[layout.SEED]) % 2**64}, member={whole[layout.MEMBER]}, refine={whole[layout.REFINE]}"
            )
        )
        raise ValueError(f"A restart needs the noise of the first solve: pass {was} as before.")


def check_follows(method: Method, refine: int, path: Any) -> None:
    """Raise unless the noise of the method can be that of finer steps, or of a path, where that is asked for."""
    if (refine != 1 or path is not None) and not one_draw(method):
        raise ValueError(
            f"refine= and path= need a method that draws one normal for each Brownian motion and step, but {method} "
            "draws more: take BAOAB, ABOBA or GJF."
        )


def laid_out(path: Any, problem: Problem, origin: float, dt: float, areas: bool) -> Array:
    """Normals of a path for each step from `origin` to the end of the problem, shape (steps, draws)."""
    if not isinstance(path, BrownianPath):
        raise TypeError(f"path must be a mechanics.noise.BrownianPath, but is a {type(path).__name__}.")
    if path.noises != problem.wieners:
        raise ValueError(f"The problem has {problem.wieners} Brownian motions, but the path has {path.noises}.")
    steps = grid_steps(origin, problem.t1, dt)
    if 8 * steps * path.noises * 4 > LARGEST:
        raise ValueError(f"A path on {steps} steps takes too much memory; solve in parts with restart, or name a seed.")
    ts = origin + dt * np.arange(steps + 1)
    if ts[-1] > path.t1 >= problem.t1:  # rounding alone: the grid ends at the end of the problem
        ts[-1] = path.t1
    return path.normals(ts, areas=areas)
