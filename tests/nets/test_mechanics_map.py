"""Mechanics maps: fits of known chains, regressions of known planes, predictions of known curves, stores that go on."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mechanics.fit import fit_chain
from nets import MLPConfig, train_ensemble
from nets.data import gaussian_mixture
from nets.experiments import mechanics_map
from nets.experiments.chain_map import MechanicsMap
from nets.experiments.map_fits import fit_cells, rest_parabola, summarise_networks
from nets.experiments.map_networks import log_spaced_epochs
from nets.experiments.map_predict import rest_curves
from nets.experiments.map_regression import random_effects, regress

LEVELS, SLOPES = np.array([0.0, 0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0.5, 1.0])
LAYERS = 8
DATA = gaussian_mixture(3, 10, 30, test_samples=20, separation=1.5, seed=1)
TRAINED = MLPConfig(lr=1e-2, batch_size=30)  # 3 steps an epoch: enough to learn, too few for running statistics
SMALL = {"data": DATA, "config": TRAINED, "epochs": 12, "width": 10, "depth": 4, "progress": False}


def made_networks(levels, slopes, bend, Y, *, seeds=3, noise=0.02, layers=LAYERS):
    """Load curves that are parabolas (8) at any time, of bend(level, slope); the end goes from 1 to Y(level, slope)."""
    rng = np.random.default_rng(5)
    epochs = log_spaced_epochs(60, 14)
    level, slope = np.meshgrid(levels, slopes, indexing="ij")
    l = np.arange(layers)
    pulled = 1 + (Y(level, slope)[:, :, None, None] - 1) * (1 - np.exp(-epochs / 8.0))
    x = pulled[..., None] * l / layers - bend(level, slope)[:, :, None, None, None] / 2 * l * (layers - l)
    x = x + noise * rng.standard_normal((*level.shape, seeds, 1, layers)) * l / layers
    end = pulled + 0 * x[..., 0]
    axes = ("dropout", "slope", "seed")
    return xr.Dataset(
        {
            "load_curves": ((*axes, "epoch", "layer"), 1.3 - x),
            "output_load": ((*axes, "epoch"), 1.3 - end),
            "curvature": (axes, -bend(level, slope)[..., None] + 0.01 * rng.standard_normal((*level.shape, seeds))),
            "test_accuracy": (axes, 0.9 + 0.01 * rng.standard_normal((*level.shape, seeds))),
        },
        {"dropout": levels, "slope": slopes, "seed": range(seeds), "epoch": epochs},
    )


def made_map(bend, Y, levels=LEVELS, slopes=SLOPES, **more):
    """A map whose estimates are the truth: what is tested is what becomes of them."""
    networks = made_networks(levels, slopes, bend, Y, **more)
    cells = summarise_networks(networks)
    level, slope = np.meshgrid(levels, slopes, indexing="ij")
    axes = ("dropout", "slope")
    for name, values in (
        ("Y", Y(level, slope)),
        ("tau", np.nan * level),
        ("mu_eff_over_k", bend(level, slope)),
        ("k", np.exp(2 * level)),
    ):
        cells[name], cells[f"{name}_se"] = (axes, values), (axes, np.full(level.shape, 0.01))
        cells[f"{name}_low"], cells[f"{name}_high"] = cells[name] - 0.02, cells[name] + 0.02
        cells[f"{name}_identified"] = (axes, np.ones(level.shape))
    for name in ("mean_friction_over_k", "noise_over_k"):
        cells[name], cells[f"{name}_se"] = (axes, np.ones(level.shape)), (axes, np.full(level.shape, np.inf))
        cells[f"{name}_identified"] = (axes, np.zeros(level.shape))
    return MechanicsMap(cells, networks, "dropout", "measured")


def plane_bend(level, slope):
    return 0.15 - 0.8 * level - 0.1 * slope


def plane_Y(level, slope):
    return 4.0 + 0 * level + 0.5 * slope


@pytest.fixture(scope="module")
def plane():
    return made_map(plane_bend, plane_Y, noise=0.0)


def test_measured_epochs_are_whole_numbers_with_both_ends():
    epochs = log_spaced_epochs(100, 40)
    assert epochs[0] == 0
    assert epochs[-1] == 100
    assert (np.diff(epochs) > 0).all()
    assert 25 < len(epochs) < 42
    assert log_spaced_epochs(3).tolist() == [0, 1, 2, 3]


def test_the_parabola_of_a_final_curve_is_found_exactly():
    curves = rest_curves(np.array([[1.3, 4.0, 0.12], [1.1, 3.0, -0.05]]), 8)
    Y, bend = rest_parabola(curves)
    np.testing.assert_allclose(Y, [4.0, 3.0], rtol=1e-12)
    np.testing.assert_allclose(bend, [0.12, -0.05], rtol=1e-11)


def test_fits_of_cells_find_the_bend_that_the_curves_were_made_with():
    """Curves at rest at any time: mu_eff/k within 0.02 of the truth (its range is 0.24), the end as measured."""
    levels, slopes = np.array([0.0, 0.3]), np.array([0.0])
    fits = fit_cells(made_networks(levels, slopes, plane_bend, plane_Y), "measured", progress=False)
    np.testing.assert_allclose(fits["mu_eff_over_k"].values[:, 0], plane_bend(levels, 0), atol=0.02)
    np.testing.assert_allclose(fits["Y"].values, 4.0, atol=0.01)
    assert (fits["mu_eff_over_k_identified"] == 1).all()
    assert (fits["histories"] == 3).all()
    assert fits["fitted"].dims == ("dropout", "slope", "epoch", "layer")


def test_a_cell_that_cannot_be_fitted_is_refused_with_its_reason_and_the_others_stay():
    networks = made_networks(np.array([0.0, 0.3]), np.array([0.0]), plane_bend, plane_Y, seeds=2)
    networks["load_curves"][0] = networks["load_curves"][0, ..., ::-1].values
    fits = fit_cells(networks, "measured", progress=False)
    assert fits["status"].values.ravel().tolist() == [2, 1]
    assert np.isnan(fits["mu_eff_over_k"].values[0, 0])
    assert "rise with depth" in str(fits.attrs)


def test_the_scatter_is_that_of_paule_and_mandel():
    """With equal errors the estimate is in closed form: t^2 = sum r^2/(n - p) - s^2."""
    rng = np.random.default_rng(2)
    X = np.c_[np.ones(40), np.linspace(-0.5, 0.5, 40)]
    q = X @ [1.0, 2.0] + 0.3 * rng.standard_normal(40)
    b, cov, t = random_effects(X, q, np.full(40, 0.1))
    plain = np.linalg.lstsq(X, q, rcond=None)
    np.testing.assert_allclose(b, plain[0], rtol=1e-8)
    assert t**2 == pytest.approx(plain[1][0] / 38 - 0.01, rel=1e-6)
    np.testing.assert_allclose(cov, np.linalg.inv(X.T @ X) * plain[1][0] / 38, rtol=1e-6, atol=1e-12)
    assert random_effects(X, X @ [1.0, 2.0], np.full(40, 0.1))[2] == 0.0


def test_intervals_of_effects_hold_the_truth_as_often_as_they_say():
    """300 diagrams, unequal errors and scatter; 95 % nominal: outside 91 .. 98 % by chance once in 1e3."""
    rng, held, trials = np.random.default_rng(3), 0, 300
    axes = {"dropout": LEVELS, "slope": SLOPES}
    u = LEVELS[:, None] / 0.4 - 0.5 + 0 * SLOPES
    for _ in range(trials):
        s = rng.uniform(0.01, 0.1, u.shape)
        q = -0.3 * u + s * rng.standard_normal(u.shape) + 0.05 * rng.standard_normal(u.shape)
        low, high = regress({"Y": (q, s, np.isfinite(q))}, axes)["Y"].effects["dropout"].interval
        held += low <= -0.3 <= high
    assert 0.91 <= held / trials <= 0.98


def test_sentences_name_what_each_knob_moves_and_what_is_not_determined(plane):
    found = plane.regress()
    effects = found["mu_eff_over_k"].effects
    assert effects["dropout"].value == pytest.approx(-0.32)
    assert effects["slope"].value == pytest.approx(-0.1)
    assert effects["interaction"].sign == 0
    text = str(found)
    assert "dropout from 0 to 0.4 lowers effective friction mu_eff/k: -0.32 [" in text
    assert "slope from 0 to 1 raises the end Y: +0.5 [" in text
    assert f"dropout from 0 to 0.4 raises the rate k: factor {np.exp(0.8):.3g} [" in text
    assert "Noise/k: not determined by these data, which identify it in 0 of 15 cells." in text
    assert "no effect on the test accuracy" in text


def test_an_interaction_is_told_at_both_ends_of_the_slopes():
    found = made_map(lambda p, a: 0.1 - 0.8 * p * (1 - a), plane_Y).regress(["mu_eff_over_k"])
    assert found["mu_eff_over_k"].effects["interaction"].value == pytest.approx(0.32)
    assert "by -0.32 at slope 0, " in str(found)


def test_curves_of_linear_parameters_are_foretold_exactly(plane):
    """Splines with a plane reproduce planes; the nearest cell is off by what half a step changes."""
    truth = rest_curves(np.array([1.3, plane_Y(0.13, 0.4), plane_bend(0.13, 0.4)]), LAYERS)
    network = plane.networks["load_curves"].isel(epoch=-1)
    for method, atol in (("chain", 1e-9), ("rest", 0.005), ("curves", 0.005)):
        np.testing.assert_allclose(plane.predict(0.13, 0.4, method=method), truth, atol=atol)
    nearest = plane.predict(0.13, 0.4, method="nearest")
    np.testing.assert_array_equal(nearest, network.sel(dropout=0.1, slope=0.5).mean("seed"))
    assert plane.predict(LEVELS[:, None], SLOPES).shape == (5, 3, LAYERS)


def test_held_out_errors_are_those_of_a_fit_without_the_cell(plane):
    score = plane.score("cell")
    for method in ("rest", "curves"):
        assert score.total(method) < 1e-9
    expected = np.sqrt(((plane.cells["load_curve"][2, 1] - plane.cells["load_curve"][1, 1]) ** 2).mean())
    by_hand = score.errors["error"].sel(predictor="nearest").values[2, 1]
    assert by_hand == pytest.approx(float(expected))
    assert "curve of the nearest cell" in str(score)


def test_whole_levels_and_every_second_one_can_be_left_out(plane):
    assert np.isfinite(plane.score("level").errors["error"].values).all()
    alternate = plane.score("alternate")
    left = np.isfinite(alternate.errors["error"].sel(predictor="curves").values)
    assert left.all(axis=1).tolist() == [False, True, False, True, False]
    with pytest.raises(ValueError, match="leave_out must be"):
        plane.score("half")


def test_errors_are_measured_by_the_spread_between_seeds():
    noisy = made_map(plane_bend, plane_Y, noise=0.2)
    score = noisy.score(methods=["curves"])
    spread = np.sqrt((noisy.cells["load_curve_sd"].values ** 2).mean())
    assert score.in_seed_spread("curves") == pytest.approx(score.total("curves") / spread)
    assert score.in_seed_spread("curves") > 1 / np.sqrt(3)


def test_a_map_does_not_extrapolate(plane):
    with pytest.raises(ValueError, match=r"dropout must lie in 0 \.\. 0\.4"):
        plane.predict(0.5, 0.0)
    with pytest.raises(ValueError, match="quantity must be one of"):
        plane.values("friction")


def test_cells_without_an_identified_bend_do_not_count_for_the_chain(plane):
    cells = plane.cells.copy(deep=True)
    cells["mu_eff_over_k"][2, 1] = 100.0
    cells["mu_eff_over_k_identified"][2, 1] = 0
    found = MechanicsMap(cells, plane.networks, "dropout", "measured")
    np.testing.assert_allclose(found.predict(0.2, 0.5), plane.predict(0.2, 0.5), atol=1e-9)
    assert not np.isfinite(found.score(methods=["chain"]).errors["misfit"].values[0, 2, 1])


@pytest.mark.parametrize("kind", ["lines", "map"])
def test_pictures_show_every_cell_and_mark_what_is_open(plane, kind):
    ax = plane.plot("mu_eff_over_k", kind=kind)
    assert "dropout" in (ax.get_xlabel() if kind == "lines" else ax.get_ylabel())
    if kind == "lines":
        assert len(ax.containers) == len(SLOPES)
        return
    assert len(ax.texts) == 15
    hatched = plane.plot("noise_over_k", kind="map")
    assert sum(p.get_hatch() is not None for p in hatched.patches) == 15
    assert not hatched.texts


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("map")
    return out, mechanics_map("dropout", [0.0, 0.2], [0.0, 1.0], 2, pull="ramped", out=out, **SMALL)


def test_cells_are_fits_to_networks_trained_alone(trained):
    _, found = trained
    configs = [replace(TRAINED, seed=s, slope=1.0, dropout=0.2) for s in range(2)]
    at = found.networks["epoch"].values
    alone = train_ensemble(configs, DATA, epochs=12, width=10, depth=4, measure_every=at.tolist())
    np.testing.assert_array_equal(found.networks["load_curves"].values[1, 1], alone.load_curves)
    fit = fit_chain(alone.load_curves, at, pull="ramped", last="block")
    assert found.values("mu_eff_over_k")[1, 1] == fit.mu_eff_over_k.value
    assert found.values("tau")[1, 1] == fit.tau.value
    assert found.to_xarray().attrs["pull"] == "ramped"


def test_a_finished_map_is_read_and_neither_trained_nor_fitted_again(trained, monkeypatch):
    def never(*_, **__):
        raise AssertionError("done already")

    out, found = trained
    monkeypatch.setattr("nets.experiments.map_networks.train_ensemble", never)
    monkeypatch.setattr("nets.experiments.map_fits.fit_chain", never)
    again = mechanics_map("dropout", [0.0, 0.2], [0.0, 1.0], 2, pull="ramped", out=out, **SMALL)
    xr.testing.assert_identical(again.cells.drop_attrs(), found.cells.drop_attrs())
    assert sorted(p.name for p in out.iterdir()) == ["fits-ramped", "networks"]


def test_statistics_of_few_steps_an_epoch_are_those_of_the_data(trained):
    """Running statistics see three updates an epoch here, and say nothing for the first dozens."""
    assert (trained[1].networks["by_batch"] == 1).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measured": [0, 1, 2]}, "5 to 200 epochs"),
        ({"pull": "pushed"}, "pull must be"),
        ({"noise": "lr", "levels": [-1.0]}, "lr must be positive"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_trained(change, words):
    arguments = {"noise": "dropout", "levels": [0.0], "slopes": [0.0], "seeds": 1, **SMALL} | change
    with pytest.raises(ValueError, match=words):
        mechanics_map(**arguments)
