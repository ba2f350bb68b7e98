"""Runs that are killed by SIGKILL at random moments, in the middle of epochs and of checkpoints, and resumed."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nets import MLPConfig, train_ensemble
from nets.data import gaussian_mixture
from nets.ensembles import SGLD

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
EPOCHS, INTERVAL = 60, 3
CONFIGS = [
    MLPConfig(0, dropout=0.2, batch_size=20, input_noise=0.1),
    MLPConfig(1, batch_size=(10, 20, 30) * (EPOCHS // 3), label_noise=0.2, optimiser=SGLD(1e-3)),
]
OPTIONS = {
    "epochs": EPOCHS, "width": 14, "depth": 4, "dtype": np.float64, "record": ("networks",), "threads": 1,
    "measure_every": 4, "backend": "compiled",
}  # fmt: skip
ARRAYS = ("load_curves", "output_load", "losses", "train_accuracy", "test_accuracy", "parameters", "running")


def drive(checkpoint, ticks):
    """What the killed process does; every epoch is told before it may be lost."""
    train_ensemble(
        CONFIGS, DATA, **OPTIONS, checkpoint=checkpoint, checkpoint_every=INTERVAL,
        progress=lambda done, total: ticks.send(done),
    )  # fmt: skip


def killed_runs(folder, kills, seed):
    """Start, kill after a random number of epochs and a random part of one, start again; the last run ends by itself.

    Returns the epochs (of both networks) done when each run ended, and when it began.
    """
    rng = np.random.default_rng(seed)
    context = multiprocessing.get_context("forkserver")  # children of a process that has imported torch and no more
    context.set_forkserver_preload(["torch", "nets.ensembles.compiled", "nets.data"])
    ends, starts = [], []
    for run in range(kills + 1):
        receive, send = context.Pipe(duplex=False)
        child = context.Process(target=drive, args=(folder / "run.npz", send))
        child.start()
        send.close()
        wanted = int(rng.integers(1, 2 * EPOCHS // (kills + 1))) if run < kills else 10**9
        seen = []
        try:
            while len(seen) < wanted:
                seen.append(receive.recv())
            time.sleep(float(rng.uniform(0, 0.01)))
            os.kill(child.pid, signal.SIGKILL)
            while True:  # what it told until its end
                seen.append(receive.recv())
        except EOFError:
            child.join()
        assert child.exitcode == (-signal.SIGKILL if run < kills else 0)
        starts.append(seen[0] - 1)
        ends.append(seen[-1])
    return ends, starts


def check(folder, kills, seed):
    ends, starts = killed_runs(folder, kills, seed)
    whole = train_ensemble(CONFIGS, DATA, **OPTIONS)
    resumed = train_ensemble(
        CONFIGS, DATA, **OPTIONS, checkpoint=folder / "run.npz", checkpoint_every=INTERVAL, progress=pytest.fail
    )  # all is done: nothing is trained
    for name in ARRAYS:
        assert_array_equal(getattr(resumed, name), getattr(whole, name), err_msg=name)
    assert resumed.finished.all()
    lost = np.array(ends[:-1]) - np.array(starts[1:])
    assert (lost <= len(CONFIGS) * INTERVAL).all(), lost  # one interval of each network
    assert sum(start > 0 for start in starts) > kills // 2  # most runs did go on from a checkpoint
    assert ends[-1] == len(CONFIGS) * EPOCHS


pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


def test_four_kills_lose_at_most_an_interval_and_no_bit(tmp_path):
    check(tmp_path, kills=4, seed=1)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_lose_at_most_an_interval_and_no_bit(tmp_path, seed):
    check(tmp_path, kills=12, seed=seed)
