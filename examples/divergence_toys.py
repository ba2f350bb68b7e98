"""Six ways in which two trainings part: simulations beside what theory predicts (dashed).
=========================================================================================

Linear SGD on one sample at a time; quadratics with other batches; a shear; two wells under noise; a product of layers;
gradient descent on (w^2 - 1)^2/4. Only the first and the last can grow exponentially, and only at large steps: linear,
square-root and power laws need no chaos.
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
    found = [lyapunov_spectrum(toys.linear_sgd_map(10, eta).map(), 1, total=20_000) for eta in etas]
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
    run = ensemble(problem, EULER_MARUYAMA, members=16, dt=ETA, saveat=ETA * steps, seed=1, engine="scalar")
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
        ax.plot(np.linalg.norm(apart, axis=1)[::10], "o", ms=3, label=f"$a={a}$")
        ax.plot(toys.shear_distance(np.arange(0, 201, 10), a), **THEORY)
    ax.set(xlabel="step $t/10$", ylabel="distance $d$, shear", yscale="log")


def wells(ax):
    ts = np.unique(np.geomspace(0.2, 80, 24).round(1))
    runs = [
        ensemble(pitchfork_system().problem(t1=80.0), EULER_MARUYAMA, y0=y0, dt=0.02, saveat=ts, seed=1).ys[:, :, 0]
        for y0 in (np.ones((1000, 1)), np.full((1000, 1), 0.999))
    ]
    ax.loglog(ts, np.mean((runs[0][::2] - runs[0][1::2]) ** 2, axis=0), "o", ms=3, label="independent noise")
    ax.loglog(ts, noisy.independent_wells_distance(ts), **THEORY)
    ax.set(xlabel="time $t$", ylabel="$d^2$, two wells", ylim=(1e-12, 10))
    typical = np.exp(2 * np.mean(np.log(np.maximum(abs(runs[0] - runs[1]), 1e-300)), axis=0))
    early = ts < 9
    ax.loglog(ts[early], typical[early], "o", ms=3, label="common noise")
    ax.loglog(ts[early], 1e-6 * np.exp(2 * pitchfork_exponent(1.0, 0.5) * ts[early]), **THEORY)


def layers(ax):
    ts = np.linspace(0.2, 4, 20)
    for L in (1, 2, 4, 32):
        run = ensemble(toys.layers_system(L, t1=4.0).problem(), EULER, members=1, dt=0.1, saveat=ts, engine="scalar")
        ax.plot(ts, np.prod(run.ys[0], axis=1) - 1, "o", ms=3, label=f"$L={L}$")
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
