"""A spectrum with error bars, its convergence, covariant angles, and exponents over a parameter.
================================================================================================

    x' = 10 (y - x),  y' = r x - y - x z,  z' = x y - 8/3 z

From left to right: running means of the three exponents at r = 28 with bands of two standard errors; the angle
between the most unstable and the most stable covariant direction along the orbit; and the largest exponent over r,
where chaos begins near 24.06 and windows of order interrupt it. The verdicts are printed.
"""

import argparse
import dataclasses
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.lyapunov import exponent_scan, lyapunov_spectrum
from mechanics.plots import plot_convergence
from mechanics.systems import LORENZ63


def main(out: Path) -> None:
    problem = dataclasses.replace(LORENZ63.problem(), t1=1.0)
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")

    spectrum = lyapunov_spectrum(problem, dt=0.005, total=2000.0, transient=50.0)
    print(spectrum)
    plot_convergence(spectrum, left)

    vectors = spectrum.covariant(200.0)
    print(f"covariance defect {vectors.defect:.1e}")
    middle.hist(np.degrees(vectors.angles(0, 2)), 60, range=(0, 90), density=True, color="tab:blue")
    middle.set(xlabel="angle, unstable to stable direction (degrees)", ylabel="density")

    values = np.linspace(20.0, 180.0, 161)
    records = [problem.p._replace(rho=r) for r in values]
    scan = exponent_scan(problem, records, k=1, dt=0.004, total=150.0, transient=40.0)
    right.axhline(0.0, color="k", ls="--", lw=1)
    right.errorbar(values, scan.exponents[:, 0], 2 * scan.stderr[:, 0], fmt=".", ms=3, lw=0.8)
    right.set(xlabel="$r$", ylabel=r"largest exponent $\lambda_1$")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "lyapunov_lorenz.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
