"""The study of path dependence: effects on curves with known answers, verdicts, and a tiny study from end to end."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nets.experiments import path_dependence
from nets.experiments.paths import effects
from nets.experiments.paths.effects import Sample
from nets.experiments.paths.hypotheses import HYPOTHESES, Hypothesis
from nets.experiments.paths.judge import decide, judge
from nets.experiments.paths.scalings import scaling_rows
from nets.experiments.paths.settings import Plan, Setting, full, on_axis, parameters_of, quick, settings_of
from nets.experiments.paths.tasks import Job, Task, times_of

STEPS = np.unique(np.r_[0, np.linspace(0, 200, 41), np.geomspace(1, 200, 20)].round()).astype(int)


def run_of(growth, copies=20, spread=0.0, seed=0, start=0.3):
    """A finished run whose copies follow start x growth(t), each with its own factor of growth."""
    z = np.random.default_rng(seed).normal(size=(copies, 1))
    g = growth(STEPS.astype(float))
    return FakeRun(start * np.exp(np.log(g) * (1 + spread * z)))


class FakeRun:
    """The part of a Divergence that effects read."""

    def __init__(self, d):
        self.d, self.steps, self.copies = d, STEPS, len(d)
        self.finished = np.ones(len(d), dtype=bool)

    def __getitem__(self, name):
        return self.d


def sample_of(growths, settings, **options):
    return Sample(settings, {s.name: run_of(growths(s), **options) for s in settings})


def test_an_exponential_is_told_from_a_line_and_its_second_half_adds_half():
    settings = settings_of(200)[:1]
    exponential = sample_of(lambda s: lambda t: np.exp(0.01 * t), settings)
    line = sample_of(lambda s: lambda t: 1 + 0.05 * t, settings)
    assert effects.exponentiality(exponential) > 2
    assert effects.exponentiality(line) < -2
    assert_allclose(effects.late_share(exponential), 0.5, atol=1e-12)
    assert_allclose(effects.late_share(line), np.log(11 / 6) / np.log(11), atol=2e-3)  # even grid of 40 times


def test_curves_of_step_times_lr_collapse_there_and_only_there():
    settings = settings_of(200, lr=(0.01, 0.03), optimiser=())
    sample = sample_of(lambda s: lambda t: 1 + s.lr * t, settings)
    options = {"axis": "lr", "low": 0.001, "high": 0.1}
    assert effects.mismatch(sample, time_power=1.0, **options) < 0.01
    assert effects.mismatch(sample, time_power=0.0, **options) > 0.13


def test_slope_power_recovers_a_planted_power():
    settings = settings_of(200, width=(25, 50, 200), optimiser=())
    sample = sample_of(lambda s: lambda t: 1 + 1e-4 * s.width**1.5 * t, settings)
    assert_allclose(effects.slope_power(sample, "width"), 1.5, atol=1e-4)  # interpolation of ln g
    row = next(r for r in scaling_rows(sample, resamples=20, seed=0) if r.axis == "width")
    assert_allclose(row.exponent, 1.5, atol=1e-9)


def test_powers_that_cannot_be_taken_say_why():
    settings = settings_of(200, width=(25, 50), optimiser=())
    sample = sample_of(lambda s: lambda t: 1 - 1e-3 * t, settings)
    row = next(r for r in scaling_rows(sample, resamples=5, seed=0) if r.axis == "width")
    assert np.isnan(row.exponent)
    assert "positive" in row.verdict
    assert np.isnan(effects.slope_power(sample, "width"))


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((0.2, 0.4), "supported"), ((-0.4, -0.2), "not supported"), ((-0.1, 0.3), "open"), ((np.nan, np.nan), "open")],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(interval, verdict):
    assert decide(interval, 0.0, np.inf) == verdict


def test_interval_is_that_of_a_mean_over_copies():
    """Normal ln growth of 20 copies: half width 1.96 sd / sqrt(20), within 15 % (bootstrap sd of sqrt(19/20))."""
    settings = settings_of(200)[:1]
    sample = sample_of(lambda s: lambda t: np.exp(0.01 * t), settings, spread=0.2, seed=3)
    claim = Hypothesis("h", "grows", "ln growth", lambda s: effects.log_growth(s, "baseline"), 1.0, np.inf)
    found = judge(claim, sample, copies=20, resamples=2000, seed=0)
    logs = np.log(sample.runs["baseline"].d[:, -1] / sample.runs["baseline"].d[:, 0])
    assert_allclose(found.effect, logs.mean())
    assert_allclose(np.diff(found.interval)[0], 2 * 1.96 * logs.std(ddof=1) / np.sqrt(20), rtol=0.15)
    assert found.verdict == "supported"


def test_a_missing_run_leaves_a_hypothesis_open():
    sample = sample_of(lambda s: lambda t: 1 + t, settings_of(200)[:1])
    found = {h.key: judge(h, sample, copies=20, resamples=10, seed=0) for h in HYPOTHESES}
    assert found["momentum-large"].verdict == "open"
    assert "momentum-0.9 was not run" in found["momentum-large"].remark
    assert found["sgd-linear"].verdict == "supported"  # 1 + t is a line


def test_every_hypothesis_has_its_runs_in_both_plans():
    for plan in (full(), quick()):
        names = [s.name for s in plan.settings]
        assert len(set(names)) == len(names)
        assert {*plan.spectra, *plan.barriers} <= set(names)
        sample = sample_of(lambda s: lambda t: 1 + 0.01 * t, plan.settings, copies=4, spread=0.1)
        for h in HYPOTHESES:
            assert "was not run" not in judge(h, sample, copies=4, resamples=3, seed=0).remark
    assert full().copies >= 20


def test_depth_changes_at_constant_size():
    sizes = [parameters_of(s) for s in on_axis(full().settings, "hidden")]
    assert_allclose(sizes, sizes[0], rtol=0.02)


def test_records_hold_both_ends_and_the_middle():
    times = times_of(1000, 40)
    assert times[0] == 0
    assert times[-1] == 1000
    assert 500 in times
    assert times[1] == 1


@pytest.fixture(scope="module")
def tiny():
    base = settings_of(12, lr=(0.03,), eps=(np.sqrt(2),), optimiser=("adam",))
    return Plan(base, 3, 12, 60, 30, ("linear", "exponential"), 3, ("baseline",), 2, 16, 2, ("baseline",), 5)


@pytest.fixture(scope="module")
def study(tiny, few_digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    return SimpleNamespace(folder=folder, found=path_dependence(few_digits, plan=tiny, out=folder))


def test_a_study_writes_tables_and_a_page_that_needs_no_other_file(study):
    found, folder = study.found, study.folder
    assert not found.interrupted
    assert set(found.runs) == {s.name for s in found.plan.settings}
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["hypotheses"]) == len(HYPOTHESES)
    assert summary["settings"][0]["finished_copies"] == 3
    page = (folder / "report.html").read_text()
    for h in HYPOTHESES:
        assert h.statement.split(" (")[0].split("'")[0] in page
    assert "<img" not in page
    assert "<script" not in page
    assert page.count("<svg") >= 6
    assert len(list(folder.glob("*.png"))) == page.count("<svg")


def test_a_second_call_trains_nothing_and_finds_the_same(study, tiny, few_digits, monkeypatch):
    monkeypatch.setattr("nets.path_report.write_report", lambda *_: None)
    before = {f.name: f.stat().st_mtime_ns for f in (study.folder / "runs").iterdir()}
    again = path_dependence(few_digits, plan=tiny, out=study.folder)
    assert {f.name: f.stat().st_mtime_ns for f in (study.folder / "runs").iterdir()} == before
    assert json.dumps(again.to_dict()["hypotheses"]) == json.dumps(study.found.to_dict()["hypotheses"])
    assert again.spectra == study.found.spectra
    assert again.barriers == study.found.barriers
    assert repr(again.laws) == repr(study.found.laws)


def test_other_settings_other_seeds_and_damaged_files_are_not_taken(study, tiny, few_digits):
    task = Task("copies", tiny.settings[0])
    job = Job(tiny, 0, study.folder / "runs", few_digits)
    assert job.read(task) is not None
    assert Job(tiny, 1, job.folder, few_digits).read(task) is None
    assert Job(replace(tiny, copies=4), 0, job.folder, few_digits).read(task) is None
    assert Job(tiny, 0, job.folder, None).read(task) is None
    assert job.read(Task("copies", replace(tiny.settings[0], lr=0.2))) is None
    laws = Task("laws", tiny.settings[0])
    text = job.path(laws).read_text()
    job.path(laws).write_text(text[: len(text) // 2])
    assert job.read(laws) is None
    job.path(laws).write_text(text)
    assert job.read(laws) is not None


def test_ctrl_c_keeps_what_is_done(study, tiny, few_digits, tmp_path, monkeypatch):
    seen = []

    def stop(name, step, steps):
        seen.append(name)
        if len(set(seen)) == 2 and step < steps:
            raise KeyboardInterrupt

    cut = path_dependence(few_digits, plan=tiny, out=tmp_path, progress=stop)
    assert cut.interrupted
    assert len(cut.runs) == 1
    assert "interrupted" in (tmp_path / "report.html").read_text()
    monkeypatch.setattr("nets.path_report.write_report", lambda *_: None)
    rest = path_dependence(few_digits, plan=tiny, out=tmp_path)
    assert not rest.interrupted
    assert json.dumps(rest.to_dict()["hypotheses"]) == json.dumps(study.found.to_dict()["hypotheses"])


def test_bad_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="seed"):
        path_dependence(seed=-1, out=tmp_path)
    with pytest.raises(ValueError, match="copies"):
        path_dependence(copies=0, out=tmp_path)


def test_settings_differ_from_the_baseline_in_what_their_axis_says():
    base, *others = (s for s in full().settings if s.axis != "far")
    for s in others:
        changed = {k for k in Setting.__dataclass_fields__ if getattr(s, k) != getattr(base, k)}
        extra = {"hidden": {"width"}, "optimiser": {"lr", "weight_decay"}, "lr": {"steps"}}.get(s.axis, set())
        assert changed - {"name", "axis", "value"} - extra == {s.axis}
