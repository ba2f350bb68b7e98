"""Orbits, most probable paths, geodesics and branches against what is known in closed form."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import hamiltonian
from mechanics.hamiltonian import continuation, geodesic, geometric_action, lambert, minimum_action


def well(t, x, par, dx):
    """Gradient flow of (x^2 - 1)^2 / 4."""
    dx[0] = x[0] - x[0] ** 3


def sphere(q, par):
    """Metric of colatitude and longitude."""
    return [[1.0, 0.0], [0.0, np.sin(q[0]) ** 2]]


def test_every_public_name_is_what_it_says():
    for name in hamiltonian.__all__:
        assert callable(getattr(hamiltonian, name)), name


def test_lambert_finds_the_ellipse():
    """a = 1, e = 0.3, true anomalies 0.3 to 2.1."""
    path = lambert([0.675699957558, 0.209018490732], [-0.541408319518, 0.925725143427], 1.36831619488)
    assert path.converged
    assert_allclose(path.p[0], [-0.309789351588, 1.31595020653], atol=1e-9)
    assert_allclose(path.p[-1], [-0.904889289974, -0.214737065314], atol=1e-9)
    assert_allclose(path.H, -0.5, atol=1e-10)


def test_lambert_refuses_ends_on_a_line():
    with pytest.raises(ValueError, match="on one line through the centre"):
        lambert([1.0, 0.0], [-2.0, 0.0], 3.0)


def test_the_action_of_leaving_a_well():
    """T = 5 by quadrature of the energy integral; 2 dU = 1/2 for unlimited time."""
    path = minimum_action(well, [-1.0], [0.0], 5.0, tol=1e-9)
    assert path.converged
    assert_allclose(path.action(), 0.501794345889, atol=1e-9)
    free = geometric_action(well, [-1.0], [0.0])
    assert_allclose(free.action, 0.5, atol=1e-6)


def test_geodesics_of_the_sphere_are_great_circles():
    path = geodesic(sphere, [1.0, 0.2], [1.9, 2.0], tol=1e-9)
    assert path.converged
    assert_allclose(math.sqrt(2 * path.H), 1.93434318774, atol=1e-9)
    assert_allclose(path.p[0], [0.322596415804, 1.60489830604], atol=1e-8)


def test_the_branch_of_bratu_turns_at_its_fold():
    """y'' + lambda e^y = 0: fold at lambda = 3.51383071913, where two solutions meet."""

    def bratu(t, y, p, dy):
        dy[0] = y[1]
        dy[1] = -p.lam * np.exp(y[0])

    branch = continuation(
        bratu, lambda y0, y1: np.array([y0[0], y1[0]]), (0.0, 1.0), "lam", 4.0, par={"lam": 0.5}, n=2,
        guess=lambda t: np.zeros(2),
    )  # fmt: skip
    assert_allclose(branch.folds, [3.51383071913], atol=2e-4)
    assert branch.values.max() < 3.5139
    first, last = branch.points[0], branch.points[-1]
    assert first.ys[:, 0].max() < 0.1
    assert last.ys[:, 0].max() > 4.0  # the upper solution
