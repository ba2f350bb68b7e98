"""Corrected Akaike and Bayesian criteria of candidates, all with the same number of independent observations."""

from collections.abc import Sequence

import numpy as np

from ..data import Array
from ..uncertainty import effective_observations

LEAST = 4.0  # observations a parameter: with fewer the correction outweighs the fit itself


def observations_of(residuals: Array, parameters: Sequence[int]) -> tuple[float, float]:
    """Independent numbers in the reference residuals (m, blocks), as counted and as used.

    Used are at least four for each of the most `parameters` of candidates that do not have coefficients of their own
    at every epoch (their residual variance counted too).
    """
    counted = effective_observations(residuals)
    return counted, max(counted, LEAST * (max(parameters, default=0) + 1))


def criteria(mean_square: float, parameters: int, n: float) -> tuple[float, float]:
    """AICc and BIC of residuals with this mean square; inf where n observations cannot carry the parameters."""
    p = parameters + 1  # the residual variance is fitted too
    if n - p - 1 < 1:  # the correction's pole: no number near it compares anything
        return float("inf"), float("inf")
    fit = n * np.log(max(mean_square, 1e-300))
    return float(fit + 2 * p + 2 * p * (p + 1) / (n - p - 1)), float(fit + p * np.log(n))
