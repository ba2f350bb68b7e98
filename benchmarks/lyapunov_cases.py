"""Lyapunov spectra of reference systems: found, known, and how far apart.

    PYTHONPATH=src python benchmarks/lyapunov_cases.py [--out table.md] [NAME ...]

Exact values are analytic or quadratures, others from the literature and from independent computations; tolerances are
about five standard errors at the lengths run here. A few minutes, most of them compiling.
"""

import argparse
import math
import time

import numpy as np

from harness import table
from mechanics import Problem
from mechanics.chain import SpringChain
from mechanics.lyapunov import Map, lyapunov_spectrum
from mechanics.methods import DOPRI5, EULER_HEUN, EULER_MARUYAMA, GAUSS4, MILSTEIN, VERLET, YOSHIDA4
from mechanics.systems import LORENZ63, ROSSLER, lorenz96_system
from mechanics.systems.kuramoto_modes import kuramoto_sivashinsky_map
from mechanics.systems.kuramoto_sivashinsky import EXPONENTS_22
from mechanics.systems.maps import DOUBLING, IKEDA, RANDOM_FIBONACCI, TOWEL
from mechanics.systems.noisy_exponents import isotropic_exponents
from mechanics.systems.spectra import ISOTROPIC_NOISE, KNOWN_SPECTRA

TWO_PI = 2.0 * math.pi


def linear(n, x, p, out):
    for i in range(len(x)):
        out[i] = 0.0
        for j in range(len(x)):
            out[i] += p[i, j] * x[j]


def linear_drift(t, y, p, dy):
    linear(0, y, p, dy)


def logistic(n, x, p, out):
    out[0] = p * x[0] * (1.0 - x[0])


def cat(n, x, p, out):
    out[0] = (2.0 * x[0] + x[1]) % 1.0
    out[1] = (x[0] + x[1]) % 1.0


def doubling_lattice(n, x, p, out):
    size = len(x)
    for i in range(size):
        a, b, c = (2.0 * x[i]) % 1.0, (2.0 * x[i - 1]) % 1.0, (2.0 * x[(i + 1) % size]) % 1.0
        out[i] = (1.0 - p) * a + 0.5 * p * (b + c)


def quartic(n, w, lr, out):
    out[0] = w[0] - lr * w[0] * (w[0] * w[0] - 1.0)


def momentum_quartic(n, x, p, out):
    """Gradient descent with momentum, p = (rate, beta), on (w^2 - 1)^2 / 4."""
    w, v = x[0], x[1]
    out[1] = p[1] * v + w * (w * w - 1.0)
    out[0] = w - p[0] * out[1]


def two_layers(n, x, lr, out):
    out[0] = x[0] - lr * (x[0] * x[1] - 1.0) * x[1]
    out[1] = x[1] - lr * (x[0] * x[1] - 1.0) * x[0]


def gaussian(n, x, z, p, out):
    for i in range(5):
        out[i] = 0.0
        for j in range(5):
            out[i] += z[5 * i + j] * x[j]


def least_squares(n, w, z, eta, out):
    error = 0.0 * w[0]
    for i in range(10):
        error += z[i] * w[i]
    for i in range(10):
        out[i] = w[i] - eta * error * z[i]


def henon(n, x, p, out):
    out[0] = 1.0 - p[0] * x[0] ** 2 + x[1]
    out[1] = p[1] * x[0]


def henon3(n, x, p, out):
    out[0] = p[0] - x[1] ** 2 - p[1] * x[2]
    out[1] = x[0]
    out[2] = x[1]


def standard(n, x, K, out):
    kick = x[1] + K * math.sin(x[0])
    out[0] = (x[0] + kick) % TWO_PI
    out[1] = kick % TWO_PI


def henon_heiles(t, y, p, dy):
    dy[0], dy[1] = y[2], y[3]
    dy[2] = -y[0] - 2.0 * y[0] * y[1]
    dy[3] = -y[1] - y[0] ** 2 + y[1] ** 2


