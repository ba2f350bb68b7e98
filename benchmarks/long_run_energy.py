"""Rounding over a hundred million steps: the energy error of many members should grow as the square root of time.

    PYTHONPATH=src python benchmarks/long_run_energy.py [--steps 100000000] [--out docs/images/energy_long.png]

Henon and Heiles, regular orbits, steps so short that rounding is all there is. Members go side by side in vector lanes;
what is drawn is the root mean square of their relative energy errors, computed in extended precision from states on the
grid of the steps. With KAHAN_LI8 as it is shipped (compensated sums) it takes one to two minutes; the same word with
plain sums, GAUSS16, and VERN9 run a tenth of the steps or less. With a step of 0.4
in place of 0.375 the energy of GAUSS16 drifts by 2e-19 a step.
"""

import argparse
import time
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from harness import drifts
from mechanics import Problem, ensemble
from mechanics.methods import GAUSS16, KAHAN_LI8, VERN9

START = np.array([0.0, 0.06, 0.3, 0.0])


def starts(members):
    return START + 0.05 * np.random.default_rng(3).normal(size=(members, 4))


def energy(ys):
    a, b, u, v = np.moveaxis(np.asarray(ys, np.longdouble), -1, 0)
    return (a * a + b * b + u * u + v * v) / 2 + a * a * b - b**3 / 3


def errors(method, dt, steps, members):
    """Step counts, mean and root mean square of the relative energy error, seconds a step and member."""
    at = np.unique(np.round(np.geomspace(1e3, steps, 4 * int(np.log10(steps) - 3) + 1)).astype(np.int64))
    y0, times = starts(members), dt * at
    problem = Problem(drifts.henon_heiles, START, 0.0, float(times[-1]))
    ensemble(replace(problem, t1=float(times[0])), method, y0=y0, dt=dt, saveat=times[:1])  # compiles
    begun = time.process_time()
    run = ensemble(problem, method, y0=y0, dt=dt, saveat=times)
    seconds = time.process_time() - begun
    error = (energy(run.ys) / energy(y0)[:, None] - 1.0).astype(float)
    return at, error.mean(axis=0), np.sqrt(np.mean(error**2, axis=0)), seconds / (steps * members)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000_000)
    parser.add_argument("--out")
    options = parser.parse_args()
    n = options.steps
    plain = replace(KAHAN_LI8, name="KAHAN_LI8, plain sums", data=replace(KAHAN_LI8.data, compensated=False))
    cases = (
        (KAHAN_LI8, 0.02, n, 16),
        (plain, 0.02, n // 10, 16),
        (GAUSS16, 0.375, n // 50, 32),
        (VERN9, 0.1, n // 50, 32),
    )
    fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    print("| method | dt | steps | members | ns a step | rms | mean / its error | growth |")
    print("|---|---|---|---|---|---|---|---|")
    for method, dt, steps, members in cases:
        at, mean, rms, cost = errors(method, dt, steps, members)
        late = at >= at[-1] / 300
        growth = np.polyfit(np.log(at[late]), np.log(rms[late]), 1)[0]
        doubt = mean[-1] / np.sqrt((rms[-1] ** 2 - mean[-1] ** 2) / members)
        print(
            f"| {method} | {dt} | {steps:.0e} | {members} | {1e9 * cost:.1f} | {rms[-1]:.1e} | {doubt:.1f} | "
            f"steps^{growth:.2f} |",
            flush=True,
        )
        ax.loglog(at, rms, ".-", label=f"{method}, dt = {dt}")
        if method is KAHAN_LI8:
            law = np.exp(np.mean(np.log(rms / np.sqrt(at))))
            ax.loglog(at, law * np.sqrt(at), "k--", lw=1, label=f"{law:.1e} steps$^{{1/2}}$")
    ax.set(xlabel="steps", ylabel="energy error, root mean square of members")
    ax.legend(frameon=False, fontsize="small")
    if options.out:
        fig.savefig(options.out, dpi=150)


if __name__ == "__main__":
    main()
