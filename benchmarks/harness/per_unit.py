"""Processor time per unit of work: every competitor runs once in each round."""

import time

import numpy as np


def measure(functions, repeats):
    """CPU nanoseconds per unit, one row a round; `functions` is name -> (function, units)."""
    for function, _ in functions.values():
        function()
    rounds = []
    for _ in range(repeats):
        row = []
        for function, units in functions.values():
            began = time.process_time()
            function()
            row.append((time.process_time() - began) / units * 1e9)
        rounds.append(row)
    return np.array(rounds)


def table(title, functions, repeats):
    """Print medians, smallest times, and the median of the round-by-round ratios to the first; return all times."""
    times = measure(functions, repeats)
    print(f"\n{title} (CPU, one thread, {repeats} rounds)")
    print(f"{'':36s}{'median':>9s}{'min':>9s}{'x first':>9s}")
    for name, column in zip(functions, times.T, strict=True):
        print(f"{name:36s}{np.median(column):9.2f}{column.min():9.2f}{np.median(column / times[:, 0]):9.2f}")
    return times
