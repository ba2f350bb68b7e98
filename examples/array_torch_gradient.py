"""Fitting rates by gradient descent through a solve: hares and lynx with torch.
================================================================================

    h' = a h - b h l,    l' = d h l - c l

Sixteen noisy counts of both, at times of their own; the rates and the start are found by following the gradient of the
misfit, which torch takes through the steps of the solver. The logarithm of each rate is fitted, so that it stays
positive. What to see: the fit (lines) comes out near the truth (dashed), from a first guess far away.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from mechanics import Problem, solve
from mechanics.methods import TSIT5

TRUTH = torch.tensor([1.0, 0.6, 0.9, 0.5], dtype=torch.float64)
START = torch.tensor([1.5, 0.8], dtype=torch.float64)
TIMES = np.linspace(0.5, 12.0, 16)


def prey(t, y, p):
    a, b, c, d = p
    hares, lynx = y
    return torch.stack((a * hares - b * hares * lynx, d * hares * lynx - c * lynx))


def counts(rates, start, times):
    return solve(Problem(prey, start, 0.0, float(times[-1]), rates), TSIT5, rtol=1e-6, atol=1e-6, saveat=times).ys


def main(out: Path) -> None:
    noise = 0.08 * torch.tensor(np.random.default_rng(5).normal(size=(len(TIMES), 2)))
    seen = counts(TRUTH, START, TIMES) * torch.exp(noise)
    logs = torch.log(torch.tensor([0.8, 0.8, 0.8, 0.8, 1.2, 1.2], dtype=torch.float64)).requires_grad_()
    optimiser = torch.optim.Adam([logs], lr=0.08)
    losses = []
    for _ in range(100):
        rates = torch.exp(logs)
        misfit = (torch.log(counts(rates[:4], rates[4:], TIMES)) - torch.log(seen)).square().mean()
        optimiser.zero_grad()
        misfit.backward()
        optimiser.step()
        losses.append(float(misfit.detach()))
    found = torch.exp(logs.detach())
    print("rates", found[:4].numpy().round(3), "truth", TRUTH.numpy(), f"misfit {losses[0]:.3f} to {losses[-1]:.4f}")

    fine = np.linspace(0.0, 16.0, 400)
    fig, (ax, down) = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=(2, 1), layout="constrained")
    fitted, true = counts(found[:4], found[4:], fine), counts(TRUTH, START, fine)
    for k, (name, colour) in enumerate((("hares", "tab:blue"), ("lynx", "tab:red"))):
        ax.plot(fine, fitted[:, k], color=colour, label=f"{name}, fitted")
        ax.plot(fine, true[:, k], "k--", lw=0.8, label="truth" if k else None)
        ax.plot(TIMES, seen[:, k], "o", ms=4, color=colour)
    ax.set(xlabel="time $t$", ylabel="density")
    ax.legend(frameon=False, fontsize="small", ncols=3, loc="upper left")
    ax.set_ylim(0.0, 1.25 * float(seen.max()))
    down.semilogy(losses, color="tab:blue")
    down.axhline(0.08**2, color="k", ls="--", lw=0.8)
    down.text(100, 0.08**2 * 1.1, "noise", ha="right", va="bottom", fontsize="small")
    down.set(xlabel="iteration", ylabel="mean square misfit")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "array_torch_gradient.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
