"""Kernels derived from formulas against the ones written by hand in `mechanics.systems`."""

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from mechanics.symbolic import from_hamiltonian, from_lagrangian, from_ode
from mechanics.systems import (
    BRUSSELATOR,
    DOUBLE_WELL,
    DUFFING,
    HENON_HEILES,
    HIRES,
    KEPLER,
    LORENZ63,
    LOTKA_VOLTERRA,
    OREGONATOR,
    PENDULUM,
    PYROLYSIS_E5,
    RIGID_BODY,
    ROBERTSON,
    ROSSLER,
    TODA,
    VAN_DER_POL,
    VAN_DER_POL_STIFF,
    brusselator_pde_system,
    fput_system,
    lorenz96_system,
    toda_system,
)

ROUNDING = 16 * np.finfo(float).eps  # a sum in another order
t = sp.Symbol("t")


def symbols_of(system):
    """Symbols of the state and of the parameters of a record."""
    fields = getattr(system.p, "_fields", ())
    return sp.symbols(f"y:{system.n}"), {name: sp.Symbol(name) for name in fields}


def lorenz63(y, p):
    return [p["sigma"] * (y[1] - y[0]), y[0] * (p["rho"] - y[2]) - y[1], y[0] * y[1] - p["beta"] * y[2]]


def rossler(y, p):
    return [-y[1] - y[2], y[0] + p["a"] * y[1], p["b"] + y[2] * (y[0] - p["c"])]


def van_der_pol(y, p):
    return [y[1], p["mu"] * (1 - y[0] ** 2) * y[1] - y[0]]


def duffing(y, p):
    return [
        y[1],
        p["gamma"] * sp.cos(p["omega"] * t) - p["delta"] * y[1] - p["alpha"] * y[0] - p["beta"] * y[0] ** 3,
    ]


def lotka_volterra(y, p):
    return [y[0] * (p["growth"] - p["loss"] * y[1]), y[1] * (p["gain"] * y[0] - p["death"])]


def brusselator(y, p):
    return [p["a"] + y[0] ** 2 * y[1] - (p["b"] + 1) * y[0], p["b"] * y[0] - y[0] ** 2 * y[1]]


def rigid_body(y, p):
    a, b, c = (1 / p[name] for name in ("I1", "I2", "I3"))
    return [(c - b) * y[1] * y[2], (a - c) * y[2] * y[0], (b - a) * y[0] * y[1]]


def robertson(y, p):
    slow, fast, back = p["k1"] * y[0], p["k2"] * y[1] ** 2, p["k3"] * y[1] * y[2]
    return [back - slow, slow - back - fast, fast]


def hires(y, p):
    binding = 280 * y[5] * y[7]
    return [
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -binding + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        binding - 1.81 * y[6],
        -binding + 1.81 * y[6],
    ]


def oregonator(y, p):
    return [
        p["s"] * (y[1] - y[0] * y[1] + y[0] - p["q"] * y[0] ** 2),
        (-y[1] - y[0] * y[1] + y[2]) / p["s"],
        p["w"] * (y[0] - y[2]),
    ]


def e5(y, p):
    split, pair = p["A"] * y[0], p["C"] * p["M"] * y[1] * y[2]
    capture, release = p["B"] * y[0] * y[2], p["C"] * y[3]
    return [-split - capture, split - pair, split - pair - capture + release, capture - release]


def kepler(y, p):
    r3 = (y[0] ** 2 + y[1] ** 2) ** sp.Rational(3, 2)
    return [y[2], y[3], -p["mu"] * y[0] / r3, -p["mu"] * y[1] / r3]


def lorenz96(y, p):
    n = len(y)
    return [(y[(i + 1) % n] - y[i - 2]) * y[i - 1] - y[i] + p["forcing"] for i in range(n)]


def brusselator_pde(y, p):
    u, v = [sp.Integer(1), *y[::2], sp.Integer(1)], [sp.Integer(3), *y[1::2], sp.Integer(3)]
    rates = []
    for i in range(1, len(u) - 1):
        rates.append(1 + u[i] ** 2 * v[i] - 4 * u[i] + p["diffusion"] * (u[i - 1] - 2 * u[i] + u[i + 1]))
        rates.append(3 * u[i] - u[i] ** 2 * v[i] + p["diffusion"] * (v[i - 1] - 2 * v[i] + v[i + 1]))
    return rates


EQUATIONS = [
    (LORENZ63, lorenz63),
    (ROSSLER, rossler),
    (VAN_DER_POL, van_der_pol),
    (VAN_DER_POL_STIFF, van_der_pol),
    (DUFFING, duffing),
    (LOTKA_VOLTERRA, lotka_volterra),
    (BRUSSELATOR, brusselator),
    (RIGID_BODY, rigid_body),
    (ROBERTSON, robertson),
    (HIRES, hires),
    (OREGONATOR, oregonator),
    (PYROLYSIS_E5, e5),
    (KEPLER, kepler),
    (lorenz96_system(5), lorenz96),
    (lorenz96_system(40), lorenz96),
    (brusselator_pde_system(3), brusselator_pde),
    (brusselator_pde_system(60), brusselator_pde),
]


