"""The page of a sweep: what it shows, what it says, and that nothing of a store becomes script."""

import json
import re

import numpy as np
import pytest
import xarray as xr

from mechanics import sweep
from mechanics.sweeps.report import write_report
from mechanics.sweeps.report.failures import read_failures
from mechanics.sweeps.report.page import render
from mechanics.sweeps.report.sheet import DONE, FAILED, NOT_RUN, PARTLY, read_sheet


def cell(c, seed):
    if c["x"] == 2.0 and c["y"] == 10.0:
        raise ValueError("no root here")
    if c["x"] == 3.0 and c["y"] == 10.0 and seed:
        raise ValueError("a bad seed")
    return {"height": c["x"] - c["y"] + 0.1 * seed, "curve": c["x"] * np.linspace(0, 1, 5) ** 2}


AXES = {"x": np.array([1.0, 2.0, 3.0, 4.0]), "y": np.array([1.0, 10.0, 100.0])}


@pytest.fixture(scope="module")
def found():
    return sweep(cell, AXES, seeds=3, units={"height": "m", "x": "s"}, progress=False)


def payload(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_every_cell_has_its_state_and_failures_their_cells(found):
    sheet = read_sheet(found)
    assert [axis.name for axis in sheet.axes] == ["y", "x"]
    state = np.full((3, 4), DONE)
    state[1, 1], state[1, 2] = FAILED, PARTLY
    assert np.array_equal(sheet.state, state)
    cells = {failure.text: failure.cell for failure in sheet.failures}
    assert cells == {"ValueError: no root here": (1, 1), "ValueError: a bad seed": (1, 2)}


def test_the_page_says_what_the_sweep_found(found):
    page = render(found)
    assert "4 × 3 cells × 3 seeds" in page
    assert "height (m)" in page
    assert "1 to 100, geometric" in page  # the axis is logarithmic
    assert "no root here" in page
    assert page.count('<figure class="live"') == 1
    data = payload(page)
    assert data["failed"] == {"5": 3, "6": 2}
    assert [o["name"] for o in data["outputs"]] == ["height"]
    assert [c["name"] for c in data["curves"]] == ["curve"]
    assert not re.search(r"https?://(?!www\.w3\.org)", page)  # nothing is fetched


def test_a_store_is_read_while_it_is_written(tmp_path):
    sweep(
        lambda c, seed: {"a": c["x"]}, {"x": np.arange(4.0)}, seeds=1, out=tmp_path / "store", block=1, progress=False
    )
    (tmp_path / "store" / "blocks" / "3.json").unlink()
    page = write_report(tmp_path / "store")
    assert page == tmp_path / "store.html"
    assert "not run yet (1)" in page.read_text()
    assert page.stat().st_mode & 0o777 == (0o666 & ~_mask())


def test_a_store_tells_all_its_messages_and_every_failed_cell_has_its_own(tmp_path):
    def fails(c, seed):
        if c["x"] >= 10:
            raise ValueError(f"no root at {c['x']:.0f}")
        return {"a": 1.0}

    axes = {"x": np.arange(60.0), "y": np.arange(2)}
    sweep(fails, axes, seeds=1, out=tmp_path / "store", progress=False)
    messages = payload(write_report(tmp_path / "store").read_text())["messages"]
    assert {messages[str(cell)] for cell in (33, 60 + 33)} == {"ValueError: no root at 33"}
    assert len(messages) == 100


def _mask():
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_one_two_and_three_axes_and_none_make_a_page():
    x = {"x": np.linspace(0, 1, 5)}
    assert "<h2>Curves</h2>" in render(sweep(lambda c, s: {"a": c["x"]}, x, seeds=2, progress=False))
    three = {**x, "name": ["one", "two"], "k": [1, 2, 3]}
    page = render(sweep(lambda c, s: {"a": c["x"] * c["k"]}, three, seeds=1, progress=False))
    assert 'type="range"' in page
    assert page.count("data-slice=") == 2
    assert "Maps" not in render(sweep(lambda c, s: {"a": 1.0}, {"x": [1.0]}, seeds=2, progress=False))


def test_a_huge_grid_is_thinned_and_says_so():
    values = np.zeros((1200, 1100))
    dataset = xr.Dataset({"a": (("x", "y"), values)}, {"x": np.arange(1200), "y": np.arange(1100)})
    page = render(dataset)
    assert len(page) < 5_000_000
    assert "The pictures show every other of the 1200 values of x" in page


def test_what_a_store_says_is_text_and_never_script():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    dataset = xr.Dataset(
        {evil: (("x", "y"), np.ones((2, 2)), {"units": evil, "long_name": evil})},
        {"x": [evil, "b"], "y": [1.0, 2.0]},
        {"function": evil, evil: evil, "failures": json.dumps({f"x={evil}, y=1.0, seed=0": evil})},
    )
    page = render(dataset)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script") == 2
    assert "script-src &#39;sha256-" in page


def test_hostile_attributes_are_shown_and_not_believed():
    dataset = xr.Dataset(
        {"a": ("x", [1.0, 2.0])}, {"x": [0.0, 1.0]}, {"failures": "[1, 2", "seeds": "{", "wall_time_s": "soon"}
    )
    assert read_failures(dataset, ["x"]) == []
    assert "2 cells" in render(dataset)


def test_values_of_text_with_commas_find_their_cell():
    dataset = xr.Dataset(
        {"failed": (("x", "y"), np.ones((2, 1)))}, {"x": ["a, b=1", "c"], "y": [0.5]},
        {"failures": json.dumps({"x=a, b=1, y=0.5, seed=3": "lost"})},
    )  # fmt: skip
    (failure,) = read_failures(dataset, ["y", "x"])
    assert failure.cell == (0, 0)
    assert failure.where == "x = a, b=1, y = 0.5, seed = 3"


def test_unfit_input_is_refused_by_name(found, tmp_path):
    with pytest.raises(ValueError, match=r"axes must be one or two of x, y, but are z"):
        render(found, axes=["z"])
    with pytest.raises(ValueError, match="no variables"):
        render(xr.Dataset())
    with pytest.raises(ValueError, match="out must be given for a dataset"):
        write_report(found)
    assert write_report(found, tmp_path).name == "report.html"


def test_not_a_number_is_not_run_where_nothing_counts_the_seeds():
    sheet = read_sheet(xr.Dataset({"a": ("x", [1.0, np.nan])}, {"x": [0.0, 1.0]}))
    assert sheet.state.tolist() == [DONE, NOT_RUN]


def test_infinite_values_with_infinite_errors_are_left_out_of_curves():
    dataset = xr.Dataset(
        {"a": ("x", [1.0, np.inf, 2.0, -np.inf]), "a_stderr": ("x", [0.1, np.inf, 0.2, 0.1])}, {"x": np.arange(4.0)}
    )
    page = render(dataset)  # warnings are errors here
    drawn = re.findall(r'<path class="(?:band|bars|line)" d="([^"]*)"', page)
    assert drawn
    assert not any(word in path for path in drawn for word in ("nan", "inf"))
