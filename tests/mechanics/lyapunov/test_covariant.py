"""Covariant vectors: carried into each other, growing at their exponents, the neutral one along the flow."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.lyapunov import kaplan_yorke_dimension, lyapunov_spectrum
from mechanics.systems import LORENZ63


def test_henon_vectors_are_covariant(known):
    """Against the Jacobian by hand; angles come close to zero (tangencies), exponents are those of the way forward."""
    spectrum = lyapunov_spectrum(known.HENON, total=5000)
    found = spectrum.covariant(20_000)
    assert found.defect < 1e-12
    for m in range(200):
        J = np.array([[-2.8 * found.states[m, 0], 1.0], [0.3, 0.0]])
        carried = J @ found.vectors[m]
        carried /= np.linalg.norm(carried, axis=0)
        assert_allclose(np.abs(np.sum(carried * found.vectors[m + 1], axis=0)), 1.0, atol=1e-12)
    longer = spectrum.proceed(25_000)
    assert_allclose(found.exponents, longer.exponents, atol=0.02)
    assert_allclose(found.exponents.sum(), math.log(0.3), atol=0.01)
    assert found.angles().min() < 0.01
    assert_allclose(found.angles(), found.subspace_angles(1), atol=1e-7)


def test_neutral_vector_of_a_flow_is_its_velocity():
    """Lorenz: the second vector lies along f, to the error of RK4's own velocity (1e-6 of f at dt = 0.005)."""
    spectrum = lyapunov_spectrum(LORENZ63.problem(), total=100.0, dt=0.005)
    found = spectrum.covariant(30.0, transient=30.0)
    x, y, z = found.states.T
    f = np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])
    f /= np.linalg.norm(f, axis=0)
    sine = np.linalg.norm(np.cross(f.T, found.vectors[:, :, 1]), axis=1)
    assert sine.max() < 1e-6
    assert found.defect < 1e-12


def test_vanishing_vectors_are_refused(known):
    singular = lyapunov_spectrum(known.linear([[0.5, 0.25], [0.0, 0.0]]), total=50)
    with pytest.raises(ValueError, match="-infinity"):
        singular.covariant()


def test_kaplan_yorke_dimension():
    assert kaplan_yorke_dimension([0.5, 0.0, -1.0]) == 2.5
    assert kaplan_yorke_dimension([-0.1, -0.2]) == 0.0
    assert kaplan_yorke_dimension([0.1, 0.2]) == 2.0
    assert math.isnan(kaplan_yorke_dimension([0.1, 0.0], n=3))
    assert kaplan_yorke_dimension([0.2, -math.inf]) == 1.0
