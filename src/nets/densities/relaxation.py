"""Integrated correlation time of vectors in a plateau of training.

    rho(k) = <C(s, s + k)>_s / <C(s, s)>_s,     tau = dt (1 + 2 sum_{k=1}^{W} rho(k)),     least W >= 5 tau(W) / dt

Sokal (1997), as in `mechanics.statistics.integrated_time`; here for the scalar product of whole vectors. The error is
that of the jackknife over copies at fixed W.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mechanics.statistics import sokal_window

from ._blocks import Array, Runs, even_step
from .correlations import Centre, two_time
from .plateaus import FEWEST, Stationarity, stationarity

TRUSTED = 20.0  # correlation times in the window of one copy: with fewer the time mean takes too much away


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Correlation time of a plateau; made by `correlation_time`.

    Attributes
    ----------
    tau, stderr : float
        Integrated time in the unit of `times`, and its error; the error is nan if there is only one copy.
    lags, rho : ndarray, shape (n // 2 + 1,)
        Correlation function.
    window : float
        Lag at which the sum ends.
    closed : bool
        Whether the window closed within half of the plateau.
    length : float
        Length of the plateau.
    stationarity : Stationarity or None
        None with fewer than 8 copies, too few to tell.
    """

    tau: float
    stderr: float
    lags: Array
    rho: Array
    window: float
    closed: bool
    length: float
    stationarity: Stationarity | None

    @property
    def trusted(self) -> bool:
        """Whether tau means what it says: stationary, window closed, plateau of at least 20 tau."""
        known = self.stationarity is not None and self.stationarity.stationary
        return known and self.closed and self.length >= TRUSTED * self.tau

    @property
    def verdict(self) -> str:
        """A sentence."""
        faults = []
        if self.stationarity is None:
            faults.append(f"stationarity unknown with fewer than {FEWEST} copies")
        elif not self.stationarity.stationary:
            faults.append(self.stationarity.verdict)
        if not self.closed:
            faults.append("the window did not close: correlations outlive half of the plateau")
        elif self.length < TRUSTED * self.tau:
            faults.append(
                f"the plateau holds {self.length / self.tau:.0f} tau, fewer than {TRUSTED:.0f}: tau is too small"
            )
        if faults:
            return "not to be trusted: " + "; ".join(faults)
        return f"tau = {self.tau:.3g} +- {self.stderr:.1g} over {self.length / self.tau:.0f} tau"


def correlation_time(
    runs: Runs,
    times: ArrayLike | None = None,
    *,
    start: float | None = None,
    stop: float | None = None,
    centre: Centre = "time",
    window: float = 5.0,
    alpha: float = 0.03,
) -> Relaxation:
    """Integrated correlation time in a window of training, and whether it can be trusted.

    Parameters
    ----------
    runs, times, start, stop, centre
        As in `two_time`; times equally spaced, at least 16 in the window. `runs` that are an iterable must be able to
        be read twice: a list, not a generator. With "time" (fluctuations of each copy about its own mean) the estimate
        carries Wolff's factor 1 + (2 W + 1) / n for the subtracted mean.
    window : float
        The sum ends at the least lag W >= window tau(W).
    alpha : float
        Of `stationarity`.

    Returns
    -------
    Relaxation

    Raises
    ------
    ValueError
        If arguments do not fit, or nothing moves in the window.

    References
    ----------
    Sokal (1997), section 3; Wolff, Comput. Phys. Commun. 156 (2004) 143, hep-lat/0306017, section 3.
    """
    if not window > 0:
        raise ValueError(f"window must be positive, but is {window!r}.")
    if iter(runs) is runs:  # type: ignore[arg-type]
        raise ValueError("runs are read twice, but a generator can be read once; give an array or a list of blocks.")
    found = two_time(runs, times, centre=centre, start=start, stop=stop)
    n, m = len(found.times), len(found.grams)
    if n < 16:
        raise ValueError(f"a correlation time needs at least 16 times in the window, but it holds {n}.")
    if not found.spread.any():
        raise ValueError("nothing fluctuates in the window: the runs, once centred, are zero to rounding.")
    dt = even_step(found.times)
    each = np.array([[np.trace(gram, k) / (n - k) for k in range(n // 2 + 1)] for gram in found.grams])
    rho = each.sum(axis=0) / each[:, 0].sum()
    W, raw = sokal_window(rho, window)
    factor = 1.0 + (2 * W + 1) / n if centre == "time" else 1.0
    stderr = float("nan")
    if m > 1:
        left = each.sum(axis=0) - each  # sums without copy i, (m, lags)
        taus = 2.0 * left[:, : W + 1].sum(axis=1) / left[:, 0] - 1.0
        stderr = dt * factor * float(np.sqrt((m - 1) * np.mean((taus - taus.mean()) ** 2)))
    still = stationarity(runs, times, start=start, stop=stop, alpha=alpha) if m >= FEWEST else None
    length = float(found.times[-1] - found.times[0])
    closed = n // 2 > W
    lags: Array = dt * np.arange(n // 2 + 1.0)
    return Relaxation(raw * dt * factor, stderr, lags, rho, W * dt, closed, length, still)
