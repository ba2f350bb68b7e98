"""Means and standard errors from blocks, which know of the correlation in time.

A long run is cut into groups of equal length; their means scatter around the mean of all with variance sd^2, and
se = sd / sqrt(number of groups), if a group is longer than what it remembers. That is looked at by halving the groups:
se then stays the same.

A neutral exponent is the mean of increments of something bounded (the logarithm of the speed along the orbit). Means of
groups of length L then scatter with variance s^2 / L + c / L^2, the second term from their ends alone, and the run's
own mean has the error s^2 / T + c / T^2: with 32 groups, sd / sqrt(32) overstates the second term's root by sqrt(32).
Where short groups scatter more than long ones, s^2 and c are fitted to the variances of groups of four lengths. Sums of
deviations up to each block, a bridge of mean square s^2 T / 6 where nothing is bounded, limit the result from below.

What drifts has no standard error: where the halves of a run differ by more than theirs explain, as they do while a
shear's estimate ln T / T goes to zero, the error is at least their difference (`with_drift`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GROUPS = 32  # at least: their standard error is itself known to 1 / sqrt(2 * 31) = 13 %
LEVELS = 4  # of doublings that are looked at
APART = 4.0  # standard errors between the halves of a run that chance does not explain
LONGEST, FITTED = 16, 4  # longest groups of the fit, in shares of the run, and how many lengths
ROUNDING = 2.0**-50  # of a logarithm, for each orthonormalisation; what is exact has at least this error


class Statistics(NamedTuple):
    """Of k quantities in blocks of equal length."""

    mean: Array  # (k,)
    stderr: Array  # (k,)
    groups: Array  # (g, k) means of the longest groups
    doubling: Array  # (levels, k) standard errors as the groups double, the longest last


def grouped(blocks: Array, size: int) -> Array:
    """Means of `size` successive blocks; the first ones that fill no group are left out."""
    count = len(blocks) // size
    result: Array = blocks[len(blocks) - count * size :].reshape(count, size, -1).mean(axis=1)
    return result


def statistics(blocks: Array) -> Statistics:
    """Mean and standard error of each column of `blocks` (blocks, k)."""
    mean = blocks.mean(axis=0)
    longest = max(1, len(blocks) // GROUPS)
    sizes = [s for s in (longest // 2**i for i in range(LEVELS, -1, -1)) if s >= 1]
    doubling = np.array([_stderr(grouped(blocks, size)) for size in sizes])
    return Statistics(mean, _bounded(blocks, doubling[-1]), grouped(blocks, longest), doubling)


def _stderr(groups: Array) -> Array:
    if len(groups) < 2:
        return np.full(groups.shape[1], np.inf)
    with np.errstate(invalid="ignore"):  # exponents of -infinity
        result: Array = groups.std(axis=0, ddof=1) / np.sqrt(len(groups))
    return result


def between_halves(blocks: Array) -> Array:
    """How far the means of the two halves of a run are apart."""
    half = len(blocks) // 2
    with np.errstate(invalid="ignore"):  # exponents of -infinity
        apart: Array = np.abs(blocks[:half].mean(axis=0) - blocks[half:].mean(axis=0))
    return apart


def with_drift(stderr: Array, blocks: Array) -> Array:
    """The standard error, or what the halves differ by where that is no chance."""
    if len(blocks) < 8:
        return stderr
    apart = between_halves(blocks)
    # a half has sqrt 2 times the error, their difference twice
    return np.where(apart > APART * 2.0 * stderr, np.maximum(apart, stderr), stderr)


def _bounded(blocks: Array, stderr: Array) -> Array:
    """The standard error where part of it comes from the ends of groups; never larger than `stderr`."""
    count = len(blocks)
    sizes = [count // LONGEST // 2**i for i in range(FITTED)]
    if sizes[-1] < 1 or not np.isfinite(stderr).all():
        return stderr
    x = 1.0 / np.array(sizes, float)[:, None]
    groups = [grouped(blocks, size) for size in sizes]
    u = np.array([size * g.var(axis=0, ddof=1) for size, g in zip(sizes, groups, strict=True)])  # s^2 + c x
    known = u.min(axis=0) > 0.0
    u = np.where(known, u, 1.0)
    weight = np.array([len(g) - 1.0 for g in groups])[:, None] / u**2
    total = weight.sum(axis=0)
    x0, u0 = (weight * x).sum(axis=0) / total, (weight * u).sum(axis=0) / total
    c = (weight * (x - x0) * (u - u0)).sum(axis=0) / (weight * (x - x0) ** 2).sum(axis=0)
    s2 = u0 - c * x0
    c = np.where(s2 < 0.0, (weight * x * u).sum(axis=0) / (weight * x * x).sum(axis=0), c)
    fitted = (np.maximum(s2, 0.0) + c / count) / count
    bridge = np.cumsum(blocks - blocks.mean(axis=0), axis=0)
    least = 6.0 * (bridge**2).mean(axis=0) / count**2
    found: Array = np.where(known & (c > 0.0), np.sqrt(np.maximum(fitted, least)), stderr)
    return np.minimum(found, stderr)
