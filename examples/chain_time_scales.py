"""Two time scales: a chain snaps to its noiseless rest, then creeps.
=====================================================================

Distance from the rest state under noise, (8), over time: mean field (lines) beside simulation (points). After the fast
time all chains are at the noiseless rest; weak noise then needs the creep time, which grows exponentially with
(mu_right + mu_left) / eps_bar (right: closed form and simulation).
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import SpringChain, creep_time, time_scales

NOISE = [0.03, 0.05, 0.1, 0.3]
DT = 0.1


def main() -> None:
    """Draw both panels."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for s, colour in zip(NOISE, plt.colormaps["viridis_r"](np.linspace(0.1, 1, len(NOISE))), strict=True):
        chain = SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=s)
        field, scales = chain.mean_field(), time_scales(chain)
        end = field.equilibrium()
        ts = np.concatenate([[0.0], np.geomspace(0.1, 2_000, 60)])
        left.loglog(ts[1:], np.abs(field.solve(ts) - end).max(axis=1)[1:], color=colour, label=rf"$\bar\epsilon = {s}$")
        run = chain.simulate(20_000, DT, members=64, save_every=10)
        distance = np.abs(run.x.mean(axis=0) - end).max(axis=1)
        seen = np.unique(np.geomspace(1, 2_000, 14).astype(int))
        left.plot(run.ts[seen], distance[seen], "o", ms=3.5, color=colour)
        # from the noiseless rest: when is the mean 1/e of the way from (8)?
        rest = chain.rest_state()
        wanted = np.abs(rest - end).max() / np.e
        crept = chain.simulate(20_000, DT, members=64, save_every=1, x0=rest[1:-1]).x.mean(axis=0)
        measured = DT * np.argmax(np.abs(crept - end).max(axis=1) < wanted)
        right.semilogy(1 / s, measured, "o", color=colour)
        print(f"{s}: fast {scales.fast:.2f}, creep {scales.creep:.4g}, to 1/e: {creep_time(chain):.4g} {measured:.4g}")
    s = np.linspace(0.029, 0.35, 60)
    chains = [SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=v) for v in s]
    right.semilogy(1 / s, [creep_time(c) for c in chains], color="black", label="mean field, to $1/e$")
    right.semilogy(1 / s, [time_scales(c).creep for c in chains], "--", color="black", label="slowest mode")
    left.axvline(time_scales(chains[0]).fast, color="0.6", lw=0.8)
    left.set(xlabel="time $t$", ylabel="distance from (8)", ylim=(3e-3, 1))
    right.set(xlabel=r"$1/\bar\epsilon$", ylabel="creep time")
    left.legend(frameon=False, fontsize="small")
    right.legend(frameon=False, fontsize="small")
    fig.savefig(out / "chain_time_scales.png", dpi=150)


if __name__ == "__main__":
    main()
