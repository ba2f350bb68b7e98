"""Stable, edge and unstable training: exponents of gradient descent on 100 digits at several learning rates.

    python benchmarks/training_lyapunov_regimes.py [--quick]

A tanh network 64-8-10 (D = 610) with the mean squared error of one-hot targets, all 100 digits a step; and with
cross-entropy in batches of 20, and all at once. 1600 steps, five exponents, windows of 200 steps. Beside them the
distance of a copy that starts 1e-3 |w0| away on the sphere, and two copies that are renormalised each step.
The digits are the packaged 10x10 MNIST at 8x8, pixels in [0, 1].
"""

import argparse

import numpy as np
import torch
from torch import nn

from nets import load_mnist10
from nets.data.resize import resize_images
from nets.ensembles import SGD
from nets.lyapunov import training_spectrum, two_copies
from nets.lyapunov.batches import Batches
from nets.perturb import perturb_on_sphere

MSE, CE = nn.functional.mse_loss, nn.functional.cross_entropy
CASES = (
    *(("mse", MSE, None, lr) for lr in (0.05, 1.0, 1.1, 1.2, 2.0, 4.0)),
    *(("cross-entropy, batch 20", CE, 20, lr) for lr in (0.2, 2.0, 8.0)),
    ("cross-entropy, all", CE, None, 20.0),
)
WINDOW, SEED = 200, 1


def digits(n=100):
    """Images (n, 64) in [0, 1] and labels."""
    data = load_mnist10()
    images = (data.x_train[:n].reshape(-1, 10, 10) * 255).round().astype(np.uint8)
    x = torch.as_tensor(resize_images(images, 8).reshape(n, -1) / 255.0)
    return x, torch.as_tensor(data.y_train[:n])


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 10)).double()


def distances(data, loss, lr, batch_size, steps, eps=1e-3):
    """|w - w'| / |w0| after every step; the same batches for both."""
    models = [network(), network()]
    perturb_on_sphere(models[1], eps, relative=True, seed=SEED)
    flat = [nn.utils.parameters_to_vector(m.parameters()) for m in models]
    batches, norm, found = Batches(*data, batch_size, SEED), float(flat[0].detach().norm()), []
    for n in range(steps):
        x, y = batches.at(n)
        for model in models:
            slopes = torch.autograd.grad(loss(model(x), y), list(model.parameters()))
            with torch.no_grad():
                for p, g in zip(model.parameters(), slopes, strict=True):
                    p -= lr * g
        w = [nn.utils.parameters_to_vector(m.parameters()).detach() for m in models]
        found.append(float((w[1] - w[0]).norm()) / norm)
    return np.array(found)


def study(name, loss, batch_size, lr, steps):
    x, y = digits()
    data = (x, nn.functional.one_hot(y, 10).double() if loss is MSE else y)
    settings = {"optimiser": SGD(), "lr": lr, "steps": steps, "loss": loss, "batch_size": batch_size, "seed": SEED}
    marks = [0, WINDOW, steps // 2, steps]
    spectrum = training_spectrum(network(), data, k=5, measure_at=marks, **settings)
    print(f"\n{name}, lr {lr:g}: {spectrum.verdict}")
    edges = ", ".join(f"{n}: {r:.3f}" for n, r in zip(spectrum.measured.steps, spectrum.measured.edge, strict=True))
    print(f"  lr x sharpness / 2 at step {edges}")
    if spectrum.divergence is not None:
        return
    windows = spectrum.sums[:, 0].reshape(-1, WINDOW // spectrum.per_block).sum(axis=1) / WINDOW
    print("  first vector, windows of 200:", " ".join(f"{v:+.5f}" for v in windows))
    print("  largest (by mean), windows of 200:", " ".join(f"{v:+.5f}" for v in spectrum.local(WINDOW)[:, 0]))
    late = spectrum.blocks[len(spectrum.blocks) // 2 :].mean(axis=0)
    print("  last half:", " ".join(f"{v:+.1e}" for v in np.sort(late)[::-1]))
    copies = two_copies(network(), data, **settings)
    apart = np.abs(copies.local(WINDOW)[0] - windows).max()
    print(f"  two copies at 1e-8 |w|: largest difference of a window from QR {apart:.1e}")
    d = distances(data, loss, lr, batch_size, steps)
    print(f"  d/|w0| from 1e-3: {d[WINDOW - 1]:.3g} at 200, {d[steps // 2 - 1]:.3g} half way, {d[-1]:.3g} at the end, "
          f"largest {d.max():.3g} at {d.argmax() + 1}", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the steps")
    steps = 400 if parser.parse_args().quick else 1600
    torch.set_num_threads(1)
    for case in CASES:
        study(*case, steps)


if __name__ == "__main__":
    main()
