"""Four solves that fail, each for a reason that the status names.
===============================================================

`solve(..., throw=False)` returns what was done until then (lines), where it ended (crosses), why, and what to do.
The printed messages hold time, step, component and remedy.
"""

import argparse
import math
from pathlib import Path

import matplotlib.pyplot as plt

from mechanics import Problem, solve
from mechanics.systems import VAN_DER_POL_STIFF


def square(t, y, p, dy):
    dy[0] = y[0] * y[0]


def drain(t, y, p, dy):
    dy[0] = -math.sqrt(y[0]) - 0.1


def kick(t, y, p, dy):
    dy[0] = 1e9 if t > 0.5 else -1.0


CASES = (
    ("$y' = y^2$", Problem(square, 1.0, 0.0, 2.0), {}),
    ("$y' = -\\sqrt{y} - 0.1$", Problem(drain, 1.0, 0.0, 3.0), {}),
    ("Van der Pol, $\\mu = 1000$", VAN_DER_POL_STIFF.problem(), {"max_steps": 50_000}),
    ("a jump of $y'$ at $t = 1/2$", Problem(kick, 1.0, 0.0, 1.0), {"rtol": 1e-12, "atol": 1e-12}),
)


def main(out: Path) -> None:
    fig, axes = plt.subplots(2, 2, figsize=(7, 5), layout="constrained")
    for ax, (name, problem, options) in zip(axes.flat, CASES, strict=True):
        solution = solve(problem, throw=False, **options)
        print(f"{name}: {solution.status.name}\n    {solution.message}")
        ax.plot(solution.ts, solution.ys[:, 0], lw=1.2)
        ax.plot(solution.t, solution.y[0], "x", color="tab:red", ms=8, mew=2)
        ax.axvline(problem.t1, color="k", ls="--", lw=0.8)
        ax.set_title(f"{name}\n{solution.status.name} at t = {solution.t:.6g}", fontsize=9)
    for ax in axes[1]:
        ax.set_xlabel("time $t$; dashed: where it should have ended")
    for ax in axes[:, 0]:
        ax.set_ylabel("first component")
    axes[0, 0].set_yscale("log")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "failures.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
