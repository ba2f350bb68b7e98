"""Every number of the job, with its error, as strict JSON and as documented."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from nets.experiments import summary


def test_summary_has_the_documented_keys(job):
    found = job[0]
    assert found["schema"] == "mechanet-demo/1"
    assert set(found) == {"schema", "settings", "versions", "seed", "quick", "seconds"}
    assert [s["name"] for s in found["settings"]] == ["lazy", "linear", "noisy"]
    for s in found["settings"]:
        assert {"label", "lr", "batch_size", "dropout", "epochs", "seeds", "runs", "fit", "verdict"} <= set(s)
        assert {"curvature", "curvature_se", "curvature_ends", "accuracy", "accuracy_se"} <= set(s)
        assert {"mu_eff_over_k", "mu_eff_over_k_se", "mu_eff_over_k_interval", "Y", "Y_se"} <= set(s)
        assert {"k", "k_identified", "load_curve", "load_curve_se"} <= set(s)
        assert len(s["load_curve"]) == len(s["load_curve_se"]) == 8


def test_every_documented_key_is_in_the_summary_and_every_key_is_documented(job, pytestconfig):
    text = (pytestconfig.rootpath / "docs" / "report.md").read_text()
    named = set(re.findall(r"`(\w+)`", text.split("## `summary.json`")[1]))
    setting = job[0]["settings"][0]
    ends = ("_se", "_interval", "_identified", "_note")
    assert {key for key in setting if not key.endswith(ends)} <= named
    for key in re.findall(r"^\| ([^|]*) \|", text.split("Each setting:")[1], flags=re.MULTILINE):
        for name in re.findall(r"`(\w+)`", key):
            assert name in setting, name


def test_summary_is_strict_json_with_null_for_what_is_not_known(job, tmp_path):
    summary.write_summary(job[0], tmp_path / "summary.json")

    def refuse(constant):
        raise ValueError(constant)

    read = json.loads((tmp_path / "summary.json").read_text(), parse_constant=refuse)
    assert read == job[0]
    lazy = read["settings"][0]
    assert lazy["k_se"] is None
    assert lazy["k_interval"] == [0.9, None]
    assert lazy["fit"]["tau"]["value"] is None


def test_means_and_standard_errors_are_those_of_the_seeds(job):
    found, histories, _ = job
    for s in found["settings"]:
        final = np.array([h.records["final_load_curve"] for h in histories[s["name"]]])
        np.testing.assert_allclose(s["load_curve"], final.mean(axis=0))
        np.testing.assert_allclose(s["load_curve_se"], final.std(axis=0, ddof=1) / math.sqrt(3))
        accuracy = [h.records["final_test_accuracy"] for h in histories[s["name"]]]
        np.testing.assert_allclose(s["accuracy_se"], np.std(accuracy, ddof=1) / math.sqrt(3))


def test_one_seed_has_no_standard_error(made):
    histories = made.histories(seeds=1)
    lazy = summary.summarise(histories, made.fits(histories))["settings"][0]
    assert lazy["curvature_se"] is None
    assert lazy["load_curve_se"] is None


def test_a_setting_without_runs_is_named(made):
    histories = {**made.histories(), "noisy": []}
    with pytest.raises(ValueError, match=r"\['noisy'\] have none"):
        summary.summarise(histories, {})


def test_bend_is_the_largest_distance_of_the_parabola_from_its_chord():
    """x_l = l Y/L - (mu/2k) l (L - l), equation (8) of arXiv:2407.19353, over l in 0 .. L."""
    mu, Y, L = 0.15, 4.2, 8
    l = np.linspace(0, L, 2001)
    x = l * Y / L - mu / 2 * l * (L - l)
    assert summary.bend(mu, Y, L) == pytest.approx(np.max(l * Y / L - x) / Y, rel=1e-6)


def test_verdicts_follow_the_sign_of_the_friction(job):
    assert [s["verdict"] for s in job[0]["settings"]] == ["concave", "near linear", "convex"]


def test_an_unidentified_friction_is_undetermined(job):
    fit = job[2]["lazy"]
    lost = replace(fit, mu_eff_over_k=replace(fit.mu_eff_over_k, identified=False))
    assert summary.shape_in_words(lost, 8) == "undetermined"
