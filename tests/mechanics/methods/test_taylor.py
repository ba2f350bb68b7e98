"""Taylor's method: recurrences against independent series, claims of the method, and drifts that it refuses."""

import math
from typing import NamedTuple

import mpmath
import numpy as np
import pytest

from mechanics import Problem, ensemble, solve
from mechanics.engine.series import Arithmetic, Expansion
from mechanics.engine.trace import Untraceable, trace
from mechanics.methods import TAYLOR12, TAYLOR20, VERN9, taylor
from mechanics.systems import ARENSTORF, KEPLER, LORENZ63, PENDULUM, PLEIADES
from mechanics.testing import check_dense_output, check_order, check_reproducible

NAMES = ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan")
MANY_DIGITS = Arithmetic(
    lambda a, b, c: a * b + c, mpmath.mpf, {name: getattr(mpmath, name) for name in NAMES} | {"pow": mpmath.power}
)
FLOATS = Arithmetic(lambda a, b, c: a * b + c, float, {"sqrt": math.sqrt})


FUNCTIONS = [
    lambda t, m: 1.0 / (2.0 + t * t) - t / 3.0,
    lambda t, m: (1.0 + t) ** 7 * (2.0 - t) ** -3,
    lambda t, m: m.sqrt(1.0 + t * t),
    lambda t, m: (1.5 + t) ** 0.75,
    lambda t, m: (1.5 + t) ** -1.5,
    lambda t, m: m.exp(t) * m.log(2.0 + t),
    lambda t, m: m.sin(t * t) + m.cos(m.sin(3.0 * t)),
    lambda t, m: m.sinh(t) / m.cosh(t * 0.5),
    lambda t, m: m.tan(0.5 * t) + m.tanh(t),
    lambda t, m: m.asin(0.5 * t) - m.acos(0.4 * t * t),
    lambda t, m: m.atan(t - 1.0) * m.exp(-t),
    lambda t, m: (1.0 + t) ** (0.3 * t),
    lambda t, m: m.hypot(t, 2.0),
    lambda t, m: -t + 2.0,
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_recurrences_give_the_series_of_the_function(number):
    """y' = F(t): the coefficients of y are those of F over k + 1; mpmath's Taylor polynomials come from differences."""
    function, order, t0 = FUNCTIONS[number], 12, mpmath.mpf(0.3)

    def drift(t, y, p, dy):
        dy[0] = function(t, math)

    with mpmath.workdps(60):
        graph = trace(drift, 1, lambda graph: None)
        found = Expansion(graph, MANY_DIGITS, t0, [mpmath.mpf(1)], None).outputs(order)[0]
        wanted = mpmath.taylor(lambda t: function(t, mpmath), t0, order - 1)
        for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
            # constants of the recurrences are float64: 1/k, powers
            assert abs(a * (k + 1) - b) <= 1e-14 * max(1, abs(b)), k


def test_recurrences_along_a_solution_are_those_of_the_solution():
    """Kepler's orbit: coefficients from the recurrences against derivatives of the closed form."""
    graph = trace(KEPLER.drift, 4, lambda graph: KEPLER.p)
    rows = Expansion(graph, FLOATS, 0.0, list(KEPLER.y0), None).outputs(24)
    dt = 0.02
    ends = [y + sum(a * dt ** (k + 1) for k, a in enumerate(row)) for y, row in zip(KEPLER.y0, rows, strict=True)]
    np.testing.assert_allclose(ends, KEPLER.exact(dt, KEPLER.y0, KEPLER.p), rtol=0, atol=5e-16)


def test_equal_expressions_are_one_node():
    def drift(t, y, p, dy):
        dy[0] = math.sin(y[0]) * math.cos(y[0]) + math.sin(y[0])

    graph = trace(drift, 1, lambda graph: None)
    assert [node[0] for node in graph.nodes].count("sincos") == 1
    assert [node[0] for node in graph.nodes].count("first") == 1


@pytest.mark.slow
@pytest.mark.parametrize("order", [4, 9])
def test_order(order):
    check_order(taylor(order))
    check_dense_output(taylor(order))


def test_members_and_pieces_have_the_bits_of_a_single_run():
    check_reproducible(LORENZ63.problem(t1=3.0), TAYLOR12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "system"),
    [
        (TAYLOR12, ARENSTORF),
        (TAYLOR20, PENDULUM),
        pytest.param(TAYLOR20, LORENZ63, marks=pytest.mark.sweep),
        pytest.param(TAYLOR20, KEPLER, marks=pytest.mark.sweep),
    ],
    ids=str,
)
def test_tight_tolerances_are_met(method, system):
    """Error at 1e-13 within ten times that of VERN9, which is close to what float64 allows."""
    known = system.solution() if system is not PENDULUM else solve(system.problem(), VERN9, rtol=1e-14, atol=1e-14).y
    problem = system.problem()
    errors = [
        np.abs(solve(problem, m, rtol=1e-13, atol=1e-13, saveat=[system.t1]).y - known).max() for m in (method, VERN9)
    ]
    assert errors[0] < 10 * errors[1] + 2e-12


