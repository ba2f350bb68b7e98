"""One step of a system, for numbers and duals alike: a map, or a numerical scheme of a flow.

    prepare(t, y, p, K)                              before the first of several steps
    step(index, t, dt, y, p, z, K, y1)               y1 from y; K is then ready for the next step

The tangent dynamics is the derivative of these very operations: for a flow that of the numerical scheme with its stages
and steps, not a scheme applied to the variational equation.
"""

from typing import Any, NamedTuple

from ..engine.adopt import adopt
from ..engine.bind import adopted, in_python
from ..engine.compile import inlined
from ..engine.noise_source import choose, counted
from ..engine.stack import STACK, part
from ..engine.stages import explicit_stages
from ..engine.step import step_of
from ..methods import Method
from ..methods.splitting import Splitting
from ..methods.stochastic import Difference, PredictorCorrector, Roessler
from ..methods.tableau import Tableau
from ..problem import Problem
from ..separable import check_separable
from ..solving import parts_of
from ..stochastic import check_structure
from . import implicit
from .map import Map

FAMILIES = (Tableau, Splitting, PredictorCorrector, Difference, Roessler)
IMPLICIT = implicit.FAMILIES
ABSOLUTE = 1e-3  # tolerance of a chosen step, of the relative one


class Steps(NamedTuple):
    """Kernels of a system and what they need."""

    prepare: Any
    step: Any
    vectors: int  # of n numbers in K
    draws: int  # normals of a step
    fill: Any  # kernel that draws them for several steps
    more: int = 0  # numbers of K beyond its vectors


@inlined
def _nothing(t, y, p, K):  # type: ignore[no-untyped-def]
    pass


@inlined
def _no_noise(Z, fine, table, m, seed, member, step, refine, over_steps):  # type: ignore[no-untyped-def]
    pass


def nothing_drawn() -> Steps:
    """For steps that are not made of kernels of this form."""
    return Steps(_nothing, None, 0, 0, _no_noise)


def steps_of_map(system: Map) -> Steps:
    """One iteration."""
    f = adopt(system.f)
    if system.noises:

        @inlined
        def noisy_step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
            f(index, y, z, p, y1)

        return Steps(_nothing, noisy_step, 0, system.noises, counted)

    @inlined
    def step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
        f(index, y, p, y1)

    return Steps(_nothing, step, 0, 0, _no_noise)


def check_flow(problem: Problem, method: Method, dt: float | None) -> None:
    """Raise unless the tangent dynamics of the method is known here and fits the problem.

    Raises
    ------
    ValueError
        If the method is of a family whose steps cannot be differentiated here, or needs dt.
    """
    if not isinstance(method.data, (*FAMILIES, *IMPLICIT)):
        raise ValueError(
            f"{method.name} has no tangent dynamics here: use an explicit Runge-Kutta method (RK4, DOP853), a "
            "splitting (VERLET, YOSHIDA4) for a separable Hamiltonian, GAUSS4 for any other, RADAU5 or KVAERNO5 with "
            "dt= for a stiff problem, or, with a diffusion, EULER_MARUYAMA, MILSTEIN, EULER_HEUN, SRA1 or SRI1W1."
        )
    if isinstance(method.data, IMPLICIT) and method.adaptive and dt is None:
        raise ValueError(
            f"The tangent dynamics of {method.name} is that of steps of equal length: give dt=. Explicit methods with "
            "an error estimate (DOPRI5, TSIT5, VERN7) choose their steps."
        )
    check_structure(problem, method, 1.0, 0.0, 1.0)
    check_separable(problem, method)


def steps_of_flow(problem: Problem, method: Method, drift: Any, n: int | None) -> Steps:
    """One step of fixed length, with this drift, which may be the problem's with another derivative."""
    if isinstance(method.data, Tableau):
        return _explicit(drift, method.data, n)
    if isinstance(method.data, Splitting):
        return _splitting(drift, problem, method, n)
    return _noisy(drift, problem, method, n)


def adaptive_steps(problem: Problem, method: Method, drift: Any, n: int, width: int, tolerance: float) -> Steps:
    """One step of a grid, made of steps of controlled error."""
    from .adaptive import adaptive_kernels

    size = n if n <= STACK else None
    prepare, step = adaptive_kernels(drift, method, n, size, width, tolerance, ABSOLUTE * tolerance)
    return Steps(prepare, step, method.data.stages + 1, 0, _no_noise, 2)


def _explicit(drift: Any, tab: Tableau, n: int | None) -> Steps:
    stages = explicit_stages(tab, n).stages

    @inlined
    def step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
        drift(t, y, p, part(K, 0, len(y)))
        stages(drift, t, dt, y, p, K, y1)

    return Steps(_nothing, step, tab.stages, 0, _no_noise)


def _splitting(drift: Any, problem: Problem, method: Method, n: int | None) -> Steps:
    kernels = step_of(method, n, parts_of(problem, method))
    begin, attempt, finish, shift = kernels.begin, kernels.attempt, kernels.finish, kernels.shift

    @inlined
    def prepare(t, y, p, K):  # type: ignore[no-untyped-def]
        begin(drift, t, y, p, K)

    @inlined
    def step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
        attempt(drift, t, dt, y, p, z, K, y1, 0.0, z)
        finish(drift, t + dt, y1, p, K)
        shift(y1, K)

    return Steps(prepare, step, kernels.slopes, 0, _no_noise)


def _noisy(drift: Any, problem: Problem, method: Method, n: int | None) -> Steps:
    kernels = step_of(method, n, adopted(parts_of(problem, method)))
    attempt, draws = kernels.attempt, kernels.noise
    count = in_python(draws.count)(len(problem.y0))

    @inlined
    def step(index, t, dt, y, p, z, K, y1):  # type: ignore[no-untyped-def]
        attempt(drift, t, dt, y, p, z, K, y1, 0.0, z)

    return Steps(_nothing, step, kernels.slopes, count, choose("counted", draws))
