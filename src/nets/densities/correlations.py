"""Two-time correlations of weights or outputs over an ensemble of trainings.

    C(s, t) = (1/m') sum_i <x_i(s) - c_i(s), x_i(t) - c_i(t)>,   R(s, t) = C(s, t) / sqrt(C(s, s) C(t, t))
    Delta(s, t) = C(s, s) + C(t, t) - 2 C(s, t)

Cugliandolo, "Dynamics of glassy systems" (Les Houches 2002), cond-mat/0210312; of networks: Baity-Jesi et al.,
"Comparing dynamics: deep neural networks versus glassy systems", arXiv:1803.06969. In stationary motion C depends on
t - s alone; in aging motion also on s, the waiting time.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._blocks import Array, Runs, blocks, check_times, window_of

Centre = Literal["ensemble", "time", "none"]
ROUNDING = 1e-26  # a spread below this part of the mean square of the numbers is what their rounding leaves


@dataclass(frozen=True, eq=False)
class TwoTime:
    """Two-time correlations; made by `two_time`.

    Attributes
    ----------
    times : ndarray, shape (T,)
    grams : ndarray, shape (m, T, T)
        <x_i(s) - c_i(s), x_i(t) - c_i(t)> of each copy.
    divisor : int
        m' of the equation: m - 1 if centred by the ensemble, else m.
    centre : {"ensemble", "time", "none"}
    dimension : int
        D, the length of the vectors.
    size : ndarray, shape (T,)
        Mean of |x_i(t)|^2 before centring.
    """

    times: Array
    grams: Array
    divisor: int
    centre: Centre
    dimension: int
    size: Array

    @property
    def covariance(self) -> Array:
        """C(s, t), shape (T, T), summed over components; divide by `dimension` for the mean."""
        return self.grams.sum(axis=0) / self.divisor

    @property
    def spread(self) -> NDArray[np.bool_]:
        """Times at which the copies differ by more than rounding, bool of shape (T,)."""
        apart: NDArray[np.bool_] = np.diagonal(self.covariance) > ROUNDING * self.size
        return apart

    @property
    def correlation(self) -> Array:
        """R(s, t), shape (T, T); NaN in rows and columns of times where `spread` is false."""
        return _normalise(self.covariance, self.spread)

    @property
    def correlation_stderr(self) -> Array:
        """Standard errors of R(s, t) by the jackknife over copies, shape (T, T); needs 3 copies.

        Leaving copy i out of an ensemble changes its sum of products by -m/(m - 1) times those of copy i.
        """
        m = len(self.grams)
        if m < 3:
            raise ValueError(f"the jackknife needs at least 3 copies, but there are {m}.")
        total, spread = self.grams.sum(axis=0), self.spread
        factor = m / (m - 1) if self.centre == "ensemble" else 1.0
        left = np.array([_normalise(total - factor * gram, spread) for gram in self.grams])
        return np.sqrt((m - 1) * np.mean((left - left.mean(axis=0)) ** 2, axis=0))

    @property
    def displacement(self) -> Array:
        """Mean square displacement Delta(s, t), shape (T, T)."""
        C = self.covariance
        size = np.diagonal(C)
        return size[:, None] + size[None, :] - 2.0 * C

    @property
    def from_start(self) -> Array:
        """R(0, t), shape (T,): what is left of the first state."""
        return self.aging(self.times[0])[1]

    def aging(self, wait: float) -> tuple[Array, Array]:
        """R(t_w, t_w + tau) for the time t_w nearest to `wait`.

        Returns
        -------
        tau, R : ndarray
            From tau = 0 to the last time.

        Raises
        ------
        ValueError
            If the copies coincide at t_w: they have no correlation then.
        """
        w = int(abs(self.times - wait).argmin())
        if not self.spread[w:].all():
            where = self.times[w:][~self.spread[w:]][0]
            raise ValueError(
                f"all copies coincide at time {where:g}, where correlations have no meaning; wait until they have "
                "parted, or use centre='none'."
            )
        C = self.covariance
        size = np.diagonal(C)
        return self.times[w:] - self.times[w], C[w, w:] / np.sqrt(size[w] * size[w:])


def two_time(
    runs: Runs,
    times: ArrayLike | None = None,
    *,
    centre: Centre = "ensemble",
    start: float | None = None,
    stop: float | None = None,
) -> TwoTime:
    """Two-time correlations of an ensemble of runs.

    Parameters
    ----------
    runs : array_like (copies, times, D) or (copies, times), or iterable of arrays (copies, times, d)
        Weights or outputs of each copy; `Histories.weights` fits. An array, which may be a numpy memmap, is read in
        blocks of D; an iterable yields such blocks itself.
    times : array_like, shape (times,), optional
        Increasing; 0, 1, ... by default.
    centre : {"ensemble", "time", "none"}
        What is subtracted. "ensemble": the mean over copies at each time; needs 2 copies. "time": each copy's own mean
        over the window. "none": nothing; the correlation is then the cosine of two states.
    start, stop : float, optional
        Only times within are kept.

    Returns
    -------
    TwoTime

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or there are too few copies or times.

    Notes
    -----
    With "ensemble" the covariance is unbiased whatever the motion is; it contains what differs between copies for ever
    (other minima). "time" removes that, needs a stationary window, and lowers C by the variance of a mean,
    about tau / n of C(0). Memory: copies x times^2 numbers and one block.
    """
    if centre not in ("ensemble", "time", "none"):
        raise ValueError(f"centre must be 'ensemble', 'time' or 'none', but is {centre!r}.")
    grams: Array = np.empty(0)
    kept: Array = np.empty(0)
    size: Array = np.empty(0)
    window, dimension = slice(None), 0
    for block in blocks(runs):
        if not dimension:
            m = len(block)
            if centre == "ensemble" and m < 2:
                raise ValueError("centre='ensemble' needs at least 2 copies, but there is 1; use 'time' or 'none'.")
            t = check_times(times, block.shape[1])
            window = window_of(t, start, stop, 2)
            kept = t[window]
            grams, size = np.zeros((m, len(kept), len(kept))), np.zeros(len(kept))
        x = block[:, window]
        size += np.sum(x**2, axis=(0, 2)) / len(x)
        if centre == "ensemble":
            x = x - x.mean(axis=0)
        elif centre == "time":
            x = x - x.mean(axis=1, keepdims=True)
        grams += x @ x.transpose(0, 2, 1)
        dimension += block.shape[2]
    return TwoTime(kept, grams, len(grams) - (centre == "ensemble"), centre, dimension, size)


def _normalise(C: Array, spread: NDArray[np.bool_]) -> Array:
    size = np.where(spread, np.diagonal(C), np.nan)
    return C / np.sqrt(size[:, None] * size[None, :])
