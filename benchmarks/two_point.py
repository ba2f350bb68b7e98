"""Two-point problems beside scipy.integrate.solve_bvp, at equal error of the first momentum.

    python benchmarks/two_point.py [--repeats 5]

Both start from the same straight line on the same 21 points; SciPy gets analytic Jacobians in numpy. Each is run with
tolerances from 1e-3 to 1e-11, and its loosest one that meets the target error counts. Medians of interleaved rounds of
processor time; part of our time buys the certificate, which SciPy does not make.
"""

import argparse
import functools
import sys
from pathlib import Path

import numpy as np
from scipy.integrate import solve_bvp

from harness import timing
from harness.table import table
from mechanics.hamiltonian import two_point
from mechanics.hamiltonian.boundary import FixedEnds
from mechanics.hamiltonian.guess import straight

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "mechanics" / "hamiltonian"))
from cases import CASES, ends, made

TOLERANCES = 10.0 ** -np.arange(3, 12)
TARGETS = (1e-4, 1e-7, 1e-10)


def matrix(*rows):
    """Jacobian (n, n, m) from rows of entries that are numbers or arrays (m,)."""
    shape = np.broadcast_shapes(*(np.shape(e) for row in rows for e in row))
    return np.array([[np.broadcast_to(e, shape) for e in row] for row in rows])


def newton(force, slope):
    """q' = p, p' = force(q)."""
    return (
        lambda t, y: np.stack((y[1], force(y[0]))),
        lambda t, y: matrix([0.0 * y[0], 1.0], [slope(y[0]), 0.0]),
    )


def kepler(t, y):
    cube = (y[0] ** 2 + y[1] ** 2) ** -1.5
    return np.stack((y[2], y[3], -y[0] * cube, -y[1] * cube))


def kepler_jacobian(t, y):
    square = y[0] ** 2 + y[1] ** 2
    a, b = square**-1.5, 3 * square**-2.5
    return matrix(
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [b * y[0] ** 2 - a, b * y[0] * y[1], 0, 0],
        [b * y[0] * y[1], b * y[1] ** 2 - a, 0, 0],
    )


def sphere(t, y):
    s, c = np.sin(y[0]), np.cos(y[0])
    return np.stack((y[2], y[3] / s**2, y[3] ** 2 * c / s**3, 0 * s))


def sphere_jacobian(t, y):
    s, c, p = np.sin(y[0]), np.cos(y[0]), y[3]
    return matrix(
        [0, 0, 1, 0],
        [-2 * p * c / s**3, 0, 0, s**-2],
        [p**2 * (-1 / s**2 - 3 * c * c / s**4), 0, 0, 2 * p * c / s**3],
        [0, 0, 0, 0],
    )


def well(t, y):
    return np.stack((y[1] + y[0] - y[0] ** 3, -y[1] * (1 - 3 * y[0] ** 2)))


def well_jacobian(t, y):
    a = 1 - 3 * y[0] ** 2
    return matrix([a, 1], [6 * y[0] * y[1], -a])


SCIPY = {
    "harmonic": newton(lambda q: -1.69 * q, lambda q: -1.69),
    "kepler": (kepler, kepler_jacobian),
    "sphere": (sphere, sphere_jacobian),
    "kink": newton(lambda q: 2 * q * (q * q - 1), lambda q: 6 * q * q - 2),
    "freidlin_wentzell": (well, well_jacobian),
    "ornstein_uhlenbeck": (
        lambda t, y: np.stack((y[1] - 3 * y[0], 3 * y[1])),
        lambda t, y: matrix([-3 + 0 * y[0], 1], [0, 3]),
    ),
    "hyperbolic_10": newton(lambda q: 100 * q, lambda q: 100.0),
    "hyperbolic_30": newton(lambda q: 900 * q, lambda q: 900.0),
    "troesch": newton(lambda q: 5 * np.sinh(5 * q), lambda q: 25 * np.cosh(5 * q)),
    "bratu": newton(lambda q: -np.exp(q), lambda q: -np.exp(q)),
}


def solvers(name):
    """Functions of the tolerance that give the first momentum, NaN where there is no solution."""
    fun, jacobian = SCIPY[name]
    d, (q0, q1), span = CASES[name].d, *ends(name)
    ts = np.linspace(*span, 21)
    line = straight(made(name)._flow, FixedEnds(q0, q1, 2 * d), span[0], span[1])(np.linspace(0, 1, 21))[0]
    one, zero = np.eye(d), np.zeros((d, d))
    of_ends = np.block([[one, zero], [zero, zero]]), np.block([[zero, zero], [one, zero]])

    def scipy(tol):
        found = solve_bvp(
            fun, lambda a, b: np.r_[a[:d] - q0, b[:d] - q1], ts, line.T, tol=tol, max_nodes=20_000, fun_jac=jacobian,
            bc_jac=lambda a, b: of_ends,
        )  # fmt: skip
        return found.y[d:, 0] if found.success else np.full(d, np.nan)

    def ours(tol):
        return two_point(made(name), (q0, q1), span, tol=tol, method="collocation").p[0]

    return {"ours": ours, "scipy": scipy}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(timing.load(), "\n")
    for target in TARGETS:
        rows, ratios = [], []
        for name in SCIPY:
            exact = np.atleast_1d(CASES[name].expected["p0"])
            allowed = target * (1 + np.abs(exact).max())
            runs = {}
            for who, run in solvers(name).items():
                good = [tol for tol in TOLERANCES if np.abs(run(tol) - exact).max() <= allowed]
                if good:
                    runs[who] = functools.partial(run, good[0])
            if len(runs) < 2:
                rows.append([name, f"only {' '.join(runs) or 'nobody'}", "", ""])
                continue
            times = timing.interleaved(runs, repeats)
            ratios.append(times["scipy"].median / times["ours"].median)
            rows.append([name, *(f"{times[who].median * 1e3:.2f} ms" for who in runs), f"{ratios[-1]:.2f}"])
        print(table([f"error {target:g}", "ours", "solve_bvp", "its time / ours"], rows))
        print(f"\ngeometric mean {np.exp(np.mean(np.log(ratios))):.2f}, least {min(ratios):.2f}\n")


if __name__ == "__main__":
    main()
