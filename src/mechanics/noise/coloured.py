"""Noise with a memory: the Ornstein-Uhlenbeck process, exact at any step.

    dx = -x/tau dt + sigma dW,   <x(s) x(t)> = sd^2 exp(-|t - s|/tau),   sd^2 = sigma^2 tau / 2

From x at the start of a step dt, with r = dt/tau, a = exp(-r) and independent normals z1, z2,

    x'           = a x + sd sqrt(1 - a^2) z1                                                        (1)
    integral x   = tau (1 - a) x + sd tau [(1 - a)^(3/2) (1 + a)^(-1/2) z1 + sqrt(2 r - 4 tanh(r/2)) z2]   (2)

Derivation. x(u) = exp(-u/tau) x + sigma M(u), M(u) = integral_0^u exp(-(u - v)/tau) dW(v). By Ito's isometry

    Var x'           = sd^2 (1 - a^2)
    Cov(x', int x)   = sigma^2 integral_0^dt exp(-v/tau) tau (1 - exp(-v/tau)) dv = sd^2 tau (1 - a)^2
    Var int x        = sigma^2 tau^2 integral_0^dt (1 - exp(-v/tau))^2 dv = sd^2 tau^2 (2 r - 3 + 4 a - a^2)

The z1 in (2) is Cov / sd(x'); what remains, 2 r - 3 + 4 a - a^2 - (1 - a)^3/(1 + a) = 2 r - 4 (1 - a)/(1 + a), is the
square of the z2 term. For small r it is r^3/6, lost to rounding in either form: y - tanh y, y = r/2, comes from the
continued fraction tanh y = y/(1 + y^2/(3 + y^2/(5 + ...))).

Gillespie, Phys. Rev. E 54 (1996) 2084, has the same two moments.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import compile_bound
from .box_muller import constants, pair
from .normals import seed_word
from .threefry import threefry13

Array = NDArray[np.float64]
COLOURED = np.uint64(1 << 61)  # key bit of these draws, which share none with those of solvers and paths
TERMS = 25  # odd numbers 3 ... 51 of the continued fraction: full precision for y <= 1


class ColouredSample(NamedTuple):
    """Values x (k, m) on a grid, and integrals (k - 1, m) of x over its steps."""

    x: Array
    integrals: Array


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """Stationary Gaussian noise with correlation sd^2 exp(-|s|/tau), sampled without error at any times.

    Parameters
    ----------
    tau : float
        Correlation time.
    sd : float, optional
        Stationary standard deviation. Give this or sigma.
    sigma : float, optional
        Amplitude in dx = -x/tau dt + sigma dW. sigma = 1/tau is noise of unit intensity: its integral tends to a
        Brownian motion as tau goes to 0.

    Raises
    ------
    ValueError
        Unless tau is positive, and exactly one of sd and sigma is given, finite and not negative.

    Examples
    --------
    >>> from mechanics.noise import OrnsteinUhlenbeck
    >>> import numpy as np
    >>> force = OrnsteinUhlenbeck(0.5, sd=2.0)
    >>> x, integrals = force.sample(np.linspace(0.0, 10.0, 101), seed=3, components=4)
    >>> x.shape, integrals.shape
    ((101, 4), (100, 4))
    """

    tau: float
    sd: float = field(default=math.nan, kw_only=True)
    sigma: float = field(default=math.nan, kw_only=True)

    def __post_init__(self) -> None:
        if not 0.0 < self.tau < math.inf:
            raise ValueError(f"tau must be positive and finite, but is {self.tau!r}.")
        if math.isnan(self.sd) == math.isnan(self.sigma):
            raise ValueError("Give either sd, the stationary standard deviation, or sigma, the amplitude.")
        root = math.sqrt(0.5 * self.tau)
        sd = self.sigma * root if math.isnan(self.sd) else self.sd
        if not 0.0 <= sd < math.inf:
            raise ValueError(f"sd or sigma must be finite and not negative, but sd = {self.sd}, sigma = {self.sigma}.")
        object.__setattr__(self, "sd", float(sd))
        object.__setattr__(self, "sigma", float(sd / root))
        object.__setattr__(self, "tau", float(self.tau))

    def sample(
        self,
        ts: ArrayLike,
        seed: int | np.random.SeedSequence,
        *,
        member: int = 0,
        components: int = 1,
        x0: ArrayLike | None = None,
    ) -> ColouredSample:
        """Values on a grid and their integrals over its steps, jointly exact in distribution.

        Parameters
        ----------
        ts : array_like, shape (k,)
            Increasing times.
        seed : int or numpy.random.SeedSequence
            Names the sample.
        member : int
            Another independent sample of the same seed.
        components : int
            Number m of independent processes.
        x0 : array_like, shape (m,), optional
            Start; drawn from the stationary law if left out.

        Returns
        -------
        ColouredSample
            x (k, m) and integrals (k - 1, m).

        Raises
        ------
        ValueError
            If the times do not increase, or an index is out of range.

        Notes
        -----
        Numbers depend on (seed, member, index in ts, component): another grid gives another sample of the same law.
        """
        times = np.asarray(ts, dtype=np.float64)
        if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or not (np.diff(times) > 0.0).all():
            raise ValueError("ts must be an array of increasing finite times (k,), k >= 1.")
        for name, value, least in (("components", components, 1), ("member", member, 0)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value < 2**63:
                raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")
        start = np.full(components, math.nan)
        if x0 is not None:
            start[:] = x0
            if not np.isfinite(start).all():
                raise ValueError(f"x0 must be finite, but is {x0!r}.")
        x, integrals = np.empty((len(times), components)), np.empty((len(times) - 1, components))
        law = exact_coefficients(np.diff(times), self.tau, self.sd)
        with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
            compile_bound(_sample_entry)(x, integrals, start, self.sd, law, seed_word(seed), np.uint64(member))
        return ColouredSample(x, integrals)


def exact_coefficients(dt: ArrayLike, tau: float, sd: float) -> Array:
    """Rows a, b, c, d, e of x' = a x + b z1 and integral x = c x + d z1 + e z2, (1) and (2), a column a step."""
    r = np.asarray(dt, dtype=np.float64) / tau
    a, lost = np.exp(-r), -np.expm1(-r)
    spread = sd * np.sqrt(-np.expm1(-2.0 * r))
    d = sd * tau * lost * np.sqrt(lost / (1.0 + a))
    return np.stack([a, spread, tau * lost, d, 2.0 * sd * tau * np.sqrt(_less_tanh(0.5 * r))])


def _less_tanh(y: Array) -> Array:
    """y - tanh y without cancellation."""
    small = np.minimum(y, 1.0)
    square, fraction = small * small, np.zeros_like(y)
    for odd in range(2 * TERMS + 1, 1, -2):
        fraction = square / (odd + fraction)
    return np.where(y <= 1.0, small * fraction / (1.0 + fraction), y - np.tanh(y))


def _sample_entry(x, integrals, start, sd, law, seed, member):  # type: ignore[no-untyped-def]
    const = constants()
    for c in range(x.shape[1]):
        block = COLOURED | np.uint64(c // 2)
        w0, w1 = threefry13(member, np.uint64(0), seed, block)
        z1, _ = pair(w1 if c % 2 else w0, const)
        x[0, c] = sd * z1 if math.isnan(start[c]) else start[c]
        for k in range(integrals.shape[0]):
            w0, w1 = threefry13(member, np.uint64(k + 1), seed, block)
            z1, z2 = pair(w1 if c % 2 else w0, const)
            integrals[k, c] = law[2, k] * x[k, c] + law[3, k] * z1 + law[4, k] * z2
            x[k + 1, c] = law[0, k] * x[k, c] + law[1, k] * z1
