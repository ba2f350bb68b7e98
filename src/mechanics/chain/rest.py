"""Where a chain comes to rest: the parabola (7), the obstacle problem beyond its limit, and (8) under noise.

    (7)  x_l = l y/L - (mu/2k) l (L - l),        while  L (L - 1) <= 2 k y/mu

Beyond the limit the springs near the held end cannot overcome the friction: the first L - L' blocks stay at 0 and the
last L' springs rest on (7) with L' in the place of L, where

    L' = min(L, floor((1 + sqrt(1 + 8 k y/mu))/2))

is the largest number of springs within the limit. This is the minimum of k/2 sum (x_{l+1} - x_l)^2 + mu sum x_l over
x >= 0. Shi, Pan, Dokmanic, arXiv:2407.19353, equations (7)-(8).
"""

import numpy as np
from numpy.typing import NDArray

from .parameters import ChainParameters


def parabola(springs: int, y: float, bend: float) -> NDArray[np.float64]:
    """Equation (7), x_0 .. x_L, with `bend` = mu/k of either sign."""
    l = np.arange(springs + 1)
    return l * y / springs - 0.5 * bend * l * (springs - l)


def moving_springs(springs: int, y: float, bend: float) -> int:
    """L', how many springs are stretched when a chain at rest in x = 0 is pulled to y >= 0 against mu/k = `bend`."""
    if springs * (springs - 1) * bend <= 2 * y:
        return springs
    return max(1, min(springs, int((1 + np.sqrt(1 + 8 * y / bend)) / 2)))


def rest_state(chain: ChainParameters) -> NDArray[np.float64]:
    """Rest positions of a chain without noise that started from x = 0 (the noise of `chain` is left out).

    Parameters
    ----------
    chain : SpringChain
        With a target of either sign: pulled to the left, mu_left is the friction that resists.

    Returns
    -------
    x : ndarray, shape (blocks + 2,)
        x_0 = 0, the blocks, x_L = target; unit of length.

    Notes
    -----
    The rest state depends on the path: any x with -mu_left <= k (x_{l+1} - 2 x_l + x_{l-1}) <= mu_right rests. This
    is the one that a pull from x = 0 reaches, where every block that moved is at its threshold.
    """
    chain.require_uniform("The rest state", "k", "mu_right", "mu_left")
    y, sign = abs(chain.target), np.sign(chain.target)
    resisting = chain.mu_right if chain.target >= 0 else chain.mu_left
    bend = resisting / chain.k
    moving = moving_springs(chain.springs, y, bend)
    x = np.zeros(chain.springs + 1)
    x[chain.springs - moving :] = parabola(moving, y, bend)
    return sign * x + 0.0  # no negative zeros


def effective_friction(chain: ChainParameters, dt: float | None = None) -> float:
    """The friction mu_eff that stands in (7) when the noise has done its work.

    At rest every moving block has k (x_{l+1} - 2 x_l + x_{l-1}) = mu_eff; a positive mu_eff makes a concave load curve,
    a negative one a convex load curve.

    Parameters
    ----------
    chain : SpringChain
        Its target says from which side the rest state is approached (0 counts as positive).
    dt : float, optional
        Step, needed only where the noise was given as `eps`.

    Returns
    -------
    float
        With target >= 0: mu_right without noise; (mu_right - mu_left)/2 with Gaussian noise of any strength, (8);
        max(mu_right - a, (mu_right - mu_left)/2) with noise bounded by a = eps_bar truncation. With target < 0 the
        mirror image: -mu_left, (mu_right - mu_left)/2, min(a - mu_left, (mu_right - mu_left)/2).

    Raises
    ------
    ValueError
        If the noise was given as `eps` and no dt is.

    Notes
    -----
    Gaussian noise reaches (8) whatever its strength, but slowly when it is weak: see `MeanField.relaxation_rates`.
    A noise that decays may die before. Without noise (7) holds with mu_eff only within its limit; use `rest_state`.
    """
    chain.require_uniform("The effective friction", "k", "mu_right", "mu_left", "eps_bar", "eps")
    s = chain.noise_per_step(dt)
    balance = (chain.mu_right - chain.mu_left) / 2
    if s > 0 and chain.truncation is None:
        return balance
    bound = s * chain.truncation if chain.truncation is not None else 0.0
    if chain.target >= 0:
        return max(chain.mu_right - bound, balance)
    return min(bound - chain.mu_left, balance)
