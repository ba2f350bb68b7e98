"""Means and standard errors from blocks, which know of the correlation in time.

A long run is cut into groups of equal length; their means scatter around the mean of all with variance sd^2, and
se = sd / sqrt(number of groups), if a group is longer than what it remembers. That is looked at by halving the groups:
se then stays the same.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GROUPS = 32  # at least: their standard error is itself known to 1 / sqrt(2 * 31) = 13 %
LEVELS = 4  # of doublings that are looked at
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
    return Statistics(mean, doubling[-1], grouped(blocks, longest), doubling)


def _stderr(groups: Array) -> Array:
    if len(groups) < 2:
        return np.full(groups.shape[1], np.inf)
    with np.errstate(invalid="ignore"):  # exponents of -infinity
        result: Array = groups.std(axis=0, ddof=1) / np.sqrt(len(groups))
    return result
