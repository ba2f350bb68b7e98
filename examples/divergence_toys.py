"""Six ways in which two trainings part: simulations beside what theory predicts (dashed).
=========================================================================================

Linear SGD on one sample at a time; quadratics with other batches; a shear; two wells under noise; a product of layers;
gradient descent on (w^2 - 1)^2/4. Only the first and the last have positive exponents, at large steps: linear,
square-root and power laws need no chaos, and many layers make an exponential of weights that part linearly.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import ensemble
from mechanics.lyapunov import lyapunov_spectrum
from mechanics.methods import EULER, EULER_MARUYAMA
from mechanics.systems import divergence as toys
from mechanics.systems import divergence_noise as noisy
from mechanics.systems.noisy_exponents import pitchfork_exponent, pitchfork_system

THEORY = {"color": "k", "ls": "--", "lw": 1}
ETA = 0.2


def sgd(ax):
    etas = np.linspace(0.02, 0.25, 24)
    first, last = toys.linear_sgd_limits(10)
    found = [lyapunov_spectrum(toys.linear_sgd_map(10, eta).map(), 1, total=60_000) for eta in etas]
    ax.errorbar(etas, [f.exponents[0] for f in found], [2 * f.stderr[0] for f in found], fmt="o", ms=3, label="copies")
    ax.plot(etas, [toys.linear_sgd_exponent(10, eta) for eta in etas], **THEORY)
    ax.plot(etas, [np.log(toys.linear_sgd_mean_square(10, eta)) / 2 for eta in etas], "C1:", label="mean square")
    ax.axhline(0, color="0.8", lw=0.8, zorder=0)
    ax.set(xlabel=r"learning rate $\eta$", ylabel=r"growth of $\ln d$ per step", ylim=(-0.06, 0.15))
    print(f"linear SGD: the mean square diverges from {first:.5f}, typical copies from {last:.5f}")


def quadratics(ax):
    steps, (h, s) = np.unique(np.geomspace(1, 1000, 20).astype(int)), noisy.power_spectrum(2.0, 1000)
    curved, noises = np.concatenate([np.repeat([0.0, 0.3], 500), h]), np.concatenate([np.ones(1000), s])
    problem = noisy.noisy_quadratic_system(curved, noises, ETA, 1000).problem()
    run = ensemble(problem, EULER_MARUYAMA, members=64, dt=ETA, saveat=ETA * steps, seed=1, engine="scalar")
    squares = np.mean((run.ys[::2] - run.ys[1::2]) ** 2, axis=0)
    for part, name in ((slice(0, 500), "flat"), (slice(500, 1000), "curved"), (slice(1000, 2000), "$h_i=i^{-2}$")):
        exact = noisy.noisy_quadratic_distance(steps, curved[part], noises[part], ETA)
        share = part.stop - part.start if name in ("flat", "curved") else 1
        ax.loglog(steps, squares[:, part].sum(axis=1) / share, "o", ms=3, label=name)
        ax.loglog(steps, exact / share, **THEORY)
    ax.set(xlabel="step $t$", ylabel="$E\\,d^2$, other batches")


def shear(ax):
    for a in (0.02, 0.1, 0.5):
        apart = np.diff([toys.shear_map(a).orbit(200, [0.0, v]) for v in (1.0, 2.0)], axis=0)[0]
        steps = np.arange(0, 201, 10)
        ax.plot(steps, np.linalg.norm(apart, axis=1)[steps], "o", ms=3, label=f"$a={a}$")
        ax.plot(steps, toys.shear_distance(steps, a), **THEORY)
    ax.set(xlabel="step $t$", ylabel="distance $d$, shear", yscale="log")


def wells(ax):
    ts = np.unique(np.geomspace(0.2, 80, 24).round(1))
    problem, options = pitchfork_system().problem(t1=80.0), {"dt": 0.02, "saveat": ts}
    first = ensemble(problem, EULER_MARUYAMA, y0=np.ones((2000, 1)), seed=1, **options)
    ax.loglog(ts, np.mean((first.ys[::2] - first.ys[1::2]) ** 2, axis=0), "o", ms=3, label="independent noise")
    ax.loglog(ts, noisy.independent_wells_distance(ts), **THEORY)
    near = [ensemble(problem, EULER_MARUYAMA, y0=first.y + shift, seed=2, **options).ys for shift in (0.0, 1e-3)]
    early = ts < 9  # later the distance is rounding
    typical = np.exp(2 * np.mean(np.log(abs(near[0] - near[1])[:, early]), axis=0))
    ax.loglog(ts[early], typical, "o", ms=3, label="common noise")
    ax.loglog(ts[early], 1e-6 * np.exp(2 * pitchfork_exponent(1.0, 0.5) * ts[early]), **THEORY)
    ax.set(xlabel="time $t$", ylabel="$d^2$, two wells")


def layers(ax):
    ts, depths = np.linspace(0.2, 4, 20), np.array([1, 2, 4, 32])
    drifts = toys.Layers(np.where(np.arange(32) < depths[:, None], 1.0 / depths[:, None], 0.0))  # the others rest at 1
    run = ensemble(toys.layers_system(32, t1=4.0).problem(), EULER, p=drifts, dt=0.1, saveat=ts, engine="scalar")
    for L, ys in zip(depths, run.ys, strict=True):
        ax.plot(ts, np.prod(ys, axis=1) - 1, "o", ms=3, label=f"$L={L}$")
        ax.plot(ts, toys.layers_growth(ts, 1.0, L), **THEORY)
    ax.set(xlabel="drift $b t$", ylabel=r"$|\Delta f|/f$, $L$ layers", yscale="log")


def descent(ax):
    etas = np.append(np.linspace(0.05, 1.99, 150), 2.0)
    found = [lyapunov_spectrum(toys.quartic_descent_map(eta).map(), total=3000).exponents[0] for eta in etas]
    ax.plot(etas, found, "o", ms=2)
    ax.plot(etas, [toys.quartic_descent_exponent(eta) for eta in etas], **THEORY)
    ax.plot(2.0, np.log(3.0), "k+", ms=10, label=r"$\ln 3$")
    ax.axhline(0, color="0.8", lw=0.8, zorder=0)
    ax.set(xlabel=r"learning rate $\eta$", ylabel="exponent, quartic", ylim=(-3, 1.5))


def main(out: Path) -> None:
    fig, axes = plt.subplots(2, 3, figsize=(10, 5.6), layout="constrained")
    for panel, ax in zip((sgd, quadratics, shear, wells, layers, descent), axes.flat, strict=True):
        panel(ax)
        ax.legend(frameon=False, fontsize=8)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "divergence_toys.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
