"""Readouts, spectra, similarity of layers and the probe that gathers them, against direct computation."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nets import MLP
from nets.measure import (
    FeatureSpectrum,
    LayerProbe,
    LayerSimilarity,
    LayerStatistics,
    LinearReadout,
    linear_cka,
    load_curve,
    regression_curve,
)


def batches(n, cuts):
    edges = [0, *sorted(cuts), n]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 199), max_size=5), st.integers(0, 2**31))
def test_streamed_readout_is_least_squares(cuts, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(200, 12)) @ rng.normal(size=(12, 12)) + 10
    h[:, 3], h[:, 7] = 0.0, h[:, 5]  # a dead feature and one that occurs twice
    y = h @ rng.normal(size=(12, 2)) + rng.normal(size=(200, 2))
    readout = LinearReadout()
    for at in batches(200, cuts):
        readout.update(h[at], y[at])
    design = np.column_stack([h, np.ones(200)])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert readout.mse == pytest.approx((residual**2).sum() / 200, rel=1e-10)
    R, r = readout.solution()
    assert ((y - h @ R.T - r) ** 2).sum() / 200 == pytest.approx(readout.mse, rel=1e-8)
    assert readout.variance == pytest.approx(y.var(0).sum(), rel=1e-10)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 99), max_size=5), st.integers(0, 2**31))
def test_streamed_spectrum_is_that_of_the_covariance(cuts, seed):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(100, 8)) * np.arange(1, 9) + 100
    spectrum = FeatureSpectrum()
    for at in batches(100, cuts):
        spectrum.update(h[at])
    expected = np.linalg.svd(h - h.mean(0), compute_uv=False) ** 2 / 100
    np.testing.assert_allclose(spectrum.eigenvalues, expected, rtol=1e-10)
    q = np.sqrt(expected) / np.sqrt(expected).sum()
    assert spectrum.stable_rank == pytest.approx(expected.sum() / expected[0])
    assert spectrum.effective_rank == pytest.approx(np.exp(-(q * np.log(q)).sum()))
    assert spectrum.participation_ratio == pytest.approx(expected.sum() ** 2 / (expected**2).sum())


def test_dimensions_of_equal_directions_are_their_number():
    h = np.vstack([np.eye(6), -np.eye(6)])
    spectrum = FeatureSpectrum().update(np.pad(h, ((0, 0), (0, 4))))
    for value in (spectrum.stable_rank, spectrum.effective_rank, spectrum.participation_ratio):
        assert value == pytest.approx(6)
    assert np.isnan(FeatureSpectrum().update(np.ones((5, 3))).participation_ratio)


def test_cka_knows_rotations_and_is_the_formula():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 7)), rng.normal(size=(50, 4))
    Q = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    assert linear_cka(x, 3 * x @ Q + 5) == pytest.approx(1)
    H = np.eye(50) - 1 / 50
    K, L = H @ x @ x.T @ H, H @ y @ y.T @ H
    assert linear_cka(x, y) == pytest.approx((K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum()))


def test_debiased_cka_of_independent_features_is_centred_on_zero():
    rng = np.random.default_rng(1)
    biased, debiased = [], []
    for _ in range(200):
        x, y = rng.normal(size=(20, 30)), rng.normal(size=(20, 30))
        biased.append(linear_cka(x, y))
        debiased.append(linear_cka(x, y, debiased=True))
    assert np.mean(biased) > 0.5
    assert abs(np.mean(debiased)) < 4 * np.std(debiased) / np.sqrt(200)  # 4 standard errors: fails once in 16000 seeds


def test_debiased_hsic_over_batches_is_the_published_sum():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(10, 3)), rng.normal(size=(10, 5))
    K, L = x @ x.T, y @ y.T
    np.fill_diagonal(K, 0), np.fill_diagonal(L, 0)
    n, one = 10, np.ones(10)
    # Song et al. 2012, equation (4)
    hsic = np.trace(K @ L) + (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * one @ K @ L @ one
    similarity = LayerSimilarity().update({"a": torch.as_tensor(x), "b": torch.as_tensor(y)})
    assert similarity._hsic[0, 1] == pytest.approx(hsic / (n * (n - 3)))


def test_probe_gathers_what_single_calls_measure():
    model = MLP(inputs=10, width=12, depth=3, classes=4).double()
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 10)), np.arange(60) % 4
    measures = {"loads": lambda: LayerStatistics(4), "spectrum": FeatureSpectrum}
    with LayerProbe(model, measures, similarity=True) as probe:
        for at in batches(60, [13, 40]):
            probe.observe(x[at], y[at])
    np.testing.assert_allclose(probe.curve("loads", "D"), load_curve(model, x, y), rtol=1e-10)
    assert tuple(probe.layers) == model.load_layers == probe.similarity.names
    np.testing.assert_allclose(np.diag(probe.similarity.cka), 1)
    model(torch.as_tensor(x))  # the hooks are gone
    assert probe.similarity.batches == 3
    assert model.training
    with pytest.raises(ValueError, match="measure must be one of"):
        probe.curve("nothing", "D")


def test_regression_curve_falls_to_zero_where_the_target_is_linear():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    x = torch.randn(100, 6, dtype=torch.float64)
    y = model[:2](x) @ torch.randn(6, dtype=torch.float64)
    curve = regression_curve(model, x, y, layers=("0", "1"))
    assert curve[0] > 1e-2
    assert curve[1] < 1e-6
    np.testing.assert_allclose(
        regression_curve(model, x, y, layers=("0", "1"), loss="mse", batch_size=7)[0], curve[0] ** 2
    )


def test_what_cannot_be_measured_is_named():
    with pytest.raises(ValueError, match="finite"):
        FeatureSpectrum().update(np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match="features"):
        FeatureSpectrum().update(np.ones((3, 2))).update(np.ones((3, 4)))
    with pytest.raises(ValueError, match="shapes"):
        LinearReadout().update(np.ones((3, 2)), np.ones(4))
    with pytest.raises(ValueError, match="at least 4"):
        linear_cka(np.ones((3, 2)), np.ones((3, 2)), debiased=True)
