import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.lyapunov import lyapunov_spectrum
from mechanics.systems.kuramoto_modes import kuramoto_sivashinsky_map
from mechanics.systems.kuramoto_sivashinsky import EXPONENTS_22, kuramoto_sivashinsky


def test_coefficients_keep_their_digits():
    """Against 50-digit arithmetic, from |z| = 1e-2 to 1e4."""
    ks = kuramoto_sivashinsky(22.0, 48, 0.1)
    with mpmath.workdps(50):
        for k in (1, 2, 3, 4, 8, 15):
            q = 2 * mpmath.pi * k / 22
            z = mpmath.mpf(0.1) * (q**2 - q**4)
            e = mpmath.exp(z)
            exact = [
                (mpmath.exp(z / 2) - 1) / z,
                (-4 - z + e * (4 - 3 * z + z**2)) / z**3,
                2 * (2 + z + e * (z - 2)) / z**3,
                (-4 - 3 * z - z**2 + e * (4 - z)) / z**3,
            ]
            assert_allclose([f[k] / 0.1 for f in ks._f], [float(v) for v in exact], rtol=1e-12, atol=1e-15)


def test_order_four():
    """Reached below dt = 0.02; at 0.1 the stiff modes hold it near 3."""
    dts = np.array([0.02, 0.01, 0.005])
    start = kuramoto_sivashinsky().start()
    exact = kuramoto_sivashinsky(dt=0.00125).integrate(start, 2.0, 1600)[1][-1]
    errors = [abs(kuramoto_sivashinsky(dt=dt).integrate(start, 2.0)[1][-1] - exact).max() for dt in dts]
    assert 3.7 < np.polyfit(np.log(dts), np.log(errors), 1)[0] < 4.4


def test_energy_balance_mean_and_shift():
    """d/dt (1/2) int u^2 = int u_x^2 - int u_xx^2; the mean stays 0; a shifted start gives a shifted solution."""
    ks = kuramoto_sivashinsky(dt=0.01)
    _, u = ks.integrate(ks.start(), 10.0)
    q = 2j * np.pi * np.arange(25) / 22.0
    v = np.fft.rfft(u)
    energy = 0.5 * np.mean(u**2, axis=1)
    gain = np.mean(np.fft.irfft(q * v, 48) ** 2, axis=1) - np.mean(np.fft.irfft(q**2 * v, 48) ** 2, axis=1)
    slope = (energy[:-4] - 8 * energy[1:-3] + 8 * energy[3:-1] - energy[4:]) / 0.12
    assert_allclose(slope[300:], gain[2:-2][300:], atol=1e-5)
    assert abs(u.mean(axis=1)).max() < 1e-13
    shifted = ks.integrate(np.roll(ks.start(), 5), 2.0)[1][-1]
    assert_allclose(np.roll(shifted, -5), u[200], atol=1e-11)


def test_tangents_are_the_derivative_of_the_step():
    ks = kuramoto_sivashinsky()
    u = ks.integrate(ks.start(), 50.0)[1][-1]
    V = np.random.default_rng(0).normal(size=(3, 48))
    after, W = ks.step_tangents(u, V)
    assert_allclose(after, ks.step(u), atol=1e-14)
    for v, w in zip(V, W, strict=True):
        assert_allclose(w, (ks.step(u + 1e-5 * v) - ks.step(u - 1e-5 * v)) / 2e-5, atol=1e-8)


def test_leading_exponents():
    """T = 400 by QR every 1; tolerance about four block errors. Two zeros: shifts in time and space."""
    ks = kuramoto_sivashinsky()
    u = ks.integrate(ks.start(), 300.0, 3000)[1][-1]
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(48, 8)))[0]
    total = np.zeros(8)
    for block in range(450):
        V = Q.T
        for _ in range(10):
            u, V = ks.step_tangents(u, V)
        Q, R = np.linalg.qr(V.T)
        if block >= 50:
            total += np.log(abs(np.diag(R)))
    assert_allclose(total / 400, EXPONENTS_22[:8], atol=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kuramoto_sivashinsky(-1.0), "positive and finite"),
        (lambda: kuramoto_sivashinsky(22.0, 47), "even"),
        (lambda: kuramoto_sivashinsky().integrate(np.zeros(5), 1.0), "48 finite values"),
        (lambda: kuramoto_sivashinsky().integrate(np.zeros(48), 0.55), "multiple of dt"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_map_of_modes_is_the_step():
    """The same numbers without transforms, for another length as well; in plain Python."""
    for length, points in ((22.0, 48), (36.0, 80)):
        ks = kuramoto_sivashinsky(length, points, 0.1)
        found = kuramoto_sivashinsky_map(length, points, 0.1)
        v = np.fft.rfft(ks.step(ks.start()))[1 : 1 + found.n // 2]
        image = found.image(found.x0)
        assert_allclose(image[::2] + 1j * image[1::2], v, rtol=0, atol=1e-12 * points)


@pytest.mark.sweep
def test_exponents_of_the_map():
    """Ding et al. (2016) within five standard errors of T = 2000."""
    found = lyapunov_spectrum(kuramoto_sivashinsky_map().map(), 11, total=20_000)
    assert_allclose(found.exponents / 0.1, EXPONENTS_22, atol=0.02)
