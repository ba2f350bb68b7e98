"""How well `refine_chain` recovers a simulated chain: bias before and after, how often 95 % intervals hold the truth.

Load curves of (5)-(6) with dt = 0.01, D_0 .. D_7 of 7 blocks (the end is hidden), five histories a trial, epochs spaced
by their logarithm up to t = 30. The last two cases are there to be called unidentified. With --known instead the
linear estimate on the same data where weights, sensitivity and mean are those of the true chain, from 1200 groups. With
--fluctuations instead `fit_fluctuations` on chains at rest: eight histories at 50 times, k known to 1 %.
Run: python benchmarks/fit_noise.py [--cases "s = .03" "s = .15"] [--trials 200] [--members 250] [--record FILE]
     [--method synthetic_likelihood] [--known] [--fluctuations]
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from fit_recovery import EPOCHS, overdamped
from mechanics.chain import SpringChain
from mechanics.fit import Estimate, fit_chain, fit_fluctuations, refine_chain
from mechanics.fit.noise_chain import NoiseChain
from mechanics.fit.noise_data import Histories
from mechanics.fit.noise_statistics import statistics_of

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


def data_of(case, i):
    """Load curves of one trial; each case has noise of its own, as trials that share it are one trial."""
    return overdamped(HISTORIES, (DATA_SEED, list(CASES).index(case), i), EPOCHS[USED], DT, *CASES[case])


def trial(case, i, members, method):
    """One trial as a record."""
    curves = data_of(case, i)
    began = time.process_time()
    fit = fit_chain(curves, EPOCHS[USED], pull="fixed")
    middle = time.process_time()
    refined = refine_chain(fit, curves, EPOCHS[USED], dt=DT, members=members, seed=i, method=method, threads=1)
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
        "| case | quantity | truth | before | after | sd over trials | median stated error | inside 95 % | identified |"
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


def known(case, trials, groups=1200):
    """Errors over stated errors of an estimate for which nothing but the data is uncertain, shape (trials, 6)."""
    mu_right, mu_left, s = CASES[case]
    curves = np.array([data_of(case, i) for i in range(trials)])
    fit = fit_chain(curves[0], EPOCHS[USED], pull="fixed")
    data = replace(Histories.of(fit, curves[0], EPOCHS[USED], None), scale=1.0)
    chain = NoiseChain(data, DT, "overdamped", 1.0, 31337, 1)
    true = np.array([1.0, mu_right, mu_left, 0.0, np.log(s)])
    moments = statistics_of(data, chain, true, 400, first=2 * groups)
    simulated = moments.of(chain.simulate(true, groups))
    W = np.linalg.inv(np.cov(simulated, rowvar=False))
    sides = [[moments.of(chain.simulate(true + sign * one, groups // 2)).mean(axis=0) for sign in (1, -1)]
             for one in np.diag(chain.widths(true))]  # fmt: skip
    J = np.stack([up - down for up, down in sides], axis=1) / (2 * chain.widths(true))
    units = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, mu_right, 0], [0, 0, 1, mu_left, 0],
                      [0, 0, 0, s, s], [0, 0.5, -0.5, 0, 0]])  # fmt: skip
    A = units @ np.linalg.solve(J.T @ W @ J, J.T @ W)
    errors = np.sqrt(np.einsum("iq,qr,ir->i", A, np.cov(simulated, rowvar=False), A))
    measured = moments.of(curves[..., :1] - curves[..., 1:])
    return (measured - simulated.mean(axis=0)) @ A.T / errors


def fluctuations(trials):
    """Markdown table of `fit_fluctuations` at rest."""
    print("| case | quantity | truth | mean | sd over trials | mean stated error | inside 95 % | identified |")
    print("|---|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    for case in ("s = .1", "s = .15", "linear, s = .3"):
        mu_right, mu_left, s = CASES[case]
        chain = SpringChain(blocks=7, mu_right=mu_right, mu_left=mu_left, eps_bar=s)
        rest = chain.mean_field().equilibrium()
        run = chain.simulate(7000, DT, seed=11, members=8 * trials, save_every=100, x0=rest)
        x = run.x[:, -50:, 1:-1].reshape(trials, 8, 50, 7)
        mobility = float(chain.mean_field().relaxation_rates()[0] / (4 * np.sin(np.pi / 16) ** 2))
        truth = {"rate": mobility, "mobility": mobility, "mu_right": mu_right, "mu_left": mu_left, "eps_bar": s}
        fits = []
        for one in x:
            k = np.exp(0.01 * rng.standard_normal())  # measured with an error of 1 %
            known = Estimate(k, 0.01 * k, (0.98 * k, 1.02 * k), True)
            fits.append(fit_fluctuations(one, run.ts[-50:], dt=DT, k=known, end=1.0))
        for name, true in truth.items():
            found = [getattr(fit, name) for fit in fits]
            values, errors = (np.array([getattr(e, part) for e in found]) for part in ("value", "stderr"))
            known = np.isfinite(errors)
            inside = sum(e.interval[0] <= true <= e.interval[1] for e in found)
            numbers = "open | open | open"
            if known.sum() > 1:
                numbers = f"{values[known].mean():.4f} | {values[known].std(ddof=1):.4f} | {errors[known].mean():.4f}"
            print(
                f"| {case} | {name} | {true:.4g} | {numbers} | {inside} of {trials} | "
                f"{sum(e.identified for e in found)} |"
            )
        print(f"\n{case}: {sum(fit.p_value < 0.05 for fit in fits)} of {trials} with p < .05\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--members", type=int, default=250)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--method", choices=("indirect_inference", "synthetic_likelihood"), default="indirect_inference"
    )
    parser.add_argument("--record", type=Path, help="file of finished trials, one JSON object a line; continued")
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--fluctuations", action="store_true")
    args = parser.parse_args()
    if args.known:
        for case in args.cases:
            z = known(case, args.trials)
            print(f"\n{case}: {args.trials} data sets\n")
            print("| quantity | sd of error over stated error | inside 95 % |\n|---|---|---|")
            for name, column in zip(NAMES, z.T, strict=True):
                print(f"| {name} | {column.std(ddof=1):.2f} | {(np.abs(column) < 1.96).mean():.3f} |")
        return
    if args.fluctuations:
        fluctuations(args.trials)
        return
    records = []
    if args.record and args.record.exists():
        records = [json.loads(line) for line in args.record.read_text().splitlines()]
    done = {(r["case"], r["trial"]) for r in records}
    for i in range(args.trials):
        for case in args.cases:
            if (case, i) in done or (case in FEW and i % 10):
                continue
            records.append(trial(case, i, args.members, args.method))
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
