"""Runs and figures of Leaky ResNets: numbers by hand, runs kept and found again, each figure drawn on a tiny task."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from nets.experiments import leaky_figures
from nets.experiments.leaky_branch import run_branch
from nets.experiments.leaky_runs import LeakySetting, run_leaky
from nets.plots.leaky_numbers import errors_by_steps, paired_gains, plane_of_paths

TINY = LeakySetting(dims=(4, 2, 4), hidden=8, rows=12, test_rows=10, width=5, layers=4, Lt=1.0, lam=0.02, epochs=12)


def run(rho, layers, seed, error, cost=1.0):
    return SimpleNamespace(
        settings={"rho": rho, "layers": layers, "seed": seed}, test_error=np.array([9, error]), objective=[9, cost]
    )


def test_gains_are_paired_by_seed():
    """Errors 2, 4, 5 and 1, 3, 6: -50, -25, +20 %; a seed without its partner does not count."""
    even = [run("equidistant", 6, s, e) for s, e in enumerate((2.0, 4.0, 5.0))]
    other = [run("adaptive", 6, s, e, 1.1) for s, e in enumerate((1.0, 3.0, 6.0, 7.0))]
    ((name, layers, gain),) = paired_gains([*other, *even])
    assert (name, layers) == ("adaptive", 6)
    assert_allclose(gain.percent, [-50, -25, 20])
    expected = stats.t.interval(0.95, 2, loc=-55 / 3, scale=stats.sem([-50, -25, 20]))
    assert_allclose([gain.mean - gain.half_width, gain.mean + gain.half_width], expected)
    assert_allclose(gain.objective_percent, 10)
    layers, mean, stderr = errors_by_steps([*other[:3], *even])["equidistant"]
    assert layers == [6]
    assert_allclose([mean[0], stderr[0]], [11 / 3, stats.sem([0.5, 0.5, -0.5])])  # 2 - (2 + 1)/2, ...


def test_plane_of_paths_is_that_of_the_singular_vectors(rng):
    a, b = rng.standard_normal((4, 3, 5)), rng.standard_normal((6, 3, 5))
    (x, y), share = plane_of_paths([a, b])
    together = np.concatenate([a, b]).reshape(10, -1)
    together -= together.mean(0)
    _, s, Vt = np.linalg.svd(together, full_matrices=False)
    assert_allclose(abs(np.concatenate([x, y])), abs(together @ Vt[:2].T), atol=1e-12)
    assert_allclose(share, s[:2] ** 2 / (s**2).sum(), rtol=1e-12)
    with pytest.raises(ValueError, match="of one"):
        plane_of_paths([a, b[:, :2]])


def test_runs_share_teacher_data_and_start_and_are_found_again(tmp_path):
    settings = [TINY, replace(TINY, rho="irregular")]
    first = run_leaky(settings, 2, jobs=0, out=tmp_path)
    assert [h.settings["seed"] for h in first[TINY]] == [0, 1]
    assert first[TINY][0].settings["error_without_weights"] != first[TINY][1].settings["error_without_weights"]
    trained = []
    again = run_leaky(settings, 2, jobs=0, out=tmp_path, progress=lambda run, epoch, epochs: trained.append(run))
    assert trained == []
    assert_array_equal(again[TINY][1].records["H"], first[TINY][1].records["H"])
    run_leaky([replace(TINY, epochs=3)], 1, jobs=0, out=tmp_path, progress=lambda run, *_: trained.append(run))
    assert trained  # other epochs, another run


def test_a_branch_goes_on_from_the_weights_before(tmp_path):
    setting = replace(TINY, softplus=10.0, polish="lbfgs", polish_epochs=60)
    low, high = run_branch(setting, (1.0, 1.5), 0.02, out=tmp_path)
    assert high.epochs[-1] <= 60  # no Adam: it starts where the other ended
    x0 = 1.5 * low.records["W"]
    rho = 1 / 4
    assert_allclose(high.penalty[0], 0.03 / (2 * 1.5) * rho * (x0**2).sum(), rtol=1e-10)
    assert high.objective[-1] < high.objective[0]
    kept = run_branch(setting, (1.0, 1.5), 0.02, out=tmp_path)
    assert_array_equal(kept[1].records["W"], high.records["W"])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_figure_is_drawn(number, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(leaky_figures, "SMALL", replace(TINY, softplus=10.0, polish="lbfgs", polish_epochs=20))
    monkeypatch.setattr(leaky_figures, "SMALL_LT", (1.0, 2.0))
    monkeypatch.setattr(leaky_figures, "STEPS", TINY)
    monkeypatch.setattr(leaky_figures, "QUICK_LAYERS", (4,))
    monkeypatch.setattr(leaky_figures, "QUICK_EPOCHS", 12)
    picture = leaky_figures.make_figure(number, tmp_path, quick=True, jobs=0)
    assert picture.stat().st_size > 10_000
    said = capsys.readouterr().out
    assert {1: "largest cons", 2: "", 3: "of equidistant"}[number] in said
    assert (tmp_path / "leaky_spectra_quick.gif").exists() == (number == 1)


def test_there_is_no_fourth_figure(tmp_path):
    with pytest.raises(ValueError, match="1, 2 or 3"):
        leaky_figures.make_figure(4, tmp_path)
