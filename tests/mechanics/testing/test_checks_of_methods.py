"""Every claim of every explicit method of the library, through `solve` and the public checks."""

from dataclasses import replace

import pytest

from mechanics import methods
from mechanics.methods import RK4, TSIT5
from mechanics.systems import HENON_HEILES, KEPLER, LORENZ63
from mechanics.testing import (
    check_dense_output,
    check_invariant,
    check_order,
    check_reproducible,
    check_reversible,
    check_symplectic,
)

CHECKED = ("RK4", "TSIT5", "DOP853")
METHODS = [
    m if m.name in CHECKED else pytest.param(m, marks=pytest.mark.sweep) for m in methods.all_methods("explicit")
]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_order(method):
    """VERN8 has such small leading errors that terms of order ten show down to rounding; its trees prove the order."""
    check_order(method, above=2.0 if method.name == "VERN8" else None)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_dense_output(method):
    """Verner's leading errors are so small that the next order shows too."""
    check_dense_output(method, above=1.0 if method.name.startswith("VERN") else 0.4)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_reproducible(method):
    check = check_reproducible(LORENZ63.problem(t1=1.0), method, dt=None if method.adaptive else 0.01)
    assert {"again", "in two parts"} <= set(check.compared)


def test_wrong_claims_of_a_method_are_refused():
    with pytest.raises(AssertionError, match="claims order 5, but"):
        check_order(replace(RK4, order=5))
    with pytest.raises(AssertionError, match="interpolant of RK4 claims order 5, but"):
        check_dense_output(RK4, 5)


def test_a_perturbed_tableau_is_refused():
    rows = [*TSIT5.data.A[:-1], tuple(a + d for a, d in zip(TSIT5.data.A[-1], (1e-4, -1e-4, 0, 0, 0), strict=True))]
    off = replace(TSIT5, data=replace(TSIT5.data, A=tuple(rows)))
    with pytest.raises(AssertionError, match="claims order 5"):
        check_order(off)


def test_runge_kutta_methods_have_no_structure():
    with pytest.raises(AssertionError, match="RK4 should be symplectic"):
        check_symplectic(RK4)
    with pytest.raises(AssertionError, match="RK4 should be reversible"):
        check_reversible(RK4)
    with pytest.raises(AssertionError, match=r"RK4 with dt = 0\.2 should not let"):
        check_invariant(HENON_HEILES, RK4, HENON_HEILES.invariants[0], dt=0.2, t1=300.0)
    assert check_invariant(KEPLER, RK4, KEPLER.invariants[1], dt=0.001, tol=1e-10).second_half < 1e-10
