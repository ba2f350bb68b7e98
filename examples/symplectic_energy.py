"""What fixed steps do to the energy: symplectic methods oscillate, others drift.
===============================================================================

    q1'' = -q1 - 2 q1 q2,   q2'' = -q2 - q1^2 + q2^2,   H = (v^2 + q^2) / 2 + q1^2 q2 - q2^3 / 3

Henon and Heiles over 10,000 time units; each method with an explicit step evaluates the force about 20 to 30 times a
time unit. The largest error so far: that of the symplectic methods (lines) stays where it is after a few hundred turns,
at a height that depends on the order; RK4 and DOP853 (dashed) lose energy in proportion to time.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import solve
from mechanics.methods import DOP853, GAUSS4, KAHAN_LI8, RK4, VERLET, YOSHIDA4
from mechanics.systems import HENON_HEILES

END, EVERY = 10_000.0, 0.6
CURVES = (
    (VERLET, 0.05, "tab:blue", "-"),
    (YOSHIDA4, 0.15, "tab:cyan", "-"),
    (GAUSS4, 0.3, "tab:green", "-"),
    (KAHAN_LI8, 0.6, "tab:purple", "-"),
    (RK4, 0.2, "tab:red", "--"),
    (DOP853, 0.6, "tab:orange", "--"),
)


def energy(ys):
    q1, q2, v1, v2 = ys.T
    return (q1**2 + q2**2 + v1**2 + v2**2) / 2 + q1**2 * q2 - q2**3 / 3


def main(out: Path) -> None:
    problem = HENON_HEILES.problem(t1=END)
    times = EVERY * np.arange(1, round(END / EVERY))  # on the grid of every method: nothing is interpolated
    fig, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for method, dt, colour, style in CURVES:
        solution = solve(problem, method, dt=dt, saveat=times)
        error = np.abs(energy(solution.ys) / energy(problem.y0[None]) - 1.0)
        so_far = np.maximum.accumulate(error)
        half = so_far[len(so_far) // 2]
        print(f"{method!s:10} dt = {dt}: {half:.1e} by half time, {so_far[-1]:.1e} at the end")
        ax.loglog(times, so_far, style, color=colour, label=f"{method}, $\\Delta t={dt}$")
    ax.set(xlabel="time $t$", ylabel="largest relative energy error up to $t$")
    ax.legend(frameon=False, fontsize="small", ncols=2)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "symplectic_energy.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
