"""The main job: summary, report, resuming, and the job itself on real digits."""

import html.parser
import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import fake_fig4
from mechanics.cli import build_app
from nets import History
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
        final = np.array([h.records["final_load_curve"] for h in histories[s["name"]]])
        np.testing.assert_allclose(s["load_curve"], final.mean(axis=0))
        np.testing.assert_allclose(s["load_curve_se"], final.std(axis=0, ddof=1) / math.sqrt(3))
        accuracy = [h.records["final_test_accuracy"] for h in histories[s["name"]]]
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
    assert "at least 0.9; not determined" in page.read_text()
    assert "<td>not determined</td>" in page.read_text()


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
    fits = fake_fig4.fits(histories)
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


# resuming


def work(run, tick):
    """A stand-in for training: the history of a formula."""
    tick(run.epochs, run.epochs)
    made = run_files.label_run(history_of(run), run.hash)
    if run.file is not None:
        made.save(run.file)
    return made


def history_of(run):
    fake = fake_fig4.history(run.setting.name, run.seed, run.epochs)
    settings = {**fake.settings, "lr": run.setting.lr}
    return History(
        epochs=fake.epochs,
        load_curves=fake.load_curves,
        output_load=fake.output_load,
        train_loss=fake.train_loss,
        train_accuracy=fake.train_accuracy,
        test_accuracy=fake.test_accuracy,
        settings=settings,
        status="finished",
        records=fake.records,
    )


@pytest.fixture
def trained(monkeypatch):
    """Names of the runs that were trained, by formula."""
    names = []

    def count(run, tick):
        names.append(run.name)
        return work(run, tick)

    monkeypatch.setattr(fig4, "train_run", count)
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


def test_an_interrupted_job_reports_what_is_there(monkeypatch, trained, tmp_path):
    count = fig4.train_run

    def interrupt_the_fifth(run, tick):
        if len(trained) == 4:
            raise KeyboardInterrupt
        return count(run, tick)

    monkeypatch.setattr(fig4, "train_run", interrupt_the_fifth)
    monkeypatch.setattr(demo, "fit_all", fake_fig4.fits)
    outcome = demo.run_demo(tmp_path, quick=True, seeds_per_setting=2, jobs=0)
    assert outcome.interrupted
    assert "This job was interrupted" in outcome.report.read_text()
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


# worker processes


def square(task, tick):
    tick(1, 1)
    if task < 0:
        raise ValueError("negative")
    return task**2


@pytest.mark.slow
def test_workers_return_every_result_and_every_tick():
    results, ticks = {}, []
    run_in_processes(square, [3, 1, 2], results, jobs=2, progress=lambda task, step, steps: ticks.append(task))
    assert results == {3: 9, 1: 1, 2: 4}
    assert sorted(ticks) == [1, 2, 3]


@pytest.mark.slow
def test_a_failed_worker_names_its_task_and_cause():
    with pytest.raises(RuntimeError, match=r"run -1 failed: ValueError: negative"):
        run_in_processes(square, [-1], {}, jobs=1)


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_number_of_processes():
    one = fig4.run_fig4([5], epochs=1, jobs=0)
    two = fig4.run_fig4([5], epochs=1, jobs=2)
    for name in fig4.SETTINGS:
        np.testing.assert_array_equal(one[name][0].load_curves, two[name][0].load_curves)


# the whole job


@pytest.mark.slow
def test_a_quick_demo_on_real_digits_writes_report_summary_and_pictures(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mechanics", "demo", "--quick", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "summary.json").read_text())
    assert found["quick"] is True
    assert len(list((tmp_path / "runs").glob("*.npz"))) == 6
    lazy, linear, noisy = found["settings"]
    # 20 epochs are enough for the order, not for the published values.
    assert lazy["curvature"] < linear["curvature"] < noisy["curvature"]
    assert lazy["mu_eff_over_k"] > linear["mu_eff_over_k"] > noisy["mu_eff_over_k"]
    assert all(s["accuracy"] > 0.8 for s in found["settings"])
    assert "This is a quick run" in (tmp_path / "report.html").read_text()
