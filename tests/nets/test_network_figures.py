"""Figures of the paper's networks: numbers are those of networks trained alone, stores go on, pictures show them."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mechanics.chain import curvature
from mechanics.fit import fit_chain
from nets import MLP, History, load_mnist10, train
from nets.data import gaussian_mixture, orthogonal_data, synthetic_regression
from nets.experiments import diagram_figures, networks, panels
from nets.experiments.diagram_figures import DiagramSettings, draw_diagram, run_diagram
from nets.experiments.figure_names import FigureName
from nets.experiments.network_figures import _FIGURES, network_figure
from nets.experiments.networks import Network, make_model, train_networks
from nets.experiments.panels import Panel, measure_panels
from nets.measure import load_curve
from nets.plots.movie import animate_training
from nets.plots.panels import draw_panels

TINY = Network(examples=100, test_examples=50, width=12, depth=4, epochs=2, lr=1e-2)


def test_a_network_of_a_figure_is_that_network_trained_alone(tmp_path):
    network = replace(TINY, dropout=0.1, noise=0.2)
    (run,) = train_networks([network], [3], tmp_path, workers=0)[network]
    digits = load_mnist10()
    data = replace(
        digits, x_train=digits.x_train[:100], y_train=digits.y_train[:100], x_test=digits.x_test[:50],
        y_test=digits.y_test[:50],
    )  # fmt: skip
    model = MLP(width=12, depth=4, dropout=0.1, seed=3)
    alone = train(model, data, epochs=2, lr=1e-2, label_noise=0.2, input_noise=0.2, seed=3)
    np.testing.assert_array_equal(run.records["trace"], alone.load_curves[-1])
    np.testing.assert_array_equal(
        run.records["pinv"], load_curve(model, data.x_train, data.y_train, mode="batch", metric="pinv")
    )
    assert run.records["score"] == alone.test_accuracy[-1]


def test_finished_networks_are_not_trained_again(tmp_path, monkeypatch):
    first = train_networks([TINY], [0, 1], tmp_path, workers=0)[TINY]
    trained = []
    original = networks.train_run
    monkeypatch.setattr(networks, "train_run", lambda run, tick: trained.append(run.seed) or original(run, tick))
    again = train_networks([TINY, TINY], [1, 0, 2], tmp_path, workers=0)[TINY]
    assert trained == [2]
    np.testing.assert_array_equal(again[1].records["trace"], first[0].records["trace"])


def test_curves_are_means_over_seeds_and_failures_are_counted(tmp_path):
    wild = replace(TINY, optimiser="sgd", norm=None, lr=1e30)
    (found,) = measure_panels([Panel("both", {"tame": TINY, "wild": wild})], [0, 1], tmp_path, workers=0)
    D = [run.records["trace"] for run in train_networks([TINY], [0, 1], tmp_path, workers=0)[TINY]]
    np.testing.assert_allclose(found["tame"].D, np.mean(D, axis=0))
    assert found["tame"].curvature[0] == pytest.approx(curvature(np.array(D)).mean())
    np.testing.assert_allclose(found["tame"].D_se, np.abs(D[0] - D[1]) / 2)  # s / sqrt(2), s = |a - b| / sqrt(2)
    assert (found["tame"].failed, found["wild"].failed, found["wild"].seeds) == (0, 2, 0)
    figure = draw_panels([Panel("both", {"tame": TINY, "wild": wild})], [found])
    assert "wild: failed" in {text.get_text() for text in figure.axes[0].get_legend().get_texts()}


def test_regression_starts_at_the_residual_of_least_squares_and_learns(tmp_path):
    network = Network(data="regression", examples=300, test_examples=50, width=20, depth=3, epochs=30, lr=1e-2)
    (run,) = train_networks([network], [0], tmp_path, workers=0)[network]
    data = synthetic_regression(samples=300, test_samples=50)
    A = np.column_stack([data.x_train, np.ones(300)])
    residual = data.y_train - A @ np.linalg.lstsq(A, data.y_train)[0]
    rmse = run.records["rmse"]
    assert rmse[0] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-5)  # float32 features
    assert rmse[2] < 0.7 * rmse[0]
    with pytest.raises(ValueError, match="full batches"):
        train_networks([replace(network, batch_size=10)], [0], tmp_path, workers=0)


def test_a_linear_network_of_orthogonal_weights_and_data_has_a_straight_load_curve(tmp_path):
    """Figure 5a of arXiv:2407.19353. The first layer's load is log(noise^2 / (1 - noise^2)) up to class means."""
    (panel,) = panels.linear(quick=True)
    (start, trained) = (panel.networks["epoch 0"], panel.networks["epoch 30"])
    drawn = replace(trained, init="default")
    (found,) = measure_panels([Panel("", {"0": start, "30": trained, "drawn": drawn})], [0], tmp_path, workers=0)
    data = orthogonal_data()
    assert found["30"].D[0] == pytest.approx(load_curve_of_inputs(data.x_train.astype(float), data.y_train), abs=1e-5)
    assert found["30"].D[0] - found["30"].D[-1] > 3
    assert found["30"].from_line < 0.03 < found["drawn"].from_line
    assert np.ptp(found["0"].D) < 1e-4  # orthogonal weights change no load
    assert np.isnan(found["0"].curvature[0])


