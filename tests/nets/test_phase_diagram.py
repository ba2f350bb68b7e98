"""Phase diagrams of networks: cells are what single runs give, stores go on, correlations are known ones."""

import numpy as np
import pytest

from mechanics.chain import curvature
from nets import MLPConfig, load_mnist10, train_ensemble
from nets.data import gaussian_mixture
from nets.experiments import NetworkDiagram, correlation, phase_diagram

DATA = gaussian_mixture(3, 10, 30, test_samples=20, separation=1.5, seed=1)
SMALL = {"data": DATA, "epochs": 12, "width": 10, "depth": 4, "progress": False}


@pytest.fixture(scope="module")
def diagram():
    return phase_diagram("dropout", [0.0, 0.2], [0.0, 0.5, 1.0], 2, config=MLPConfig(lr=1e-2, batch_size=30), **SMALL)


def test_a_cell_is_the_mean_of_networks_trained_alone(diagram):
    configs = [MLPConfig(seed=s, slope=0.5, dropout=0.2, lr=1e-2, batch_size=30) for s in range(2)]
    alone = train_ensemble(configs, DATA, epochs=12, width=10, depth=4)
    np.testing.assert_array_equal(diagram.load_curves[1, 1], alone.load_curves[:, -1].mean(0))
    assert diagram.curvature[1, 1] == pytest.approx(curvature(alone.load_curves[:, -1]).mean())
    assert diagram.accuracy[1, 1] == pytest.approx(alone.test_accuracy[:, -1].mean())
    spread = np.std(curvature(alone.load_curves[:, -1]), ddof=1) / np.sqrt(2)
    assert diagram.curvature_se[1, 1] == pytest.approx(spread)
    labelled = diagram.to_xarray()
    assert labelled["curvature"].dims == ("dropout", "slope")
    assert labelled["load_curve"].sizes["layer"] == 4


def test_a_store_is_read_instead_of_trained_again(tmp_path):
    arguments = ("lr", [1e-3, 1e-2], [0.0], [3])
    first = phase_diagram(*arguments, out=tmp_path / "lr.zarr", **SMALL)
    again = phase_diagram(*arguments, out=tmp_path / "lr.zarr", **SMALL)
    np.testing.assert_array_equal(first.curvature, again.curvature)


@pytest.mark.parametrize(("noise", "level"), [("noise", 0.3), ("batch_size", 20), ("label_noise", 0.2)])
def test_every_knob_reaches_the_training(noise, level):
    still = phase_diagram("dropout", [0.0], [0.0], 1, **SMALL)
    found = phase_diagram(noise, [level], [0.0], 1, **SMALL)
    assert found.curvature[0, 0] != still.curvature[0, 0]


def test_networks_that_blow_up_are_failures_and_not_numbers():
    found = phase_diagram("lr", [1e-3, 1e30], [0.0], 1, **SMALL)
    assert np.isfinite(found.curvature[0, 0])
    assert np.isnan(found.curvature[1, 0])


def test_the_picture_has_both_axes_and_the_best_cell(diagram):
    ax = diagram.plot(insets=2)
    assert "nonlinearity" in ax.get_xlabel()
    assert "dropout" in ax.get_ylabel()
    assert any(line.get_marker() == "*" for line in ax.lines)
    insets = [line for line in ax.lines if line.get_marker() == "."]
    assert len(insets) > 1
    for line in insets:  # drawn into their cells, whatever the loads' zero is
        assert np.ptp(line.get_ydata()) < 0.2
        assert abs(np.mean(line.get_ydata()[[0, -1]]) - diagram.axes["dropout"]).min() < 1e-12


def made(bend, accuracy):
    import xarray as xr

    dims = ("dropout", "slope", "seed")
    runs = xr.Dataset(
        {"curvature": (dims, bend), "curvature_ends": (dims, bend), "test_accuracy": (dims, accuracy)},
        {"dropout": np.arange(bend.shape[0]), "slope": np.arange(bend.shape[1]), "seed": np.arange(bend.shape[2])},
    )
    return NetworkDiagram(runs, "dropout")


def test_correlation_of_a_monotone_relation_is_exact():
    bend = np.linspace(-2, 1, 12).reshape(4, 3, 1) + np.zeros((4, 3, 5))
    found = correlation(made(bend, 0.9 - 0.1 * np.abs(bend)), resamples=50)
    assert (found.value, found.low, found.high, found.cells) == (-1.0, -1.0, -1.0, 12)


def test_correlation_agrees_with_scipy_and_is_undefined_for_equal_accuracies():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    bend, accuracy = rng.normal(size=(4, 3, 2)), rng.integers(0, 4, (4, 3, 2)) / 4  # with ties
    exact = spearmanr(np.abs(bend.mean(2)).ravel(), accuracy.mean(2).ravel()).statistic
    assert correlation(made(bend, accuracy), resamples=2).value == pytest.approx(exact, abs=1e-14)
    assert np.isnan(correlation(made(bend, np.full((4, 3, 2), 0.1)), resamples=2).value)


def test_correlation_of_noise_has_an_interval_around_zero():
    rng = np.random.default_rng(0)
    found = correlation(made(rng.normal(size=(6, 6, 8)), rng.normal(size=(6, 6, 8))), resamples=200)
    assert found.low < 0 < found.high


def test_what_makes_no_diagram_is_named():
    with pytest.raises(ValueError, match="noise must be"):
        phase_diagram("temperature", [0.1], [0.0], 1, data=load_mnist10())
    with pytest.raises(ValueError, match="dropout"):
        phase_diagram("dropout", [0.1, 1.0], [0.0], 1)
    with pytest.raises(ValueError, match="whole number"):
        phase_diagram("batch_size", [10.5], [0.0], 1)
    with pytest.raises(ValueError, match="4 cells"):
        correlation(made(np.ones((1, 2, 3)), np.ones((1, 2, 3))))


@pytest.mark.parametrize(
    ("error", "words", "levels", "options"),
    [
        (TypeError, "data must be Digits, but is a tuple", [0.1], {"data": ([], [])}),
        (TypeError, "config must be an MLPConfig, but is a dict", [0.1], {"config": {}}),
        (ValueError, "depth must be a whole number of at least 3, but is 2", [0.1], {"depth": 2}),
        (ValueError, "levels must be finite", [np.nan], {}),
        (ValueError, "values of dropout must be in one row", [[0.1, 0.2]], {}),
        (
            ValueError,
            "The first failed at dropout=0.1, .*batch_size of configs",
            [0.1],
            {"config": MLPConfig(batch_size=10**6)},
        ),
    ],
)
def test_a_diagram_without_networks_is_refused_with_the_reason(error, words, levels, options):
    """Calls in which every network failed once ended in xarray's "No variable named 'curvature'"."""
    with pytest.raises(error, match=words):
        phase_diagram("dropout", levels, [0.0], 1, **{**SMALL, **options})
