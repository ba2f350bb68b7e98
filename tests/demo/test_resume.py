"""Finished runs are used again, others are not, and Ctrl-C loses nothing that was finished."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import nets.report
from mechanics.cli import build_app
from nets.experiments import demo, fig4, run_files
from nets.experiments.workers import Interrupted


@pytest.fixture
def trained(monkeypatch, made):
    """Names of the runs that were trained; the training is a formula."""
    names = []

    def train_by_formula(run, tick):
        names.append(run.name)
        tick(run.epochs, run.epochs)
        history = run_files.label_run(made.history(run.setting.name, run.seed, run.epochs), run.hash)
        if run.file is not None:
            history.save(run.file)
        return history

    monkeypatch.setattr(fig4, "train_run", train_by_formula)
    return names


def test_a_second_call_trains_nothing_and_gives_the_same(trained, tmp_path):
    first = fig4.run_fig4(2, epochs=5, jobs=0, out=tmp_path)
    assert len(trained) == 6
    told = []
    second = fig4.run_fig4(2, epochs=5, jobs=0, out=tmp_path, progress=lambda run, e, n: told.append((run.name, e, n)))
    assert len(trained) == 6
    assert len(told) == 6
    for name, runs in first.items():
        for a, b in zip(runs, second[name], strict=True):
            np.testing.assert_array_equal(a.load_curves, b.load_curves)
            assert a.settings == b.settings


def test_more_seeds_train_only_the_new_ones(trained, tmp_path):
    fig4.run_fig4(1, epochs=5, jobs=0, out=tmp_path)
    trained.clear()
    histories = fig4.run_fig4(2, epochs=5, jobs=0, out=tmp_path)
    assert sorted(trained) == ["lazy-seed1", "linear-seed1", "noisy-seed1"]
    assert [h.settings["seed"] for h in histories["noisy"]] == [0, 1]


@pytest.mark.parametrize("change", ["epochs", "lr", "version", "damage", "fresh"])
def test_a_run_that_does_not_match_is_trained_again(change, trained, tmp_path, monkeypatch):
    fig4.run_fig4(1, epochs=5, jobs=0, out=tmp_path)
    trained.clear()
    if change == "lr":
        monkeypatch.setitem(fig4.SETTINGS, "lazy", replace(fig4.SETTINGS["lazy"], lr=1e-2))
    elif change == "version":
        monkeypatch.setattr(run_files, "__version__", "99")
    elif change == "damage":
        (tmp_path / "runs" / "lazy-seed0.npz").write_bytes(b"PK half a file")
    fig4.run_fig4(1, epochs=6 if change == "epochs" else 5, jobs=0, out=tmp_path, fresh=change == "fresh")
    assert sorted(trained) == (
        ["lazy-seed0"] if change in ("lr", "damage") else ["lazy-seed0", "linear-seed0", "noisy-seed0"]
    )


def test_ctrl_c_keeps_finished_runs_and_the_next_call_goes_on(monkeypatch, trained, tmp_path):
    count = fig4.train_run

    def interrupt_the_fifth(run, tick):
        if len(trained) == 4:
            raise KeyboardInterrupt
        return count(run, tick)

    monkeypatch.setattr(fig4, "train_run", interrupt_the_fifth)
    with pytest.raises(Interrupted) as stop:
        fig4.run_fig4(2, epochs=5, jobs=0, out=tmp_path)
    # Seeds go first: four of six runs already have every setting.
    assert {name: len(runs) for name, runs in stop.value.results.items()} == {"lazy": 1, "linear": 1, "noisy": 2}
    monkeypatch.setattr(fig4, "train_run", count)
    trained.clear()
    fig4.run_fig4(2, epochs=5, jobs=0, out=tmp_path)
    assert sorted(trained) == ["lazy-seed1", "linear-seed1"]


def test_an_interrupted_job_reports_what_is_there(monkeypatch, trained, made, tmp_path):
    count = fig4.train_run

    def interrupt_the_fifth(run, tick):
        if len(trained) == 4:
            raise KeyboardInterrupt
        return count(run, tick)

    monkeypatch.setattr(fig4, "train_run", interrupt_the_fifth)
    monkeypatch.setattr(demo, "fit_all", made.fits)
    told = {}
    monkeypatch.setattr(nets.report, "write_report", lambda *args, **more: told.update(more))
    outcome = demo.run_demo(tmp_path, quick=True, seeds_per_setting=2, jobs=0)
    assert outcome.interrupted
    assert told["partial"]
    assert [len(s["seeds"]) for s in json.loads((tmp_path / "summary.json").read_text())["settings"]] == [1, 1, 2]


def test_an_interrupted_job_without_a_run_of_every_setting_has_no_report(monkeypatch, tmp_path):
    def interrupt(run, tick):
        raise KeyboardInterrupt

    monkeypatch.setattr(fig4, "train_run", interrupt)
    outcome = demo.run_demo(tmp_path, quick=True, jobs=0)
    assert outcome == demo.Outcome(None, None, True)
    assert not (tmp_path / "report.html").exists()


def test_the_command_says_how_to_resume(monkeypatch, tmp_path):
    def interrupt(run, tick):
        raise KeyboardInterrupt

    monkeypatch.setattr(fig4, "run_in_processes", lambda *args, **more: interrupt(None, None))
    done = CliRunner().invoke(build_app(), ["demo", "--quick", "--out", str(tmp_path), "--seed", "3"])
    assert done.exit_code == 1
    assert f"mechanet demo --out {tmp_path} --seed 3 --quick goes on" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": []}, "seeds must name at least one"),
        ({"seeds": [1, 1]}, "each only once"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"jobs": -1}, "jobs must not be negative"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        fig4.run_fig4(**arguments)


def test_ctrl_c_during_training_in_this_process_is_not_a_failure_of_the_run():
    def stop(epoch, epochs):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        fig4.run_fig4(1, epochs=3, jobs=0, progress=lambda run, epoch, epochs: stop(epoch, epochs))
