"""Double pendulum from its Lagrangian: how long until it first turns over?
==========================================================================

    L = sum m/2 (x_i'^2 + y_i'^2) - m g y_i,   x_2 = x_1 + l sin b,   y_2 = y_1 - l cos b

The formula gives drift, Jacobian and energy; an ensemble then releases pendulums at rest from a grid of angles, in
vector lanes. Colour: time until the lower arm first turns over; white: not within 20 s. Inside the dashed line the
energy does not suffice: 2 cos a + cos b > 1, its value with the upper arm hanging and the lower one upright.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from sympy.physics.mechanics import dynamicsymbols

from mechanics import ensemble
from mechanics.reduce import Custom
from mechanics.symbolic import from_lagrangian

SIDE, END = 61, 20.0


def first_turn(t, y, kept):
    """Time at which |b| first exceeds pi; the END while it has not."""
    late = kept[0, 0] if kept[0, 0] > 0.0 else 1e9
    kept[0, 0] = min(late, t) if abs(y[1]) > np.pi else late


def main(out: Path) -> None:
    t = dynamicsymbols._t
    a, b = dynamicsymbols("a b")
    m, l, g = sp.symbols("m l g")
    x1, y1 = l * sp.sin(a), -l * sp.cos(a)
    x2, y2 = x1 + l * sp.sin(b), y1 - l * sp.cos(b)
    L = sum(m * (x.diff(t) ** 2 + y.diff(t) ** 2) / 2 - m * g * y for x, y in ((x1, y1), (x2, y2)))
    system = from_lagrangian(L, [a, b], parameters=[m, l, g])
    problem = system.problem([0.0, 0.0, 0.0, 0.0], 0.0, END, {m: 1.0, l: 1.0, g: 9.81})

    angles = np.linspace(-3.1, 3.1, SIDE)
    A, B = np.meshgrid(angles, angles)
    start = np.column_stack([A.ravel(), B.ravel(), np.zeros((SIDE**2, 2))])
    times = np.linspace(0.0, END, 1001)
    result = ensemble(problem, y0=start, saveat=times, rtol=1e-8, reduce=Custom(first_turn))
    turned = result.reduced[0][:, 0, 0].reshape(SIDE, SIDE)
    before = np.array([system.energy(0.0, y, problem.p) for y in start])
    after = np.array([system.energy(END, y, problem.p) for y in result.y])
    print(f"{len(start)} pendulums in {result.stats.engine}, {result.stats.accepted:,} steps")
    print(f"largest change of the energy: {np.abs(after - before).max():.1e} J")

    fig, ax = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
    image = np.where(turned < END, turned, np.nan)
    mesh = ax.pcolormesh(angles, angles, image, cmap="viridis_r", rasterized=True)
    ax.contour(angles, angles, 2 * np.cos(A) + np.cos(B), levels=[1.0], colors="k", linestyles="--", linewidths=1)
    fig.colorbar(mesh, label="first turn of the lower arm $t$ (s)")
    ax.set(xlabel="upper angle $a$ at the start", ylabel="lower angle $b$ at the start", aspect="equal")
    out.mkdir(parents=True, exist_ok=True)
    fig.savefig(out / "symbolic_double_pendulum.png", dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    main(parser.parse_args().out)