@pytest.mark.slow
def test_a_large_drift_runs():
    solution = solve(PLEIADES.problem(), taylor(8), rtol=1e-10, atol=1e-10, saveat=[PLEIADES.t1])
    assert np.abs(solution.y - PLEIADES.solution()).max() < 1e-5


class Rates(NamedTuple):
    a: float
    table: np.ndarray
    pair: tuple[float, float]


def helper(x, rate):
    return rate * x


def with_everything(t, y, p, dy):
    position = y[:2]
    for i in range(2):
        dy[i] = helper(position[i], p.table[1, i]) - p.a * np.sin(t)
    dy[2:] = p.pair[1]
    dy[2] -= y[2] / p.pair[0]


def test_parameters_of_every_form_and_new_values_without_compiling():
    p = Rates(0.5, np.array([[0.0, 0.0], [-1.0, -0.3]]), (2.0, 0.25))
    for k, values in enumerate((p, Rates(0.1, 2.0 * p.table, (1.0, 0.5)))):
        problem = Problem(with_everything, [1.0, -1.0, 0.5], 0.0, 3.0, values)
        solution = solve(problem, TAYLOR12, rtol=1e-12, atol=1e-12)
        reference = solve(problem, VERN9, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(solution.y, reference.y, rtol=0, atol=1e-11)
        assert solution.stats.compiled == 0 or k == 0


def test_varied_parameters_run_in_lanes():
    rates = np.linspace(20.0, 30.0, 13)[:, None] * [0.0, 1.0, 0.0] + [10.0, 0.0, 8 / 3]
    problem = Problem(LORENZ63.drift, [1.0, 1.0, 1.0], 0.0, 1.0, rates[0])

    def lorenz(t, y, p, dy):
        dy[0] = p[0] * (y[1] - y[0])
        dy[1] = y[0] * (p[1] - y[2]) - y[1]
        dy[2] = y[0] * y[1] - p[2] * y[2]

    problem = Problem(lorenz, [1.0, 1.0, 1.0], 0.0, 1.0, rates[0])
    run = ensemble(problem, TAYLOR20, p=rates, rtol=1e-12, atol=1e-12)
    assert run.stats.engine == "lanes"
    for i in (0, 12):
        alone = solve(Problem(lorenz, [1.0, 1.0, 1.0], 0.0, 1.0, rates[i]), TAYLOR20, rtol=1e-12, atol=1e-12)
        assert np.array_equal(run.y[i], alone.y)


def branches(t, y, p, dy):
    if y[0] > 0.0:
        dy[0] = -1.0
    else:
        dy[0] = 1.0


def looks_up(t, y, p, dy):
    dy[0] = p[int(y[0])]


def unknown(t, y, p, dy):
    dy[0] = np.arctan2(y[0], 1.0)


def measures(t, y, p, dy):
    dy[0] = y[0] / len(p)


@pytest.mark.parametrize("drift", [branches, looks_up, unknown, measures])
def test_what_is_no_formula_is_refused_with_advice(drift):
    problem = Problem(drift, [1.0], 0.0, 1.0, [1.0, 2.0])
    for run in (lambda: solve(problem, TAYLOR12), lambda: ensemble(problem, TAYLOR12, members=4)):
        with pytest.raises(Untraceable, match=rf"in {drift.__name__} .*Use VERN9"):
            run()


def test_sizes_that_would_compile_for_ever_are_refused():
    with pytest.raises(ValueError, match="64 components"):
        solve(Problem(lambda t, y, p, dy: None, np.ones(65), 0.0, 1.0), TAYLOR12)
    with pytest.raises(ValueError, match="too many to compile"):
        solve(PLEIADES.problem(), taylor(40))


@pytest.mark.parametrize("order", [1, 41, 2.5, True])
def test_orders_out_of_range_are_refused(order):
    with pytest.raises(ValueError, match="from 2 to 40"):
        taylor(order)
