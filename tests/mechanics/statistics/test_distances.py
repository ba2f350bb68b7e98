import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.stats import wasserstein_distance

from mechanics.statistics import compare, jensen_shannon, kl_divergence, sliced_wasserstein, wasserstein

sample = arrays(float, st.integers(2, 30), elements=st.floats(-100, 100))


@settings(max_examples=60, deadline=None)
@given(a=sample, b=sample)
def test_order_one_equals_the_area_between_distribution_functions(a, b):
    assert_allclose(wasserstein(a, b), wasserstein_distance(a, b), atol=1e-10)
    assert wasserstein(a, b) <= wasserstein(a, b, 2) + 1e-9  # Jensen
    assert_allclose(wasserstein(a, a + 3.0, 2), 3.0, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(a=sample, b=sample)
def test_divergences_are_not_negative_and_bounded(a, b):
    assert -1e-12 <= jensen_shannon(a, b) <= np.log(2) + 1e-12
    assert kl_divergence(a, b) >= -1e-12
    assert jensen_shannon(a, b) == pytest.approx(jensen_shannon(b, a))
    assert jensen_shannon(a, a) == 0.0


def test_unequal_sizes_repeat_members():
    a, b = np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0])
    assert_allclose(wasserstein(a, b, 2), wasserstein(np.repeat(a, 2), np.repeat(b, 3), 2))


def test_a_shift_seen_in_slices():
    """Mean square projection of a shift c on a random direction: |c|^2/d; 5 s.e. of 4000 directions."""
    a = np.random.default_rng(0).normal(size=(50, 3))
    found = sliced_wasserstein(a, a + np.array([0.0, 0.0, 2.0]), 2, directions=4000)
    assert_allclose(found**2, 4 / 3, atol=5 * 4 * np.sqrt(4 / 45 / 4000))


def test_kl_of_two_gaussians():
    """KL(N(1,1) | N(0,1)) = 1/2; 50 bins lose little."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 100_000), rng.normal(0, 1, 100_000)
    assert_allclose(kl_divergence(a, b, 50), 0.5, atol=0.02)


def test_floor_and_p_value_of_like_and_unlike_samples():
    """Seeded; JS floor is the stated bias (bins - 1)/8 (1/n + 1/m)."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=2000), rng.normal(size=1000)
    same = compare(a, b, lambda x, y: jensen_shannon(x, y, 10), resamples=100)
    assert_allclose(same.floor, 9 / 8 * (1 / 2000 + 1 / 1000), rtol=0.15)
    assert same.p_value > 0.01
    far = compare(a, b + 0.3, resamples=100)
    assert far.p_value == pytest.approx(1 / 101)
    assert abs(far.value - 0.3) < 5 * far.stderr + far.floor
    runs = [wasserstein(rng.normal(size=2000), rng.normal(0.3, 1, 1000)) for _ in range(100)]
    assert_allclose(far.stderr, np.std(runs), rtol=0.4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wasserstein([], [1.0]), "at least 1"),
        (lambda: wasserstein([np.nan], [1.0]), "finite"),
        (lambda: wasserstein(np.ones((3, 2)), np.ones((3, 2))), "sliced"),
        (lambda: wasserstein([1.0], [2.0], 0.5), "order"),
        (lambda: sliced_wasserstein(np.ones((3, 2)), np.ones((3, 3))), "same components"),
        (lambda: kl_divergence([1.0], [2.0], 1), "bins"),
        (lambda: compare([1.0], [2.0]), "at least 2"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
