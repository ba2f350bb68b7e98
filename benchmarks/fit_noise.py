"""How well `refine_chain` recovers a simulated chain: bias before and after, how often 95 % intervals hold the truth.

Load curves of (5)-(6) with dt = 0.01, D_0 .. D_7 of 7 blocks (the end is hidden), five histories a trial, epochs spaced
by their logarithm up to t = 30. The last two cases are there to be called unidentified.
Run: python benchmarks/fit_noise.py [--trials 200] [--members 500] [--record FILE]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from fit_recovery import EPOCHS, load_curves
from mechanics.fit import fit_chain, refine_chain

CASES = {  # mu_right, mu_left, s
    "s = .03": (0.10, 0.05, 0.03),
    "s = .1": (0.10, 0.05, 0.10),
    "s = .15": (0.05, 0.15, 0.15),
    "lazy, s = .01": (0.10, 0.10, 0.01),
    "linear, s = .3": (0.02, 0.02, 0.30),
}
FEW = ("lazy, s = .01", "linear, s = .3")  # a tenth of the trials
NAMES = ("Y", "k", "mu_right", "mu_left", "eps_bar", "mu_eff_over_k")
HISTORIES, DT, DATA_SEED = 5, 0.01, 7
USED = EPOCHS <= 30


def truth_of(case):
    mu_right, mu_left, s = CASES[case]
    bend = (mu_right - mu_left) / 2
    return dict(zip(NAMES, (1.0, 1.0, mu_right, mu_left, s, bend), strict=True))


def trial(case, i, members):
    """One trial as a record."""
    chain = CASES[case]
    curves = load_curves(HISTORIES, DATA_SEED + 1000 * (i + 1), *chain, dt=DT)[:, USED]
    began = time.process_time()
    fit = fit_chain(curves, EPOCHS[USED], pull="fixed")
    middle = time.process_time()
    refined = refine_chain(fit, curves, EPOCHS[USED], dt=DT, members=members, seed=i, threads=1)
    return {
        "case": case,
        "trial": i,
        "before": refined.started_from,
        "p": refined.p_value,
        "path_p": refined.path_p_value,
        "converged": refined.converged,
        "seconds": [middle - began, time.process_time() - middle],
    } | {name: refined.to_dict()[name] for name in NAMES}


def table(records):
    """Markdown: one row for each case and quantity."""
    rows = [
        "| case | quantity | truth | before | after | sd over trials | mean stated error | inside 95 % | identified |"
    ]
    rows += ["|---|---|---|---|---|---|---|---|---|"]
    for case in CASES:
        mine = [r for r in records if r["case"] == case]
        for name, true in truth_of(case).items() if mine else ():
            values = np.array([r[name]["value"] for r in mine])
            errors = np.array([np.nan if r[name]["stderr"] is None else r[name]["stderr"] for r in mine])
            spread = values.std(ddof=1) if len(mine) > 1 else np.nan
            before = np.array([r["before"][name] for r in mine])
            ends = [[np.inf * sign if e is None else e for e, sign in zip(r[name]["interval"], (-1, 1), strict=True)]
                    for r in mine]  # fmt: skip
            inside = sum(low <= true <= high for low, high in ends)
            known = sum(r[name]["identified"] for r in mine)
            error = f"{np.nanmedian(errors):.4f}" if np.isfinite(errors).any() else "open"
            rows.append(
                f"| {case} | {name} | {true:.4g} | {before.mean():.4f} | {values.mean():.4f} +- "
                f"{spread / np.sqrt(len(mine)):.4f} | {spread:.4f} | {error} | "
                f"{inside} of {len(mine)} | {known} |"
            )
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--record", type=Path, help="file of finished trials, one JSON object a line; continued")
    args = parser.parse_args()
    records = []
    if args.record and args.record.exists():
        records = [json.loads(line) for line in args.record.read_text().splitlines()]
    done = {(r["case"], r["trial"]) for r in records}
    for i in range(args.trials):
        for case in CASES:
            if (case, i) in done or (case in FEW and i % 10):
                continue
            records.append(trial(case, i, args.members))
            if args.record:
                with args.record.open("a") as file:
                    file.write(json.dumps(records[-1]) + "\n")
    print(table(records))
    for case in CASES:
        mine = [r for r in records if r["case"] == case]
        if mine:
            seconds = np.median([r["seconds"] for r in mine], axis=0)
            print(
                f"\n{case}: {len(mine)} trials, {sum(r['p'] < 0.05 for r in mine)} with p < .05, "
                f"{sum(r['path_p'] < 0.05 for r in mine)} with path p < .05, "
                f"{sum(r['converged'] for r in mine)} settled, {seconds[0]:.1f} + {seconds[1]:.1f} s of processor time"
            )


if __name__ == "__main__":
    main()
