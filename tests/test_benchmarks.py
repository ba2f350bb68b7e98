"""The benchmarks measure what they say: the same systems in every language, true references, a true interpolation."""

import ast
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

FOLDER = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = ("nonstiff", "ensembles", "call_overhead", "first_solve", "scipy_suite")


@pytest.fixture(scope="module", autouse=True)
def on_path():
    """Benchmarks run as scripts: their folder is on the path."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def load(name):
    return importlib.import_module(name)


def case_named(cases, name):
    return next(case for case in cases if case.name == name)


def with_compiler():
    limits = load("harness.limits")
    if limits.COMPILER is None:
        pytest.skip("no C compiler")
    return limits


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_can_be_imported_and_has_a_main(name):
    assert callable(load(name).main)


def test_programs_handed_to_fresh_processes_are_valid_python():
    first_solve = load("first_solve")
    peer = first_solve.PEER.format(folder="f", library="scipy", without=[])
    for text in (first_solve.SYSTEM, first_solve.OURS, peer):
        ast.parse(text)


@pytest.mark.parametrize("name", ["lorenz63", "henon_heiles", "arenstorf", "pleiades", "lorenz96"])
def test_reference_in_quadruple_precision_agrees_with_scipy(name):
    """An independent code at 1e-12; errors grow by up to 1e4 along these orbits, hence the tolerance."""
    case = case_named(load("harness.cases").SINGLE, name)

    def fun(t, y):
        dy = np.empty(case.n)
        case.drift(t, y, None, dy)
        return dy

    found = solve_ivp(fun, (0.0, case.t1), case.y0, "DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    assert_allclose(found, case.reference, rtol=0, atol=2e-8)


@pytest.mark.parametrize("name", ["lorenz63", "arenstorf", "lorenz96"])
def test_dop853_in_c_reaches_the_reference(name):
    """At 1e-13; the orbits multiply errors by up to 1e4."""
    limits = with_compiler()
    case = case_named(load("harness.cases").SINGLE, name)
    assert_allclose(limits.dop853(case, 1e-13)(), case.reference, rtol=0, atol=1e-9)
    assert np.float64(5e-324) * 1.0 > 0.0, "loading the limits in C made this process flush subnormal numbers to zero"


@pytest.mark.parametrize("name", ["lorenz63", "van_der_pol", "henon_heiles", "friction_chain", "kuramoto", "pleiades"])
def test_lanes_in_c_take_the_steps_that_numpy_takes(name):
    """RK4 for 11 members, which fill no number of lanes: rounding apart, the same numbers."""
    limits = with_compiler()
    case = case_named(load("harness.cases").ENSEMBLES, name)
    y0 = case.starts(11)
    (run,) = load("peers.with_numpy").fixed(case, y0, 100).values()
    expected = run()
    groups = limits.GROUPS[-1]
    assert_allclose(limits.rk4_lanes(case, y0, 100, groups)(), expected, rtol=1e-9, atol=1e-10)


def test_adaptive_lanes_in_c_lose_no_member():
    """61 members over lanes that are refilled: each ends where fixed steps bring it."""
    limits = with_compiler()
    case = case_named(load("harness.cases").ENSEMBLES, "van_der_pol")
    y0 = case.starts(61)
    fixed = limits.rk4_lanes(case, y0, 2000, 1)()
    for groups in limits.GROUPS:
        assert_allclose(limits.tsit5_lanes(case, y0, 1e-9, groups)(), fixed, rtol=0, atol=1e-6)


def test_time_at_an_error_is_interpolated_on_logarithms():
    """Errors 1e-2 and 1e-6 at 1 s and 100 s: 1e-4 lies half way, at 10 s."""
    at_error = load("harness.curves").at_error
    assert at_error([1e-2, 1e-6], [1.0, 100.0], 1e-4) == pytest.approx(10.0)
    assert at_error([1e-5, 1e-6], [1.0, 100.0], 1e-4) == 1.0
    assert at_error([1e-2, 1e-3], [1.0, 2.0], 1e-4) is None


def test_missing_libraries_are_named_and_left_out():
    found, words = load("peers").load(without=("scipy",))
    assert "scipy" not in found
    assert "scipy left out on request" in words
    assert len(words) == len(load("peers").MODULES)


def test_adapter_for_this_library_calls_the_contract(monkeypatch):
    """With stand-ins for Problem, solve, ensemble: arguments and results are as the contract has them."""
    mechanics, methods = load("mechanics"), load("mechanics.methods")
    calls = []

    def solve(problem, method, *, dt=None, rtol=1e-6, atol=1e-9, saveat=None):
        calls.append((method, rtol, atol, tuple(saveat)))
        return SimpleNamespace(ys=np.array([problem.y0 + 1.0]))

    def ensemble(problem, method, *, y0=None, saveat=None, threads=None, dt=None, rtol=1e-6, atol=1e-9):
        calls.append((method, dt, threads))
        return SimpleNamespace(ys=np.stack([y0, y0 + 1.0], axis=1))

    def problem(drift, y0, t0, t1):
        return SimpleNamespace(y0=y0, t1=t1)

    for name, value in {"Problem": problem, "solve": solve, "ensemble": ensemble}.items():
        monkeypatch.setattr(mechanics, name, value, raising=False)
    monkeypatch.delitem(sys.modules, "peers.with_mechanics", raising=False)
    ours = load("peers.with_mechanics")
    monkeypatch.delitem(sys.modules, "peers.with_mechanics")
    case = load("harness.cases").ENSEMBLES[0]
    runs = ours.single(case)
    assert_allclose(runs["mechanics TSIT5"](1e-5)(), case.y0 + 1.0)
    assert calls[-1] == (methods.TSIT5, 1e-5, 1e-5, (case.t1,))
    y0 = case.starts(4)
    assert_allclose(ours.fixed(case, y0, 100, threads=2)["mechanics RK4"](), y0 + 1.0)
    assert calls[-1] == (methods.RK4, case.t1 / 100, 2)
