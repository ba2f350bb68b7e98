"""A particle in a double well: three methods, one force a step, and how wrong their averages are.
=================================================================================================

    dq = v dt,   m dv = (q - q^3) dt - gamma m v dt + sqrt(2 gamma m kT) dW

Left: density of positions at a coarse step beside exp(-U/kT) (dashed). Right: error of <q^2> against the step. BAOAB's
averages of positions are best by far, for the same one force a step.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import Langevin, ensemble
from mechanics.methods import BAOAB, BBK, OBABO

KT, MEMBERS, T1 = 0.3, 4096, 200.0
STEPS = (0.25, 0.3, 0.4, 0.5)


def force(t, q, p, out):
    out[0] = q[0] - q[0] ** 3


def gibbs() -> tuple[np.ndarray, np.ndarray]:
    q = np.linspace(-2.5, 2.5, 2001)
    density = np.exp((q**2 / 2 - q**4 / 4) / KT)
    return q, density / np.trapezoid(density, q)


def positions(method, dt: float) -> np.ndarray:
    """Positions of all members at the later times, from random wells."""
    problem = Langevin(force, [1.0], [0.0], gamma=1.0, temperature=KT, t1=dt * round(T1 / dt))
    y0 = np.column_stack([np.where(np.arange(MEMBERS) % 2, 1.0, -1.0), np.zeros(MEMBERS)])
    times = dt * np.round(np.linspace(T1 / 4, T1, 60) / dt)
    return ensemble(problem, method, dt=dt, y0=y0, seed=1, saveat=times).ys[:, :, 0]


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    q, density = gibbs()
    exact = np.trapezoid(q**2 * density, q)
    for method, colour in ((BAOAB, "tab:blue"), (OBABO, "tab:orange"), (BBK, "tab:green")):
        errors, bars = [], []
        for dt in STEPS:
            x = positions(method, dt)
            members = np.mean(x**2, axis=1)
            errors.append(abs(members.mean() - exact))
            bars.append(members.std() / np.sqrt(MEMBERS))
            if dt == STEPS[-1]:
                left.hist(
                    x.ravel(), 90, range=(-2.2, 2.2), density=True, histtype="step", color=colour, label=str(method)
                )
        right.errorbar(STEPS, errors, bars, fmt="o-", ms=4, color=colour, label=str(method))
    left.plot(q, density, "k--", lw=1, label=r"$e^{-U/kT}$")
    left.set(xlabel="$q$", ylabel="density", xlim=(-2.2, 2.2))
    left.legend(frameon=False, fontsize="small", title=f"dt = {STEPS[-1]}")
    right.set(xlabel="step dt", ylabel=r"error of $\langle q^2 \rangle$", xscale="log", yscale="log", ylim=(5e-4, 5e-2))
    right.set_xticks(STEPS, [str(dt) for dt in STEPS], minor=False)
    right.minorticks_off()
    right.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "langevin_double_well.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