def pendulum(q, p):
    return -p["omega2"] * sp.cos(q[0])


def double_well(q, p):
    return (q[0] ** 2 - 1) ** 2 / 4


def henon_heiles(q, p):
    return (q[0] ** 2 + q[1] ** 2) / 2 + q[0] ** 2 * q[1] - q[1] ** 3 / 3


def fput(q, p):
    ends = [sp.Integer(0), *q, sp.Integer(0)]
    springs = [b - a for a, b in pairwise(ends)]
    return sp.Add(*(r**2 / 2 + p["alpha"] * r**3 / 3 + p["beta"] * r**4 / 4 for r in springs))


def toda(q, p):
    return sp.Add(*(sp.exp(q[i - 1] - q[i]) for i in range(len(q))))


def gravity(q, p):
    return -p["mu"] / sp.sqrt(q[0] ** 2 + q[1] ** 2)


POTENTIALS = [
    (PENDULUM, pendulum),
    (DOUBLE_WELL, double_well),
    (HENON_HEILES, henon_heiles),
    (KEPLER, gravity),
    (fput_system(2, 0.25, 0.1), fput),
    (fput_system(5, 0.25, 0.1), fput),
    (fput_system(70, 0.25, 0.1), fput),
    (TODA, toda),
    (toda_system(40), toda),
]


def filled(function, time, y, p, *shape):
    """What a kernel puts into an array of rubbish, or of zeros for a Jacobian."""
    out = np.full(shape, np.nan) if len(shape) == 1 else np.zeros(shape)
    function(time, y, p, out)
    return out


def assert_same_kernels(made, system):
    rng = np.random.default_rng(1)
    p = made.values(system.p)
    for _ in range(3):
        y = system.y0 + rng.uniform(0.1, 0.5, system.n)
        ours, theirs = (filled(f, 0.7, y, q, system.n) for f, q in ((made.drift, p), (system.drift, system.p)))
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, atol=ROUNDING * scale)
        if system.jacobian is not None:
            ours = filled(made.jacobian, 0.7, y, p, system.n, system.n)
            theirs = filled(system.jacobian, 0.7, y, system.p, system.n, system.n)
            np.testing.assert_allclose(ours, theirs, rtol=ROUNDING, atol=ROUNDING * np.abs(theirs).max())


@pytest.mark.parametrize(("system", "formulas"), EQUATIONS, ids=lambda x: getattr(x, "name", ""))
def test_equations_give_the_kernels_written_by_hand(system, formulas):
    y, p = symbols_of(system)
    made = from_ode(dict(zip(y, formulas(y, p), strict=True)), t=t, parameters=list(p.values()))
    assert_same_kernels(made, system)


@pytest.mark.parametrize(("system", "potential"), POTENTIALS, ids=lambda x: getattr(x, "name", ""))
def test_a_lagrangian_gives_the_kernels_written_by_hand(system, potential):
    _, p = symbols_of(system)
    q = [sp.Function(f"q{i}")(t) for i in range(system.n // 2)]
    L = sp.Add(*(x.diff(t) ** 2 / 2 for x in q)) - potential(q, p)
    made = from_lagrangian(L, q, parameters=list(p.values()))
    assert made.state == (*q, *(x.diff(t) for x in q))
    assert_same_kernels(made, system)
    assert_same_energy(made, system)


@pytest.mark.parametrize(("system", "potential"), POTENTIALS, ids=lambda x: getattr(x, "name", ""))
def test_a_hamiltonian_gives_the_kernels_written_by_hand(system, potential):
    y, p = symbols_of(system)
    q, momenta = y[: system.n // 2], y[system.n // 2 :]
    H = sp.Add(*(x**2 / 2 for x in momenta)) + potential(q, p)
    made = from_hamiltonian(H, q, momenta, parameters=list(p.values()))
    assert_same_kernels(made, system)
    assert_same_energy(made, system)


def assert_same_energy(made, system):
    y = system.y0 + np.random.default_rng(2).uniform(0.1, 0.5, system.n)
    ours = made.energy(0.0, y, made.values(system.p))
    np.testing.assert_allclose(ours, system.invariants[0](0.0, y, system.p), rtol=1e-13)


@pytest.mark.parametrize("n", [5, 30, 100])
def test_a_chain_has_the_bits_of_the_kernel_written_by_hand(n):
    """Sums keep the differences that they are made of: r + alpha r^2 with r = b - a, not b + alpha r^2 - a."""
    system = fput_system(n, 0.25, 0.1)
    _, p = symbols_of(system)
    q = [sp.Function(f"q{i}")(t) for i in range(n)]
    L = sp.Add(*(x.diff(t) ** 2 / 2 for x in q)) - fput(q, p)
    made = from_lagrangian(L, q, parameters=list(p.values()))
    y = system.y0 + 1e3
    forces = filled(made.drift, 0.0, y, system.p, system.n)[n + 1 : -1]
    by_hand = filled(system.drift, 0.0, y, system.p, system.n)[n + 1 : -1]
    np.testing.assert_allclose(forces, by_hand, rtol=0.0, atol=1e-16)
