"""Robertson's reaction: an implicit method takes the steps that accuracy needs, an explicit one those of stability.
=================================================================================================================

    A -> B (0.04),   B + B -> C + B (3e7),   B + C -> A + C (1e4)

The intermediate B reaches its quasi-equilibrium within 1e-3 and then only follows, but its fast decay (thousands a
unit of time) limits explicit steps for ever (dashed: 3.3 over the fastest rate). RODAS5P needs about 160 steps
for eleven decades of time.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Problem, solve
from mechanics.methods import RODAS5P, TSIT5


class Rates(NamedTuple):
    """Of the three reactions."""

    k1: float = 0.04
    k2: float = 3e7
    k3: float = 1e4


def robertson(t, y, p, dy):
    slow, fast, back = p.k1 * y[0], p.k2 * y[1] * y[1], p.k3 * y[1] * y[2]
    dy[0] = back - slow
    dy[1] = slow - back - fast
    dy[2] = fast


def fastest(y, p):
    J = np.array(
        [
            [-p.k1, p.k3 * y[2], p.k3 * y[1]],
            [p.k1, -p.k3 * y[2] - 2 * p.k2 * y[1], -p.k3 * y[1]],
            [0.0, 2 * p.k2 * y[1], 0.0],
        ]
    )
    return np.abs(np.linalg.eigvals(J)).max()


def main(out: Path) -> None:
    p, start = Rates(), [1.0, 0.0, 0.0]
    solution = solve(Problem(robertson, start, 0.0, 1e11, p), RODAS5P, rtol=1e-5, atol=1e-10, dense=True)
    explicit = solve(Problem(robertson, start, 0.0, 40.0, p), TSIT5, rtol=1e-5, atol=1e-10)
    print(f"RODAS5P to t = 1e11: {solution.stats.accepted} steps, {solution.stats.jacobians} Jacobians")
    print(f"TSIT5 to t = 40: {explicit.stats.accepted} steps")

    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    t = np.geomspace(1e-6, 1e11, 600)
    for y, factor, name in zip(solution(t).T, (1, 1e4, 1), ("A", r"$10^4$ B", "C"), strict=True):
        left.semilogx(t, factor * y, label=name)
    left.set(xlabel="time $t$", ylabel="concentration")
    left.legend(frameon=False)
    for run, name in ((solution, "RODAS5P"), (explicit, "TSIT5")):
        right.loglog(run.ts[1:-1], np.diff(run.ts)[:-1], ".-", ms=2, lw=0.8, label=name)
    right.loglog(t, [3.3 / fastest(y, p) for y in solution(t)], "k--", lw=1, label="limit of stability")
    right.set(xlabel="time $t$", ylabel="step length $dt$")
    right.legend(frameon=False, fontsize="small")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "stiff_robertson.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
