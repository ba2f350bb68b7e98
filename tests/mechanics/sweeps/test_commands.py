"""`mechanet sweep status` and `mechanet sweep resume`, and what is said without the extra."""

import subprocess
import sys

import pytest

MODEL = """
import numpy as np
def cell(c, seed, scale=1.0):
    if c["n"] == 2:
        raise ValueError("two is bad")
    return {"x": scale * np.random.default_rng(seed).normal()}
"""
SWEEP = """
from mechanics import sweep
from model import cell
sweep(cell, {"n": [1, 2, 3, 4]}, seeds=2, out="store", block=2, parameters={"scale": 2.0}, progress=False)
"""


@pytest.fixture
def python(tmp_path, environment):
    def call(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)

    return call


@pytest.fixture
def folder(tmp_path, python):
    (tmp_path / "model.py").write_text(MODEL)
    done = python("-c", SWEEP)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_status_and_resume(folder, python):
    told = python("-m", "mechanics", "sweep", "status", "store").stdout
    assert "model:cell in model.py" in told
    assert "6 finished, 2 failed, of 8" in told
    assert "2 times: ValueError: two is bad" in told
    assert "complete" in told.splitlines()[-1]
    (folder / "store/blocks/3.json").unlink()
    assert "incomplete" in python("-m", "mechanics", "sweep", "status", "store").stdout
    done = python("-m", "mechanics", "sweep", "resume", "store")
    assert "6 finished, 2 failed, of 8: complete" in done.stdout, done.stderr


def test_resume_says_how_to_go_on_where_the_function_is_not_found_or_changed(folder, python):
    (folder / "store/blocks/3.json").unlink()
    (folder / "model.py").rename(folder / "other.py")
    done = python("-m", "mechanics", "sweep", "resume", "store")
    assert done.returncode == 1
    assert "cannot be imported" in done.stderr
    assert "--function" in done.stderr
    done = python("-m", "mechanics", "sweep", "resume", "store", "--function", "other:cell")
    assert "complete" in done.stdout, done.stderr
    (folder / "store/blocks/3.json").unlink()
    (folder / "other.py").write_text(MODEL.replace("normal", "random"))
    done = python("-m", "mechanics", "sweep", "resume", "store", "--function", "other:cell")
    assert done.returncode == 1
    assert "the function was model:cell" in done.stderr


def test_a_function_of_a_script_is_resumed_by_its_script(folder, python):
    (folder / "job.py").write_text(MODEL + SWEEP.replace("from model import cell", "").replace('"store"', '"mine"'))
    assert python("job.py").returncode == 0
    done = python("-m", "mechanics", "sweep", "resume", "mine")
    assert done.returncode == 1
    assert "run job.py again" in done.stderr


def test_without_the_extra_only_a_call_fails_and_says_what_to_install(python):
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
    done = python("-c", code)
    assert done.stdout.count("pip install 'mechanet[sweep]'") == 2, done.stderr