def load_curve_of_inputs(x, y):
    means = np.stack([x[y == c].mean(0) for c in range(10)])
    return np.log(((x - means[y]) ** 2).sum() / ((means[y] - x.mean(0)) ** 2).sum())


def test_every_figure_has_a_name_and_networks_that_can_be_made():
    assert set(get_args(FigureName)) == set(_FIGURES)
    assert set(diagram_figures.FULL) == set(diagram_figures.QUICK)
    makers = (panels.initial_weights, panels.no_batch_norm, panels.widths, panels.depths, panels.metrics, panels.cnn)
    for make in makers:
        every = [network for panel in make(True) for network in panel.networks.values()]
        assert len(set(every)) >= 3
        assert make_model(every[0], 0)(make_inputs(every[0])).shape == (2, 10)
    assert {network.dropout for network in panels.cnn(False)[0].networks.values()} == set(panels.CNN_DROPOUTS)


def make_inputs(network):
    import torch

    return torch.from_numpy(networks.load_data(network).x_train[:2])


def test_a_diagram_is_drawn_with_its_best_cell_and_its_correlations(tmp_path):
    data = gaussian_mixture(3, 10, 30, test_samples=20, separation=1.5, seed=1)
    settings = DiagramSettings("dropout", (0.0, 0.2), (0.0, 0.4, 1.0), seeds=2, epochs=5)
    found = run_diagram(settings, tmp_path / "runs.zarr", seed=5, data=data, width=10, depth=4)
    assert found.runs["seed"].values.tolist() == [5, 6]
    figure, summary = draw_diagram(found)
    i, j = np.unravel_index(np.argmax(found.accuracy), found.accuracy.shape)
    assert summary["best"] == {"dropout": settings.levels[i], "slope": settings.slopes[j]}
    assert summary["correlation"]["all, quadratic"]["cells"] == 6
    assert summary["correlation"]["slope <= 0.4, ends"]["cells"] == 4
    assert "slope 1, ends" not in summary["correlation"]  # two cells have no correlation
    assert (
        sum(len(points.get_offsets()) for points in figure.axes[1].collections if len(points.get_offsets()) == 2) >= 6
    )


def test_the_command_makes_a_figure_and_a_second_call_reads_it(tmp_path, monkeypatch):
    from mechanics.cli import build_app

    monkeypatch.setitem(diagram_figures.QUICK, "dropout", DiagramSettings("dropout", (0.0, 0.2), (0.0, 1.0), 1, 1))
    arguments = ["network-figures", "dropout", "--quick", "--out", str(tmp_path), "--workers", "1"]
    summaries = []
    for _ in range(2):
        done = CliRunner().invoke(build_app(), arguments)
        assert done.exit_code == 0, done.output
        assert "accuracy against |curvature|" in done.output
        summaries.append(json.loads((tmp_path / "summary.json").read_text()))
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert summaries[0]["curvature"] == summaries[1]["curvature"]
    assert (summaries[0]["quick"], summaries[0]["epochs"]) == (True, 1)


def made_history(seed):
    """Loads that build up over 30 epochs, with a little scatter."""
    rng = np.random.default_rng(seed)
    epochs, l = np.arange(31), np.arange(8)
    D = 1.0 - 4 * (1 - np.exp(-epochs[:, None] / 6)) * l / 8 + rng.normal(0, 0.01, (31, 8))
    return History(
        epochs=epochs, load_curves=D, output_load=1.0 - 4 * (1 - np.exp(-epochs / 6)), train_loss=np.zeros(30),
        train_accuracy=np.zeros(31), test_accuracy=np.zeros(31), settings={}, status="finished",
    )  # fmt: skip


def test_the_movie_has_its_frames_and_shows_measured_loads(tmp_path):
    runs = [made_history(seed) for seed in range(2)]
    fit = fit_chain(
        np.stack([run.load_curves for run in runs]), runs[0].epochs, pull="measured",
        end=np.stack([run.output_load for run in runs]),
    )  # fmt: skip
    film = animate_training({"one": runs}, {"one": fit}, tmp_path / "film.gif", frames=3, dpi=40)
    with Image.open(tmp_path / "film.gif") as picture:
        assert picture.n_frames == 3
    film._func(2)
    measured = film._fig.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(measured, (runs[0].load_curves[-1] + runs[1].load_curves[-1]) / 2)
    with pytest.raises(ValueError, match="same labels"):
        animate_training({"one": runs}, {"two": fit})
    with pytest.raises(ValueError, match=r"\.gif"):
        animate_training({"one": runs}, {"one": fit}, tmp_path / "film.avi")


def test_what_is_no_figure_is_named(tmp_path):
    with pytest.raises(ValueError, match="name must be one of"):
        network_figure("figure 9", tmp_path)
    with pytest.raises(ValueError, match="seed"):
        network_figure("linear", tmp_path, seed=-1)
    with pytest.raises(ValueError, match="workers"):
        network_figure("linear", tmp_path, workers=0)
