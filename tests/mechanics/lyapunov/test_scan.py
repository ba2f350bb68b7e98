"""Scans over parameters: each value as a run of its own, whatever the threads."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.lyapunov import Map, bifurcation_diagram, exponent_scan, lyapunov_spectrum


def logistic(n, x, p, out):
    out[0] = p * x[0] * (1.0 - x[0])


LOGISTIC = Map(logistic, [0.3], 4.0)


def test_scan_is_many_spectra():
    """Superstable r = 2: -infinity; r = 2.5: ln 0.5; r = 4: ln 2."""
    found = exponent_scan(LOGISTIC, [2.5, 3.2, 4.0], total=100_000, threads=2)
    one = lyapunov_spectrum(Map(logistic, [0.3], 3.2), total=100_000)
    assert np.array_equal(found.exponents[1], one.exponents)
    assert_allclose(found.exponents[[0, 2], 0], [math.log(0.5), math.log(2.0)], atol=2e-3)
    again = exponent_scan(LOGISTIC, [2.5, 3.2, 4.0], total=100_000, threads=1)
    assert np.array_equal(found.exponents, again.exponents)
    with pytest.raises(TypeError, match=r"p\[0\]"):
        exponent_scan(LOGISTIC, [[1.0, 2.0]])


def test_bifurcation_diagram_of_a_map():
    """Fixed point 1 - 1/r, then a cycle of two: its points solve r^2 x^2 - r (r + 1) x + r + 1 = 0."""
    fixed, two = bifurcation_diagram(LOGISTIC, [2.5, 3.2], keep=50)
    assert len(fixed) == len(two) == 50
    assert_allclose(fixed, 1 - 1 / 2.5, atol=1e-12)
    r = 3.2
    assert_allclose(np.unique(two.round(9)), np.sort(np.roots([r * r, -r * (r + 1), r + 1])), atol=1e-8)


@pytest.mark.sweep
def test_bifurcation_diagram_of_a_flow(known):
    """Maxima of a damped spring's q: heights fall by exp(-gamma T / 2)."""
    problem = known.springs(1, 0.0, gamma=0.1)
    maxima = bifurcation_diagram(problem, [problem.p], keep=5, transient=0.0, dt=0.02)[0]
    period = 2 * math.pi / math.sqrt(2.0 - 0.05**2)
    assert_allclose(maxima[1:] / maxima[:-1], math.exp(-0.05 * period), rtol=1e-6)
