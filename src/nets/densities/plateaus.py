"""Whether an ensemble of runs is stationary in a window: its second half against its first.

    mean     d_i = <x_i>_second - <x_i>_first                          is E d = 0 ?
    spread   v_i = <|x_i - ensemble mean|^2>_second - ..._first        is E v = 0 ?
    motion   a_i = <|x_i(t + k) - x_i(t)|^2>_second - ..._first        is E a = 0 ?   (k: half of a half)

Each copy gives one d, v and a: times are correlated and never count as independent. p values come from random signs of
the copies, Lehmann and Romano, Testing Statistical Hypotheses (2005), section 15.2.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._blocks import Array, Runs, blocks, check_times, window_of

FEWEST = 8  # copies: their 2^7 signs can show p = 0.008
EXACT = 12  # copies up to which all signs are tried
DRAWS = 4000


@dataclass(frozen=True, eq=False)
class Stationarity:
    """Verdict of `stationarity`.

    Attributes
    ----------
    start, stop : float
        The window.
    p_mean, p_spread, p_motion : float
        Probabilities of differences as large between the halves, if there is none.
    alpha : float
        Probability of calling a stationary ensemble drifting; each p is compared with alpha / 3.
    """

    start: float
    stop: float
    p_mean: float
    p_spread: float
    p_motion: float
    alpha: float

    @property
    def stationary(self) -> bool:
        """Whether no difference between the halves was found; with few copies a slow drift may hide."""
        return min(self.p_mean, self.p_spread, self.p_motion) > self.alpha / 3

    @property
    def verdict(self) -> str:
        """A sentence."""
        where = f"between {self.start:g} and {self.stop:g}"
        p = {"mean": self.p_mean, "spread": self.p_spread, "size of motions": self.p_motion}
        changed = [f"{name} (p = {value:.2g})" for name, value in p.items() if value <= self.alpha / 3]
        if changed:
            return f"not stationary {where}: the halves differ in {', '.join(changed)}"
        return f"no drift found {where} (smallest p = {min(p.values()):.2g})"


def stationarity(
    runs: Runs,
    times: ArrayLike | None = None,
    *,
    start: float | None = None,
    stop: float | None = None,
    alpha: float = 0.03,
    seed: int = 0,
) -> Stationarity:
    """Compare the halves of a window in mean, spread and size of motions.

    Parameters
    ----------
    runs, times, start, stop
        As in `two_time`; at least 8 copies with independent noise, and 8 times in the window.
    alpha : float
        Probability of a false alarm, shared by the three tests. With 8 copies it must be above 3/128 = 0.023.
    seed : int
        Of the signs; all are tried for up to 12 copies.

    Returns
    -------
    Stationarity

    Raises
    ------
    ValueError
        If there are too few copies or times, or alpha is smaller than the number of copies can show.

    Notes
    -----
    Exact if differences are symmetric about 0, as for reversible or Gaussian motion, else for many copies. Copies that
    share batches are not independent: their common motion looks like a drift. A process slower than the window looks
    stationary if it was started in its law; `correlation_time` then finds that its window does not close.
    """
    shifts: Array = np.empty(0)
    spreads: Array = np.empty(0)
    motions: Array = np.empty(0)
    window, ends = slice(None), (0.0, 0.0)
    for block in blocks(runs):
        if not len(shifts):
            m = len(block)
            if m < FEWEST or not math.ldexp(3.0, 1 - m) <= alpha < 1:
                raise ValueError(
                    f"stationarity needs at least {FEWEST} copies and alpha in [3 / 2^(copies - 1), 1), but there are "
                    f"{m} and alpha is {alpha!r}; train more copies, or raise alpha."
                )
            t = check_times(times, block.shape[1])
            window = window_of(t, start, stop, 8)
            ends = float(t[window][0]), float(t[window][-1])
            shifts, spreads, motions = np.zeros((m, m)), np.zeros(m), np.zeros(m)
        x = block[:, window]
        half = x.shape[1] // 2
        first, second = x[:, :half], x[:, -half:]
        d = second.mean(axis=1) - first.mean(axis=1)
        shifts += d @ d.T
        spreads += _square(second - second.mean(axis=0)) - _square(first - first.mean(axis=0))
        k = half // 2
        motions += _square(second[:, k:] - second[:, :-k]) - _square(first[:, k:] - first[:, :-k])
    signs = _signs(len(shifts), seed)
    p = [_probability(K, signs) for K in (shifts, np.outer(spreads, spreads), np.outer(motions, motions))]
    return Stationarity(ends[0], ends[1], p[0], p[1], p[2], float(alpha))


def _square(x: Array) -> Array:
    """Mean over times of |x|^2, shape (copies,)."""
    return np.sum(x**2, axis=(1, 2)) / x.shape[1]


def _signs(m: int, seed: int) -> Array:
    """Signs (draws, m), the first row without a change; the first copy keeps its sign, since -s tells what s tells."""
    if m <= EXACT:
        rest = np.array(list(itertools.product((1.0, -1.0), repeat=m - 1)))
    else:
        rest = np.random.default_rng(seed).choice([1.0, -1.0], size=(DRAWS, m - 1))
        rest[0] = 1.0
    return np.column_stack([np.ones(len(rest)), rest])


def _probability(K: Array, signs: Array) -> float:
    """Part of the signs s with s K s at least that of no change."""
    values = np.einsum("si,ij,sj->s", signs, K, signs, optimize=True)
    return float(np.mean(values >= values[0] * (1.0 - 1e-12)))
