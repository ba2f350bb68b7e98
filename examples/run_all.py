"""Run every example in a process of its own; each must leave the figure that bears its name.

python examples/run_all.py [--out out/examples] [--jobs 2] [--short]
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mechanics.threads import processors

LIMIT = 60.0  # seconds
LONG = (  # half a minute or more with an empty kernel cache; `--short` leaves them out
    "array_torch_gradient", "brownian_refinement", "chain_paper_figures", "divergence_toys", "failures",
    "fit_trajectories", "langevin_double_well", "leaky_geodesic", "leaky_resnet_flow", "leaky_resnet_network",
    "lyapunov_chain", "lyapunov_friction", "replace_scipy",
)  # fmt: skip


def run(script: Path, out: Path) -> bool:
    """Whether the example ended well and left its figure; what it printed is shown together with its time."""
    picture = out / f"{script.stem}.png"
    picture.unlink(missing_ok=True)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(script), "--out", str(out)],
        env={**os.environ, "MPLBACKEND": "Agg"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    good = done.returncode == 0 and picture.is_file()
    late = f"  longer than {LIMIT:.0f} s\n" if seconds > LIMIT else ""
    print(f"{done.stdout}{script.name:28s} {seconds:6.1f} s  {'ok' if good else 'FAILED'}\n{late}", end="", flush=True)
    return good


def main(out: Path, jobs: int, short: bool) -> int:
    left_out = {Path(__file__).stem, *(LONG if short else ())}
    scripts = [p for p in sorted(Path(__file__).parent.glob("*.py")) if p.stem not in left_out]
    with ThreadPoolExecutor(jobs) as pool:
        good = list(pool.map(lambda script: run(script, out), scripts))
    return good.count(False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    parser.add_argument("--jobs", type=int, default=processors(), help="examples at a time")
    parser.add_argument("--short", action="store_true", help="only those that take less than half a minute")
    options = parser.parse_args()
    sys.exit(main(options.out, options.jobs, options.short))