def duffing(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p[0] * y[1] + p[1] * y[0] - p[2] * y[0] ** 3 + p[3] * math.cos(p[4] * t)


def double_pendulum(t, y, p, dy):
    a, b, w, u = y[0], y[1], y[2], y[3]
    c, s = math.cos(a - b), math.sin(a - b)
    dy[0], dy[1] = w, u
    dy[2] = (-s * (c * w**2 + u**2) - 2.0 * math.sin(a) + c * math.sin(b)) / (2.0 - c**2)
    dy[3] = (s * (2.0 * w**2 + c * u**2) + 2.0 * c * math.sin(a) - 2.0 * math.sin(b)) / (2.0 - c**2)


def springs(t, y, p, dy):
    n = len(y) // 2
    before = y[0] + p[0] * y[0] ** 3
    for i in range(n):
        r = (y[i + 1] if i + 1 < n else 0.0) - y[i]
        force = r + p[0] * r**3
        dy[i] = y[n + i]
        dy[n + i] = force - before - p[1] * y[n + i]
        before = force


def growth(t, y, p, dy):
    dy[0] = p[0] * y[0]


def proportional(t, y, p, g):
    g[0] = p[1] * y[0]


def oscillator(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p[0] * y[1] - p[1] * y[0]


def white(t, y, p, g):
    g[0, 0] = 0.0
    g[1, 0] = p[2] * y[0]


def pitchfork(t, y, p, dy):
    dy[0] = p[0] * y[0] - y[0] ** 3


def everywhere(t, y, p, g):
    for i in range(len(y)):
        g[i] = 0.5


def constant(t, y, p, g):
    g[0] = p[1]


def spring_start(n, energy):
    v = np.random.default_rng(0).standard_normal(n)
    return np.concatenate([np.zeros(n), v * math.sqrt(2.0 * energy * n / np.sum(v * v))])


def lorenz96_start(n):
    y = np.full(n, 8.0)
    y[n // 2] += 0.008
    return y


def rotation(h, lr, beta):
    return [[1.0 - lr * h, -lr * beta], [h, beta]]


def damped(n, gamma):
    w2 = 4.0 * np.sin(math.pi * np.arange(1, n + 1) / (2 * (n + 1))) ** 2
    root = np.sqrt(np.asarray(gamma**2 / 4 - w2, complex))
    return np.sort(np.concatenate([-gamma / 2 + root.real, -gamma / 2 - root.real]))[::-1]


def flow(f, y0, p=None, **options):
    return Problem(f, y0, 0.0, 10.0, p, **options)


LN2 = math.log(2.0)
SUM = "sum"  # in the place of the first known exponent: the second is the sum of all
LATTICE = np.sort(np.log(np.abs(2 * (1 - 0.2 * (1 - np.cos(TWO_PI * np.arange(8) / 8))))))[::-1]
LORENZ40 = next(s.exponents for s in KNOWN_SPECTRA if s.system.n == 40)  # 13, the positive ones
KS36 = [0.077, 0.048, 0.017]
FPUT8 = [0.0776, 0.0625, 0.0485, 0.0363, 0.0253, 0.0162, 0.0088, 0, 0]
WELLS = ((1, 0.5, -1.556408), (1, 1, -1.680395), (-0.5, 1, -1.597872), (0, 1, -1.433966))
WHITE = (
    (0, 0, 1, 0.2893082598), (0, 1, 1, 0.1102302516), (0.2, 1, 1, 0.0110636925), (0.5, 1, 0.5, -0.2171972729),
    (-0.2, 1, 0.5, 0.131132748),
)  # fmt: skip
LMS = ((0.05, -0.0391979), (0.15, -0.0230806), (0.3, 0.1223444), (0.6, 0.4385465))
E5 = [0.6981519106, 0.5579657578, 0.3648185773, 0.0579657578, -0.6351814227]
HH = "Henon-Heiles"


def cases():
    """Name, system, what to pass, the first exponents that are known, tolerance."""
    yield (
        "linear map",
        Map(linear, [1, 1], np.diag([1.1, 0.8])),
        {"total": 1000},
        [math.log(1.1), math.log(0.8)],
        1e-12,
    )
    saddle = np.array([[0.2, -3, 0], [3, 0.2, 0], [0, 0, -0.5]])
    yield (
        "rotation and saddle",
        flow(linear_drift, np.zeros(3), saddle),
        {"total": 100, "dt": 0.01},
        [0.2, 0.2, -0.5],
        1e-6,
    )
    shear = Map(linear, [0, 1], np.array([[1, 0.1], [0, 1]]))
    yield "shear", shear, {"total": 1e4}, [0, 0], 2 * math.log(1e3) / 1e4
    yield "logistic r = 4", Map(logistic, [0.3], 4.0), {"total": 1e6}, [LN2], 1e-3
    yield "cat", Map(cat, [0.1, 0.2]), {"total": 1e5}, [0.9624236501, -0.9624236501], 1e-10
    yield (
        "doubling lattice",
        Map(doubling_lattice, np.random.default_rng(0).random(8), 0.2),
        {"total": 1e5},
        LATTICE,
        1e-4,
    )
    yield "descent, quartic, lr 2", Map(quartic, [0.3], 2.0), {"total": 1e5}, [math.log(3)], 2e-3
    yield "descent, quartic, lr 0.9", Map(quartic, [0.3], 0.9), {"total": 1e4}, [math.log(0.8)], 1e-9
    yield "descent, quartic, lr 1.5", Map(quartic, [0.3], 1.5), {"total": 1e6}, [0.49101], 3e-3
    yield "descent, two layers, lr 2", Map(two_layers, [0.3, 0.3], 2.0), {"total": 1e5}, [math.log(3), 0.0], 5e-3
    momentum = Map(linear, [1, 0], np.array(rotation(1.0, 0.1, 0.9)))
    yield "momentum, quadratic", momentum, {"total": 1000}, [math.log(0.9) / 2] * 2, 5e-3
    yield (
        "Gaussian products, d = 5",
        Map(gaussian, np.zeros(5), noises=25),
        {"total": 4e4},
        E5,
        [0.008, 0.01, 0.012, 0.016, 0.028],
    )
    for eta, exact in LMS:
        yield (
            f"least squares, eta {eta}",
            Map(least_squares, np.zeros(10), eta, noises=10),
            {"k": 1, "total": 1e5},
            [exact],
            1.5e-3,
        )
    yield "Henon", Map(henon, [0.1, 0.1], [1.4, 0.3]), {"total": 1e6}, [0.41922, -1.62319], 2e-3
    yield "Henon in 3-D, 1.9", Map(henon3, [1, 0.1, 0], [1.9, 0.03]), {"total": 1e6}, [0.2747, 0.2563, -4.0376], 4e-3
    yield "folded towel", TOWEL.map(), {"total": 1e6}, TOWEL.exponents, 4e-3
    yield "Ikeda, u = 0.9", IKEDA.map(), {"total": 1e6}, IKEDA.exponents, 4e-3
    yield "doubling, kept alive", DOUBLING.map(), {"total": 1e4}, [LN2], 1e-14
    yield "random Fibonacci", RANDOM_FIBONACCI.map(), {"total": 1e6}, RANDOM_FIBONACCI.exponents, 4e-3
    beta = math.log(0.9)
    yield "momentum, quartic: sum", Map(momentum_quartic, [0.3, 0.0], [0.3, 0.9]), {"total": 1e5}, [SUM, beta], 1e-10
    yield (
        "Henon in 3-D, 1.76",
        Map(henon3, [1, 0.1, 0], [1.76, 0.1]),
        {"total": 1e6},
        [0.22435, 0.18740, -2.71433],
        4e-3,
    )
    for K, first in ((6.0, 1.136718), (10.0, 1.61996), (20.0, 2.3052)):
        yield f"standard map K = {K:g}", Map(standard, [0.5, 0.3], K), {"total": 1e6}, [first, -first], 0.012
    lorenz = {"total": 1e4, "dt": 0.005}
    yield "Lorenz 1963", LORENZ63.problem(), lorenz, [0.9056, 0, -14.5723], [0.015, 0.004, 0.015]
    chosen = {"total": 2000, "method": DOPRI5}
    yield "Lorenz 1963, DOPRI5, its own steps", LORENZ63.problem(), chosen, [0.9056, 0, -14.5723], [0.03, 0.004, 0.03]
    yield "Rossler", ROSSLER.problem(), {"total": 1e4, "dt": 0.02}, [0.0714, 0, -5.3943], [0.006, 0.002, 0.03]
    for name, q, v, first, tol, zero in (
        ("1/8 chaotic", -0.25, 0.42081271, 0.0478, 0.02, 0.002), ("1/6", 0.1, 0.56035703, 0.1263, 0.03, 0.003),
    ):  # fmt: skip
        start = [0, q, v, 0.0 if q < 0 else 0.1]
        for method, dt in ((YOSHIDA4, 0.05), (VERLET, 0.02), (GAUSS4, 0.1)) if q < 0 else ((YOSHIDA4, 0.05),):
            system = flow(henon_heiles, start)
            yield (
                f"{HH} {name}, {method}",
                system,
                {"total": 1e4, "dt": dt, "method": method},
                [first, 0, 0, -first],
                [tol, zero, zero, tol],
            )
    regular = flow(henon_heiles, [0, 0.1, 0.4802777, 0.1])
    yield (
        f"{HH} 1/8 regular",
        regular,
        {"total": 1e4, "dt": 0.05, "method": YOSHIDA4},
        [0] * 4,
        10 * math.log(1e4) / 1e4,
    )
    small = lorenz96_system(5).problem(y0=lorenz96_start(5))
    yield "Lorenz 1996, N = 5", small, {"total": 4000, "dt": 0.02}, [0.4643, 0, -0.5185, -1.3033, -3.6424], 0.08
    large = lorenz96_system(40).problem(y0=lorenz96_start(40))
    yield "Lorenz 1996, N = 40", large, {"total": 500, "dt": 0.02}, LORENZ40, 0.2
    two_wells = flow(duffing, [0.2, 0], [0.25, 1, 1, 0.4, 1])
    yield "Duffing, two wells", two_wells, {"total": 2e4, "dt": 0.02}, [0.1576, -0.4076], 0.03
    yield "Ueda", flow(duffing, [2.5, 0], [0.05, 0, 1, 7.5, 1]), {"total": 2e4, "dt": 0.02}, [0.1031, -0.1531], 0.03
    for b, first in ((math.pi / 2, 0.287), (math.pi, 0.385)):
        system = flow(double_pendulum, [math.pi / 2, b, 0, 0])
        yield (
            f"double pendulum, {math.degrees(b):.0f}",
            system,
            {"total": 4000, "dt": 0.005},
            [first, 0, 0, -first],
            [0.09, 0.02, 0.02, 0.09],
        )
    chain = flow(springs, spring_start(8, 1.0), [1, 0])
    yield "FPUT n = 8, e = 1", chain, {"total": 5000, "dt": 0.02, "method": VERLET}, FPUT8, 0.02
    for energy, first in ((0.1, 0.0112), (1.0, 0.0983), (10.0, 0.295)):
        chain = flow(springs, spring_start(32, energy), [1, 0])
        options = {"k": 1, "total": 1e4, "dt": 0.02 if energy < 5 else 0.01, "method": VERLET}
        yield f"FPUT n = 32, e = {energy:g}", chain, options, [first], 0.15 * first
    yield (
        "damped linear chain",
        flow(springs, np.zeros(14), [0, 1.0]),
        {"total": 2000, "dt": 0.02},
        damped(7, 1.0),
        5e-3,
    )
    for method, exact in ((MILSTEIN, 0.1 - 0.32), (EULER_HEUN, 0.1)):
        problem = flow(growth, [0.0], [0.1, 0.8], diffusion=proportional)
        yield (
            f"geometric Brownian motion, {method.calculus}",
            problem,
            {"total": 1e4, "dt": 0.01, "method": method},
            [exact],
            5 * 0.8 / 100,
        )
    for b, w2, s, exact in WHITE:
        problem = flow(oscillator, [0.0, 0.0], [b, w2, s], diffusion=white, noise="general", noises=1)
        yield (
            f"white-noise oscillator {b}, {w2}, {s}",
            problem,
            {"total": 2e4, "dt": 2e-3, "method": EULER_MARUYAMA},
            [exact, -b - exact],
            0.015,
        )
    matrix = np.array([[-1.0, 0.4, 0.0], [0.0, -2.0, 1.5], [0.0, -1.5, -2.0]])
    problem = flow(linear_drift, np.ones(3), matrix, diffusion=everywhere, noise="additive")
    options = {"total": 1000, "dt": 1e-3, "method": EULER_MARUYAMA}
    yield "Ornstein-Uhlenbeck in 3-D", problem, options, [-1.0, -2.0, -2.0], 4e-3
    yield (
        "isotropic noise, d = 3",
        ISOTROPIC_NOISE.problem(),
        {"total": 1e4, "dt": 2e-3, "method": EULER_MARUYAMA},
        isotropic_exponents(3, 0.0, 1.0),
        0.05,
    )
    for a, s, exact in WELLS:
        problem = flow(pitchfork, [0.5], [a, s], diffusion=constant, noise="additive")
        yield f"pitchfork {a}, {s}", problem, {"total": 2e4, "dt": 5e-3, "method": EULER_MARUYAMA}, [exact], 0.05
    chain = SpringChain(blocks=7, k=1.0, mu_right=0.1, mu_left=0.1, target=1.0, eps_bar=0.1)
    known = [-0.0557, -0.1884, -0.404, -0.6626, -0.8621, -1.1141, -1.2411]
    yield "overdamped friction chain", chain, {"total": 1000, "dt": 0.01}, known, 0.02
    for length, points, known, tol in ((22.0, 48, EXPONENTS_22, 0.012), (36.0, 80, KS36, 0.012)):
        ks = kuramoto_sivashinsky_map(length, points, 0.1)
        yield f"Kuramoto-Sivashinsky, L = {length:g}", ks.map(), {"k": 12, "total": 1e5, "per": 0.1}, known, tol


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    parser.add_argument("names", nargs="*", help="parts of names; all by default")
    options = parser.parse_args()
    out = table.Report("Lyapunov spectra of reference systems", options.out)
    rows, missed = [], 0
    for name, system, arguments, known, tolerance in cases():
        if options.names and not any(part.lower() in name.lower() for part in options.names):
            continue
        began = time.perf_counter()
        arguments = {**arguments, "k": arguments.get("k")}
        unit = arguments.pop("per", 1.0)  # time of an iteration
        found = lyapunov_spectrum(system, **arguments)
        exponents, stderr = found.exponents / unit, found.stderr / unit
        if known[0] == SUM:
            exponents, known = exponents.sum(keepdims=True), known[1:]
        known = np.asarray(known, float)
        error = np.abs(exponents[: len(known)] - known)
        good = bool(np.all(error <= tolerance))
        missed += not good
        worst = int(np.argmax(error / np.maximum(tolerance, 1e-300)))
        rows.append(
            [
                name,
                f"{exponents[0]:+.5f} ± {stderr[0]:.1g}",
                f"{known[0]:+.5f}",
                f"{error[worst]:.1e} / {np.broadcast_to(tolerance, known.shape)[worst]:.1e}",
                "yes" if good else "**no**",
                found.verdict.split(":")[0],
                f"{time.perf_counter() - began:.1f} s",
            ]
        )
        print(*rows[-1], flush=True)
    head = ["system", "first exponent", "known", "worst error / tolerance", "within", "verdict", "time with compiling"]
    out.add(table.table(head, rows))
    print(f"{len(rows) - missed} of {len(rows)} within tolerance")


if __name__ == "__main__":
    main()
