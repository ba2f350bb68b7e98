"""What all tests share: property tests without a deadline (compiling inside one takes seconds), Ctrl-C, a browser."""

import re
import shutil
import signal
import subprocess

import pytest
from hypothesis import settings

settings.register_profile("mechanet", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("mechanet")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job is deaf to Ctrl-C, which tests send
    signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def laid_out(page, width, profile):
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
    command += ["--allow-file-access-from-files", "--virtual-time-budget=20000", f"--user-data-dir={profile}"]
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


@pytest.fixture
def in_browser(tmp_path):
    """`laid_out(page, width)`; the test is skipped where there is no browser."""
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed")
    return lambda page, width: laid_out(page, width, tmp_path / "profile")
