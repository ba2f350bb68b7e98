"""Chain models fitted to the three trainings of Figure 4: which follows them, and what each says of mu_eff/k.

    python benchmarks/fit_regimes.py [--runs FOLDER] [--seeds 10]

Trains the networks (some minutes) unless FOLDER holds them, as `mechanet network-figures trajectories --out FOLDER`
leaves them. Half of the seeds are fitted, the others foretold: the error is that of their mean.
"""

import argparse
import time
from itertools import product

import numpy as np

from mechanics.fit import ChainFit, fit_chain
from mechanics.fit.models import MODELS
from mechanics.threads import default_threads
from nets.experiments.fig4 import run_fig4
from nets.experiments.summary import fit_epochs


def main() -> None:
    """Print a table for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="out/network-figures/trajectories")
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    trained = run_fig4(asked.seeds, jobs=default_threads(), out=asked.runs)
    for name, runs in trained.items():
        keep = fit_epochs(runs[0].epochs)
        curves = np.stack([run.load_curves[keep] for run in runs])
        end = np.stack([run.output_load[keep] for run in runs])
        print(f"\n{name}: {len(runs)} seeds, {len(keep)} epochs")
        print("| model, pull | R^2 | rms | in seed spreads | held-out seeds | mu_eff/k | seconds |")
        print("|---|---|---|---|---|---|---|")
        for model, pull in product(MODELS, ("ramped", "measured")):
            fit, foretold, seconds = _row(model, pull, curves, end, runs[0].epochs[keep])
            print(
                f"| {model}, {pull} | {fit.r_squared:.3f} | {fit.rmse:.3f} | {fit.residual_in_seed_spread:.1f} | "
                f"{foretold:.3f} | {fit.mu_eff_over_k}"
                f"{'' if fit.converged else ', not settled'} | {seconds:.1f} |",
                flush=True,
            )


def _row(
    model: str, pull: str, curves: np.ndarray, end: np.ndarray, epochs: np.ndarray
) -> tuple[ChainFit, float, float]:
    """The fit to all seeds, and the root mean square error on the second half of the seeds of a fit to the first."""
    pulled = {"end": end} if pull == "measured" else {}
    start = time.process_time()
    fit = fit_chain(curves, epochs, model=model, pull=pull, **pulled)  # type: ignore[arg-type]
    seconds = time.process_time() - start
    half = len(curves) // 2
    some = {"end": end[:half]} if pull == "measured" else {}
    part = fit_chain(curves[:half], epochs, model=model, pull=pull, **some)  # type: ignore[arg-type]
    others = curves[half:].mean(axis=0)
    return fit, float(np.sqrt(np.mean((others[:, :1] - others - part.fitted)[:, 1:] ** 2))), seconds


if __name__ == "__main__":
    main()
