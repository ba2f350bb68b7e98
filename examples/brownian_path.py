"""One Brownian path at every resolution, and a solve that follows it.
======================================================================

    dy = mu y dt + sigma y dW,    y(t) = y0 exp((mu - sigma^2 / 2) t + sigma W(t))

Left: the path asked for on finer and finer grids; what was known stays. Right: the largest error of two methods on this
path against the exact solution, as the step is shortened; dotted, the slopes 1/2 and 3/2.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import solve
from mechanics.methods import EULER_MARUYAMA, SRI1W1
from mechanics.noise import BrownianPath
from mechanics.systems.stochastic import GEOMETRIC_BROWNIAN as GBM


def main(out: Path) -> None:
    path = BrownianPath(0.0, 1.0, seed=3)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for count, style in ((4096, "0.8"), (64, "tab:blue"), (8, "tab:red")):
        t = np.linspace(0.0, 1.0, count + 1)
        left.plot(t, path(t)[:, 0], color=style, lw=0.7 if count > 100 else 1.2, label=f"{count} steps")
    left.set(xlabel="time $t$", ylabel="$W(t)$")
    left.legend(frameon=False)

    problem, steps = GBM.problem(), 2 ** np.arange(3, 13)
    for method, slope in ((EULER_MARUYAMA, 0.5), (SRI1W1, 1.5)):
        errors = []
        for n in steps:
            run = solve(problem, method, dt=1.0 / n, path=path)
            exact = np.exp((GBM.p.mu - 0.5 * GBM.p.sigma**2) * run.ts + GBM.p.sigma * path(run.ts)[:, 0])
            errors.append(np.abs(run.ys[:, 0] - exact).max())
        (line,) = right.loglog(1 / steps, errors, "o-", ms=3, label=str(method))
        right.loglog(1 / steps, errors[0] * (steps[0] / steps) ** slope, ":", color=line.get_color(), lw=1)
        print(f"{method}: {errors[0]:.1e} with {steps[0]} steps, {errors[-1]:.1e} with {steps[-1]}")
    right.set(xlabel="step $dt$", ylabel="largest error on this path")
    right.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "brownian_path.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
