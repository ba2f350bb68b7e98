"""A trained Leaky ResNet is a geodesic: its Hamiltonian is constant, and its middle has the rank of the task.
===========================================================================================================

    A_l = (1 - rho Lt) A_{l-1} + rho W_l sigma(A_{l-1}),   H(A, B) = Lt/2 ||B S^T||^2 - Lt Tr(B A^T)

One network of 16 layers learns a function through a bottleneck of 2, first at effective depth Lt = 1, and goes on from
there to 6. Left: -2H/Lt over the layers at each Lt, flat, and rising towards the rank (dashed). Middle: singular values
of the representations at Lt = 6; more than two features vanish between input and output. Right: how far each layer
moves the representation, for equal steps and for adapted ones. Jacot and Kaiser, arXiv:2405.17573, figures 1 and 2.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from nets import LeakyResNet, train_leaky
from nets.data import teacher
from nets.geodesic import adapt_steps, hamiltonian_profile, relative_distances
from nets.plots import plot_spectra

DEPTHS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
DECAY = 0.02  # lam / Lt
WIDTH, LAYERS = 12, 16


def network(Lt: float) -> LeakyResNet:
    return LeakyResNet(WIDTH, LAYERS, Lt, 5, 5, activation=("softplus", 20.0), dtype=torch.float64, seed=1)


def main(out: Path) -> None:
    torch.set_num_threads(1)
    data = teacher((5, 2, 5), hidden=30, seed=3).sample(40, seed=0)
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.3), layout="constrained")
    colours = plt.cm.viridis(np.linspace(0, 0.9, len(DEPTHS)))
    model = network(DEPTHS[0])
    for i, (Lt, colour) in enumerate(zip(DEPTHS, colours, strict=True)):
        if i:
            W = model.W.detach().numpy()
            model = network(Lt)
            model.put_weights(Lt / DEPTHS[i - 1] * W)
        lam = DECAY * Lt
        train_leaky(model, data, lam=lam, epochs=0 if i else 200, lr=1e-2, polish="lbfgs", polish_epochs=300)
        profile = hamiltonian_profile(model, data.x_train, data.y_train, lam)
        H = -2 * profile.H / Lt
        axes[0].plot(profile.p[:-1], H, color=colour, marker="o", ms=2.5, label=rf"$\tilde L$ = {Lt:g}")
        print(f"Lt = {Lt:g}: -2H/Lt {np.median(H):7.3f}, least stable COI {profile.stable_coi.min():6.2f}, "
              f"cons {profile.cons.max():.0e}, mse {profile.mse:.3f}")  # fmt: skip
    axes[0].axhline(2, color="k", ls="--", lw=1)
    axes[0].set(xlabel="depth $p$", ylabel=r"$-2H/\tilde L$", ylim=(-8, 3.5))
    axes[0].legend(frameon=False, fontsize="small", ncols=2, loc="lower right")
    plot_spectra(profile.p, profile.spectra_A, axes[1])
    x = torch.from_numpy(data.x_train)
    l = np.arange(1, LAYERS + 1)
    axes[2].plot(l, relative_distances(model, x), "o-", ms=3, label="equal steps")
    for _ in range(60):
        adapt_steps(model, x)
    axes[2].plot(l, relative_distances(model, x), "^-", ms=3, label="adapted steps")
    axes[2].set(xlabel="layer $l$", ylabel="$|A_l - A_{l-1}| / |A_l|$", ylim=(0, None))
    axes[2].legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "leaky_resnet_network.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
