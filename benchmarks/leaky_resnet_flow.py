"""Errors of methods on the flow of a Leaky ResNet, smooth and with kinks, and the time of one right-hand side.

    python benchmarks/leaky_resnet_flow.py [--steps 80]

The run is the 4 x 7 reference run of the tests, Lt = 3; errors are those of B at p = 1 against DOP853 at 1e-13 that
stops at every kink, with the variation of H in brackets.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from harness.table import table
from mechanics.hamiltonian import LeakyResNet
from mechanics.methods import GAUSS4, GAUSS6, IMPLICIT_MIDPOINT, RK4

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "mechanics" / "leaky_resnet"))
from reference_runs import A0, B0

AT = np.linspace(0, 1, 41)


def errors(net, steps):
    """One cell for each method."""
    exact = net.integrate(A0, B0, events="kinks", rtol=1e-13).B[-1]
    network = net.layers(A0, B0, steps)
    cells = [cell(network.B[-1], exact, network.H)]
    for method in (IMPLICIT_MIDPOINT, RK4, GAUSS4, GAUSS6):
        orbit = net.integrate(A0, B0, method=method, steps=steps, saveat=AT)
        cells.append(cell(orbit.B[-1], exact, orbit.H))
    for events in (None, "kinks"):
        orbit = net.integrate(A0, B0, rtol=1e-12, saveat=AT, events=events)
        cells.append(f"{cell(orbit.B[-1], exact, orbit.H)}, {orbit.evaluations} evaluations")
    return cells


def cell(B, exact, H):
    return f"{np.abs(B - exact).max():.1e} ({np.ptp(H):.0e})"


def main(steps):
    names = ["layers (symplectic Euler)", "IMPLICIT_MIDPOINT", "RK4", "GAUSS4", "GAUSS6", "DOP853", "DOP853, kinks"]
    smooth, relu = errors(LeakyResNet(3.0, ("softplus", 8.0)), steps), errors(LeakyResNet(3.0), steps)
    print(table(["method", "softplus 8", "relu, 19 kinks"], list(zip(names, smooth, relu, strict=True))))
    A = np.random.default_rng(0).normal(size=(100, 1000))
    net, seconds = LeakyResNet(7.0), []
    for _ in range(60):
        began = time.perf_counter()
        net.flow(A, 0.01 * A)
        seconds.append(time.perf_counter() - began)
    middle, least = 1e3 * np.median(seconds), 1e3 * min(seconds)
    print(f"\nright-hand side, w = 100, N = 1000: median {middle:.1f} ms, least {least:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=80)
    main(parser.parse_args().steps)
