"""Methods as records: what they claim, what they refuse, and that the coefficients are those of other codes."""

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import DOP853 as SCIPY_DOP853
from scipy.integrate import RK23, RK45

import mechanics.methods
from mechanics.methods import BOSH3, DOP853, DOPRI5, EULER, VERN9, Method, all_methods, tableau
from mechanics.methods.bernstein import bernstein_basis, from_monomials, to_monomials

METHODS = all_methods("explicit")
PAGE = Path(__file__).parents[3] / "docs" / "methods.md"


def test_all_methods_are_the_exported_ones():
    exported = [getattr(mechanics.methods, name) for name in mechanics.methods.__all__]
    assert set(all_methods()) == {value for value in exported if isinstance(value, Method)}
    assert [m.order for m in METHODS] == sorted(m.order for m in METHODS)
    assert all(getattr(mechanics.methods, m.name) is m for m in METHODS)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_method_is_adaptive_exactly_when_it_estimates_its_error(method):
    assert method.adaptive == (method.error_order is not None) == (len(method.data.e) > 0)
    if method.adaptive:
        assert method.error_order < method.order
        assert len(method.data.e) == (2 if method is DOP853 else 1)


def test_methods_without_an_estimate_are_for_fixed_steps_only():
    fixed = {m.name for m in METHODS if m.error_order is None}
    assert fixed == {"EULER", "RALSTON3", "SSPRK3", "RK4"}


@pytest.mark.parametrize("method", [m for m in METHODS if m.adaptive], ids=str)
def test_step_control_is_stable(method):
    """Exponents k_I, k_P in units of 1/q: the roots of z^2 - (1 - k_I) z - k_P = 0 lie inside the unit circle.

    This is the controller alone, for an error proportional to dt^q: Hairer, Wanner, Solving Ordinary Differential
    Equations II, IV.2.
    """
    control = method.controller
    roots = np.roots([1.0, -(1.0 - control.integral), -control.proportional])
    assert np.abs(roots).max() < 1
    assert 0 < control.shrink < control.safety < 1 < control.grow


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_method_tells_where_it_was_published(method):
    assert any(year in method.reference for year in map(str, [1768, *range(1895, 2025)]))
    assert repr(method) == method.name


@pytest.mark.parametrize(("ours", "theirs"), [(BOSH3, RK23), (DOPRI5, RK45)], ids=str)
def test_coefficients_agree_with_scipy(ours, theirs):
    """Signs of error estimates are a matter of taste."""
    s = ours.data.stages
    for i, row in enumerate(ours.data.A):
        np.testing.assert_allclose(row, theirs.A[i, :i], rtol=1e-15)
    np.testing.assert_allclose(ours.data.b, theirs.B, rtol=1e-15)
    np.testing.assert_allclose(ours.data.c, theirs.C, rtol=1e-15)
    sign = np.sign(ours.data.e[0, 0] * theirs.E[0])
    np.testing.assert_allclose(sign * ours.data.e[0], theirs.E, rtol=1e-13)
    np.testing.assert_allclose(ours.data.P, theirs.P, atol=1e-14)
    assert s == theirs.n_stages


def test_coefficients_of_dop853_agree_with_scipy():
    tab = DOP853.data
    for i, row in enumerate(tab.A):
        np.testing.assert_allclose(row, SCIPY_DOP853.A[i, :i], rtol=1e-15)
    np.testing.assert_allclose(tab.b, SCIPY_DOP853.B, rtol=1e-15)
    np.testing.assert_allclose(tab.c, SCIPY_DOP853.C, rtol=1e-14)
    np.testing.assert_allclose(tab.e, [SCIPY_DOP853.E5, SCIPY_DOP853.E3], rtol=1e-13)
    for i, row in enumerate(tab.extra_A):
        np.testing.assert_allclose(row, SCIPY_DOP853.A_EXTRA[i, : 13 + i], rtol=1e-15)


