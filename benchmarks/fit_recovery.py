"""How well `fit_chain` recovers a simulated chain: errors, and how often the 95 % intervals hold the truth.

Load curves of (5)-(6) with dt = 0.01, D_0 .. D_7 of 7 blocks (the end is hidden), 40 epochs spaced by their logarithm
up to t = 60. Run: python benchmarks/fit_recovery.py [--trials 100] [--seeds 10]
"""

import argparse
import time

import numpy as np

from mechanics.fit import fit_chain

CASES = {"concave": (0.10, 0.05, 0.10), "straight": (0.10, 0.10, 0.10), "convex": (0.05, 0.15, 0.15)}
EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]


def simulate(members, seed, mu_right, mu_left, s, k=1.0, dt=0.01, blocks=7):
    """Load curves D_0 .. D_blocks (members, epochs, blocks + 1) of equation (5), target 1."""
    rng = np.random.default_rng(seed)
    x = np.zeros((members, blocks + 2))
    x[:, -1] = 1.0
    saved = np.round(EPOCHS / dt).astype(int)
    out = []
    for step in range(saved[-1] + 1):
        if step in saved:
            out.append(1.0 - x[:, :-1])
        z = k * (x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]) + s * rng.standard_normal((members, blocks))
        x[:, 1:-1] += dt * (z - np.clip(z, -mu_left, mu_right))
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
        curves = simulate(args.trials * args.seeds, 7, mu_right, mu_left, s)
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
