"""`mechanet fit`: numbers, page and pictures of one fit of a known chain."""

import html.parser
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from mechanics import cli
from mechanics.fit import fit_chain
from mechanics.fit_report import tables
from mechanics.pages.style import INK

runner = CliRunner()
BEND = 0.12


def relaxing(seeds=3):
    """Parabolas (8) with mu_eff/k = 0.12 at any time, the end pulled from 1 to 4; the end of each seed with them."""
    rng = np.random.default_rng(4)
    ts = np.unique([0, *np.geomspace(1, 60, 14).round()])
    l = np.arange(9)
    pulled = 4 - 3 * np.exp(-ts / 8)
    x = pulled[:, None] * l / 8 - BEND / 2 * l * (8 - l) + 0.03 * rng.standard_normal((seeds, 1, 9)) * l / 8
    return ts, 1.3 - x[..., :8], 1.3 - x[..., 8]


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    ts, D, end = relaxing()
    D[1, 3, 2] = np.nan
    np.savez(folder / "curves.npz", load_curves=D, epochs=ts, end=end)
    words = ["fit", str(folder / "curves.npz"), "--pull", "measured", "--out", str(folder / "out")]
    return folder / "out", runner.invoke(cli.build_app(), words, catch_exceptions=False)


@pytest.fixture(scope="module")
def page(job):
    return job[0] / "report.html"


def test_the_summary_holds_the_fit_and_what_was_fitted(job):
    out, done = job
    assert done.exit_code == 0, done.output
    found = json.loads((out / "summary.json").read_text())
    assert found["schema"] == "mechanet-fit/1"
    low, high = found["mu_eff_over_k"]["interval"]
    assert low - 0.01 < BEND < high + 0.01
    assert found["pull"] == "measured"
    assert set(found["alternatives"]) == {"fixed", "ramped"}
    assert found["seeds"] == ["0", "1", "2"]
    assert "1 epoch" in found["notes"][0]
    ts, D, end = relaxing()
    keep = np.arange(len(ts)) != 3
    alone = fit_chain(D[:, keep], ts[keep], pull="measured", end=end[:, keep], last="block")
    assert found["mu_eff_over_k"]["value"] == alone.mu_eff_over_k.value


class Page(html.parser.HTMLParser):
    """Collects tags and addresses; fails on an element that is closed out of turn."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in ("meta", "br", "img", "link", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_other_file(page):
    found = Page()
    found.feed(page.read_text())
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    outside = [a for a in found.addresses if not a.startswith(("#", "data:image/png"))]
    assert outside == ["https://arxiv.org/abs/2407.19353"]
    assert INK not in page.read_text()
    assert re.findall(r"Figure (\d)\.", page.read_text()) == ["1", "2", "3", "4"]


def test_the_page_says_what_is_open_and_compares_the_pulls(page):
    text = page.read_text()
    assert "Not determined by these data: " in text
    assert "measured (shown here)" in text
    assert "Left out, as a load is not a number there: 1 epoch" in text
    assert "--pull measured" in text


def test_every_figure_is_a_file_too(page):
    names = {"final-load-curve", "data-and-chain", "layers-over-time", "residuals"}
    assert {p.stem for p in page.parent.glob("*.png")} == names


def test_tables_write_open_intervals_as_open():
    ts, D, _ = relaxing(1)
    fit = fit_chain(D, ts, pull="fixed")
    rows = {row[0]: row[1:] for row in tables.estimates(fit)["rows"]}
    assert "build-up time τ, epochs" not in rows
    for name, row in zip(("mean_friction_over_k", "noise_over_k"), list(rows.values())[3:], strict=True):
        if not fit.identified[name]:
            assert row[1] == "open"
            assert row[3].startswith("no")
    assert tables._interval(type(fit.k)(1.0, np.inf, (0.5, np.inf), False), False) == "above 0.500"
    assert tables._interval(type(fit.k)(1.0, np.inf, (0.0, np.inf), False), False) == "open"


def test_a_measured_pull_needs_an_end(tmp_path):
    ts, D, _ = relaxing()
    np.savez(tmp_path / "curves.npz", load_curves=D, epochs=ts)
    with pytest.raises(ValueError, match="needs the load of the pulled end"):
        runner.invoke(
            cli.build_app(), ["fit", str(tmp_path / "curves.npz"), "--pull", "measured"], catch_exceptions=False
        )


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_a_phone_and_a_desk_and_all_figures_show(page, width, in_browser):
    needed, broken, figures = in_browser(page, width)
    assert needed <= width
    assert broken == 0
    assert figures == 4


def test_the_parameter_of_an_extension_stands_in_the_table_and_may_be_open(tmp_path):
    """A reach far above every extension is not determined: the page says so and is written."""
    from dataclasses import replace

    from mechanics.fit_files import read_load_curves
    from mechanics.fit_report import summarise, write_report

    ts, D, end = relaxing()
    np.savez(tmp_path / "curves.npz", load_curves=D, epochs=ts, end=end)
    data = read_load_curves([tmp_path / "curves.npz"])
    fit = fit_chain(data.load_curves, data.epochs, model="saturating", pull="measured", end=data.end, last=data.last)
    words = "reach: extension at which a spring saturates"
    row = next(row for row in tables.estimates(fit)["rows"] if row[0] == words)
    assert float(row[1].replace("\N{MINUS SIGN}", "-")) == pytest.approx(fit.extension["reach"].value, rel=0.01)
    opened = replace(fit, identified=fit.identified | {"reach": False})
    assert words in tables.silent(opened)
    page = write_report(
        data, opened, summarise(data, opened, files=["curves.npz"]), tmp_path / "out", command="mechanet"
    )
    assert words in page.read_text()


def test_a_comparison_is_printed_and_has_a_section_of_its_own(tmp_path):
    ts, D, end = relaxing()
    np.savez(tmp_path / "curves.npz", load_curves=D, epochs=ts, end=end)
    words = ["fit", str(tmp_path / "curves.npz"), "--pull", "measured", "--compare", "parabola,line"]
    done = runner.invoke(cli.build_app(), [*words, "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert re.search(r"parabola +measured", done.output)
    found = json.loads((tmp_path / "out" / "summary.json").read_text())["comparison"]
    assert found["rows"][0]["name"] == "parabola"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "better than a curve would be?" in page
    assert "--compare parabola,line" in page
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 10_000
