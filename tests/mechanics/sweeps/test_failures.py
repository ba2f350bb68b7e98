"""Cells that fail, workers that die, Ctrl-C, full disks."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from mechanics import sweep
from mechanics.sweeps import open_store


def run(function, axes, **options):
    return sweep(function, axes, **{"seeds": 2, "progress": False, **options})


AXIS = {"n": np.arange(8)}


def test_a_cell_that_raises_stops_no_other():
    def picky(c, seed):
        if c["n"] == 3:
            raise RuntimeError("three is bad")
        if c["n"] == 5 and seed == 1:
            sys.exit(2)
        return {"x": float(c["n"])}

    found = run(picky, AXIS)
    assert found["failed"].values.tolist() == [0, 0, 0, 2, 0, 1, 0, 0]
    assert found["finished"].values.tolist() == [2, 2, 2, 0, 2, 1, 2, 2]
    assert np.isnan(found["x"][3])
    assert float(found["x"][5]) == 5.0
    assert "RuntimeError: three is bad" in found.attrs["failures"]
    assert "SystemExit: 2" in found.attrs["failures"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "output 'x' is not finite"),
        (np.array([1.0, np.inf]), "output 'x' is not finite"),
        (1j, "real and imaginary"),
        ("word", "must be numbers"),
        (2**60, r"beyond 2\^53"),
        (None, "must be numbers"),
        ([[1.0], [1.0, 2.0]], "ValueError"),
    ],
)
def test_outputs_that_are_no_finite_numbers_fail(value, message):
    found = run(lambda c, seed: {"x": value if c["n"] == 4 else 0.0}, AXIS, block=2)
    assert found["failed"].values.tolist() == [0, 0, 0, 0, 2, 0, 0, 0]
    assert re.search(message, json.loads(found.attrs["failures"])["n=4, seed=0"])


@pytest.mark.parametrize("returned", [None, 3.0, {}, {1: 2.0}])
def test_what_is_no_dict_of_outputs_fails(returned):
    found = run(lambda c, seed: returned if c["n"] else {"x": 1.0}, {"n": [0, 1]}, block=1)
    assert "must return a dict of outputs" in found.attrs["failures"]


def test_outputs_of_other_names_or_shapes_fail():
    def wild(c, seed):
        return {0: {"x": np.zeros(2)}, 1: {"x": np.zeros(3)}, 2: {"y": np.zeros(2)}}[c["n"] % 3]

    for options in ({}, {"block": 1}, {"block": 1, "executor": "processes"}):
        found = run(wild, AXIS, **{"workers": 1, **options})
        assert found["failed"].values.tolist() == [0, 2, 2, 0, 2, 2, 0, 2]


def test_nan_is_let_through_where_it_is_allowed():
    def half(c, seed):
        return {"x": np.nan if c["n"] == 3 else 1.0, "y": 2.0}

    assert int(run(half, AXIS)["failed"].sum()) == 2
    for allowed in (True, ["x"]):
        found = run(half, AXIS, allow_nan=allowed)
        assert int(found["failed"].sum()) == 0
        assert np.isnan(found["x"][3])
    assert int(run(half, AXIS, allow_nan=["y"])["failed"].sum()) == 2


def test_retries_give_a_run_further_chances(log):
    def third_time(c, seed):
        log.calls.append((c["n"], seed))
        if log.calls.count((c["n"], seed)) % 3:
            raise OSError("not yet")
        return {"x": 1.0}

    assert int(run(third_time, AXIS, retries=2, workers=1)["failed"].sum()) == 0
    assert int(run(third_time, AXIS, retries=1, workers=1)["failed"].sum()) > 0


def test_a_vectorised_function_that_raises_loses_only_the_cells_that_make_it():
    def many(cells, seeds):
        if (cells["n"] == 3).any():
            raise ValueError("three")
        return {"x": np.where(cells["n"] == 5, np.nan, cells["n"])}

    found = run(many, {"n": np.arange(64)}, vectorised=True)
    assert np.flatnonzero(found["failed"]).tolist() == [3, 5]
    wrong = run(lambda cells, seeds: {"x": np.zeros(len(seeds) + 1)}, AXIS, vectorised=True)
    assert "first axis" in wrong.attrs["failures"]


def test_failed_runs_are_done_again_when_asked(log, tmp_path):
    log.calls.append("out of luck")

    def lucky(c, seed):
        if log.calls and c["n"] == 3:
            raise ValueError(log.calls[0])
        return {"x": 1.0}

    first = run(lucky, AXIS, out=tmp_path / "s", block=2)
    log.calls.clear()
    assert run(lucky, AXIS, out=tmp_path / "s").equals(first)
    assert int(run(lucky, AXIS, out=tmp_path / "s", resume="failed")["failed"].sum()) == 0


def test_all_runs_may_fail(tmp_path):
    def never(c, seed):
        raise ValueError("no")

    found = run(never, AXIS, out=tmp_path / "s")
    assert found.attrs["failed_runs"] == 16
    assert list(found.data_vars) == ["failed", "finished"]
    assert open_store(tmp_path / "s").equals(found)


def make_killer(bad):
    def killer(c, seed):
        import os
        import signal

        if c["n"] in bad:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": c["n"] * seed}

    return killer


@pytest.mark.parametrize("block", [2, None])
def test_a_block_that_kills_its_worker_is_recorded_and_stops_no_other(block):
    """Two workers hold four blocks at a time: the innocent ones are told from the killer."""
    found = run(make_killer({1, 3, 6}), AXIS, executor="processes", workers=2, block=block)
    assert found["failed"].values.tolist() == [0, 2, 0, 2, 0, 0, 2, 0]
    assert "ended its worker 3 times" in found.attrs["failures"]


def test_dask_gives_up_a_block_that_kills_its_workers(client):
    def allow(failures):
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", failures))

    allow(1)  # three by default
    found = run(make_killer({3}), AXIS, client=client, block=2)
    allow(3)
    assert found["failed"].values.tolist() == [0, 0, 0, 2, 0, 0, 0, 0]
    assert "KilledWorker" in found.attrs["failures"]


def test_a_broken_executor_of_the_user_stops_with_what_to_do(tmp_path):
    with ProcessPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="make a new one and resume"):
        run(make_killer({3}), AXIS, executor=pool, block=2, out=tmp_path / "s")
    assert int(open_store(tmp_path / "s")["finished"].sum()) > 0


def test_what_cannot_travel_is_said_so():
    lock = threading.Lock()

    def holds(c, seed):
        with lock:
            return {"x": 1.0}

    assert int(run(holds, AXIS)["finished"].sum()) == 16
    with pytest.raises(RuntimeError, match="cannot be sent to other processes"):
        run(holds, AXIS, executor="processes")


def test_a_full_disk_stops_with_the_store_intact(tmp_path, monkeypatch):
    import zarr.storage._local as local

    room = [18]
    put = local._put

    def full(*args, **options):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        return put(*args, **options)

    function = make_killer(set())
    monkeypatch.setattr(local, "_put", full)
    with pytest.raises(OSError, match=r"Writing block \d+ to .* failed: No space left.*is safe"):
        run(function, AXIS, out=tmp_path / "s", block=2)
    monkeypatch.undo()
    part = open_store(tmp_path / "s")
    assert 0 < int(part["finished"].sum()) < 16
    assert run(function, AXIS, out=tmp_path / "s").equals(run(function, AXIS))


def test_a_full_disk_of_the_system_stops_with_the_store_intact(tmp_path):
    """The limit of a file's size (SIGXFSZ ignored) makes the system itself refuse to write."""
    code = f"""
        import resource, signal, numpy as np
        from mechanics import sweep
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        def cell(c, seed):
            rng = np.random.default_rng([seed, c["n"]])
            if c["n"] == 5:
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, -1))
            return {{"x": rng.standard_normal(5000)}}
        try:
            sweep(cell, {{"n": np.arange(8)}}, seeds=2, out={str(tmp_path / "s")!r}, block=2, workers=1, progress=False)
        except OSError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "failed: File too large" in done.stdout, done.stderr
    assert int(open_store(tmp_path / "s")["finished"].sum()) >= 2


def test_a_place_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Writing a new store"):
        run(make_killer(set()), AXIS, out=tmp_path / "file" / "s")


SCRIPT = """
import sys, time, numpy as np
from mechanics import sweep
def cell(c, seed):
    time.sleep(0.03)
    return {"x": np.random.default_rng([seed, c["n"]]).standard_normal()}
