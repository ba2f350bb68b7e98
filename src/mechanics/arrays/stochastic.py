"""What a stochastic problem on arrays asks of a solve, in the words of `mechanics.stochastic`."""

from typing import Any

import numpy as np

from ..checks import whole_numbers
from ..methods import Method, all_methods
from ..stochastic import OTHERS, check_structure, reading
from .framework import Framework
from .noisy import FAMILIES, NoisyStep, noisy_step_of
from .normals import Normals
from .step import Slope


def check_noise(
    problem: Any, method: Method, framework: Framework, dt: Any, t0: float, t1: float, dense: bool, events: Any
) -> None:
    """Raise unless the method fits the noise, or its lack, and the solve asks for nothing that a path does not have."""
    check_structure(problem, method, dt, t0, t1)
    if problem.diffusion is None:
        return
    if not isinstance(method.data, FAMILIES):
        fit = [m for m in all_methods("stochastic") if problem.noise in m.noises and isinstance(m.data, FAMILIES)]
        raise ValueError(f"{method} does not run on arrays. Methods that fit: {', '.join(map(reading, fit))}.")
    if framework.complex:
        raise ValueError("A stochastic state must be real: write real and imaginary parts as components.")
    if dense:
        raise ValueError(
            "A stochastic equation has no interpolant: its path between steps is unknown. Use saveat=, or a smaller dt."
        )
    if events:
        raise ValueError(
            "Events of stochastic equations are for the compiled engine, drift(t, y, p, dy); leave them out."
        )
    if problem.noise == "general":
        if problem.noises is None:
            raise ValueError(
                "General noise needs noises=, the number m of Brownian motions: g has the shape of y and a last axis m."
            )
        whole_numbers(noises=(problem.noises, 1))
    if problem.noise == "diagonal" and not method.any_diagonal and not _depends_on_own(problem, framework, t0):
        raise ValueError(f"{method} {OTHERS}")


def _depends_on_own(problem: Any, framework: Framework, t0: float) -> bool:
    """Whether each g[i] stays the same when other components are changed; True where that cannot be told.

    Components are changed whose number has some bit set, or not set: any two differ in one of their bits.
    """
    n = framework.size
    with framework.undifferentiated(), np.errstate(all="ignore"):
        try:
            y, t = problem.y0, framework.times(np.array([t0]))[0]
            before = framework.host(problem.diffusion(t, y, problem.p)).copy()
            moved = y + 0.01 * (1.0 + framework.xp.abs(y))
            for bit in range((n - 1).bit_length()):
                for value in (0, 1):
                    changed = ((np.arange(n) >> bit) & 1 == value).reshape(framework.shape)
                    there = framework.where(framework.mask(changed), moved, framework.own(y))
                    after = framework.host(problem.diffusion(t, there, problem.p))
                    if not np.array_equal(before[~changed], after[~changed], equal_nan=True):
                        return False
        except Exception:  # placeholders of a transformation, a start outside the domain of g: the run will tell
            return True
    return True


def make_noisy_step(
    problem: Any, method: Method, framework: Framework, drift: Slope, seed: Any, member: int, members: int, steps: int
) -> NoisyStep:
    """The step of a method with the noise of a problem."""
    whole_numbers(member=(member, 0))
    general = problem.noise == "general"
    shape = (*framework.shape, problem.noises) if general else framework.shape

    def diffusion(t: Any, y: Any) -> Any:
        g = problem.diffusion(t, y, problem.p)
        if tuple(getattr(g, "shape", ())) != shape or g.dtype != framework.dtype:
            got = f"{type(g).__name__} of shape {tuple(getattr(g, 'shape', ()))} and dtype {getattr(g, 'dtype', None)}"
            raise TypeError(
                f"diffusion(t, y, p) must return g of shape {shape} and dtype {framework.dtype} for {problem.noise} "
                f"noise, but returned {got}."
            )
        return g

    normals = Normals(framework, problem.noise, problem.noises, method.areas, seed, member, members, steps)
    return noisy_step_of(method.data, framework, drift, diffusion, normals, general)
