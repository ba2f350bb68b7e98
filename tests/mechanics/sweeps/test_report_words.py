"""Numbers, axes and colours of the page: what a reader reads off is what the data say."""

import base64
import zlib
from itertools import pairwise

import numpy as np
import pytest

from mechanics.sweeps.report.axis import make_axis
from mechanics.sweeps.report.colour import LEVELS, NOT_RUN, levels, make_scale, palettes, picture
from mechanics.sweeps.report.drawing import CHARACTER, make_frame
from mechanics.sweeps.report.numbers import number, with_error


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1.2345, 0.0123, "1.234 ± 0.012"),
        (-0.5, 0.25, "−0.50 ± 0.25"),
        (1234.5, 98.7, "1234 ± 99"),
        (220265.0, 6608.0, "(2.203 ± 0.066)·10⁵"),
        (-3e-7, 2e-8, "(−3.00 ± 0.20)·10⁻⁷"),
        (-1e-9, 0.27, "0.00 ± 0.27"),
        (82.5, 3e-16, "82.5 ± 3·10⁻¹⁶"),
        (2.0, 0.0, "2 ± 0"),
        (2.0, float("nan"), "2"),
        (2.0, None, "2"),
        (float("nan"), 0.1, "—"),
    ],
)
def test_a_value_has_the_digits_of_its_error(value, error, said):
    assert with_error(value, error) == said


def test_numbers_are_written_with_powers_of_ten_where_they_are_long():
    said = [number(v) for v in (0.0, -0.0, 1.5, -1e-5, 2.5e7, 1e-9, float("inf"))]
    assert said == ["0", "0", "1.5", "−10⁻⁵", "2.5·10⁷", "10⁻⁹", "∞"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.linspace(0, 1, 5), "linear"),
        (np.geomspace(1e-3, 1, 7), "log"),
        (np.array([0.0, 1.0, 2.5, 3.0]), "linear"),
        (np.array([1.0, 3.0, 10.0, 30.0, 100.0]), "log"),
        (np.array([0.0, 0.001, 1.0]), "steps"),
        (np.array(["a", "b"]), "steps"),
        (np.array([True, False]), "steps"),
    ],
)
def test_an_axis_is_scaled_as_its_values_are_spaced(values, kind):
    axis = make_axis("x", values)
    assert axis.kind == kind
    assert (axis.edges[0], axis.edges[-1]) == (0, pytest.approx(1))
    assert ((axis.edges[:-1] < axis.places) & (axis.places < axis.edges[1:])).all()


def test_a_tick_stands_where_its_value_is():
    values = np.geomspace(0.01, 1, 9)
    axis = make_axis("x", values)
    ticks = {text: at for at, text in axis.ticks}
    assert ticks["0.1"] == pytest.approx(axis.places[4])  # the middle value
    assert ticks["0.01"] == pytest.approx(axis.places[0])


def test_labels_below_a_picture_do_not_touch():
    frame = make_frame([(0.0, "0")], 10, 100)
    names = [f"a long name {i}" for i in range(8)]
    kept = frame.labels(make_axis("x", np.array(names)).ticks)
    assert len(kept) > 1
    ends = [(at * frame.width - len(t) * CHARACTER / 2, at * frame.width + len(t) * CHARACTER / 2) for at, t in kept]
    assert all(a[1] < b[0] for a, b in pairwise(ends))


def test_a_change_of_sign_has_its_white_at_zero_and_one_wild_cell_does_not_set_the_range():
    values = np.linspace(-1, 0.5, 401)
    scale = make_scale(values)
    assert scale.palette == "diverging"
    assert scale.place(np.array([0.0]))[0] == 0.5
    values[7] = 1e9
    wild = make_scale(values)
    assert wild.clipped >= 1
    assert wild.high < 2
    assert make_scale(np.geomspace(1e-4, 10, 9)).log


def test_the_picture_holds_the_cells_with_the_first_row_at_the_bottom():
    values = np.array([[0.0, 1.0, np.nan], [2.0, 3.0, 4.0]])
    cells = levels(values, np.zeros((2, 3), bool), make_scale(values))
    assert cells.tolist() == [[0, LEVELS // 4, NOT_RUN], [LEVELS // 2, 3 * LEVELS // 4, LEVELS - 1]]
    y, x = make_axis("y", np.arange(2.0)), make_axis("x", np.arange(3.0))
    png = base64.b64decode(picture(cells, y, x, palettes()["sequential"]).split(",")[1])
    start = png.index(b"IDAT") + 4
    lines = np.frombuffer(zlib.decompress(png[start:]), np.uint8).reshape(2, 4)
    assert np.array_equal(lines[:, 1:], cells[::-1])
