"""Class separation of arrays: formula, streaming, collapse, special values."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nets.measure import LayerStatistics, separation


def direct(x, y):
    """D by the full covariance matrices in float64, written without the code under test."""
    x = np.asarray(x, dtype=np.float64).reshape(len(y), -1)
    mean = x.mean(0)
    W, B = np.zeros((x.shape[1],) * 2), np.zeros((x.shape[1],) * 2)
    for c in np.unique(y):
        rows = x[y == c]
        W += (rows - rows.mean(0)).T @ (rows - rows.mean(0)) / len(x)
        B += len(rows) / len(x) * np.outer(rows.mean(0) - mean, rows.mean(0) - mean)
    return W, B


def direct_trace(x, y):
    W, B = direct(x, y)
    return np.log(np.trace(W) / np.trace(B))


def clusters(rng, n=600, d=20, classes=5, spread=1.0, offset=0.0):
    y = rng.integers(classes, size=n)
    y[:classes] = np.arange(classes)
    return offset + rng.normal(size=(classes, d))[y] + spread * rng.normal(size=(n, d)), y


def test_two_points_per_class_on_a_line_give_the_ratio_by_hand():
    """Classes {-1 +- a} and {1 +- a}: Tr Sigma_W = a^2, Tr Sigma_B = 1, D = 2 log a."""
    a = 0.25
    x, y = np.array([-1 - a, -1 + a, 1 - a, 1 + a])[:, None], np.array([0, 0, 1, 1])
    assert_allclose(separation(x, y), 2 * np.log(a), rtol=1e-14)
    assert_allclose(separation(x, y, "pinv"), 2 * np.log(a), rtol=1e-14)


def test_classes_weigh_by_their_size():
    """3 points at 0 and 1 at 4 (mean 1): Tr Sigma_B = (3 * 1 + 9) / 4 = 3; equal weights would give 4."""
    s = LayerStatistics(2).update(np.array([[0.0], [0.0], [0.0], [4.0]]), [0, 0, 0, 1])
    assert s.between == pytest.approx(3.0, abs=1e-14)
    assert s.within == 0.0


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
@pytest.mark.parametrize("D", [0.0, -9.0, -14.0, -18.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_streamed_load_agrees_with_direct_float64_down_to_collapse(rng, offset, D, dtype):
    x, y = clusters(rng, spread=np.exp(D / 2), offset=offset)
    x = x.astype(dtype)
    streamed = LayerStatistics(5)
    for rows, labels in zip(np.array_split(x, 7), np.array_split(y, 7), strict=True):
        streamed.update(torch.from_numpy(rows), torch.from_numpy(labels))
    assert_allclose(streamed.D, direct_trace(x, y), atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 120), max_size=8), offset=st.floats(-100, 100))
def test_load_does_not_depend_on_how_the_data_are_split(seed, cuts, offset):
    x, y = clusters(np.random.default_rng(seed), n=120, d=6, classes=4, spread=0.3, offset=offset)
    whole, parts, merged = LayerStatistics(4).update(x, y), LayerStatistics(4), LayerStatistics(4)
    for rows, labels in zip(np.split(x, sorted(cuts)), np.split(y, sorted(cuts)), strict=True):
        parts.update(rows, labels)
        merged.merge(LayerStatistics(4).update(rows, labels))
    assert_allclose(parts.D, whole.D, atol=1e-10)
    assert_allclose(merged.D, whole.D, atol=1e-10)
    assert_allclose(parts.means, whole.means, atol=1e-11)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10))
def test_load_is_invariant_under_rotation_scale_and_shift(seed, scale, shift):
    rng = np.random.default_rng(seed)
    x, y = clusters(rng, n=80, d=5, classes=3)
    Q, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    for metric in ("trace", "pinv"):
        assert_allclose(separation(scale * (x @ Q) + shift, y, metric), separation(x, y, metric), atol=1e-7)


@pytest.mark.parametrize(("d", "n"), [(3, 200), (20, 600), (300, 200)])
def test_pinv_load_agrees_with_the_pseudo_inverse_matrix(rng, d, n):
    """d below the number of classes, between, and above the number of examples."""
    x, y = clusters(rng, n=n, d=d, classes=5, spread=0.5, offset=3.0)
    W, B = direct(x, y)
    assert_allclose(separation(x, y, "pinv"), np.log(np.trace(W @ np.linalg.pinv(B, rcond=1e-10))), atol=1e-8)


def test_pinv_load_of_batches_equals_that_of_the_whole(rng):
    x, y = clusters(rng)
    batches = list(zip(np.array_split(x, 4), np.array_split(y, 4), strict=True))
    s = LayerStatistics(5)
    for rows, labels in batches:
        s.update(rows, labels)
    assert_allclose(s.pinv_D(batches), separation(x, y, "pinv"), atol=1e-10)
    with pytest.raises(ValueError, match="same data as the first"):
        s.pinv_D(batches[:2])


def test_memory_is_classes_times_features(rng):
    s = LayerStatistics(3).update(rng.normal(size=(90, 4096)), np.arange(90) % 3)
    held = sum(value.nbytes for value in vars(s).values() if isinstance(value, np.ndarray))
    assert held <= 8 * (3 * 4096 + 2 * 3)


def test_collapsed_classes_have_minus_infinite_load():
    assert separation(np.array([[0.1, 0.3], [0.1, 0.3], [0.7, 0.2]]), [0, 0, 1]) == -np.inf


def test_equal_class_means_have_infinite_load():
    assert separation(np.array([[-1.0], [1.0], [-1.0], [1.0]]), [0, 0, 1, 1]) == np.inf


@pytest.mark.parametrize("metric", ["trace", "pinv"])
def test_constant_features_give_nan_with_a_warning(metric):
    with pytest.warns(UserWarning, match="constant"):
        assert np.isnan(separation(np.full((30, 3), 0.1), np.arange(30) % 3, metric))


def test_a_class_without_examples_has_no_weight(rng):
    x, y = clusters(rng, classes=4)
    assert pytest.approx(LayerStatistics(4).update(x, y).D, abs=1e-12) == LayerStatistics(9).update(x, 2 * y).D


def test_features_of_any_shape_are_flattened(rng):
    x, y = clusters(rng, d=24)
    assert separation(x.reshape(-1, 2, 3, 4), y) == separation(x, y)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: separation(np.ones((4, 2)), [1, 1, 1, 1]), "at least 2 classes"),
        (lambda: separation(np.ones((4, 2)), [0.0, 1.0, 0.0, 1.0]), "whole numbers"),
        (lambda: separation(np.ones((4, 2)), [0, 1, 0]), "shapes"),
        (lambda: separation(np.array([[np.nan], [1.0]]), [0, 1]), "finite"),
        (lambda: separation(np.array([[np.inf], [1.0]]), [0, 1]), "finite"),
        (lambda: separation(np.ones((2, 1)), [0, 1], metric="ratio"), "metric"),
        (lambda: LayerStatistics(1), "n_classes"),
        (lambda: LayerStatistics(2).update(np.ones((2, 1)), [0, 2]), r"0 \.\. 1"),
        (lambda: LayerStatistics(2).update(np.ones((2, 1)), [0, 0]).D, "at least 2 classes"),
        (lambda: LayerStatistics(2).D, "at least 2 classes"),
        (lambda: LayerStatistics(2).update(np.ones((1, 1)), [0]).update(np.ones((1, 2)), [1]), "features"),
        (lambda: LayerStatistics(2).merge(LayerStatistics(3)), "classes"),
    ],
)
def test_bad_arrays_are_refused_with_their_name(call, says):
    with pytest.raises(ValueError, match=says):
        call()
