"""Checks, alignment indices and two copies: other ways to the same numbers."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.lyapunov import alignment_index, largest_by_two_copies, lyapunov_spectrum
from mechanics.systems import LORENZ63


def test_checks_of_a_flow_and_a_map(known):
    """Sums against the divergence and the determinant from differences of the plain functions."""
    checks = lyapunov_spectrum(LORENZ63.problem(), total=50.0, dt=0.005).checks
    assert_allclose(*checks["sum"], atol=1e-4)
    assert checks["orthonormality"] < 1e-9
    checks = lyapunov_spectrum(known.HENON, total=2000).checks
    assert_allclose(*checks["sum"], atol=1e-6)
    assert checks["pairing"] == 0.0


@pytest.mark.parametrize("name", ["Henon", pytest.param("Lorenz", marks=pytest.mark.sweep)])
def test_two_copies_give_the_largest_exponent(name, known):
    """Henon and Lorenz along the same stretch as the tangent vector: five digits."""
    henon = name == "Henon"
    system, total, start = (known.HENON, 5000, {}) if henon else (LORENZ63.problem(), 100.0, {"dt": 0.005})
    start["interval"] = 1 if henon else 0.05
    tangent = lyapunov_spectrum(system, 1, total=total, transient=0.0, **start)
    copies = largest_by_two_copies(system, total=total, **start)
    assert_allclose(copies, tangent.exponents[0], atol=2e-4)


def test_alignment_tells_chaos_from_order(known):
    """A turning plane keeps its vectors apart, GALI_2 of the Henon map falls as exp(-(l_1 - l_2) n)."""
    found = alignment_index(known.HENON, 2, total=2000)
    rate = found.log_gali[-1] / found.times[-1]
    assert_allclose(rate, -(0.41922 + 1.62319), atol=0.1)
    assert found.sali[-1] < 1e-12
    regular = alignment_index(known.linear([[0.6, 1.6], [-0.4, 0.6]]), 2, total=2000)  # eigenvalues 0.6 +- 0.8i
    assert regular.log_gali.min() > math.log(1e-3)
    assert regular.sali.min() > 1e-3
    with pytest.raises(ValueError, match="at least 2"):
        alignment_index(known.HENON, 1, total=10)


def test_local_exponents_average_to_the_spectrum(known):
    found = lyapunov_spectrum(known.HENON, total=10_000)
    local = found.local(100)
    assert local.shape[1] == 2
    assert_allclose(local.mean(axis=0), found.exponents, atol=0.02)
    assert np.std(local[:, 0]) > 0.01
