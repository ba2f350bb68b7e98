"""Load curves and curvature: hand-computed values, invariances, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from mechanics.chain import SpringChain
from mechanics.chain.load_curve import curvature, load_curve
from mechanics.chain.rest import rest_state

curves = arrays(float, st.tuples(st.integers(1, 3), st.integers(3, 9)), elements=st.floats(-10, 10))


def test_load_is_the_distance_to_the_pulled_end():
    assert_allclose(load_curve([0, 1, 3.0]), [3, 2, 0])
    assert_allclose(load_curve([[0, 1, 3.0], [0, 0, 1]], target=[4, 5]), [[4, 3, 1], [5, 5, 4]])
    assert_allclose(load_curve([0, 1.0], target=2), [2, 1])


def test_curvature_by_hand():
    """D = 4, 1, 0 is (2 - l)^2: 1 per layer squared; normalised by 4 over s = l/2: 4/4 = 1. Ends: 3 - 1 = 2."""
    assert curvature([4, 1, 0]) == pytest.approx(1.0)
    assert curvature([4, 1, 0], normalise=False) == pytest.approx(1.0)
    assert curvature([4, 1, 0], "ends") == pytest.approx(2.0)
    # D = 0, -1, 0, -1 : least squares of l^2 on 4 points has weights (1, -1, -1, 1)/4
    assert curvature([0, -1, 0, -1], normalise=False) == pytest.approx(0.0)
    assert curvature([0, -1, -1, -1], normalise=False) == pytest.approx((0 + 1 + 1 - 1) / 4)


@given(D=curves)
def test_curvature_is_the_coefficient_of_polyfit(D):
    l = np.arange(D.shape[-1])
    expected = [np.polyfit(l, row, 2)[0] for row in D]
    assert_allclose(curvature(D, normalise=False), expected, atol=1e-9)


@given(D=curves, shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_normalised_curvature_ignores_scale_and_shift(D, shift, scale):
    D = D.copy()
    D[:, 0] = D[:, -1] + 1 + np.abs(D[:, 0])
    assert_allclose(curvature(scale * D + shift), curvature(D), rtol=1e-9, atol=1e-9)
    assert_allclose(curvature(scale * D + shift, "ends"), scale * curvature(D, "ends"), atol=1e-9)
    assert_allclose(curvature(D + np.arange(D.shape[-1]), normalise=False), curvature(D, normalise=False), atol=1e-9)


def test_friction_makes_load_curves_concave_and_concave_is_negative():
    D = load_curve(rest_state(SpringChain(mu_right=0.02, eps_bar=0)))
    assert curvature(D) == pytest.approx(-0.02 / 2 * 64, rel=1e-12)  # -(mu/2k) L^2 / y from (7)
    assert curvature(D, "ends") == pytest.approx(-0.02 * 7, rel=1e-12)


def test_leading_axes_are_kept():
    D = np.random.default_rng(0).normal(size=(2, 5, 8))
    assert curvature(D).shape == (2, 5)
    assert_allclose(curvature(D)[1, 3], curvature(D[1, 3]))


def test_bad_curves_are_refused():
    with pytest.raises(ValueError, match="at least 3 layers"):
        curvature([1, 0])
    with pytest.raises(ValueError, match=r"finite, but is not at \[\(1, 2\)\]"):
        curvature([[1, 2, 3], [1, 2, np.nan]])
    with pytest.raises(ValueError, match=r"nothing to normalise by; use normalise=False"):
        curvature([1, 2, 1])
    with pytest.raises(ValueError, match="kind must be"):
        curvature([1, 2, 0], "cubic")
    with pytest.raises(ValueError, match="target must be a number or of shape"):
        load_curve(np.zeros((2, 3)), target=[1, 2, 3])
    with pytest.raises(ValueError, match="last axis"):
        load_curve(1.0)
