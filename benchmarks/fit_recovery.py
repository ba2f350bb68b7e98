"""How well `fit_chain` recovers a simulated chain: errors, and how often the 95 % intervals hold the truth.

Load curves D_0 .. D_7 of 7 blocks (the end is hidden) simulated by (5)-(6) with dt = 0.01, k = 1, target 1, for each
named model; 40 epochs spaced by their logarithm up to t = 60. "second_order" is simulated by (10)-(11) with white
noise. "fine" is "concave" with dt = 0.002: what finite steps do to the rate. The cases "lazy" and "linear" are pulled
slowly under strong noise: friction and noise cannot be told apart there, and the fit should say so.

Run: python benchmarks/fit_recovery.py [--models uniform saturating] [--trials 200] [--seeds 10]
"""

import argparse
import time

import numpy as np

from mechanics.chain import SpringChain, proceed
from mechanics.fit import fit_chain

BLOCKS = 7
EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]
SLOW = np.r_[0, np.unique(np.round(np.geomspace(1, 300, 40), 0))]
CENTRED = np.linspace(-0.5, 0.5, BLOCKS)


def overdamped(members, seed, ts, dt, mu_right, mu_left, s, k=1.0, reach=np.inf, tau=0.0):
    """D_0 .. D_7 (members, epochs, 8) of (5)-(6) by explicit Euler steps; the pull builds up with tau, if positive."""
    rng = np.random.default_rng(seed)
    x = np.zeros((members, BLOCKS + 2))
    saved, out = set(np.round(ts / dt).astype(int)), []
    for step in range(max(saved) + 1):
        x[:, -1] = 1.0 if tau == 0 else 1 - np.exp(-step * dt / tau)
        if step in saved:
            out.append(1.0 - x[:, :-1])
        e = np.diff(x, axis=1)
        z = np.diff(k * e if reach == np.inf else k * reach * np.tanh(e / reach), axis=1)
        z += s * rng.standard_normal(z.shape)
        x[:, 1:-1] += dt * (z - np.clip(z, -mu_left, mu_right))
    return np.stack(out, axis=1)


def inertial(members, seed, ts, dt, mu_right, mu_left, eps, mass):
    """The same of the second-order chain with damping 1."""
    chain = SpringChain(
        blocks=BLOCKS, mu_right=mu_right, mu_left=mu_left, eps=eps, dynamics="second_order", gamma=1.0, mass=mass
    )
    run = chain.simulate(0, dt, seed=seed, members=members)
    out = [run.load_curve[:, -1, :-1]]
    for steps in np.diff(np.round(ts / dt).astype(int)):
        run = proceed(run, int(steps))
        out.append(run.load_curve[:, -1, :-1])
    return np.stack(out, axis=1)


def thresholds(bend, c):
    """mu_right and mu_left from (mu_right - mu_left)/2 and sqrt(mu_right mu_left)."""
    mean = np.hypot(bend, c)
    return mean + bend, mean - bend


def truth(bend, mean, s, **more):
    """What the fit should find, by name."""
    return {"Y": 1.0, "mu_eff_over_k": bend, "k": 1.0, "mean_friction_over_k": mean, "noise_over_k": s, **more}


