"""How well `fit_chain` recovers a simulated chain: errors, and how often the 95 % intervals hold the truth.

Load curves of (5)-(6) with dt = 0.01, D_0 .. D_7 of 7 blocks (the end is hidden), 40 epochs spaced by their logarithm
up to t = 60. Run: python benchmarks/fit_recovery.py [--trials 100] [--seeds 10]
"""

import argparse
import time

import numpy as np

from mechanics.chain import SpringChain, proceed
from mechanics.fit import fit_chain

CASES = {"concave": (0.10, 0.05, 0.10), "straight": (0.10, 0.10, 0.10), "convex": (0.05, 0.15, 0.15)}
EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]


def load_curves(members, seed, mu_right, mu_left, s, dt=0.01):
    """D_0 .. D_7 (members, epochs, 8) of simulated chains, target 1; the end itself is left out."""
    chain = SpringChain(blocks=7, mu_right=mu_right, mu_left=mu_left, eps_bar=s)
    run = chain.simulate(0, dt, seed=seed, members=members)
    out = [run.load_curve[:, -1, :-1]]
    for steps in np.diff(np.round(EPOCHS / dt).astype(int)):
        run = proceed(run, int(steps))
        out.append(run.load_curve[:, -1, :-1])
    return np.stack(out, axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10, help="histories in a fit; 1 tests the approximate intervals")
    parser.add_argument("--pull", default="fixed")
    args = parser.parse_args()
    print(f"{args.trials} trials of {args.seeds} histories; pull {args.pull}")
    print("| case | quantity | truth | mean | sd over trials | mean stated error | inside 95 % | identified |")
    print("|---|---|---|---|---|---|---|---|")
    seconds = []
    for case, (mu_right, mu_left, s) in CASES.items():
        truth = {
            "Y": 1.0,
            "mu_eff_over_k": (mu_right - mu_left) / 2,
            "k": 1.0,
            "mean_friction_over_k": (mu_right + mu_left) / 2,
            "noise_over_k": s,
        }
        curves = load_curves(args.trials * args.seeds, 7, mu_right, mu_left, s)
        curves = curves.reshape(args.trials, args.seeds, *curves.shape[1:])
        fits = []
        for trial in curves:
            began = time.process_time()
            fits.append(fit_chain(trial, EPOCHS, pull=args.pull))
            seconds.append(time.process_time() - began)
        for name, true in truth.items():
            found = [getattr(fit, name) for fit in fits]
            values = np.array([e.value for e in found])
            errors = np.median([e.stderr for e in found])
            inside = sum(e.interval[0] <= true <= e.interval[1] for e in found)
            known = sum(e.identified for e in found)
            print(
                f"| {case} | {name} | {true:.4g} | {values.mean():.4f} | {values.std(ddof=1):.4f} | {errors:.4f} "
                f"| {inside} of {len(fits)} | {known} |"
            )
    print(f"\n{np.median(seconds):.2f} s of processor time a fit (median)")


if __name__ == "__main__":
    main()