def test_the_interpolant_of_dop853_agrees_with_scipy():
    """The nested form of Hairer's contd8, evaluated by scipy on one step of y' = -y + sin t."""

    def f(t, y):
        return -y + np.sin(t)

    solver = SCIPY_DOP853(f, 0.0, np.array([1.0]), 10.0, rtol=1e-3, atol=1e-3, first_step=0.5)
    solver.step()
    dense = solver.dense_output()
    dt = solver.t
    tab = DOP853.data
    rows = (*tab.A, tab.b, *tab.extra_A)
    K = np.zeros((16, 1))
    for i, (row, c) in enumerate(zip(rows, [*tab.c, 1.0, *tab.extra_c], strict=True)):
        K[i] = f(c * dt, 1.0 + dt * (np.asarray(row) @ K[: len(row)]))
    for theta in (0.1, 0.35, 0.8, 1.0):
        ours = 1.0 + dt * (tab.B @ bernstein_basis(7, theta)) @ K
        assert ours == pytest.approx(dense(theta * dt), abs=4e-15)


def test_both_bases_are_the_same_polynomials():
    rng = np.random.default_rng(5)
    P = rng.normal(size=(4, 6))
    B = from_monomials(P)
    for theta in (0.0, 0.2, 0.7, 1.0):
        np.testing.assert_allclose(B @ bernstein_basis(6, theta), P @ theta ** np.arange(1, 7), atol=1e-14)
    np.testing.assert_allclose(to_monomials(B), P, atol=1e-12)
    for method in METHODS:
        np.testing.assert_allclose(to_monomials(method.data.B), method.data.P, rtol=1e-12, atol=1e-12)


def test_bernstein_coefficients_are_small_where_monomials_are_not():
    assert np.abs(VERN9.data.P).max() > 5e3
    assert np.abs(VERN9.data.B).max() < 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"A": [[], [1.0], [0.0]]}, "A needs rows of 0..1 entries"),
        ({"b": [0.5, 0.6]}, r"sum\(b\) = 1 fails"),
        ({"c": [0.0, 0.9]}, "row 1 of A sums to c fails"),
        ({"e": [[0.5, -0.5]]}, "e needs rows of 3 entries"),
        ({"e": [[0.5, -0.4, 0.0]]}, r"sum\(e\) = 0 fails"),
        ({"P": [[1.0], [0.0]]}, "P or B needs 3 rows"),
        ({"P": [1.0, 0.0, 0.0]}, "P or B needs 3 rows"),
        ({"P": [[1.0], [0.0], [0.0]]}, "interpolant reaches y1"),
        ({"P": [[0.5], [0.5], [0.0]], "B": [[0.5], [0.5], [0.0]]}, "give one of them"),
        ({"extra_A": [[0.5, 0.5]], "extra_c": [1.0]}, "extra_A needs rows of 3"),
    ],
)
def test_inconsistent_coefficients_are_refused(change, message):
    heun = {"A": [[], [1.0]], "b": [0.5, 0.5], "c": [0.0, 1.0]}
    tableau(**heun)
    with pytest.raises(ValueError, match=message):
        tableau(**{**heun, **change})


def test_the_page_of_methods_states_what_the_objects_state():
    """One row a method: name, order, evaluations a step, error order, interpolant's order and extra evaluations."""
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            rows[cells[0]] = cells[1:6]
    stated = {
        m.name: [
            str(m.order),
            str(m.data.stages),
            "none" if m.error_order is None else str(m.error_order),
            str(m.dense_order),
            str(len(m.data.extra_c)),
        ]
        for m in METHODS
    }
    assert rows == stated
    assert list(rows) == [m.name for m in METHODS]


def test_euler_is_one_evaluation_without_memory():
    assert EULER.data.stages == 1
    assert not EULER.data.error_needs_end


def test_the_examples_of_the_page_run():
    """The method defined there has the order it claims."""
    blocks = PAGE.read_text(encoding="utf-8").split("```python\n")[1:]
    names: dict = {}
    for block in blocks:
        exec(block.split("```")[0], names)
    method = names["RALSTON2"]
    defects = names["order_defects"](method.data, method.data.b, method.order + 1)
    assert defects[:-1].max() < 1e-15 < 0.01 < defects[-1]
