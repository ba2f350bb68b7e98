"""The page in headless Chromium: no wider than a phone, a card under the pointer and under a tap, no error."""

import shutil
import subprocess

import numpy as np
import pytest

from mechanics import sweep
from mechanics.sweeps.report.page import render

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PROBE = """
<script>addEventListener('load', () => {
  const say = [], frame = document.getElementById('f'), w = frame.contentWindow, d = w.document;
  w.addEventListener('error', e => say.push('error: ' + e.message));
  const svg = d.querySelector('figure.live .plot');
  svg.scrollIntoView();
  const b = svg.getBoundingClientRect();
  const at = {clientX: b.left + .5 * b.width, clientY: b.top + .4 * b.height, bubbles: true};
  svg.dispatchEvent(new w.PointerEvent('pointermove', {...at, pointerType: 'mouse'}));
  const card = d.getElementById('card');
  say.push(card.hidden ? 'no card' : 'card ' + card.querySelectorAll('svg path.line').length);
  svg.dispatchEvent(new w.MouseEvent('click', at));
  say.push(card.classList.contains('kept') ? 'kept' : 'lost');
  svg.dispatchEvent(new w.KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true, cancelable: true}));
  say.push(card.querySelector('.cell').textContent);
  d.dispatchEvent(new w.KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
  say.push(card.hidden ? 'gone' : 'stays', 'width ' + d.documentElement.scrollWidth);
  document.title = say.join('; ');
})</script>"""


@pytest.fixture(scope="module")
def page():
    axes = {"x": np.linspace(0, 1, 7), "y": np.geomspace(1, 100, 5)}
    return render(
        sweep(lambda c, s: {"a": c["x"] * c["y"], "path": c["y"] * np.arange(4.0)}, axes, seeds=2, progress=False)
    )


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_answers_the_pointer_and_fits(page, width, tmp_path):
    (tmp_path / "page.html").write_text(page)
    frame = tmp_path / "frame.html"
    frame.write_text(
        "<!doctype html><title>-</title>"
        f"<iframe id=f src=page.html style='border:0;width:{width}px;height:900px'></iframe>{PROBE}"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
    command += ["--allow-file-access-from-files", "--virtual-time-budget=20000", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [*command, "--window-size=1400,1000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = done.stdout.split("<title>")[1].split("</title>")[0]
    assert said == f"card 1; kept; x = 0.666667, y = 31.6228; gone; width {width}"
