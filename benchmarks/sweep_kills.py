"""Sweeps whose workers and drivers are killed: nothing may be lost, done twice in a store, or differ.

    PYTHONPATH=src python benchmarks/sweep_kills.py --rounds 100

A round is one `kill -9` of a running sweep's driver or of one of its workers, drawn by chance, after a number of
blocks drawn by chance. A killed driver is started again and resumes; a killed worker is the sweep's own business. Each
finished store is compared with an undisturbed run, bit for bit. Half of the stores are made by a pool of two processes,
half by a Dask cluster of four workers. The exit status is 1 if anything is lost, doubled or different.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from mechanics import sweep
from mechanics.sweeps import open_store

SEEDS, BLOCK = 2, 4
KINDS = ("processes", "dask")


def cell(c, seed):
    """About 8 ms of a random walk whose last bits depend on every draw."""
    rng = np.random.default_rng([seed, c["n"]])
    end = time.perf_counter() + 0.008
    walk = np.cumsum(rng.standard_normal(1000))
    while time.perf_counter() < end:
        walk.sum()
    return {"end": walk[-1], "walk": np.tanh(walk[::100])}


def run(store, cells, **workers):
    return sweep(cell, {"n": np.arange(cells)}, seeds=SEEDS, out=store, block=BLOCK, progress=False, **workers)


def drive(store, kind, cells):
    """What the killed process does."""
    if kind == "processes":
        run(store, cells, executor="processes", workers=2)
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=":0", memory_limit=None) as cluster,
        Client(cluster) as client,
    ):
        run(store, cells, client=client)


def workers_of(driver):
    """Worker processes: leaves of the driver's tree, without Python's own helper."""
    try:
        below = psutil.Process(driver.pid).children(recursive=True)
        return [p for p in below if not p.children() and not any("resource_tracker" in word for word in p.cmdline())]
    except psutil.Error:
        return []


def kill_driver(driver):
    """Kill -9 the driver; returns its workers, which must end by themselves."""
    try:
        below = psutil.Process(driver.pid).children(recursive=True)
    except psutil.Error:
        below = []
    driver.kill()
    driver.wait()
    return below


def end_of(processes):
    """How many are still there after 20 s; they are killed then."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    for process in alive:
        process.kill()
    return len(alive)


def blocks_in(store):
    return len(list(store.glob("blocks/[0-9]*.json")))


def make_store(store, kind, cells, draw, kills_left, errors):
    """One store from nothing to complete, through kills; what happened, in numbers."""
    told = {"driver": 0, "worker": 0}
    orphans = []
    total = cells * SEEDS // BLOCK
    driver = None
    while True:
        if driver is None:
            command = [sys.executable, __file__, "--drive", str(store), kind, "--cells", str(cells)]
            driver = subprocess.Popen(command, stderr=errors)
        goal = blocks_in(store) + draw.randint(1, 12)
        if goal >= total or sum(told.values()) >= kills_left:
            goal = total + 1  # nothing left to disturb: let it end
        while driver.poll() is None and blocks_in(store) < goal:
            time.sleep(0.005)
        if driver.poll() is not None:
            if driver.returncode:
                errors.seek(0)
                raise SystemExit(f"the driver failed with status {driver.returncode}:\n{errors.read()[-3000:]}")
            return {**told, "orphans": end_of(orphans)}
        victims = workers_of(driver)
        if victims and draw.random() < 0.6:
            try:
                draw.choice(victims).kill()
            except psutil.NoSuchProcess:
                continue
            told["worker"] += 1
        else:
            orphans += kill_driver(driver)
            told["driver"] += 1
            driver = None


def compare(store, reference, cells):
    """Runs that are lost, blocks with more than one record, outputs that differ."""
    found = open_store(store, by_seed=True)
    records = [json.loads(file.read_text())["block"] for file in store.glob("blocks/[0-9]*.json")]
    lost = int((found["status"] != 1).sum())
    doubled = len(records) - len(set(records)) + max(0, len(records) - cells * SEEDS // BLOCK)
    differing = sum(
        int((found[name].values.view(np.uint64) != reference[name].values.view(np.uint64)).sum())
        for name in ("end", "walk")
    )
    return {"lost": lost, "doubled": doubled, "differing": differing}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--cells", type=int, default=240, help="of a store, with two seeds each; an even number")
    parser.add_argument("--quick", action="store_true", help="8 rounds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drive", nargs=2, metavar=("STORE", "KIND"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        drive(*options.drive, options.cells)
        return
    rounds = 8 if options.quick else options.rounds
    draw = random.Random(options.seed)
    start = time.perf_counter()
    sums = {
        kind: {"stores": 0, "driver": 0, "worker": 0, "orphans": 0, "lost": 0, "doubled": 0, "differing": 0}
        for kind in KINDS
    }
    with tempfile.TemporaryDirectory() as folder:
        reference = sweep(cell, {"n": np.arange(options.cells)}, seeds=SEEDS, workers=1, progress=False, by_seed=True)
        for i, kind in enumerate(KINDS):
            kills = rounds * (i + 1) // len(KINDS) - rounds * i // len(KINDS)
            while (done := sums[kind]["driver"] + sums[kind]["worker"]) < kills:
                store = Path(folder) / f"{kind}-{sums[kind]['stores']}"
                with tempfile.TemporaryFile("w+") as errors:  # Dask writes pages about each loss
                    told = make_store(store, kind, options.cells, draw, kills - done, errors)
                for name, count in {"stores": 1, **told, **compare(store, reference, options.cells)}.items():
                    sums[kind][name] += count
    print(f"{'':10} stores  killed drivers  killed workers  lost runs  doubled blocks  differing numbers  orphans")
    for kind, s in sums.items():
        print(
            f"{kind:10} {s['stores']:6} {s['driver']:15} {s['worker']:15} {s['lost']:10} {s['doubled']:15} "
            f"{s['differing']:18} {s['orphans']:8}"
        )
    print(f"{time.perf_counter() - start:.0f} s")
    if any(s["lost"] or s["doubled"] or s["differing"] or s["orphans"] for s in sums.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
