"""Response of a hardening oscillator: one ensemble scans the frequency, from two starts.
=======================================================================================

    x'' + delta x' + x + x^3 = gamma cos(omega t)

Where the resonance curve bends over, two amplitudes are stable, and the start decides. Each point is one member with
its own omega; its amplitude, the largest x after the transient, is reduced while it runs. Dashed: harmonic balance,
((1 - omega^2 + 3/4 A^2)^2 + (delta omega)^2) A^2 = gamma^2, whose middle branch is unstable.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import ensemble
from mechanics.reduce import Custom
from mechanics.systems import DUFFING

DELTA, GAMMA = 0.1, 0.3
STARTS = {"from rest": ([0.0, 0.0], "tab:blue"), "from $x=2$": ([2.0, 0.0], "tab:red")}


def largest(t, y, kept):
    kept[0, 0] = max(kept[0, 0], abs(y[0]))


def harmonic_balance(amplitude: np.ndarray) -> np.ndarray:
    """The two frequencies (2, k) at which each amplitude is in balance; NaN where there are none."""
    stiffness = 1 + 0.75 * amplitude**2
    half = stiffness - DELTA**2 / 2
    with np.errstate(invalid="ignore"):
        root = np.sqrt(half**2 - stiffness**2 + (GAMMA / amplitude) ** 2)
        return np.sqrt([half - root, half + root])


def main(out: Path) -> None:
    omega = np.linspace(0.5, 2.8, 1500)
    base = DUFFING.p._replace(delta=DELTA, alpha=1.0, beta=1.0, gamma=GAMMA)
    problem = DUFFING.problem(p=base, t1=250.0)
    times = np.linspace(225.0, 250.0, 501)  # at least two periods after the transient exp(-delta t / 2)

    fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, (y0, colour) in STARTS.items():
        start = np.tile(y0, (len(omega), 1))
        scan = ensemble(problem, y0=start, p=base._replace(omega=omega), saveat=times, reduce=Custom(largest))
        ax.plot(omega, scan.reduced[0][:, 0, 0], ".", ms=3, color=colour, label=name)
        print(f"{name}: {scan.stats.accepted:,} steps of {len(scan)} oscillators in {scan.stats.seconds:.1f} s")
    amplitude = np.linspace(0.05, 3, 4000)
    for i, branch in enumerate(harmonic_balance(amplitude)):
        ax.plot(branch, amplitude, "k--", lw=0.8, label=None if i else "harmonic balance")
    ax.set(xlabel=r"frequency $\omega$", ylabel="amplitude of $x$", xlim=(0.5, 2.8))
    ax.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "scan_duffing.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
