"""The flow of a Leaky ResNet: kinks, what they cost, and what the Hamiltonian counts.
====================================================================================

dA/dp = dH/dB, dB/dp = -dH/dA with H = Lt/2 ||B S^T||^2 - Lt Tr(B A^T), S = (relu(A); 1). Left: activations of a
network 4 wide with 7 samples; dots are kinks, where dB/dp jumps. Middle: the error at p = 1 against evaluations:
stepping over kinks has order one to two whatever the method, stopping at each of them keeps the method's order. Right:
linear networks that map by one matrix of rank 3: -2H/Lt rises to the rank, and 3 + 2H/Lt falls as 1/Lt^2.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.hamiltonian import LeakyResNet, linear_geodesic_map
from mechanics.methods import DOP853, RK4

NET = LeakyResNet(Lt=3.0)
RNG = np.random.default_rng(4)
A0, B0 = RNG.normal(size=(4, 7)), 0.05 * RNG.normal(size=(4, 7))
T = np.array([[1.2, 0.8, 0.0], [-0.3, 0.7, 0.4], [0.2, -0.5, 1.1]])


def activations(ax: plt.Axes) -> None:
    orbit = NET.integrate(A0, B0, events="kinks", saveat=np.linspace(0, 1, 300))
    for i, colour in enumerate(plt.cm.viridis(np.linspace(0, 0.9, 4))):
        ax.plot(orbit.p, orbit.A[:, i], color=colour, lw=1)
    ax.plot(orbit.kinks.p, np.zeros(len(orbit.kinks.p)), "k.", ms=5)
    ax.set(xlabel="depth $p$", ylabel="activation $A_{ij}$", ylim=(-2.2, 2.2))
    print(f"{len(orbit.kinks.p)} kinks, {orbit.evaluations} evaluations, H varies by {np.ptp(orbit.H):.1e}")


def work(ax: plt.Axes) -> None:
    exact = NET.integrate(A0, B0, events="kinks", rtol=1e-13).A[-1]
    runs = {
        "RK4": [NET.integrate(A0, B0, method=RK4, steps=n) for n in (25, 50, 100, 200, 400, 800, 1600)],
        "DOP853": [NET.integrate(A0, B0, method=DOP853, rtol=r) for r in 10.0 ** -np.arange(3, 12)],
        "DOP853, kinks": [
            NET.integrate(A0, B0, method=DOP853, rtol=r, events="kinks") for r in 10.0 ** -np.arange(3, 13)
        ],
    }
    for (name, found), colour in zip(runs.items(), ("C1", "C2", "C0"), strict=True):
        error = [np.abs(orbit.A[-1] - exact).max() for orbit in found]
        ax.loglog([orbit.evaluations for orbit in found], error, "o-", ms=4, color=colour, label=name)
        print(name, " ".join(f"{orbit.evaluations}: {e:.0e}" for orbit, e in zip(found, error, strict=True)))
    ax.set(xlabel="evaluations", ylabel="error of $A_1$")
    ax.legend(frameon=False)


def depth(ax: plt.Axes) -> None:
    depths = np.geomspace(0.5, 30, 25)
    H = [LeakyResNet(Lt, "identity", bias=False).hamiltonian(np.eye(3), linear_geodesic_map(T, Lt)) for Lt in depths]
    counted = -2 * np.array(H) / depths
    distance = ((3 - counted) * depths**2).mean()
    ax.semilogx(depths, counted, "o", ms=4)
    ax.semilogx(depths, 3 - distance / depths**2, "k--", lw=1, label=rf"$3 - {distance:.4f}\,/\,\tilde L^2$")
    ax.axhline(3, color="k", lw=0.8)
    ax.set(xlabel=r"effective depth $\tilde L$", ylabel=r"$-2H/\tilde L$", ylim=(-2, 3.3))
    ax.legend(frameon=False)


def main(out: Path) -> None:
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for draw, ax in zip((activations, work, depth), axes, strict=True):
        draw(ax)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "leaky_resnet_flow.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
