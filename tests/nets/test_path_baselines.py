"""Several baselines in the study of path dependence: spreads, intervals, seeds, files, and second tests."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

from nets.experiments import path_dependence
from nets.experiments.paths import effects, second_effects
from nets.experiments.paths.effects import Sample
from nets.experiments.paths.hypotheses import HYPOTHESES, Hypothesis
from nets.experiments.paths.judge import SHARES, judge, judge_lengths
from nets.experiments.paths.scalings import scaling_rows
from nets.experiments.paths.second_hypotheses import SECOND_HYPOTHESES
from nets.experiments.paths.settings import Plan, full, quick, settings_of
from nets.experiments.paths.spread import FEW, hierarchical_interval, spread_of, t_interval
from nets.experiments.paths.tasks import Job, Task, baseline_seed

STEPS = np.unique(np.r_[0, np.linspace(0, 200, 41), np.geomspace(1, 200, 20)].round()).astype(int)
GROWTH = Hypothesis("h", "grows", "ln growth", lambda s: effects.log_growth(s, "baseline"), 1.0, np.inf)


class Run:
    """The part of a Divergence that effects read: copies that follow start x growth(t)^(1 + spread z)."""

    def __init__(self, growth, copies=8, spread=0.0, seed=0, start=0.3):
        z = np.random.default_rng(seed).normal(size=(copies, 1))
        self.d = start * growth(STEPS.astype(float)) ** (1 + spread * z)
        self.steps, self.copies, self.finished = STEPS, copies, np.ones(copies, dtype=bool)

    def __getitem__(self, name):
        return self.d


BASE = settings_of(200)[:1]


def baselines_of(rates, settings=BASE, **options):
    """A sample for each rate: exponential growth exp(rate t) in every setting."""
    return [
        Sample(settings, {s.name: Run(lambda t, r=r: np.exp(r * t), seed=b, **options) for s in settings})
        for b, r in enumerate(rates)
    ]


def test_spreads_between_baselines_and_between_copies_are_told_apart():
    rng = np.random.default_rng(0)
    n, copies = 400, 10
    effects_of = rng.normal(0, 0.3, n) + rng.normal(0, 0.5 / np.sqrt(copies), n)
    drawn = effects_of[:, None] + rng.normal(0, 0.5 / np.sqrt(copies), (n, 300))
    assert_allclose(spread_of(effects_of, drawn, copies), (0.3, 0.5), rtol=0.1)
    alike = np.zeros(n) + rng.normal(0, 0.5 / np.sqrt(copies), n)
    assert spread_of(alike, alike[:, None] + rng.normal(0, 0.5 / np.sqrt(copies), (n, 300)), copies).between < 0.06
    assert np.isnan(spread_of(effects_of[:1], drawn[:1], copies).between)


def test_students_interval_holds_95_per_cent_at_four_baselines_and_percentiles_do_not():
    rng = np.random.default_rng(1)
    held = np.zeros(2)
    for i in range(600):
        found = rng.normal(0, 1, 4)
        drawn = np.repeat(found[:, None], 200, 1)  # copies that hardly differ
        for k, (low, high) in enumerate((t_interval(found), hierarchical_interval(drawn, i))):
            held[k] += low <= 0 <= high
    assert_allclose(held / 600, (0.95, 0.79), atol=0.03)


def test_hierarchical_bootstrap_adds_both_variances():
    """Variance of the mean: (sd_b^2 (N - 1) / N + se^2) / N."""
    rng = np.random.default_rng(2)
    found = rng.normal(0, 1, 30)
    drawn = found[:, None] + rng.normal(0, 0.7, (30, 500))
    low, high = hierarchical_interval(drawn, 0)
    assert_allclose(high - low, 2 * 1.96 * np.sqrt((found.var() + 0.49) / 30), rtol=0.12)


def test_several_baselines_decide_by_their_own_spread():
    rates = 0.0052, 0.0056, 0.0062, 0.0085
    samples = baselines_of(rates, spread=0.02)
    one = judge(GROWTH, samples[0], copies=8, resamples=200, seed=0)
    assert (one.verdict, one.method) == ("supported", "copies")
    found = judge(GROWTH, samples, copies=8, resamples=200, seed=0)
    each = [effects.log_growth(s, "baseline") for s in samples]
    assert_allclose(found.effects, each)
    assert_allclose(found.effect, np.mean(each))
    half = student.ppf(0.975, 3) * np.std(each, ddof=1) / 2
    assert_allclose(found.interval, (np.mean(each) - half, np.mean(each) + half))
    assert (found.verdict, found.method) == ("open", "t")  # below the limit of 1, although each baseline is above
    assert found.bootstrap[0] > found.interval[0]
    assert_allclose(found.between, np.std(200 * np.array(rates), ddof=1), rtol=0.1)
    assert_allclose(found.within, 0.02 * 200 * np.mean(rates), rtol=0.35)
    many = judge(GROWTH, baselines_of(np.full(FEW, 0.006), spread=0.02), copies=8, resamples=50, seed=0)
    assert many.method == "hierarchical"
    assert many.interval == many.bootstrap


def test_a_baseline_without_its_runs_is_left_out_and_said_to_be():
    samples = baselines_of((0.006, 0.0065, 0.007))
    samples[1] = replace(samples[1], runs={})
    found = judge(GROWTH, samples, copies=8, resamples=20, seed=0)
    assert len(found.effects) == 2
    assert "2 of 3 baselines: baseline was not run" in found.remark


def test_powers_of_several_baselines():
    settings = settings_of(200, width=(25, 50, 200), optimiser=())
    samples = [
        Sample(settings, {s.name: Run(lambda t, s=s, a=a: 1 + 1e-4 * s.width**a * t) for s in settings})
        for a in (1.3, 1.5, 1.7)
    ]
    row = next(r for r in scaling_rows(samples, resamples=9, seed=0) if r.axis == "width")
    assert_allclose(row.exponents, (1.3, 1.5, 1.7), atol=1e-9)
    assert_allclose(row.exponent, 1.5, atol=1e-9)
    assert_allclose(row.interval, t_interval(np.array([1.3, 1.5, 1.7])), atol=1e-9)
    gone = [samples[0], replace(samples[1], runs={}), replace(samples[2], runs={})]
    row = next(r for r in scaling_rows(gone, resamples=9, seed=0) if r.axis == "width")
    assert_allclose(row.exponent, 1.3, atol=1e-9)
    assert "first of 3 baselines alone" in row.verdict


def test_verdicts_after_shares_of_the_steps():
    claim = replace_effect(lambda s: effects.log_growth(s, "baseline"), low=0.5)
    samples, how = baselines_of((0.006, 0.0061, 0.0062)), {"copies": 8, "resamples": 10, "seed": 0}
    row = judge_lengths([claim], samples, [judge(claim, samples, **how)], **how)[0]
    assert row.shares == (*SHARES, 1.0) == (0.2, 0.5, 1.0)
    assert_allclose(row.effects, 1.22 * np.array(row.shares))
    assert row.verdicts == ("not supported", "supported", "supported")
    assert not row.robust


def replace_effect(effect, low):
    return Hypothesis("h", "grows", "ln growth", effect, low, np.inf)


def test_second_effects_do_not_follow_the_amount_of_growth():
    base = settings_of(200)[:1]
    exponential = Sample(base, {"baseline": Run(lambda t: np.exp(0.01 * t))})
    line, small = (Sample(base, {"baseline": Run(lambda t, b=b: 1 + b * t)}) for b in (0.05, 0.0025))
    assert_allclose(second_effects.late_rate(exponential), 1.0, atol=1e-12)
    assert_allclose(second_effects.late_rate(line), np.log(11 / 6) / 0.5 / (np.log(2) / 0.1), rtol=0.01)
    assert second_effects.late_rate(small) > 0.7
    burst = Sample(
        base, {"baseline": Run(lambda t: np.where(t < 100, np.exp(0.02 * t), np.e**2 * (1 + 0.02 * (t - 100))))}
    )
    assert effects.exponentiality(burst) < 1
    assert second_effects.exponential_until(burst) > 2
    assert second_effects.exponential_until(line) < -2


def test_depths_are_compared_at_equal_growth():
    """Lines of other slopes are the same curve at equal growth."""
    settings = settings_of(200, hidden=(2, 4), optimiser=())
    sample = Sample(settings, {s.name: Run(lambda t, s=s: np.exp(0.002 * s.hidden * t)) for s in settings})
    assert abs(second_effects.trend_at_equal_growth(sample)) < 0.5
    mixed = {s.name: Run(lambda t, s=s: 1 + 0.02 * t if s.hidden == 1 else np.exp(0.01 * t)) for s in settings}
    assert second_effects.trend_at_equal_growth(Sample(settings, mixed)) > 1


def test_momentum_is_compared_at_equal_effective_time():
    settings = settings_of(200, momentum=(0.3,), optimiser=())
    sample = Sample(settings, {s.name: Run(lambda t, s=s: np.exp(0.01 * t / (1 - s.momentum))) for s in settings})
    assert effects.growth_against(sample, "momentum-0.3") > 0.8
    assert_allclose(second_effects.growth_at_equal_time(sample, "momentum-0.3"), 0, atol=1e-9)


def test_functions_are_compared_relative_to_their_size():
    sample = baselines_of((0.01,))[0]
    grown = replace(sample, scales={"baseline": (1.0, 3.0)})
    assert_allclose(second_effects.relative_function_growth(grown), -np.log(3))
    assert_allclose(second_effects.prediction_growth(sample), -1.0)  # half of ln e^2, less ln e^2
    found = judge(SECOND_HYPOTHESES[-2], replace(grown, share=0.5), copies=8, resamples=5, seed=0)
    assert "only at the start and the end" in found.remark


def test_second_tests_have_their_runs_in_both_plans_and_other_keys_than_the_first():
    for plan in (full(), quick()):
        sample = Sample(
            plan.settings, {s.name: Run(lambda t: 1 + 0.01 * t, copies=4, spread=0.1) for s in plan.settings}
        )
        sample = replace(sample, scales={"baseline": (1.0, 2.0)})
        for h in SECOND_HYPOTHESES:
            assert "was not run" not in judge(h, sample, copies=4, resamples=2, seed=0).remark
    keys = [h.key for h in (*HYPOTHESES, *SECOND_HYPOTHESES)]
    assert len(set(keys)) == len(keys)
    assert full().baselines >= 3


def test_the_first_baseline_has_the_seed_of_the_study_and_no_two_share_one():
    assert [baseline_seed(s, 0) for s in (0, 7)] == [0, 7]
    found = [baseline_seed(s, b) for s in range(20) for b in range(20)]
    assert len(set(found)) == 400
    assert found == [baseline_seed(s, b) for s in range(20) for b in range(20)]


@pytest.fixture(scope="module")
def tiny():
    base = settings_of(12, optimiser=("adam",))
    return Plan(base, 3, 12, 60, 10, ("linear",), 2, ("baseline",), 2, 8, 1, ("baseline",), 5)


@pytest.fixture(scope="module")
def grown(tiny, few_digits, tmp_path_factory):
    """A study of one baseline that was then asked for two."""
    folder = tmp_path_factory.mktemp("baselines")
    patch = pytest.MonkeyPatch()
    patch.setattr("nets.path_report.write_report", lambda *_: None)
    one = path_dependence(few_digits, plan=tiny, out=folder)
    patch.undo()
    before = {f.name: f.stat().st_mtime_ns for f in (folder / "runs").iterdir()}
    two = path_dependence(few_digits, plan=tiny, baselines=2, out=folder)
    return SimpleNamespace(one=one, two=two, before=before, folder=folder)


def test_one_more_baseline_keeps_the_first_as_it_was(grown):
    runs = grown.folder / "runs"
    assert {f.name: f.stat().st_mtime_ns for f in runs.iterdir() if f.is_file()} == grown.before
    for name, run in grown.one.runs.items():
        assert np.array_equal(run["distance_2"], grown.two.runs[name]["distance_2"])
        other = grown.two.others[0][name]
        assert not np.array_equal(run.parameters[0], other.parameters[0])
        assert run.settings["seed"] != other.settings["seed"]
    assert [s.baseline for s in grown.two.spectra] == [0, 1]
    assert [b.baseline for b in grown.two.barriers] == [0, 1]
    assert {h.method for h in grown.one.hypotheses} == {"copies"}
    assert len(grown.two.trainings) == 2


def test_page_and_summary_hold_both_spreads(grown):
    summary = json.loads((grown.folder / "summary.json").read_text())
    told = next(h for h in summary["hypotheses"] if h["key"] == "sgd-linear")
    assert len(told["effects"]) == 2
    assert told["method"] == "t"
    assert told["within"] is not None
    assert len(summary["settings"][0]["other_baselines"]) == 1
    page = (grown.folder / "report.html").read_text()
    for words in ("sd between baselines", "sd between copies", "2 baselines, 3 copies each", "Second tests"):
        assert words in page
    assert (grown.folder / "effects.png").exists()


def test_a_file_of_one_baseline_is_not_taken_for_another(grown, tiny, few_digits):
    runs = grown.folder / "runs"
    job, first, second = Job(tiny, 0, runs, few_digits), *(Task("copies", tiny.settings[0], b) for b in (0, 1))
    assert job.read(second) is not None
    kept = job.path(second).read_bytes()
    shutil.copy(job.path(first), job.path(second))
    assert job.read(second) is None
    job.path(second).write_bytes(kept)


def test_no_baseline_is_refused(tmp_path):
    with pytest.raises(ValueError, match="baselines"):
        path_dependence(baselines=0, out=tmp_path)
