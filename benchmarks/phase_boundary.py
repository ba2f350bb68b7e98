"""Where strong noise makes load curves straight, beside (8): curvature -16 (mu_right - mu_left) for seven blocks.

    python benchmarks/phase_boundary.py [--seeds 512]

For the overdamped chain (Fig. 3 of arXiv:2407.19353), set-valued friction of second order (S13) and Langevin dynamics
(S14): the slope of the curvature over mu_right, where it is zero, and the largest deviation from (8) with its standard
error. All cells meet the same noise, so the deviation of a whole line is one draw.
"""

import argparse

import numpy as np

from harness.table import table
from mechanics.chain import SpringChain, phase_diagram

MU_LEFT, FRICTION, STEPS = 0.1, np.linspace(0, 0.25, 26), 4000
CASES = (  # name, chain, noise, dt
    ("overdamped", SpringChain(mu_left=MU_LEFT), {"eps_bar": [0.6]}, 0.1),
    ("second order", SpringChain(mu_left=MU_LEFT, dynamics="second_order", gamma=2.0, eps=0.1), {"eps": [0.4]}, 0.2),
    ("Langevin", SpringChain(mu_left=MU_LEFT, dynamics="langevin", gamma=2.0, eps=0.1), {"eps": [0.4]}, 0.2),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=512)
    seeds = parser.parse_args().seeds
    rows = []
    for name, chain, noise, dt in CASES:
        found = phase_diagram(chain, **noise, mu_right=FRICTION, steps=STEPS, dt=dt, seeds=seeds)
        bend, error = found.curvature[0], found.curvature_stderr[0]
        slope = np.polyfit(FRICTION, bend, 1)[0]
        zero = np.interp(0.0, bend[::-1], FRICTION[::-1])
        worst = int(np.argmax(np.abs(bend + 16 * (FRICTION - MU_LEFT))))
        deviation = bend[worst] + 16 * (FRICTION[worst] - MU_LEFT)
        rows.append([name, f"{slope:.2f}", f"{zero:.4f}", f"{deviation:+.3f}", f"{error[worst]:.3f}"])
    print(table(["dynamics", "slope (-16)", "zero (0.1)", "largest deviation", "its standard error"], rows))


if __name__ == "__main__":
    main()
