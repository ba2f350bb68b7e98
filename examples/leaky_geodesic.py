"""Representation geodesics of Leaky ResNets: the bottleneck appears as the network deepens, without training one.
=================================================================================================================

    cost (1/N) ||Y - P^T A_1||^2 + lam/(2 Lt) int ||W_p||^2 dp,   dA/dp = -Lt A + W (relu(A); 1)

Targets that factor through k = 2 or 3 features; softplus of beta = 20, lam = 0.02 Lt, 20 layers. Left: singular values
of the representation along the path at Lt = 1 and 7, k = 2. Right: -2H/Lt, which rises towards the rank (dashed: k),
and the least stable cost of identity along the path, which falls towards it. Beside k features the network keeps their
positive offset, so that up to k + 1 directions stay (Jacot and Kaiser, arXiv:2405.17573, Figure 1).
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.hamiltonian import LeakyResNet, solve_geodesic

W, N, D = 10, 40, 4
DEPTHS = np.arange(1.0, 8.0)
ACTIVATION = ("softplus", 20.0)


def teacher(k: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (W, N), outputs (D, N) that factor through k features, and the readout (W, D)."""
    rng = np.random.default_rng(seed)

    def net(x: np.ndarray, out: int) -> np.ndarray:
        inner = rng.normal(size=(40, len(x))) / np.sqrt(len(x)) @ x + rng.normal(size=(40, 1))
        y = rng.normal(size=(out, 40)) @ np.maximum(inner, 0)
        return (y - y.mean(1, keepdims=True)) / y.std(1, keepdims=True)

    x = rng.normal(size=(D, N))
    y = net(net(x, k), D)
    into, readout = (np.linalg.qr(rng.normal(size=(W, D)))[0] for _ in range(2))
    return into @ x, y, readout


def main(out: Path) -> None:
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for k, colour in ((2, "tab:blue"), (3, "tab:orange")):
        X, Y, readout = teacher(k, seed=0)
        path, H, coi = None, [], []
        for Lt in DEPTHS:
            path = solve_geodesic(
                X, Y, 0.02 * Lt, Lt, activation=ACTIVATION, readout=readout, start=path, tol=1e-6, throw=True
            )
            H.append(np.median(path.rank_estimate))
            coi.append(LeakyResNet(Lt, ACTIVATION).cost_of_identity(path.A, 1e-4).min())
            print(f"k = {k}, Lt = {Lt:g}: -2H/Lt = {H[-1]:7.3f}, COI {coi[-1]:6.2f}, cons {path.cons:.1e}")
            if k == 2 and Lt in (1.0, 7.0):
                sizes = np.linalg.svd(path.A, compute_uv=False)[:, :5]
                left.semilogy(path.p, sizes, color=plt.cm.viridis(0.1 if Lt == 1.0 else 0.75), lw=1.2)
                left.plot([], [], color=plt.cm.viridis(0.1 if Lt == 1.0 else 0.75), label=f"$\\tilde L = {Lt:g}$")
        right.plot(DEPTHS, H, "o-", color=colour, ms=4, label=rf"$-2H/\tilde L$, k = {k}")
        right.plot(DEPTHS, coi, "s:", color=colour, ms=4, label=f"min. stable COI, k = {k}")
        right.axhline(k, color=colour, ls="--", lw=0.8)
    left.set(xlabel="$p$", ylabel="singular values of $A_p$, $k = 2$", ylim=(2e-3, 50))
    right.set(xlabel=r"effective depth $\tilde L$", ylim=(-5, 15))
    for ax in (left, right):
        ax.legend(frameon=False, fontsize="small")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "leaky_geodesic.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
