"""The report in headless Chromium: nothing wider than the page, every figure drawn."""

import pytest


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_a_phone_and_a_desk_and_all_figures_show(page, width, in_browser):
    needed, broken, figures = in_browser(page, width)
    assert needed <= width
    assert broken == 0
    assert figures == 11
