"""The report: complete, self-contained, honest about what it does not know."""

import html.parser
import re

import pytest

from mechanics.pages.words import number, plus_minus, with_subscripts
from nets.experiments import summary
from nets.report import words, write_report

SECTIONS = ["answer", "training", "parameters", "accuracy", "residuals", "settings"]


def test_the_answer_claims_the_published_order_only_where_it_is_found(job):
    found = job[0]
    assert "This is the published order" in words.answer(found)
    settings = list(reversed(found["settings"]))
    assert "does not show it" in words.answer({**found, "settings": settings})


def test_subscripts_are_set_and_markup_is_escaped():
    assert with_subscripts("μ_eff/k < D_0") == "<i>μ</i><sub>eff</sub>/k &lt; <i>D</i><sub>0</sub>"


def test_negative_numbers_carry_a_minus_sign_and_unknown_ones_a_dash():
    assert plus_minus(-0.5, 0.25, 2) == "\N{MINUS SIGN}0.50 ± 0.25"
    assert number(None) == "\N{EM DASH}"


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


@pytest.fixture(scope="module")
def odd_page(made, tmp_path_factory):
    """A report of everything unusual: one seed, a quick run, interrupted, a label with markup in it."""
    histories = made.histories(seeds=1)
    fits = made.fits(histories)
    found = summary.summarise(histories, fits, quick=True)
    settings = [{**s, "label": "<b>x</b>&"} for s in found["settings"]]
    odd = {**found, "settings": settings}
    return write_report(odd, histories, fits, tmp_path_factory.mktemp("odd"), partial=True).read_text()


def test_names_in_the_report_are_text_not_markup(odd_page):
    assert "<b>x</b>" not in odd_page
    assert "&lt;b&gt;x&lt;/b&gt;&amp;" in odd_page


def test_a_quick_and_an_interrupted_job_say_so(odd_page, page):
    assert "This is a quick run" in odd_page
    assert "This job was interrupted" in odd_page
    assert "quick run" not in page.read_text()
    assert "interrupted" not in page.read_text()


def test_one_seed_has_no_error_bars_and_says_that_its_spread_is_unknown(odd_page, page):
    assert "one seed gives no spread" in odd_page
    assert "standard error over" not in odd_page
    assert "standard error over 3 seeds" in page.read_text()
