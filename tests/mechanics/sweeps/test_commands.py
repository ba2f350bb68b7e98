"""`mechanet sweep status` and `mechanet sweep resume`, and what is said without the extra."""

import importlib
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mechanics import sweep
from mechanics.cli import build_app
from mechanics.sweeps import StoreError

MODEL = """
import numpy as np
def cell(c, seed, scale=1.0):
    if c["n"] == 2:
        raise ValueError("two is bad")
    return {"x": scale * np.random.default_rng(seed).normal()}
"""


def call(*arguments):
    """Output of `mechanet sweep ...`; raises what the command raises (`main` prints it as one line)."""
    result = CliRunner().invoke(build_app(), ["sweep", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Write a module with a function for cells, and import it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def write(name, text=MODEL):
        (tmp_path / f"{name}.py").write_text(text)
        names.append(name)
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module(name).cell

    yield write
    for name in names:
        sys.modules.pop(name, None)


def run(cell, out="store", **parameters):
    sweep(cell, {"n": [1, 2, 3, 4]}, seeds=2, out=out, block=2, parameters=parameters, progress=False)


def test_status_and_resume(make, tmp_path):
    run(make("sweep_model"), scale=2.0)
    told = call("status", "store")
    assert "sweep_model:cell in sweep_model.py" in told
    assert "6 finished, 2 failed, of 8" in told
    assert "2 times: ValueError: two is bad" in told
    assert told.split()[-1] == "complete"
    (tmp_path / "store/blocks/3.json").unlink()
    assert call("status", "store").split()[-1] == "incomplete"
    assert "6 finished, 2 failed, of 8: complete" in call("resume", "store")
    assert call("status", "store").split()[-1] == "complete"


def test_resume_says_how_to_go_on_where_the_function_is_not_found_or_changed(make, tmp_path):
    run(make("sweep_model"))
    (tmp_path / "store/blocks/3.json").unlink()
    sys.modules.pop("sweep_model")
    (tmp_path / "sweep_model.py").unlink()
    with pytest.raises(ValueError, match=r"cannot be imported here .* run sweep_model.py again .* --function"):
        call("resume", "store")
    make("sweep_moved")
    assert "complete" in call("resume", "store", "--function", "sweep_moved:cell")
    (tmp_path / "store/blocks/3.json").unlink()
    make("sweep_changed", MODEL.replace("normal", "random"))
    with pytest.raises(StoreError, match="the function was sweep_model:cell, but it is sweep_changed:cell now"):
        call("resume", "store", "--function", "sweep_changed:cell")


def test_a_function_of_a_script_is_resumed_by_its_script(make, monkeypatch):
    cell = make("sweep_job")
    monkeypatch.setattr(cell, "__module__", "__main__")
    run(cell)
    with pytest.raises(ValueError, match=r"defined in a script\. To go on, run sweep_job.py again"):
        call("resume", "store")


def test_parameters_that_the_store_cannot_hold_are_said_so(make):
    run(make("sweep_model"), scale=importlib.import_module("numpy").float64(2.0))
    with pytest.raises(ValueError, match="more than the store says"):
        call("resume", "store")


def test_without_the_extra_only_a_call_fails_and_says_what_to_install(environment):
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("xarray", "zarr", "dask", "distributed", "cloudpickle", "threadpoolctl"):
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
import mechanics, mechanics.sweeps
from mechanics import sweep
for call in (lambda: sweep(len, {}, seeds=1), lambda: mechanics.sweeps.open_store("x")):
    try:
        call()
    except ImportError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.count("pip install 'mechanet[sweep]'") == 2, done.stderr