if __name__ == "__main__":
    found = sweep(cell, {"n": np.arange(60)}, seeds=2, out=sys.argv[1], executor=sys.argv[2], workers=2, block=2)
    print(found.attrs["finished_runs"], found.attrs["status"], flush=True)
"""


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_blocks(store, count):
    import time

    for _ in range(600):
        if len(list(store.glob("blocks/[0-9]*.json"))) >= count:
            return
        time.sleep(0.03)
    raise TimeoutError


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_ends_running_blocks_and_leaves_a_store_to_resume(executor, tmp_path):
    script, store = tmp_path / "job.py", tmp_path / "s"
    script.write_text(SCRIPT)
    job = start(script, store, executor)
    wait_for_blocks(store, 3)
    os.killpg(job.pid, signal.SIGINT)  # as a terminal does: workers get it too
    out, err = job.communicate(timeout=60)
    assert job.returncode == 0, err
    done, status = out.split()
    assert status == "incomplete"
    assert 6 <= int(done) < 120
    assert "press Ctrl-C again" in err
    assert int(open_store(store)["finished"].sum()) == int(done)
    job = start(script, store, executor)
    out, err = job.communicate(timeout=60)
    assert out.split() == ["120", "complete"], err


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    script, store = tmp_path / "job.py", tmp_path / "s"
    script.write_text(SCRIPT.replace("sleep(0.03)", "sleep(0.03 if c['n'] < 8 else 30)"))
    job = start(script, store, "processes")
    wait_for_blocks(store, 3)
    os.killpg(job.pid, signal.SIGINT)
    for line in job.stderr:
        if "press Ctrl-C again" in line:
            break
    os.killpg(job.pid, signal.SIGINT)
    job.communicate(timeout=20)
    assert job.returncode != 0
    assert int(open_store(store)["finished"].sum()) >= 6


def test_a_sweep_in_another_thread_leaves_ctrl_c_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(run(make_killer(set()), AXIS)))
    thread.start()
    thread.join()
    assert int(found[0]["finished"].sum()) == 16


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(SCRIPT.replace('if __name__ == "__main__":', "if True:"))
    job = start(script, tmp_path / "s", "processes")
    _, err = job.communicate(timeout=60)
    assert job.returncode != 0
    assert "if __name__ == '__main__'" in err
