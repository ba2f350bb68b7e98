"""Order conditions from rooted trees: every order a method claims holds to rounding, and the next one does not."""

from dataclasses import replace

import numpy as np
import pytest

from mechanics.methods import DOP853, DOPRI5, FEAGIN10, FEAGIN12, TSIT5, VERN7, VERN9, all_methods
from mechanics.methods.conditions import (
    density,
    interpolant_weights,
    order_defects,
    rooted_trees,
    size,
    stage_matrix,
)

METHODS = all_methods("explicit")
# Defects are relative to the sum of absolute terms; A's entries up to 200 that cancel leave up to 3e-14 (VERN7).
ROUNDING = 1e-13
# At a small theta the terms of the high-order conditions cancel further: 2e-13 (VERN9 at 0.3).
ROUNDING_INSIDE = 1e-12
# The least defect of a missed order is 7.5e-5 (VERN8): well above rounding, so that the two cannot be confused.
MISSED = 1e-5
THETAS = (0.11, 0.3, 0.5, 0.71, 0.95)


def test_trees_are_as_many_as_counted_by_cayley():
    """OEIS A000081; densities of the four trees with four vertices from Hairer, Norsett, Wanner I, II.2."""
    assert [len(rooted_trees(n)) for n in range(1, 13)] == [1, 1, 2, 4, 9, 20, 48, 115, 286, 719, 1842, 4766]
    assert all(size(tree) == 9 for tree in rooted_trees(9))
    assert len(set(rooted_trees(9))) == 286
    assert sorted(density(tree) for tree in rooted_trees(4)) == [4, 8, 12, 24]


def test_a_tree_needs_a_vertex():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        rooted_trees(0)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_the_step_has_the_claimed_order_and_no_more(method):
    defects = order_defects(method.data, method.data.b, method.order + 1)
    assert defects[:-1].max() < ROUNDING
    assert defects[-1] > MISSED


@pytest.mark.parametrize("method", [m for m in METHODS if m.adaptive and m is not DOP853], ids=str)
def test_the_error_estimate_has_the_claimed_order_and_no_more(method):
    (e,) = method.data.e
    defects = order_defects(method.data, e, method.error_order + 1, target=0.0)
    assert defects[:-1].max() < ROUNDING
    assert defects[-1] > MISSED


def test_the_two_estimates_of_dop853_combine_to_order_seven():
    """|e5|^2 / |e3| = O(dt^(2 * 6 - 4)) = O(dt^8)."""
    e5, e3 = (order_defects(DOP853.data, e, 6, target=0.0) for e in DOP853.data.e)
    assert e5[:5].max() < ROUNDING < MISSED < e5[5]
    assert e3[:3].max() < ROUNDING < MISSED < e3[3]
    assert DOP853.error_order == 2 * 6 - 4 - 1


@pytest.mark.parametrize("method", [FEAGIN10, FEAGIN12], ids=str)
def test_feagins_error_estimate_is_blind_to_time(method):
    """Both of its slopes are taken at one time: where f = f(t) it vanishes."""
    i, k = np.flatnonzero(method.data.e[0])
    assert method.data.c[i] == method.data.c[k]
    assert method.data.e[0, i] == -method.data.e[0, k]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_the_interpolant_has_the_claimed_order_everywhere_and_no_more(method):
    defects = np.array(
        [
            order_defects(method.data, interpolant_weights(method.data, theta), method.dense_order + 1, theta=theta)
            for theta in THETAS
        ]
    )
    assert defects[:, :-1].max() < ROUNDING_INSIDE
    assert defects[:, -1].max() > MISSED


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_the_interpolant_joins_the_steps_with_their_slopes(method):
    """w(0) = 0, w(1) = b, w'(0) selects K_0, w'(1) selects K_s: y(t) is continuously differentiable."""
    tab = method.data
    m, d = tab.B.shape
    end = np.zeros(m)
    end[: tab.stages] = tab.b
    first, last = np.eye(m)[[0, tab.stages]]
    # 1e-14: Tsitouras gives 17 digits of coefficients up to 88
    np.testing.assert_allclose(tab.B[:, -1], end, rtol=1e-15, atol=1e-14)
    np.testing.assert_allclose(d * tab.B[:, 0], first, atol=1e-13)
    slope_at_end = d * (tab.B[:, -1] - tab.B[:, -2]) if d > 1 else tab.B[:, -1]
    np.testing.assert_allclose(slope_at_end, last, atol=1e-12)


def test_the_published_interpolant_of_vern7_misses_order_seven():
    """12 of 48 trees fail, by 1e-9 to 1e-6 of dt^7: far above rounding, too small to show in use."""
    tab = VERN7.data
    A = stage_matrix(tab)
    w = interpolant_weights(tab, 0.3)

    def phi(tree):
        return np.prod([A @ phi(branch) for branch in tree], axis=0, initial=1.0) * np.ones(len(A))

    defects = np.array([abs(w @ phi(t) - 0.3**7 / density(t)) for t in rooted_trees(7)])
    assert np.count_nonzero(defects > 1e-9) == 12
    assert np.count_nonzero(defects > 1e-14) == 12
    assert defects.max() < 1e-6


def _changed(tab, name, index, change):
    value = np.array(getattr(tab, name))
    value[index] += change
    return replace(tab, **{name: value})


@pytest.mark.parametrize("method", [DOPRI5, TSIT5, DOP853, VERN9], ids=str)
@pytest.mark.parametrize("digit", [1e-6, 1e-9])
def test_a_wrong_digit_is_seen(method, digit):
    """The conditions fail for a change in b, e, B, A or an extra stage that keeps the sums (two entries, opposite)."""
    tab = method.data
    j, k = np.flatnonzero(tab.b)[[1, 2]]
    wrong_b = _changed(_changed(tab, "b", j, digit), "b", k, -digit)
    assert order_defects(wrong_b, wrong_b.b, 5).max() > 1e-2 * digit
    wrong_e = _changed(_changed(tab, "e", (0, j), digit), "e", (0, k), -digit)
    assert order_defects(wrong_e, wrong_e.e[0], 4, target=0.0).max() > 1e-2 * digit
    wrong_B = _changed(_changed(tab, "B", (j, 1), digit), "B", (k, 1), -digit)
    weights = interpolant_weights(wrong_B, 0.3)
    assert order_defects(wrong_B, weights, 4, theta=0.3).max() > 1e-3 * digit
    row = list(tab.A[k])
    row[0] += digit
    row[int(np.flatnonzero(row[1:])[0]) + 1] -= digit
    wrong_A = replace(tab, A=(*tab.A[:k], tuple(row), *tab.A[k + 1 :]))
    assert order_defects(wrong_A, tab.b, 5).max() > 1e-3 * digit
