"""How long an overdamped chain takes: fast to the noiseless rest, then slowly, by creep under weak noise, to (8).

    fast   1 / (4 k sin^2(pi/2L'))                                         L' - 1 blocks move, see `rest_state`
    creep  1 / (4 k sin^2(pi/2L) 2 Phi(-(mu_right + mu_left)/(2 eps_bar)))   near the rest under noise

Shi, Pan, Dokmanic, arXiv:2407.19353, supplement S6.2, describes the two stages. The second is the slowest rate of the
mean field at its rest; before that the chain creeps faster, since blocks just below their threshold are half free.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from .load_curve import curvature, load_curve
from .mean_field import MeanField
from .parameters import ChainParameters
from .rest import rest_state

LATEST = 60.0  # creep times after which a chain is taken to be at rest: e^-60
GRID = 400  # times, evenly spaced in their logarithm, between which a crossing is bracketed


class TimeScales(NamedTuple):
    """Times, in units of time."""

    fast: float  # to the noiseless rest state; 0 where no block moves
    creep: float  # of the slowest mode near (8); infinite without noise


def time_scales(chain: ChainParameters, dt: float | None = None) -> TimeScales:
    """The two times of an overdamped chain in closed form; dt only where its noise was given as `eps`.

    Raises
    ------
    ValueError
        If blocks differ, or the noise is bounded: the mean field is not known.
    """
    field = MeanField.of(chain, dt)
    rest = rest_state(chain)
    springs = 1 + int((np.abs(rest[1:-1]) > 1e-12 * abs(chain.target)).sum())
    fast = 1.0 / (4.0 * chain.k * np.sin(np.pi / (2 * springs)) ** 2) if springs > 1 else 0.0
    rate = field.relaxation_rates()[0]
    return TimeScales(float(fast), float(1.0 / rate) if rate > 0 else np.inf)


def creep_time(chain: ChainParameters, left: float = np.exp(-1.0), dt: float | None = None) -> float:
    """Time in which the mean field brings a chain from its noiseless rest to `left` of the distance to (8).

    Parameters
    ----------
    chain : SpringChain
        With Gaussian noise that does not decay.
    left : float
        Fraction of the largest displacement still to go, between 0 and 1.
    dt : float, optional
        Step, needed only where the noise was given as `eps`.

    Returns
    -------
    float
        Infinite without noise, 0 where the noiseless rest is that of (8).

    Raises
    ------
    ValueError
        If `left` is not between 0 and 1, or the mean field is not known.
    """
    if not 0 < left < 1:
        raise ValueError(f"left must be between 0 and 1, but is {left}.")
    field = MeanField.of(chain, dt)
    start, end = rest_state(chain), field.equilibrium()
    slow = time_scales(chain, dt).creep
    if not np.isfinite(slow):
        return np.inf
    distance = np.abs(start - end).max()
    if distance <= 1e-12 * max(1.0, abs(chain.target)):
        return 0.0
    fast = 1e-3 / (4 * chain.k)
    ts = np.concatenate([[0.0], np.geomspace(fast, LATEST * slow, GRID)])
    to_go = np.abs(field.solve(ts, start) - end).max(axis=1) / distance
    return float(np.exp(np.interp(-np.log(left), -np.log(np.maximum(to_go[1:], 1e-300)), np.log(ts[1:]))))


def phase_boundary(chain: ChainParameters, eps_bar: ArrayLike, t: float | None = None) -> NDArray[np.float64]:
    """Friction mu_left at which the mean field's load curve is straight, for each strength of the noise.

    Parameters
    ----------
    chain : SpringChain
        Its own noise and mu_left are replaced.
    eps_bar : array_like
        Noise per step, not negative.
    t : float, optional
        Time since the start from x = 0; after all transients unless given.

    Returns
    -------
    ndarray
        Shape of eps_bar. After long times mu_right for any noise, (8). At finite times more than that: a chain that
        has not crept far enough is still concave. NaN where no mu_left makes it straight.
    """
    noise = np.asarray(eps_bar, dtype=float)
    if not (noise >= 0).all():
        raise ValueError(f"eps_bar must not be negative or NaN, but holds {noise[~(noise >= 0)].ravel()[0]}.")
    chain.require_uniform("The phase boundary", "k", "mu_right")
    if t is None:
        return np.where(noise > 0, chain.mu_right, np.nan)[()]
    out = np.full(noise.shape, np.nan)
    for index in np.ndindex(noise.shape):
        s = float(noise[index])
        bend = partial(_bend, chain, t, s)
        low, high = 0.0, chain.mu_right + 12.0 * s  # nothing slips left against more
        if bend(low) < 0 < bend(high):
            out[index] = brentq(bend, low, high, xtol=1e-9)
    return out[()]


def _bend(chain: ChainParameters, t: float, s: float, mu_left: float) -> float:
    field = MeanField.of(chain.replace(eps_bar=s, mu_left=mu_left))
    return float(curvature(load_curve(field.solve([0.0, t], rtol=1e-9)[-1])))
