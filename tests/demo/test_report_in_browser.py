"""The report in headless Chromium: nothing wider than the page, every figure drawn."""

import re
import shutil
import subprocess

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


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
