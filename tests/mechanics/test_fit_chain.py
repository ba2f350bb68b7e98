"""The fit's arguments, refusals, scaling laws and results."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain.mean_field import MeanField
from mechanics.fit import ChainFit, Estimate, fit_chain
from mechanics.fit.search import _relative_offset

EPOCHS = np.r_[0, np.geomspace(0.3, 40, 20)]


@pytest.fixture(scope="module")
def loads():
    """Mean-field load curves (3, 21, 8) of a concave chain with small independent errors."""
    x = MeanField(7, 0.8, 0.09, 0.04, 1.0, 0.08).solve(EPOCHS)
    noise = 0.003 * np.random.default_rng(4).normal(size=(3, 21, 8))
    noise[..., 0] = 0
    noise[:, 0] = 0
    return 1 - x[:, :-1] + noise


@pytest.fixture(scope="module")
def fit(loads):
    return fit_chain(loads, EPOCHS, pull="fixed")


def test_scaling_the_loads_scales_lengths_and_leaves_the_rate(loads, fit):
    other = fit_chain(3 * loads + 5, EPOCHS, pull="fixed")
    assert_allclose(other.Y.value, 3 * fit.Y.value, rtol=1e-4)
    assert_allclose(other.mu_eff_over_k.value, 3 * fit.mu_eff_over_k.value, rtol=1e-3)
    assert_allclose(other.k.value, fit.k.value, rtol=1e-3)


def test_slower_time_lowers_the_rate_and_nothing_else(loads, fit):
    other = fit_chain(loads, 10 + 4 * EPOCHS, pull="fixed")
    assert_allclose(other.k.value, fit.k.value / 4, rtol=1e-3)
    assert_allclose(other.mu_eff_over_k.value, fit.mu_eff_over_k.value, rtol=1e-3)


def test_result_is_consistent_with_itself(loads, fit):
    assert isinstance(fit, ChainFit)
    assert fit.fitted.shape == fit.observed.shape == fit.residuals.shape == (21, 8)
    assert_allclose(fit.observed, (loads[..., :1] - loads).mean(axis=0), atol=1e-15)
    assert_allclose(fit.observed - fit.fitted, fit.residuals, atol=1e-14)
    assert_allclose(fit.rmse, np.sqrt((fit.residuals[:, 1:] ** 2).mean()))
    assert_allclose(fit.singular_vectors @ fit.singular_vectors.T, np.eye(5), atol=1e-10)
    assert (np.diff(fit.singular_values) <= 0).all()
    assert set(fit.identified) == {"Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k", "tau"}
    for name, known in fit.identified.items():
        estimate = getattr(fit, name)
        assert estimate.identified == known
        if known:
            assert estimate.interval[0] <= estimate.value <= estimate.interval[1]
            assert np.isfinite(estimate.stderr)
    assert "concave" in fit.verdict
    assert "3 histories" in fit.verdict


def test_mean_friction_is_never_below_the_bend(fit):
    assert fit.mean_friction_over_k.value >= abs(fit.mu_eff_over_k.value)


def test_one_history_says_that_its_intervals_are_approximate(loads):
    single = fit_chain(loads[0], EPOCHS, pull="fixed")
    assert "approximate" in single.verdict
    assert single.observed_spread is None
    assert single.residual_in_seed_spread is None
    assert fit_chain(loads[0], EPOCHS, pull="fixed", seed_spread=0.003).residual_in_seed_spread == pytest.approx(
        single.rmse / 0.003
    )


def test_result_is_plain_json(loads):
    plain = json.loads(json.dumps(fit_chain(loads, EPOCHS).to_dict(), allow_nan=False))
    assert plain["Y"]["value"] == pytest.approx(1.0, rel=0.02)
    assert plain["tau"]["value"] is None or plain["pull"] == "ramped"
    assert len(plain["alternatives"]) == 1


def test_many_epochs_are_thinned_and_said_so():
    ts = np.linspace(0, 40, 1001)
    x = MeanField(7, 0.8, 0.09, 0.04, 1.0, 0.08).solve(ts)
    thinned = fit_chain(1 - x[:, :-1], ts, pull="fixed")
    assert len(thinned.epochs) <= 200
    assert thinned.epochs[[0, -1]].tolist() == [0, 40]
    assert "of 1001 epochs were used" in thinned.verdict
    assert thinned.k.value == pytest.approx(0.8, rel=0.01)


def test_plot_draws_on_the_given_axes(fit):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    assert fit.plot(ax) is ax
    assert len(ax.get_lines()) > 4
    plt.close(figure)


def test_estimate_reads_as_a_sentence():
    assert str(Estimate(1.5, 0.1, (1.3, 1.7), True)) == "1.5 +- 0.1"
    assert (
        str(Estimate(30.0, np.inf, (9.0, np.inf), False, "only a lower bound: k > 9"))
        == "30 (only a lower bound: k > 9)"
    )


def test_bad_curves_are_refused(loads):
    curves = loads[0]
    broken = curves.copy()
    broken[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"not at epochs 0\.\d+; leave those out"):
        fit_chain(broken, EPOCHS)
    with pytest.raises(ValueError, match="epochs must increase"):
        fit_chain(curves, EPOCHS[::-1])
    with pytest.raises(ValueError, match=r"epochs must have shape \(21,\)"):
        fit_chain(curves, EPOCHS[:-1])
    with pytest.raises(ValueError, match="epochs must be at least 5"):
        fit_chain(curves[:4], EPOCHS[:4])
    with pytest.raises(ValueError, match="load_curves must be"):
        fit_chain(curves[0], EPOCHS)
    with pytest.raises(ValueError, match="at least 2 moving blocks"):
        fit_chain(curves[:, :2], EPOCHS)
    with pytest.raises(ValueError, match="level"):
        fit_chain(np.ones((21, 8)), EPOCHS)
    with pytest.raises(ValueError, match="rise with depth"):
        fit_chain(curves[:, ::-1], EPOCHS)
    for bad in ("abc", curves + 0j, [[1.0, 2.0], [3.0]]):
        with pytest.raises(ValueError, match="load_curves must be an array of real numbers"):
            fit_chain(bad, EPOCHS)


def test_layers_out_of_order_are_remarked(loads):
    order = np.arange(loads.shape[-1])
    assert "check that layers are in order" not in fit_chain(loads, EPOCHS, pull="fixed").verdict
    order[[2, 5]] = order[[5, 2]]
    assert "D rises from layer 2 to 3, 4 to 5: check" in fit_chain(loads[..., order], EPOCHS, pull="fixed").verdict


def test_bad_options_are_refused(loads):
    with pytest.raises(ValueError, match="pull must be"):
        fit_chain(loads, EPOCHS, pull="pushed")
    with pytest.raises(ValueError, match="give end="):
        fit_chain(loads, EPOCHS, pull="measured")
    with pytest.raises(ValueError, match="end must have shape"):
        fit_chain(loads, EPOCHS, end=np.zeros(3))
    with pytest.raises(ValueError, match="last must be"):
        fit_chain(loads, EPOCHS, last="first")
    with pytest.raises(ValueError, match="end is given, but the last column"):
        fit_chain(loads, EPOCHS, end=np.zeros(21), last="end")
    with pytest.raises(ValueError, match="start must also hold k"):
        fit_chain(loads, EPOCHS, pull="fixed", start={"Y": 1, "mean_friction_over_k": 0.1, "noise_over_k": 0.1})
    start = {"Y": 1, "k": 1, "mean_friction_over_k": 0.1, "noise_over_k": 0.1}
    with pytest.raises(ValueError, match=r"start\['k'\] must be positive, but is -1"):
        fit_chain(loads, EPOCHS, pull="fixed", start=start | {"k": -1})
    with pytest.raises(ValueError, match="start holds 'mu_right', but may hold Y, mu_eff_over_k"):
        fit_chain(loads, EPOCHS, pull="fixed", start=start | {"mu_right": 1})
    with pytest.raises(ValueError, match="seed_spread must be finite"):
        fit_chain(loads, EPOCHS, seed_spread=-1.0)


def test_importing_the_fit_does_not_import_matplotlib():
    import subprocess
    import sys

    code = "import sys, mechanics, mechanics.fit, mechanics.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_relative_offset_is_what_a_least_squares_step_would_take_away():
    """0 at the solution of a linear problem, 1 for a residual in the tangent plane, whatever a flat column holds."""
    rng = np.random.default_rng(0)
    J, data = rng.standard_normal((30, 3)), rng.standard_normal(30)
    residual = data - J @ np.linalg.lstsq(J, data, rcond=None)[0]
    flat = np.column_stack([J, 1e-7 * rng.standard_normal(30)])
    for jacobian in (J, flat):
        assert _relative_offset(jacobian, residual) < 1e-12
        assert _relative_offset(jacobian, J @ [1.0, 2.0, 3.0]) == pytest.approx(1.0)
        assert 0.1 < _relative_offset(jacobian, data) < 0.9
