"""Langevin equations as problems: inertia, damping, noise in balance with them, and dry friction.

    dq = v dt,   m dv = F(t, q) dt - friction(v) dt - gamma m v dt + sigma dW,     y = (q, v)

gamma is a rate (1/time). In equilibrium sigma^2 = 2 gamma m kT, so that v has the variance kT/m without friction.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engine.dry_friction import slip
from .engine.parts import SecondOrder
from .problem import Problem, check_arguments, initial_state, reads_time

Array = NDArray[np.float64]
Force = Callable[..., None]
Amplitude = Callable[..., float]


class LangevinParameters(NamedTuple):
    """What drift, diffusion and events of a Langevin problem get as p; each field may differ between members.

    Attributes
    ----------
    p : object
        What the force gets as p.
    gamma, mass : float or ndarray, shape (d,)
        Damping rate, mass.
    temperature, noise : float, ndarray or None
        kT, or the amplitude sigma of the random force: one of them, or neither where sigma is a function.
    mu_right, mu_left : float, ndarray or None
        Dry friction against v > 0 and v < 0, forces.
    table : ndarray
        Numbers of a method's flows, filled in by `solve` and `ensemble`.
    """

    p: Any
    gamma: Any
    mass: Any
    temperature: Any
    noise: Any
    mu_right: Any
    mu_left: Any
    table: Any


FIELDS = ("gamma", "mass", "temperature", "noise", "mu_right", "mu_left")  # numbers, or one for each component
NO_TABLE = np.zeros(1)


def Langevin(
    force: Force,
    q0: ArrayLike,
    v0: ArrayLike,
    *,
    gamma: ArrayLike,
    temperature: ArrayLike | None = None,
    noise: ArrayLike | Amplitude | None = None,
    mass: ArrayLike = 1.0,
    friction: tuple[ArrayLike, ArrayLike] | None = None,
    common: bool = False,
    p: Any = None,
    t0: float = 0.0,
    t1: float,
) -> Problem:
    """The problem dq = v dt, m dv = F(t, q) dt - friction dt - gamma m v dt + sigma dW.

    Parameters
    ----------
    force : callable
        `force(t, q, p, out) -> None` fills out (d,) from positions q (d,). Plain Python; it is compiled.
    q0, v0 : array_like, shape (d,)
        Initial positions and velocities.
    gamma : float or array_like, shape (d,)
        Damping rate, per unit time: the damping force is -gamma m v. 0 is allowed.
    temperature : float or array_like, shape (d,)
        kT in units of energy; then sigma = sqrt(2 gamma m kT).
    noise : float, array_like, shape (d,), or callable
        Instead: sigma, force times the root of time, or `sigma(t, p) -> float` for all components.
    mass : float or array_like, shape (d,)
        Positive.
    friction : (mu_right, mu_left), optional
        Dry friction: forces against v > 0 and v < 0 (floats or arrays), which also hold what rests.
    common : bool
        One Brownian motion for all components.
    p : None, float, array_like or NamedTuple
        Parameters of the force, and of `sigma`.
    t0, t1 : float
        Start and end.

    Returns
    -------
    Problem
        With state y = (q, v). `print(problem)` shows its equation. Its parameters are `LangevinParameters`.

    Raises
    ------
    ValueError
        If temperature and noise are both given, or neither; for signs and shapes that make no sense; and for noise
        without damping or friction, which heats without bound.

    Notes
    -----
    Methods of kind "langevin" split this equation; those of kind "stochastic" solve it as any other. Without noise it
    is an ordinary equation, for the methods that solve these.

    References
    ----------
    Leimkuhler, Matthews, Molecular Dynamics (2015), chapter 6; dry friction: de Gennes, J. Stat. Phys. 119 (2005) 953.
    """
    check_arguments(force, "force", "t, q, p, out")
    q, v = initial_state(q0), initial_state(v0)
    if len(q) != len(v):
        raise ValueError(f"q0 and v0 must have the same length, but have {len(q)} and {len(v)}.")
    if temperature is not None and noise is not None:
        raise ValueError(
            "Give temperature= or noise=, not both: one follows from the other, noise = sqrt(2 gamma m temperature)."
        )
    if temperature is None and noise is None:
        raise ValueError(
            "Give temperature= (kT, in units of energy) or noise= (amplitude of the random force); 0 for none."
        )
    if friction is not None and len(friction) != 2:
        raise ValueError(f"friction must be (mu_right, mu_left), but is {friction!r}.")
    amplitude = noise if callable(noise) else None
    if amplitude is not None:
        check_arguments(amplitude, "noise", "t, p")
    right, left = friction or (None, None)
    given = {
        "gamma": gamma, "mass": mass, "temperature": temperature, "noise": None if amplitude else noise,
        "mu_right": right, "mu_left": left,
    }  # fmt: skip
    values = {name: _numbers(name, value, len(q)) for name, value in given.items()}
    each = any(isinstance(value, np.ndarray) for value in values.values())
    if each:
        values = {name: None if x is None else np.full(len(q), x) for name, x in values.items()}
    record = LangevinParameters(p=p, table=NO_TABLE, **values)
    sigma = sigmas(record)
    noisy = amplitude is not None or bool(np.any(sigma > 0.0))
    if friction is None and amplitude is None and np.any((sigma > 0.0) & (np.asarray(record.gamma) == 0.0)):
        raise ValueError("Noise without damping heats without bound: with gamma=0 give noise=0 (or friction=).")
    drift, diffusion = _made(force, amplitude, each, friction is not None)
    known = SecondOrder(
        force, amplitude, each, common, friction is not None, not reads_time(force), drift, diffusion if noisy else None
    )
    return Problem(
        drift,
        np.concatenate([q, v]),
        t0,
        t1,
        record,
        diffusion=known.diffusion,
        noise="scalar" if common else "additive",
        second_order=known,
    )


def OverdampedLangevin(
    force: Force,
    q0: ArrayLike,
    *,
    gamma: ArrayLike,
    temperature: ArrayLike,
    mass: ArrayLike = 1.0,
    p: Any = None,
    t0: float = 0.0,
    t1: float,
) -> Problem:
    """The limit of strong damping, dq = F/(gamma m) dt + sqrt(2 kT/(gamma m)) dW, as a problem with additive noise.

    Parameters
    ----------
    force, q0, gamma, temperature, mass, p, t0, t1
        As in `Langevin`; with mass 1, gamma is the friction coefficient. gamma must be positive.

    Returns
    -------
    Problem
        With state q, for LEIMKUHLER_MATTHEWS and the methods of kind "stochastic".

    Raises
    ------
    ValueError
        For signs and shapes that make no sense.
    """
    check_arguments(force, "force", "t, q, p, out")
    q = initial_state(q0)
    values = {
        name: _numbers(name, value, len(q))
        for name, value in (("gamma", gamma), ("mass", mass), ("temperature", temperature))
    }
    if np.any(np.asarray(values["gamma"]) == 0.0):
        raise ValueError("gamma must be positive: without damping there is no overdamped limit.")
    each = any(isinstance(value, np.ndarray) for value in values.values())
    if each:
        values = {name: np.full(len(q), x) for name, x in values.items()}
    record = LangevinParameters(p=p, table=NO_TABLE, noise=None, mu_right=None, mu_left=None, **values)
    drift, diffusion = _made_overdamped(force, each)
    noisy = bool(np.any(np.asarray(record.temperature) > 0.0))
    return Problem(drift, q, t0, t1, record, diffusion=diffusion if noisy else None, noise="additive")


def _numbers(name: str, value: Any, d: int) -> Any:
    """A float, or an array of d, or None; finite, not negative, and the mass not 0."""
    if value is None:
        return None
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number or an array of shape ({d},), but is {value!r}.") from None
    if numbers.ndim and numbers.shape != (d,):
        raise ValueError(f"{name} must be a number or have shape ({d},), but has shape {numbers.shape}.")
    least, what = (np.nextafter(0.0, 1.0), "positive") if name == "mass" else (0.0, "not negative")
    if not (np.isfinite(numbers).all() and np.all(numbers >= least)):
        raise ValueError(f"{name} must be finite and {what}, but is {value!r}.")
    return numbers if numbers.ndim else float(numbers)


def sigmas(p: LangevinParameters) -> Any:
    """Amplitude of the random force; 1 where a function of time multiplies it."""
    if p.temperature is not None:
        return np.sqrt(2.0 * np.asarray(p.gamma) * p.mass * p.temperature)
    return np.ones(np.shape(p.gamma)) if p.noise is None else np.asarray(p.noise)


def _number(x, i):  # type: ignore[no-untyped-def]
    return x


def _component(x, i):  # type: ignore[no-untyped-def]
    return x[i]


@cache
def _made(force: Force, amplitude: Amplitude | None, each: bool, rubs: bool) -> tuple[Any, Any]:
    """Drift and diffusion on y = (q, v) for the methods that know nothing of the structure."""
    of = _component if each else _number
    thermal, rub = _force_amplitude(amplitude, of), _friction(of) if rubs else _no_friction

    def langevin_drift(t, y, p, dy):  # type: ignore[no-untyped-def]
        d = len(y) // 2
        force(t, y[:d], p.p, dy[d:])
        for i in range(d):
            v = y[d + i]
            dy[i] = v
            dy[d + i] = rub(v, dy[d + i], p, i) / of(p.mass, i) - of(p.gamma, i) * v

    def langevin_diffusion(t, y, p, g):  # type: ignore[no-untyped-def]
        d = len(y) // 2
        for i in range(d):
            g[i] = 0.0
            g[d + i] = thermal(t, p, i) / of(p.mass, i)

    return langevin_drift, langevin_diffusion


def _force_amplitude(amplitude: Amplitude | None, of: Any) -> Any:
    def given(t, p, i):  # type: ignore[no-untyped-def]
        return amplitude(t, p.p)  # type: ignore[misc]

    def thermal(t, p, i):  # type: ignore[no-untyped-def]
        if p.temperature is None:
            return of(p.noise, i)
        return math.sqrt(2.0 * of(p.gamma, i) * of(p.mass, i) * of(p.temperature, i))

    return thermal if amplitude is None else given


def _no_friction(v, f, p, i):  # type: ignore[no-untyped-def]
    return f


def _friction(of: Any) -> Any:
    def rub(v, f, p, i):  # type: ignore[no-untyped-def]
        right, left = of(p.mu_right, i), of(p.mu_left, i)
        if v > 0.0:
            return f - right
        if v < 0.0:
            return f + left
        return slip(f, right, left)

    return rub


@cache
def _made_overdamped(force: Force, each: bool) -> tuple[Any, Any]:
    of = _component if each else _number

    def overdamped_drift(t, q, p, dq):  # type: ignore[no-untyped-def]
        force(t, q, p.p, dq)
        for i in range(len(q)):
            dq[i] /= of(p.gamma, i) * of(p.mass, i)

    def overdamped_diffusion(t, q, p, g):  # type: ignore[no-untyped-def]
        for i in range(len(q)):
            g[i] = math.sqrt(2.0 * of(p.temperature, i) / (of(p.gamma, i) * of(p.mass, i)))

    return overdamped_drift, overdamped_diffusion
