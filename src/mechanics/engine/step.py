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
from functools import cache
from typing import Any

from ..methods.auto import Automatic
from ..methods.bdf import Multistep
from ..methods.dirk import Dirk
from ..methods.gauss import Gauss
from ..methods.langevin import AveragedNoise, BrooksKarplus, FarJensen, Word
from ..methods.method import Method
from ..methods.radau import Radau
from ..methods.rosenbrock import Rosenbrock
from ..methods.splitting import Splitting
from ..methods.stochastic import Difference, DriftImplicit, PredictorCorrector, Roessler, WeakSecond
from ..methods.tableau import Tableau
from ..methods.taylor import Series
from .bdf_step import bdf_step
from .dirk import dirk_step
from .drift_implicit import drift_implicit_step
from .explicit import explicit_step
from .gauss import gauss_step
from .langevin import langevin_step
from .noisy_steps import difference_step, predictor_corrector_step, roessler_step
from .parts import NO_PARTS, Parts, Step, no_memory
from .platen import weak_second_step
from .radau import radau_step
from .rosenbrock import rosenbrock_step
from .splitting import splitting_step
from .taylor import taylor_step

__all__ = ["FAMILIES", "NO_PARTS", "Parts", "Step", "no_memory", "step_of"]

FAMILIES: dict[type, Callable[[Any, int | None, Parts], Step]] = {
    Tableau: explicit_step,
    Series: taylor_step,
    Multistep: bdf_step,
    Rosenbrock: rosenbrock_step,
    Dirk: dirk_step,
    Radau: radau_step,
    Splitting: splitting_step,
    Gauss: gauss_step,
    PredictorCorrector: predictor_corrector_step,
    Difference: difference_step,
    Roessler: roessler_step,
    WeakSecond: weak_second_step,
    DriftImplicit: drift_implicit_step,
    Word: langevin_step,
    BrooksKarplus: langevin_step,
    FarJensen: langevin_step,
    AveragedNoise: langevin_step,
}


@cache
def _automatic(data: Automatic, n: int | None, parts: Parts) -> Step:
    """Sizes that hold each of the methods (`engine.auto` runs them)."""
    steps = [step_of(method, n, parts) for method in data.methods]

    def memory(size: int) -> int:
        return max(step.memory(size) for step in steps)

    return Step(None, None, None, None, None, 0, data.degree, 0, 0, 0, 0, run=_automatic, lanes=False, memory=memory)


FAMILIES[Automatic] = _automatic


def step_of(method: Method, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Kernels of `method` for states of n components; n=None leaves the number open."""
    return FAMILIES[type(method.data)](method.data, n, parts)
