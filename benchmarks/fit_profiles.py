"""How often linearised, profile and bootstrap intervals of `fit_chain` hold the truth, side by side.

Histories are those of `fit_recovery`: 7 blocks, end hidden, k = 1, target 1. "concave" determines every parameter;
"noisy" (friction 0.12 and 0.06 under noise 0.3, fixed pull) does not tell friction from noise. The profile holds the
truth where its rise there is below the threshold, which takes one refit in place of a whole profile.

Run: python benchmarks/fit_profiles.py [--cases concave noisy] [--trials 100] [--seeds 10] [--draws 40]
"""

import argparse
import time

import numpy as np

from fit_recovery import BLOCKS, EPOCHS, overdamped, truth
from mechanics.fit import fit_chain
from mechanics.fit.chain_names import is_factor, unit
from mechanics.fit.chain_objective import ChainObjective

CASES = {"concave": (0.10, 0.05, 0.10), "noisy": (0.12, 0.06, 0.30)}


def rejected(fit, name, value):
    """Whether the profile of one parameter has passed its 95 % threshold at a value."""
    objective = ChainObjective(fit.source, friction=name == "mean_friction_over_k")
    i, model = objective.names.index(name), fit.source.found.model
    z = objective.best.copy()
    z[i] = np.log(value / unit(model, i)) if is_factor(model, i) else value / unit(model, i)
    return objective.refit(z, (i,))[1] > objective.threshold(0.95)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--draws", type=int, default=40, help="of each bootstrap; 0 for none")
    args = parser.parse_args()
    print(f"{args.trials} trials of {args.seeds} histories, bootstraps of {args.draws} draws")
    print("| case | quantity | truth | inside: linearised | profile | bootstrap | identified |")
    print("|---|---|---|---|---|---|---|")
    for case in args.cases:
        mu_right, mu_left, s = CASES[case]
        true = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, s)
        loads = overdamped(args.trials * args.seeds, 7, EPOCHS, 0.01, mu_right, mu_left, s)
        rows, began = {name: [] for name in true}, time.process_time()
        for trial in loads.reshape(args.trials, args.seeds, len(EPOCHS), BLOCKS + 1):
            fit = fit_chain(trial if args.seeds > 1 else trial[0], EPOCHS, pull="fixed")
            drawn = fit.bootstrap(args.draws).intervals if args.draws else {}
            for name, value in true.items():
                estimate = getattr(fit, name)
                low, high = drawn.get(name, (np.nan, np.nan))
                linear = estimate.interval[0] <= value <= estimate.interval[1]
                rows[name].append([linear, not rejected(fit, name, value), low <= value <= high, estimate.identified])
        for name, value in true.items():
            linear, profile, bootstrap, known = np.sum(rows[name], axis=0)
            last = bootstrap if args.draws else "-"
            print(f"| {case} | {name} | {value:.4g} | {linear} | {profile} | {last} | {known} |", flush=True)
        print(f"{case}: {(time.process_time() - began) / args.trials:.2f} s of processor time a trial", flush=True)


if __name__ == "__main__":
    main()
