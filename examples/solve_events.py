"""A bouncing ball: events change the state, the interpolant draws what lies between the steps.
==============================================================================================

    h'' = -g,   at h = 0:  h' -> -r h'

The solver crosses a flight in one step and finds each bounce and each top on the interpolant (line). Tops lie at r^(2k)
of the first height (dashed); bounces pile up at t = (1 + r) / (1 - r) sqrt(2 h / g), so the solve ends at the 25th.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Event, Problem, solve


class Ball(NamedTuple):
    """Gravity and the part of the speed that a bounce returns."""

    g: float = 9.81
    r: float = 0.85


def fall(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p.g


def height(t, y, p):
    return y[0]


def speed(t, y, p):
    return y[1]


def bounce(t, y, p):
    y[0] = 0.0
    y[1] = -p.r * y[1]


def main(out: Path) -> None:
    p = Ball()
    ground = Event(height, direction=-1, apply=bounce, terminal=25)
    solution = solve(Problem(fall, [1.0, 0.0], 0.0, 10.0, p), events=(ground, Event(speed, direction=-1)), dense=True)
    bounces, tops = solution.events
    print(solution.message)
    exact = np.sqrt(2 / p.g) * (1 + 2 * np.cumsum(p.r ** np.arange(25)) - 2)
    print(f"{solution.stats.evaluations} evaluations; bounces are off by at most {abs(bounces.ts - exact).max():.1e} s")

    fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    t = np.linspace(0.0, solution.t, 2000)
    ax.plot(t, solution(t)[:, 0], lw=1, label="interpolant")
    ax.plot(solution.ts, solution.ys[:, 0], ".", ms=3, color="k", label="ends of steps")
    ax.plot(bounces.ts, bounces.ys[:, 0], "^", ms=4, color="tab:red", label="bounces")
    ax.plot(tops.ts, tops.ys[:, 0], "v", ms=4, color="tab:green", label="tops")
    ax.hlines(p.r ** (2.0 * np.arange(6)), 0, solution.t, "k", "--", lw=0.6)
    ax.set(xlabel="time $t$ (s)", ylabel="height $h$ (m)")
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.97), fontsize="small", framealpha=1, edgecolor="none")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "solve_events.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
