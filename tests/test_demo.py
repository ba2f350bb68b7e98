"""The main job: summary, report, resuming, and the job itself on real digits."""

import html.parser
import json
import math
import re
import shutil
import subprocess
from dataclasses import replace

import fake_fig4
import numpy as np
import pytest

from nets.experiments import demo, fig4, run_files, summary
from nets.experiments.workers import Interrupted, run_in_processes
from nets.report import words, write_report

SECTIONS = ["answer", "training", "parameters", "accuracy", "residuals", "settings"]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def job():
    histories = fake_fig4.histories(seeds=3)
    fits = fake_fig4.fits(histories)
    return summary.summarise(histories, fits, seed=7, seconds=1.5), histories, fits


@pytest.fixture(scope="module")
def page(job, tmp_path_factory):
    return write_report(*job, tmp_path_factory.mktemp("report"))


# summary


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
    assert lazy["fit"]["nothing"] is None


def test_means_and_standard_errors_are_those_of_the_seeds(job):
    found, histories, _ = job
    for s in found["settings"]:
        final = np.array([h.load_curves[-1] for h in histories[s["name"]]])
        np.testing.assert_allclose(s["load_curve"], final.mean(axis=0))
        np.testing.assert_allclose(s["load_curve_se"], final.std(axis=0, ddof=1) / math.sqrt(3))
        accuracy = [h.test_accuracy[-1] for h in histories[s["name"]]]
        np.testing.assert_allclose(s["accuracy_se"], np.std(accuracy, ddof=1) / math.sqrt(3))


def test_one_seed_has_no_standard_error():
    histories = fake_fig4.histories(seeds=1)
    lazy = summary.summarise(histories, fake_fig4.fits(histories))["settings"][0]
    assert lazy["curvature_se"] is None
    assert lazy["load_curve_se"] is None


def test_a_setting_without_runs_is_named():
    histories = {**fake_fig4.histories(), "noisy": []}
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


# words


def test_the_answer_claims_the_published_order_only_where_it_is_found(job):
    found = job[0]
    assert "This is the published order" in words.answer(found)
    settings = list(reversed(found["settings"]))
    assert "does not show it" in words.answer({**found, "settings": settings})


def test_subscripts_are_set_and_markup_is_escaped():
    assert words.with_subscripts("μ_eff/k < D_0") == "<i>μ</i><sub>eff</sub>/k &lt; <i>D</i><sub>0</sub>"


def test_negative_numbers_carry_a_minus_sign_and_unknown_ones_a_dash():
    assert words.plus_minus(-0.5, 0.25, 2) == "\N{MINUS SIGN}0.50 ± 0.25"
    assert words.number(None) == "\N{EM DASH}"


# report


class Page(html.parser.HTMLParser):
    """Collects ids and addresses; fails on an element that is closed out of turn."""

    EMPTY = ("meta", "br", "img", "link", "hr")

    def __init__(self):
        super().__init__()
        self.ids, self.addresses, self.open, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.addresses += [(tag, value) for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(path):
    found = Page()
    found.feed(path.read_text())
    return found


def test_the_report_has_all_sections_and_five_numbered_figures(page):
    found = parsed(page)
    assert [i for i in found.ids if i in SECTIONS] == SECTIONS
    assert re.findall(r"Figure (\d)\.", page.read_text()) == ["1", "2", "3", "4", "5"]
    assert found.open == []


def test_the_report_needs_no_other_file_and_no_script(page):
    found = parsed(page)
    assert "script" not in found.tags
    for tag, address in found.addresses:
        assert address.startswith(("#", "data:")) or (tag == "a" and address.startswith("https://")), address
    assert "@import" not in page.read_text()
    assert not re.search(r"url\((?!#)", page.read_text())


def test_ids_are_unique_over_all_figures(page):
    ids = parsed(page).ids
    assert len(ids) == len(set(ids))


def test_every_figure_is_also_a_png(page):
    pngs = {p.stem for p in page.parent.glob("*.png")}
    assert {"final-load-curves", "accuracy", "network-and-chain-lazy", "residuals-noisy"} <= pngs
    assert len(pngs) == 11


def test_parameters_that_the_data_do_not_determine_say_so(page):
    assert "at least 0.9" in page.read_text()
    assert "not determined by these data" in page.read_text()


def test_names_in_the_report_are_text_not_markup(job, tmp_path):
    found, histories, fits = job
    settings = [{**s, "label": "<b>x</b>&"} for s in found["settings"]]
    text = write_report({**found, "settings": settings}, histories, fits, tmp_path).read_text()
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;&amp;" in text


def test_a_quick_and_an_interrupted_job_say_so(job, tmp_path):
    found, histories, fits = job
    text = write_report({**found, "quick": True}, histories, fits, tmp_path, partial=True).read_text()
    assert "This is a quick run" in text
    assert "This job was interrupted" in text


def test_one_seed_gives_a_report_without_error_bars(tmp_path):
    histories = fake_fig4.histories(seeds=1)
    fits = {n: replace(f, residual_in_seed_spread=None) for n, f in fake_fig4.fits(histories).items()}
    text = write_report(summary.summarise(histories, fits), histories, fits, tmp_path).read_text()
    assert "one seed gives no spread" in text


# the page in a browser


def in_browser(page, width, tmp_path):
    """What a page says about itself in headless Chromium, laid out at `width`: (needed width, undecoded pictures)."""
    measure = """
    <script>addEventListener('load', () => {
      const w = document.getElementById('f').contentWindow, d = w.document;
      const bad = [...d.images].filter(i => !i.naturalWidth).length
                + [...d.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().height < 50).length;
      document.title = [d.documentElement.scrollWidth, bad, d.querySelectorAll('figure svg').length].join(' ');
    })</script>"""
    frame = page.parent / f"frame-{width}.html"
    frame.write_text(
        f"<!doctype html><title>-</title><iframe id=f src={page.name} style='border:0;width:{width}px;height:800px'>"
        f"</iframe>{measure}"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
    command += ["--allow-file-access-from-files", "--virtual-time-budget=20000", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [*command, "--window-size=1400,900", "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"<title>(\d+) (\d+) (\d+)</title>", done.stdout)
    assert found, done.stdout[:500] + done.stderr[-500:]
    return tuple(map(int, found.groups()))


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_a_phone_and_a_desk_and_all_figures_show(page, width, tmp_path):
    needed, broken, figures = in_browser(page, width, tmp_path)
    assert needed <= width
    assert broken == 0
    assert figures == 11
