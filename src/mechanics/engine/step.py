"""What an engine asks of a method: four kernels, bound to the method's coefficients and the number of components.

    begin(drift, t, y, p, K)                                   fill what the first step needs
    attempt(drift, t, dt, y, p, z, K, y1, rtol, atol) -> e     y1, and its scaled error: accepted if e <= 1
    finish(drift, t1, y1, p, K)                                after acceptance, before output
    dense(drift, t, dt, y, p, K, work, Q)                      Bernstein coefficients of the interpolant
    shift(K)                                                   make the end of this step the start of the next

y and y1 have n components, K and Q several vectors of n one after the other; z holds standard normals (methods without
noise ignore it). Arrays are of float64 or of lanes, and a kernel neither knows nor cares.
What else of the problem a method needs (`Parts`: Jacobian, diffusion) its kernels close over. A method with a step
control of its own brings its own loop in `run`; numbers that it carries from step to step beside y live in `memory`.
A new family of methods is one file with such a function, and one line in `FAMILIES`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..methods.method import Method
from ..methods.stochastic import Difference, PredictorCorrector, Roessler, WeakSecond
from ..methods.tableau import Tableau
from .explicit import explicit_step
from .noisy_steps import difference_step, predictor_corrector_step, roessler_step
from .parts import NO_PARTS, Parts, no_memory
from .platen import weak_second_step

__all__ = ["FAMILIES", "NO_PARTS", "Parts", "Step", "step_of"]


class Step(NamedTuple):
    """Kernels of a method and the sizes of their arrays, in vectors of n components."""

    begin: Any
    attempt: Any
    finish: Any
    dense: Any
    shift: Any
    slopes: int  # of K
    degree: int  # of Q
    last: int  # which vector of K is the slope at the end of the step
    cost: int  # evaluations of the drift in an attempt
    finish_cost: int  # and after acceptance
    dense_cost: int  # and for the interpolant
    run: Any = None  # loop of the scalar engine, where it is not one of `engine.scalar`
    memory: Callable[[int], int] = no_memory  # numbers carried from step to step beside the n of y
    noise: Any = None  # `engine.noise_source.Draws` of a stochastic method


FAMILIES: dict[type, Callable[[Any, int | None, Parts], tuple[Any, ...]]] = {
    Tableau: explicit_step,
    PredictorCorrector: predictor_corrector_step,
    Difference: difference_step,
    Roessler: roessler_step,
    WeakSecond: weak_second_step,
}


def step_of(method: Method, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Kernels of `method` for states of n components; n=None leaves the number open."""
    return Step(*FAMILIES[type(method.data)](method.data, n, parts))
