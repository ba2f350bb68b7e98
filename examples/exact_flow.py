"""A chain without noise, exactly: which block slips when.
==========================================================

The end is pulled, pushed back, and pulled again. Above, the modes of the blocks from event to event; below, where the
energy goes. No step size enters; explicit steps come as close as their step allows.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics.chain import Drive, SpringChain, energy_balance, exact_flow
from mechanics.plots import plot_modes


def main() -> None:
    """Solve, compare with explicit steps, and draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    drive = Drive([0, 4, 8, 12], [0.0, 1.0, 0.2, 1.0])
    chain = SpringChain(mu_right=0.05, mu_left=0.02, eps_bar=0, drive=drive)
    flow = exact_flow(chain, t1=16.0)
    print(f"{len(flow.events)} changes of mode; the first: {flow.events[:3].tolist()}; in the end: {flow.status}")
    for dt in (0.1, 0.01, 0.001):
        x = chain.simulate(round(16 / dt), dt).x[0, -1]
        print(f"explicit steps of {dt}: largest error {np.abs(x - flow.x[-1]).max():.1e}")

    fig, (top, bottom) = plt.subplots(2, 1, figsize=(6, 5), sharex=True, layout="constrained")
    plot_modes(flow, top).set_xlabel("")
    ts = np.linspace(0, 16, 321)
    balance = energy_balance(flow, ts)
    for name, values in balance._asdict().items():
        bottom.plot(ts, values, label={"work": "work of the end", "elastic": "in the springs"}.get(name, name))
    bottom.set(xlabel="time $t$", ylabel="energy")
    bottom.legend(frameon=False, fontsize="small")
    fig.savefig(out / "exact_flow.png", dpi=150)


if __name__ == "__main__":
    main()
