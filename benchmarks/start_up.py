"""Wall time of fresh processes: importing `mechanics`, and the first simulation without and with a warm kernel cache.

    python benchmarks/start_up.py [--repeats 5]

Each round uses a new empty cache folder: its first process compiles, its second loads. Medians over the rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

STEPS = {
    "python -c pass": "pass",
    "import mechanics": "import mechanics",
    "import mechanics.chain": "import mechanics.chain",
    "simulate, first process": "from mechanics.chain import SpringChain; SpringChain().simulate(1000)",
    "simulate, second process": "from mechanics.chain import SpringChain; SpringChain().simulate(1000)",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    seconds = {name: [] for name in STEPS}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "MECHANET_CACHE_DIR": folder}
            for name, code in STEPS.items():
                began = time.perf_counter()
                subprocess.run([sys.executable, "-c", code], env=env, check=True)
                seconds[name].append(time.perf_counter() - began)
    print(f"wall seconds of a fresh process ({repeats} rounds)")
    print(f"{'':28s}{'median':>9s}{'min':>9s}{'max':>9s}")
    for name, values in seconds.items():
        print(f"{name:28s}{statistics.median(values):9.2f}{min(values):9.2f}{max(values):9.2f}")


if __name__ == "__main__":
    main()
