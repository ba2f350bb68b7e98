"""Implicit methods as records: order conditions, stability, and convergence of steps and interpolants."""

import numpy as np
import pytest

from mechanics.methods import (
    KVAERNO3,
    KVAERNO5,
    RADAU5,
    RODAS5P,
    Dirk,
    Radau,
    Rosenbrock,
    all_methods,
    dirk,
    radau,
    rosenbrock,
)
from mechanics.methods.conditions import rooted_trees
from mechanics.testing import check_dense_output, check_order

FAMILIES = (Rosenbrock, Dirk, Radau)
METHODS = [m for m in all_methods("implicit") if isinstance(m.data, FAMILIES)]
EXACT = 1e-13  # of the order conditions, relative to their terms


def family(method):
    """The module that holds a family's conditions."""
    import importlib

    return importlib.import_module(f"mechanics.methods.{type(method.data).__name__.lower()}")


def test_all_four_methods_are_found():
    """And each is of the implicit kind."""
    assert {KVAERNO3, KVAERNO5, RADAU5, RODAS5P} <= set(METHODS)


@pytest.mark.parametrize("method", [RODAS5P, KVAERNO3, KVAERNO5], ids=str)
def test_step_estimate_and_interpolant_meet_their_order_conditions(method):
    """Every rooted tree up to the claimed order, and not beyond it."""
    data, defects = method.data, family(method).order_defects
    step = data.m if isinstance(data, Rosenbrock) else data.A[-1]
    assert defects(data, step, method.order).max() < EXACT
    assert defects(data, step, method.order + 1)[-1] > 1e-4
    embedded = defects(data, step - data.e, method.error_order + 1)
    assert embedded[:-1].max() < EXACT
    assert embedded[-1] > 1e-4
    for theta in (0.15, 0.5, 0.9):
        weights = family(method).interpolant_weights(data, theta)
        assert defects(data, weights, method.dense_order, theta=theta).max() < EXACT


def test_radau_collocates():
    """B(5) and C(3): with them every condition of order 5 holds (Hairer, Wanner, II, IV.5, theorem 5.1)."""
    data = RADAU5.data
    for q in range(1, 6):
        assert data.A[-1] @ data.c ** (q - 1) == pytest.approx(1 / q, abs=1e-14)
    for q in range(1, 4):
        np.testing.assert_allclose(data.A @ data.c ** (q - 1), data.c**q / q, atol=1e-15)
    for theta in (0.2, 0.7):
        weights = family(RADAU5).interpolant_weights(data, theta)
        for q in range(1, 4):
            assert weights @ data.c ** (q - 1) == pytest.approx(theta**q / q, abs=1e-14)
    assert -data.e @ data.c == pytest.approx(1.0, abs=1e-14)  # the error estimate cancels for a constant slope
    assert len(rooted_trees(5)) == 9


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_methods_are_l_stable(method):
    """|R| <= 1 on the imaginary axis and R(inf) = 0: decaying components vanish in one long step."""
    stability = family(method).stability
    assert abs(stability(method.data, np.inf)) < 1e-12
    assert abs(stability(method.data, -1e12)) < 1e-8
    for w in np.geomspace(1e-2, 1e4, 200):
        assert abs(stability(method.data, 1j * w)) < 1.0 + 1e-12
    assert stability(method.data, -0.01) == pytest.approx(np.exp(-0.01), abs=10 * 0.01 ** (method.order + 1))


EACH = [pytest.param(m, marks=pytest.mark.sweep) if m is KVAERNO3 else m for m in METHODS]


@pytest.mark.parametrize("method", EACH, ids=str)
def test_order_of_convergence(method):
    """With fixed steps, on a system that sees every condition."""
    check_order(method, most_steps=4000)


@pytest.mark.parametrize("method", EACH, ids=str)
def test_order_of_the_interpolant(method):
    """Continuous, exact at the ends, of the claimed order between them."""
    check_dense_output(method)


def test_wrong_coefficients_are_refused_or_lose_their_order():
    """Each check above can fail."""
    data = RODAS5P.data
    wrong = data.m.copy()
    wrong[0] += 1e-9
    assert family(RODAS5P).order_defects(data, wrong, 1)[0] > 1e-11
    with pytest.raises(ValueError, match="sum"):
        dirk([[], [0.5], [0.3, 0.3]], 0.5, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="Row 1 of alpha"):
        rosenbrock(0.5, [[], [1.0]], [[], [1.0]], m=[1, 1], e=[0, 1], c=[0, 0.3], d=[0.5, 0.75], H=[], dense_order=1)
    r = RADAU5.data
    with pytest.raises(ValueError, match="unit matrix"):
        radau(r.A, r.c, r.T, 2 * r.T_inverse, r.gamma, r.alpha, r.beta, r.e)
