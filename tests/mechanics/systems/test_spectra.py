import cmath
import math
from types import FunctionType

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad, solve_ivp

from mechanics.systems.spectra import (
    DOUBLE_PENDULUM,
    KNOWN_SPECTRA,
    TWO_WELL_DUFFING,
    WHITE_NOISE_OSCILLATOR,
    fput_beta_system,
    isotropic_exponents,
    isotropic_system,
    pitchfork_exponent,
    pitchfork_system,
    random_oscillator_exponents,
)


@pytest.mark.parametrize("known", KNOWN_SPECTRA, ids=lambda k: k.system.name)
def test_records_agree_with_themselves(known):
    """Jacobians by complex steps; sums of exponents; divergence where the sum is constant."""
    s = known.system
    assert list(known.exponents) == sorted(known.exponents, reverse=True)
    if known.total is not None and len(known.exponents) == s.n:
        assert abs(sum(known.exponents) - known.total) <= 3 * known.tolerance + 1e-9
    if s.jacobian is None:
        return
    f = FunctionType(s.drift.__code__, {**s.drift.__globals__, "math": cmath})
    for k in range(3):
        y = s.y0 + 0.3 * k * np.cos(np.arange(s.n))
        J, wanted = np.full((s.n, s.n), np.nan), np.empty((s.n, s.n))
        s.jacobian(0.7, y, s.p, J)
        for j in range(s.n):
            z, dz = np.array(y, complex), np.empty(s.n, complex)
            z[j] += 1e-60j
            f(0.7, z, s.p, dz)
            wanted[:, j] = dz.imag / 1e-60
        assert_allclose(J, wanted, rtol=1e-12, atol=1e-13 * max(1.0, abs(wanted).max()))
        if known.total is not None and s.kind == "non-stiff":
            assert_allclose(np.trace(J), known.total, rtol=1e-12)


@pytest.mark.parametrize("system", [DOUBLE_PENDULUM, fput_beta_system(8)], ids=lambda s: s.name)
def test_energy_is_kept(system):
    path = solve_ivp(system.f, (0, 20), system.y0, method="DOP853", rtol=1e-12, atol=1e-12).y.T
    energies = [system.invariants[0](0.0, y, system.p) for y in path[::10]]
    assert_allclose(energies, energies[0], atol=1e-8)


def test_double_pendulum_is_the_published_one():
    """Equal masses and lengths, from a textbook's closed form."""
    a, b, w, u = y = np.array([0.4, -1.1, 0.7, 0.3])
    c, s = math.cos(a - b), math.sin(a - b)
    wanted = [
        w,
        u,
        (-s * (c * w**2 + u**2) - 2 * math.sin(a) + c * math.sin(b)) / (2 - c**2),
        (s * (2 * w**2 + c * u**2) + 2 * c * math.sin(a) - 2 * math.sin(b)) / (2 - c**2),
    ]
    assert_allclose(DOUBLE_PENDULUM.f(0.0, y), wanted, rtol=1e-14)
    assert_allclose(TWO_WELL_DUFFING.f(0.0, [0.5, 0.2]), [0.2, -0.25 * 0.2 + 0.5 - 0.125 + 0.4])


@pytest.mark.parametrize(
    ("b", "w2", "s", "wanted"),
    [(0, 0, 1, 0.2893082598), (0, 1, 1, 0.1102302516), (0.2, 1, 1, 0.0110636925), (0.5, 1, 0.5, -0.2171972729),
     (-0.2, 1, 0.5, 0.131132748)],
)  # fmt: skip
def test_white_noise_oscillator_formula(b, w2, s, wanted):
    first, second = random_oscillator_exponents(b, w2, s)
    assert_allclose(first, wanted, atol=2e-10)
    assert_allclose(first + second, -b)
    if (b, w2) == (0, 0):
        assert_allclose(first, 0.75 ** (1 / 3) * math.sqrt(math.pi) / math.gamma(1 / 6), rtol=1e-10)


@pytest.mark.parametrize(("al", "s", "wanted"), [(1, 0.5, -1.556408), (1, 1, -1.680395), (-0.5, 1, -1.597872)])
def test_pitchfork_formula(al, s, wanted):
    assert_allclose(pitchfork_exponent(al, s), wanted, atol=1e-6)
    density = pitchfork_system(al, s).density
    assert_allclose(quad(lambda y: density(y, pitchfork_system(al, s).p), -6, 6)[0], 1.0, atol=1e-8)


def test_isotropic_noise_has_its_exponents():
    """QR of Euler-Maruyama factors I + sqrt(dt) Z over T = 400, seeded: five errors sqrt(1/T) and dt."""
    d, dt, steps = 3, 0.01, 40_000
    Z = np.random.default_rng(0).normal(size=(steps // 4, 4, d, d)) * np.sqrt(dt)
    g = np.empty((d, d * d))
    y = np.array([0.3, -0.2, 0.9])
    system = isotropic_system(d)
    system.diffusion(0.0, y, system.p, g)
    assert_allclose(g @ Z[0, 0].ravel(), Z[0, 0] @ y, rtol=1e-14)
    Q, total = np.eye(d), np.zeros(d)
    for group in Z:
        for z in group:
            Q = Q + z @ Q
        Q, R = np.linalg.qr(Q)
        total += np.log(abs(np.diag(R)))
    assert_allclose(total / (steps * dt), isotropic_exponents(d, 0.0, 1.0), atol=5 * math.sqrt(1 / 400) + 0.03)


def test_fixed_points_of_linear_noise_stay():
    g = np.ones((2, 1))
    WHITE_NOISE_OSCILLATOR.diffusion(0.0, WHITE_NOISE_OSCILLATOR.y0, WHITE_NOISE_OSCILLATOR.p, g)
    assert not g.any()
    with pytest.raises(ValueError, match="at least 1"):
        isotropic_system(0)
    with pytest.raises(ValueError, match="positive"):
        fput_beta_system(8, energy=0.0)
