"""Ten thousand Lorenz systems from one small cloud: how forecasts spread.
=======================================================================

    x' = 10 (y - x),   y' = x (28 - z) - y,   z' = x y - 8/3 z

The members start within 1e-6 of each other. Their spread (left) grows like exp(0.906 t), with the largest Lyapunov
exponent (dashed), until it is that of the attractor; the distribution of x (right) forgets where it started. Variances
and histograms are gathered while the ensemble runs: no trajectory is kept.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import ensemble
from mechanics.reduce import Histogram, Variance
from mechanics.systems import LORENZ63

MEMBERS, SIZE = 10_000, 1e-6
LYAPUNOV = 0.9056  # Viswanath, PhD thesis, Cornell (1998)


def main(out: Path) -> None:
    start = np.array([-5.76, 2.27, 32.82])  # on the attractor
    cloud = start + SIZE * np.random.default_rng(1).standard_normal((MEMBERS, 3))
    times = np.linspace(0.0, 30.0, 241)
    reductions = Variance(), Histogram(-22, 22, bins=88)
    for call in ("first call", "second call"):
        result = ensemble(LORENZ63.problem(t1=30.0), y0=cloud, saveat=times, reduce=reductions, rtol=1e-8, atol=1e-8)
        s = result.stats
        print(
            f"{call}: {s.accepted:,} steps in {s.seconds:.1f} s, {s.compiled} compiled, {s.engine}, {s.threads} threads"
        )
    variance, counts = result.reduced

    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    spread = np.sqrt(variance.sum(axis=1))
    left.semilogy(times, spread)
    grown = times < 18
    left.semilogy(times[grown], spread[0] * np.exp(LYAPUNOV * times[grown]), "k--", lw=1, label=r"$e^{0.906\,t}$")
    left.set(xlabel="time $t$", ylabel="spread (standard deviation)")
    left.legend(frameon=False)
    density = counts[1:, :88, 0].T / MEMBERS / 0.5  # the last two rows count what lies outside
    picture = right.pcolormesh(times, np.linspace(-22, 22, 89), np.log10(np.maximum(density, 1e-4)), rasterized=True)
    fig.colorbar(picture, label=r"$\log_{10}$ density of $x$")
    right.set(xlabel="time $t$", ylabel="$x$")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "ensemble_lorenz.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
