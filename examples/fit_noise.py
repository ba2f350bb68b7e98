"""Friction and noise of a chain, absolute: refine a mean-field fit by simulated fluctuations.
==============================================================================================

    mean path and fluctuations  ->  k, mu_right, mu_left, eps_bar    (simulated moments)
    fluctuations at rest alone  ->  m k and dt q, no more

Left: statistics of ten short histories against those of the refined chain. Right: variances of the modes of a chain at
rest, which fall as 1/lambda_j; the bend of the dashed line is the spring chain's own.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain
from mechanics.fit import fit_chain, fit_fluctuations, refine_chain

DT = 0.01
CHAIN = SpringChain(blocks=7, mu_right=0.10, mu_left=0.05, eps_bar=0.1)


def histories() -> tuple[np.ndarray, np.ndarray]:
    """Epochs (m,) and load curves (10, m, 8) without the pulled end, as a network shows them."""
    run = CHAIN.simulate(3000, DT, seed=1, members=10, save_every=10)
    rows = np.unique(np.round(np.geomspace(1, len(run.ts), 40)).astype(int)) - 1
    return run.ts[rows], run.load_curve[:, rows, :-1]


def main() -> None:
    """Fit, refine, print both verdicts, draw the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    epochs, loads = histories()
    rough = fit_chain(loads, epochs, pull="fixed")
    fine = refine_chain(rough, loads, epochs, dt=DT, members=1000)
    print(fine.verdict)
    rest = CHAIN.simulate(60_000, DT, seed=2, save_every=100, x0=CHAIN.mean_field().equilibrium())
    still = fit_fluctuations(rest.x[..., 1:-1], rest.ts, dt=DT, k=rough.k, end=1.0)
    print(still.verdict)
    print("true: k = 1, mu_right = 0.1, mu_left = 0.05, eps_bar = 0.1")

    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.8), layout="constrained")
    fine.plot(left)
    still.plot(right)
    fig.savefig(out / "fit_noise.png", dpi=150)


if __name__ == "__main__":
    main()