def cases():
    """Model -> case -> (simulation of (members, seed), epochs, options of the fit, truth)."""

    def plain(mu_right, mu_left, s, dt=0.01):
        found = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, s)
        return lambda m, seed: overdamped(m, seed, EPOCHS, dt, mu_right, mu_left, s), EPOCHS, {"pull": "fixed"}, found

    def slow(mu_right, mu_left, s):
        found = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, s, tau=40.0)
        run = lambda m, seed: overdamped(m, seed, SLOW, 0.05, mu_right, mu_left, s, tau=40.0)  # noqa: E731
        return run, SLOW, {"pull": "ramped"}, found

    def sloped(bend, slope, c, s):
        right, left = thresholds(bend + slope * CENTRED, c)
        found = truth(bend, float(np.hypot(bend, c)), s, friction_slope=slope)
        return lambda m, seed: overdamped(m, seed, EPOCHS, 0.01, right, left, s), EPOCHS, {"pull": "fixed"}, found

    def stiffening(ratio, mu_right, mu_left, s):
        k = ratio ** (np.arange(BLOCKS + 1) / BLOCKS - 0.5)
        found = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, s, stiffness_ratio=ratio)
        run = lambda m, seed: overdamped(m, seed, EPOCHS, 0.01, mu_right, mu_left, s, k=k)  # noqa: E731
        return run, EPOCHS, {"pull": "fixed"}, found

    def saturating(reach, mu_right, mu_left, s):
        found = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, s, reach=reach)
        run = lambda m, seed: overdamped(m, seed, EPOCHS, 0.01, mu_right, mu_left, s, reach=reach)  # noqa: E731
        return run, EPOCHS, {"pull": "fixed"}, found

    def heavy(mass, mu_right, mu_left, w):
        found = truth((mu_right - mu_left) / 2, (mu_right + mu_left) / 2, w, inertial_time=mass)
        run = lambda m, seed: inertial(m, seed, EPOCHS, 0.01, mu_right, mu_left, w * np.sqrt(2 * mass), mass)  # noqa: E731
        return run, EPOCHS, {"pull": "fixed"}, found

    return {
        "uniform": {
            "concave": plain(0.10, 0.05, 0.10),
            "fine": plain(0.10, 0.05, 0.10, dt=0.002),
            "straight": plain(0.10, 0.10, 0.10),
            "convex": plain(0.05, 0.15, 0.15),
            "lazy": slow(0.12, 0.06, 0.3),
            "linear": slow(0.09, 0.09, 0.3),
        },
        "layered_friction": {"sloped": sloped(0.02, -0.06, 0.08, 0.1), "straight": sloped(0.0, 0.04, 0.10, 0.1)},
        "layered_stiffness": {
            "stiffening": stiffening(3.0, 0.08, 0.12, 0.1),
            "softening": stiffening(0.5, 0.10, 0.05, 0.1),
        },
        "saturating": {"convex": saturating(0.12, 0.08, 0.10, 0.1), "concave": saturating(0.25, 0.10, 0.06, 0.1)},
        "second_order": {
            "heavy": heavy(2.0, 0.08, 0.05, 0.1),
            "straight": heavy(1.0, 0.10, 0.10, 0.05),
            "convex": heavy(0.5, 0.05, 0.10, 0.05),
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(cases()), choices=list(cases()))
    parser.add_argument("--cases", nargs="+", help="only these cases")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10, help="histories in a fit; 1 tests the approximate intervals")
    parser.add_argument("--seed", type=int, default=7, help="all cases of a seed share their random numbers")
    args = parser.parse_args()
    print(f"{args.trials} trials of {args.seeds} histories, seed {args.seed}")
    print(
        "| model | case | quantity | truth | median | sd over trials | median stated error | identified "
        "| of these inside 95 % | all inside |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    seconds = {}
    for model in args.models:
        for case, (simulate, epochs, options, true) in cases()[model].items():
            if args.cases and case not in args.cases:
                continue
            curves = simulate(args.trials * args.seeds, args.seed).reshape(
                args.trials, args.seeds, len(epochs), BLOCKS + 1
            )
            fits, times = [], []
            for trial in curves:
                began = time.process_time()
                fits.append(fit_chain(trial, epochs, model=model, **options))
                times.append(time.process_time() - began)
            seconds[f"{model} {case}"] = float(np.median(times))
            for name, value in true.items():
                found = [fit.extension[name] if name in fit.extension else getattr(fit, name) for fit in fits]
                values = np.array([e.value for e in found])
                errors = np.median([e.stderr for e in found])
                inside = np.array([e.interval[0] <= value <= e.interval[1] for e in found])
                known = np.array([e.identified for e in found])
                print(
                    f"| {model} | {case} | {name} | {value:.4g} | {np.median(values):.4f} | {values.std(ddof=1):.4f} "
                    f"| {errors:.4f} | {known.sum()} | {(known & inside).sum()} | {inside.sum()} |",
                    flush=True,
                )
    for name, median in seconds.items():
        print(f"{name}: {median:.2f} s of processor time a fit (median)")


if __name__ == "__main__":
    main()
