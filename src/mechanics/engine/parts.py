"""What engines and families of methods give each other: parts of the problem, and kernels with the sizes of arrays."""

from collections.abc import Callable
from typing import Any, NamedTuple


class SecondOrder(NamedTuple):
    """What `mechanics.Langevin` knows of its drift and diffusion: m dv = F dt - friction - gamma m v dt + sigma dW."""

    force: Any  # (t, q, p, out)
    amplitude: Any = None  # sigma(t, p), where it is a function of time
    each: bool = False  # whether mass, damping, noise or thresholds differ between components
    common: bool = False  # one Brownian motion for all components
    friction: bool = False
    autonomous: bool = False  # the force does not read its t
    drift: Any = None  # the problem's, made from these
    diffusion: Any = None


class Parts(NamedTuple):
    """Functions of a problem beside its drift, and its structure; None where it has none."""

    jacobian: Any = None
    diffusion: Any = None
    noise: str | None = None
    band: tuple[int, int] | None = None  # lower and upper half-bandwidth of the Jacobian
    autonomous: bool = False  # the drift does not read its t
    plain_velocity: bool = False  # dq/dt is v itself and dv/dt depends on t and q alone (`mechanics.separable`)
    noises: int | None = None  # Brownian motions, where their number is not that of the components
    second_order: SecondOrder | None = None


NO_PARTS = Parts()


def no_memory(n: int) -> int:
    """Steps that depend on nothing but t and y."""
    return 0


def any_drift(drift: Any, p: Any) -> None:
    """Methods that take every drift."""


class Step(NamedTuple):
    """Kernels of a method (see `step`) and the sizes of their arrays, in vectors of n components."""

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
    squares: int = 0  # n x n matrices of K, behind its vectors
    jacobians: int = 0  # evaluations of the Jacobian in an attempt, beyond those that a loop of its own counts
    factorisations: int = 0
    lanes: bool = True  # whether the kernels take lanes
    carried: int = 1  # vectors of K, from `last` on, that the next step starts with
    recalled: int = 0  # the first of them that `begin` cannot find again from t and y
    noise: Any = None  # `engine.noise_source.Draws` of a stochastic method
    keeps: Any = None  # of a stochastic method: kernel of n, how many numbers of K the next step starts with
    check: Callable[[Any, Any], None] = any_drift  # raises ValueError where the method cannot take the drift with p
