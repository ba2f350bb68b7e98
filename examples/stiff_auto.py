"""A method that changes itself: steps of tens of time units, and of a thousandth of one.
========================================================================================

    y'' = mu (1 - y^2) y' - y,   mu = 1000

Van der Pol's relaxation oscillation follows slow branches and jumps between them. On the branches an explicit method
could only take steps below the limit of stability (dashed); AUTO takes implicit ones there.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mechanics import solve
from mechanics.methods import AUTO, TSIT5
from mechanics.systems import VAN_DER_POL_STIFF


def main(out: Path) -> None:
    solution = solve(VAN_DER_POL_STIFF.problem(t1=1700.0), AUTO, rtol=1e-8, atol=1e-8)
    print(solution.message)
    explicit = solve(VAN_DER_POL_STIFF.problem(t1=5.0), TSIT5, rtol=1e-8, atol=1e-8)
    print(f"TSIT5 alone takes {explicit.stats.accepted} steps for the first 5 of 1700 time units.")

    fig, (above, below) = plt.subplots(2, 1, figsize=(6.5, 4.5), sharex=True, layout="constrained")
    above.plot(solution.ts, solution.ys[:, 0], "k", lw=1)
    above.set_ylabel("$y$")
    below.semilogy(solution.ts[1:], np.diff(solution.ts), ".", ms=3, color="tab:blue", label="AUTO")
    below.axhline(np.median(np.diff(explicit.ts)), color="k", ls="--", lw=1, label="TSIT5")
    below.set(xlabel="time $t$", ylabel="step length")
    below.legend(frameon=False, loc="lower left")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "stiff_auto.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
