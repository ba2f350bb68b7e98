"""Kill -9 of drivers and workers: the benchmark `sweep_kills.py` on a small scale."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "sweep_kills.py"


@pytest.mark.slow
def test_killed_sweeps_lose_double_and_change_nothing():
    pytest.importorskip("psutil")
    done = subprocess.run(
        [sys.executable, SCRIPT, "--rounds", "4", "--cells", "60", "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
