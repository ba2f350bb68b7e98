"""The main job on real digits, in worker processes."""

import json
import operator
import subprocess
import sys

import numpy as np
import pytest

from nets.experiments import fig4
from nets.experiments.workers import run_in_processes


@pytest.mark.slow
def test_a_failed_worker_names_its_task_and_cause():
    """Here the task divides a number by a function."""
    with pytest.raises(RuntimeError, match=r"run -1 failed: TypeError: unsupported operand"):
        run_in_processes(operator.truediv, [-1], {}, jobs=1)


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_number_of_processes_and_every_epoch_is_told():
    told = []
    one = fig4.run_fig4([5], epochs=2, jobs=0)
    two = fig4.run_fig4([5], epochs=2, jobs=2, progress=lambda run, epoch, epochs: told.append((run.name, epoch)))
    for name in fig4.SETTINGS:
        np.testing.assert_array_equal(one[name][0].load_curves, two[name][0].load_curves)
        assert (f"{name}-seed5", 2) in told
    assert len(told) == len(set(told))


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
    # 20 epochs are enough for the order of the curvatures, not for the published values.
    assert lazy["curvature"] < linear["curvature"] < noisy["curvature"]
    assert linear["mu_eff_over_k"] > noisy["mu_eff_over_k"]
    assert all(s["accuracy"] > 0.8 for s in found["settings"])
    assert "This is a quick run" in (tmp_path / "report.html").read_text()
