"""The same call, another import: SciPy's solve_ivp beside ours.
==============================================================

    from scipy.integrate import solve_ivp   ->   from mechanics import solve_ivp

A plain Python right-hand side of Arenstorf's orbit, with an event at each crossing of y = 0, at growing accuracy.
`compile=True` compiles the function too. Left: the orbit and the crossings; right: the best wall time of four calls.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import scipy.integrate

import mechanics
from mechanics.systems import ARENSTORF

MU = 0.012277471
TOLERANCES = 10.0 ** -np.linspace(3, 12, 6)


def restricted(t, y):
    left, right = y[0] + MU, y[0] - 1.0 + MU
    a = (1.0 - MU) / (left**2 + y[1] ** 2) ** 1.5
    b = MU / (right**2 + y[1] ** 2) ** 1.5
    return [
        y[2],
        y[3],
        y[0] + 2.0 * y[3] - a * left - b * right,
        y[1] - 2.0 * y[2] - (a + b) * y[1],
    ]


def crossing(t, y):
    return y[1]


SOLVERS = {
    "SciPy": (scipy.integrate.solve_ivp, {}),
    "mechanics": (mechanics.solve_ivp, {}),
    "mechanics, compiled": (mechanics.solve_ivp, {"compile": True}),
}


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for (name, (solver, more)), colour in zip(SOLVERS.items(), ("k", "tab:blue", "tab:red"), strict=True):
        seconds, errors = [], []
        for tol in TOLERANCES:
            took = np.inf
            for _ in range(4):  # the first call may compile
                begun = time.perf_counter()
                orbit = solver(
                    restricted, (0.0, ARENSTORF.t1), ARENSTORF.y0, "DOP853", events=crossing, rtol=tol, atol=tol, **more
                )
                took = min(took, time.perf_counter() - begun)
            seconds.append(took)
            errors.append(np.abs(orbit.y[:, -1] - ARENSTORF.final).max())
        right.loglog(errors, seconds, "o-", ms=3, color=colour, label=name)
        crossings = len(orbit.t_events[0])
        print(f"{name}: {seconds[-1]:.2g} s at {errors[-1]:.0e}, {orbit.nfev} evaluations, {crossings} crossings")
    left.plot(*orbit.y[:2], lw=1)
    left.plot(orbit.y_events[0][:, 0], orbit.y_events[0][:, 1], ".", color="tab:red")
    left.set(xlabel="$x$", ylabel="$y$", aspect="equal")
    right.set(xlabel="error at $t_1$", ylabel="wall time (s)")
    right.invert_xaxis()
    right.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "replace_scipy.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
