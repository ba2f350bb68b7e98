"""Maps: derivatives by complex steps, exponents by an independent QR, invariants by their formulas."""

import math
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.systems.map_system import make_map
from mechanics.systems.maps import (
    CAT,
    DOUBLING,
    GENERALISED_HENON,
    HENON,
    IKEDA,
    RANDOM_FIBONACCI,
    STANDARD,
    TOWEL,
    all_maps,
    doubling_lattice_map,
    gaussian_product_map,
    logistic_lattice_map,
)

MAPS = all_maps()
SMOOTH = [m for m in MAPS if m.jacobian]
COMPLEX = SimpleNamespace(
    sin=np.sin, cos=np.cos, exp=np.exp, sqrt=np.sqrt, floor=lambda z: np.floor(z.real), pi=math.pi
)


def derivative(system, x, z=None):
    """d f_i / d x_j by a complex step: the plain function with complex numbers (Squire, Trapp 1998)."""
    f = FunctionType(system.f.__code__, {**system.f.__globals__, "math": COMPLEX, "np": COMPLEX})
    J = np.empty((system.n, system.n))
    for j in range(system.n):
        u, out = np.array(x, complex), np.empty(system.n, complex)
        u[j] += 1e-60j
        f(*((3, u, system.p, out) if z is None else (3, u, z, system.p, out)))
        J[:, j] = out.imag / 1e-60
    return J


@pytest.mark.parametrize("system", SMOOTH, ids=lambda s: s.name)
def test_jacobians_are_the_derivatives(system):
    for x in system.orbit(60)[::20]:
        J = np.full((system.n, system.n), np.nan)
        system.jacobian(3, x, system.p, J)
        assert_allclose(J, derivative(system, x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("system", [m for m in MAPS if m.exponents], ids=lambda s: s.name)
def test_exponents_are_those_of_a_plain_qr(system):
    """3000 iterations in plain Python, seeded; tolerance five block errors over 30 blocks, and the start-up."""
    rng = np.random.default_rng(0)
    steps = 3000
    xs = system.orbit(steps + 100)[100:]
    Q, logs, J = np.eye(system.n), np.empty((steps, system.n)), np.empty((system.n, system.n))
    for i in range(steps):
        if system.jacobian:
            system.jacobian(i, xs[i], system.p, J)
        else:
            J = derivative(system, xs[i], rng.normal(size=system.noises))
        Q, R = np.linalg.qr(J @ Q)
        logs[i] = np.log(abs(np.diag(R)))
    found = np.array(logs.mean(axis=0))
    error = logs.reshape(30, -1, system.n).mean(axis=1).std(axis=0, ddof=1) / np.sqrt(30)
    known = len(system.exponents)
    assert (abs(found[:known] - system.exponents) < 5 * error[:known] + system.tolerance + 5 / steps).all()


def test_sums_of_exponents_are_logarithms_of_determinants():
    for system, total in (
        (HENON, math.log(0.3)),
        (GENERALISED_HENON, math.log(0.03)),
        (IKEDA, 2 * math.log(0.9)),
        (STANDARD, 0.0),
        (CAT, 0.0),
        (RANDOM_FIBONACCI, 0.0),
    ):
        assert abs(sum(system.exponents) - total) < 3 * system.tolerance + 1e-12, system.name
        if system.jacobian:
            J = np.empty((system.n, system.n))
            system.jacobian(0, system.orbit(7)[-1], system.p, J)
            assert_allclose(math.log(abs(np.linalg.det(J))), total, atol=1e-12)


@pytest.mark.parametrize("system", MAPS, ids=lambda s: s.name)
def test_orbits_stay_bounded_and_alive_and_leave_their_argument_alone(system):
    x = system.x0.copy()
    xs = system.orbit(2000)
    assert np.isfinite(xs).all()
    assert abs(xs).max() < 10
    assert np.array_equal(system.x0, x)
    if system.x0.any():
        assert len(np.unique(xs[1000:, 0])) > 900  # neither a fixed point nor a short cycle


def test_the_doubling_map_does_not_die():
    """The naive one is 0 after 53 steps; this one stays uniform: mean within 5 sqrt(1/12 * 3/n) (tau = 3)."""
    x = 0.1234567
    for _ in range(60):
        x = 2 * x % 1
    assert x == 0.0
    xs = DOUBLING.orbit(5000)[:, 0]
    assert abs(xs.mean() - 0.5) < 5 * math.sqrt(3 / 12 / 5000)


def test_the_lattice_has_the_published_spectrum():
    assert_allclose(
        doubling_lattice_map(8, 0.2).exponents[:4], [0.69314718, 0.63278272, 0.63278272, 0.47000363], atol=1e-8
    )
    assert doubling_lattice_map(4, 0.5).exponents[-1] == -np.inf


def test_start_and_parameters_can_change():
    assert_allclose(HENON.image([0.5, 0.2]), [1 - 1.4 * 0.25 + 0.2, 0.15])
    assert_allclose(HENON.image([0.5, 0.2], p=HENON.p._replace(a=1.0)), [0.95, 0.15])
    lyapunov = pytest.importorskip("mechanics.lyapunov")
    assert isinstance(TOWEL.map(x0=[0.1, -0.1, 0.1]), lyapunov.Map)
    with pytest.raises(TypeError, match="can change"):
        TOWEL.map(f=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: doubling_lattice_map(2), "at least 3"),
        (lambda: logistic_lattice_map(8, 1.5), r"in \[0, 1\]"),
        (lambda: gaussian_product_map(0), "at least 1"),
        (lambda: DOUBLING.image([0.1]), "takes z"),
        (lambda: HENON.orbit(-1), "0 or more"),
        (lambda: make_map("x", None, [np.nan], reference="r."), "finite vector"),
        (lambda: make_map("x", None, [1.0], reference="r.", exponents=[1.0, 0.0], source="s."), "at most 1"),
        (lambda: make_map("x", None, [1.0], reference="r.", exponents=[1.0]), "need a source"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
