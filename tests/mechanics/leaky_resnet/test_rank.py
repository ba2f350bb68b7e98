"""Ranks of matrices whose singular values are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.leaky_resnet.rank import bottleneck, effective_rank, rank_above, rank_at_gap, stable_rank


def with_values(*s):
    rng = np.random.default_rng(5)
    n = len(s)
    U, V = np.linalg.qr(rng.normal(size=(6, n)))[0], np.linalg.qr(rng.normal(size=(9, n)))[0]
    return (U * np.array(s)) @ V.T


def test_ranks_of_known_singular_values():
    """4^2 + 2^2 + 2^2 = 24 over 16; entropy of (1/2, 1/4, 1/4) is 3/2 log 2."""
    A = with_values(4.0, 2.0, 2.0)
    assert_allclose(stable_rank(A), 1.5)
    assert_allclose(effective_rank(A), 2**1.5)
    assert rank_above(A, 0.49) == 3
    assert rank_above(A, 0.51) == 1
    assert rank_at_gap(np.diag([4.0, 2.0, 2.0, 0.1])) == 3
    assert rank_at_gap(A) == 3  # what follows is rounding


def test_equal_values_count_fully_and_zero_counts_nothing():
    A = np.stack([np.eye(3), np.zeros((3, 3))])
    assert_allclose(stable_rank(A), [3, 0])
    assert_allclose(effective_rank(A), [3, 0])
    assert_allclose(rank_above(A), [3, 0])


def test_the_bottleneck_is_the_narrowest_layer():
    A = np.stack([with_values(4.0, 2.0, 1.0), with_values(4.0, 2.0, 1e-3), with_values(4.0, 1.0, 1e-3)])
    found = bottleneck(A)
    assert (found.rank, found.at) == (2, 2)
    assert_allclose(found.stable_rank, 17 / 16, rtol=1e-6)


def test_a_fraction_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="fraction must lie in"):
        rank_above(np.eye(2), 1.0)
    with pytest.raises(ValueError, match="at least two singular values"):
        rank_at_gap(np.ones((1, 3)))
