"""Interleaved timing: every competitor runs once in each round, so that a slow moment of the machine hits all alike."""

import os
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Times:
    """Seconds per call of one competitor, one entry a round: processor time of the process, and wall time."""

    cpu: np.ndarray
    wall: np.ndarray

    @property
    def median(self):
        return float(np.median(self.cpu))

    @property
    def smallest(self):
        return float(self.cpu.min())


def once(run, calls):
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        run()
    return (time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls


def interleaved(runs, repeats, batch=0.01, slow=2.0):
    """`Times` by name. Short calls are repeated to fill `batch` seconds; one beyond `slow` seconds runs twice only."""
    warm = {}
    for name, run in runs.items():
        run()
        warm[name] = once(run, 1)[0]
    calls = {name: max(1, int(batch / max(seconds, 1e-7))) for name, seconds in warm.items()}
    rounds = {name: [] for name in runs}
    for k in range(repeats):
        for name, run in runs.items():
            if k < 2 or warm[name] < slow:
                rounds[name].append(once(run, calls[name]))
    return {name: Times(*np.array(rows).T) for name, rows in rounds.items()}


def load():
    """Load average of the last minute, as a sentence."""
    try:
        return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    except OSError:
        return f"{os.cpu_count()} processors"
