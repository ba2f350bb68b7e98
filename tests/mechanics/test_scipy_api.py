"""`solve_ivp` against SciPy's own: results, events, exceptions, side effects, input that makes no sense."""

import functools
import gc
import os
import signal
import sys
import threading
import warnings
import weakref

import numba
import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import solve_ivp
from mechanics.methods import DOP853, EULER, TSIT5

METHODS = ("RK45", "DOP853", pytest.param("RK23", marks=pytest.mark.slow))


def decay(t, y):
    return -0.5 * y


def oscillator(t, y):
    return [y[1], -y[0]]


def lorenz(t, y, sigma, rho, beta):
    return sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]


def rational(t, y):
    return np.array([y[1] / t, y[1] * (y[0] + 2 * y[1] - 1) / (t * (y[0] - 1))])


PROBLEMS = {
    "oscillator": (oscillator, (0.0, 10.0), [1.0, 0.0], ()),
    "lorenz": (lorenz, (0.0, 2.0), [1.0, 1.0, 1.0], (10.0, 28.0, 8.0 / 3.0)),
    "rational, backwards": (rational, (5.0, 1.0), [1 / 3, 2 / 9], ()),
    "complex": (lambda t, y: 1j * y * np.cos(t), (0.0, 3.0), [1.0 + 0.5j, 2.0], ()),
}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("method", METHODS)
def test_results_agree_with_scipy_within_the_tolerance(problem, method):
    """At rtol 1e-7 both are within 2e-5 of a solve at 1e-12 (Lorenz multiplies errors), with like numbers of calls."""
    fun, span, y0, args = PROBLEMS[problem]
    times = np.linspace(*span, 21)
    exact = scipy.integrate.solve_ivp(fun, span, y0, "DOP853", times, args=args, rtol=1e-12, atol=1e-12).y
    arguments = {"t_eval": times, "args": args, "rtol": 1e-7, "atol": 1e-9}
    ours = solve_ivp(fun, span, y0, method, **arguments)
    theirs = scipy.integrate.solve_ivp(fun, span, y0, method, **arguments)
    assert_array_equal(ours.t, theirs.t)
    assert ours.y.shape == theirs.y.shape
    assert ours.y.dtype == theirs.y.dtype
    assert_allclose(ours.y, exact, rtol=2e-5, atol=2e-5)
    assert ours.nfev < 1.6 * theirs.nfev
    assert (ours.status, ours.success, ours.message) == (theirs.status, theirs.success, theirs.message)
    assert set(ours) == set(theirs)


def test_default_tolerances_are_those_of_scipy():
    default = solve_ivp(oscillator, (0, 10), [1, 0])
    given_ones = solve_ivp(oscillator, (0, 10), [1, 0], rtol=1e-3, atol=1e-6)
    assert_array_equal(default.y, given_ones.y)


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(-2.0, 2.0),
    y0=st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=70),
    t0=st.floats(-3.0, 3.0),
    span=st.floats(-2.0, 2.0),
)
def test_linear_decay_of_any_size_and_direction_is_exact_to_the_tolerance(rate, y0, t0, span):
    """y' = rate y: y0 exp(rate span); 1e-6 is a hundred times rtol."""
    result = solve_ivp(lambda t, y: rate * y, (t0, t0 + span), y0, rtol=1e-8, atol=1e-10)
    assert_allclose(result.y[:, -1], np.array(y0) * np.exp(rate * (result.t[-1] - t0)), rtol=1e-6, atol=1e-8)
    assert result.t[0] == t0
    assert result.t[-1] == t0 + span


class Callable:
    """Neither a function nor compilable."""

    def __init__(self):
        self.times = []

    def __call__(self, t, y):
        self.times.append(t)
        return {"dy": -0.5 * y}["dy"]

    def method(self, t, y):
        return self(t, y)


def test_any_callable_gives_the_bits_of_the_plain_function():
    plain = solve_ivp(decay, (0, 4), [2.0, 3.0])
    shown = Callable()
    others = [
        shown,
        Callable().method,
        functools.partial(lambda k, t, y: k * y, -0.5),
        lambda t, y: [-0.5 * v for v in y],
        lambda t, y: tuple(-0.5 * y),
    ]
    for fun in others:
        assert_array_equal(solve_ivp(fun, (0, 4), [2.0, 3.0]).y, plain.y)
    assert len(shown.times) == plain.nfev
    assert all(type(t) is float for t in shown.times)


def test_a_number_may_be_returned_where_there_is_one_component():
    assert_array_equal(solve_ivp(lambda t, y: -y[0], (0, 1), [1.0]).y, solve_ivp(lambda t, y: [-y[0]], (0, 1), [1.0]).y)


def test_states_given_to_fun_belong_to_it():
    """They may be kept, and changed, without harm."""
    kept = []

    def fun(t, y):
        kept.append((y, y.copy()))
        return -0.5 * y

    def spoils(t, y):
        dy = -0.5 * y
        y[:] = np.nan
        return dy

    result = solve_ivp(fun, (0, 4), [2.0, 3.0])
    for state, copy in kept:
        assert_array_equal(state, copy)
    assert len({id(state) for state, _ in kept}) == len(kept) == result.nfev
    assert_array_equal(solve_ivp(spoils, (0, 4), [2.0, 3.0]).y, result.y)


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, StopIteration, SystemExit])
@pytest.mark.parametrize("where", ["start", "later", "event"])
def test_exceptions_leave_the_solve_at_once(kind, where):
    """The very object, from fun or an event, with nothing called afterwards."""
    calls, error = [], kind("boom")

    def fun(t, y):
        calls.append(t)
        if where == "start" or (where == "later" and t > 1):
            raise error
        return -y

    def event(t, y):
        if where == "event" and t > 1:
            calls.append("event")
            raise error
        return 1.0

    with pytest.raises(kind) as caught:
        solve_ivp(fun, (0, 10), [1.0], events=event, dense_output=True)
    assert caught.value is error
    assert caught.traceback[-1].name == ("event" if where == "event" else "fun")
    assert where != "event" or calls[-1] == "event"
    assert where != "later" or (calls[-1] > 1 and max(calls[:-1]) <= 1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("compiled", [False, True])
def test_ctrl_c_stops_an_endless_solve(compiled):
    """SIGINT arrives at a time that nobody chose: inside Python, or inside the engine."""
    for delay in (0.05, 0.06, 0.07):
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        solve_ivp(oscillator, (0, 1), [1.0, 0.0], t_eval=[1.0], max_step=1e-3, compile=compiled)  # compile before
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            solve_ivp(oscillator, (0, 1e9), [1.0, 0.0], t_eval=[1.0], max_step=1e-3, compile=compiled)


def test_nothing_is_kept_of_a_solve():
    """Neither fun nor the exception that it raised."""

    class Error(Exception):
        pass

    class Fails:
        def __call__(self, t, y):
            if t > 0.5:
                raise Error
            return -y

    def failed_solve():
        fun = Fails()
        with pytest.raises(Error) as caught:
            solve_ivp(fun, (0, 1), [1.0])
        return weakref.ref(fun), weakref.ref(caught.value)

    references = failed_solve()
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_solves_may_be_nested_and_run_in_threads():
    def inner(t, y):
        return solve_ivp(decay, (0, t), [1.0], rtol=1e-9, atol=1e-12).y[:, -1]  # exp(-t/2)

    nested = solve_ivp(inner, (0, 1), [0.0], rtol=1e-7, atol=1e-9).y[0, -1]
    assert_allclose(nested, 2 - 2 * np.exp(-0.5), rtol=1e-6)
    found = {}

    def work(k):
        found[k] = solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], rtol=1e-8, atol=1e-10).y[0, -1]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_allclose([found[k] for k in range(8)], np.exp(-np.arange(8.0)), rtol=1e-6)


def events_of(*settings):
    """Event functions y[i] - level with (i, level, direction, terminal)."""

    def make(i, level, direction, terminal):
        def event(t, y, *args):
            return y[i] - level

        event.direction, event.terminal = direction, terminal
        return event

    return [make(*setting) for setting in settings]


# Tests of events ask for dense output where they can: one machine code for all of them.
@pytest.mark.parametrize(
    "method", ["RK45", *(pytest.param(name, marks=pytest.mark.slow) for name in ("RK23", "DOP853"))]
)
@pytest.mark.parametrize("span", [(0.0, 9.0), (9.0, 0.0)])
def test_events_agree_with_scipy(method, span):
    """Times of both are within 1e-6 of each other at rtol 1e-9; shapes are the same, empty ones too."""
    events = events_of((0, 0.1, 0, False), (0, 0.1, 1, 0), (1, 0.2, -1, False), (0, 5.0, 0, True))
    arguments = {"events": events, "rtol": 1e-9, "atol": 1e-11, "dense_output": True}
    ours = solve_ivp(oscillator, span, [1, 0.5], method, **arguments)
    theirs = scipy.integrate.solve_ivp(oscillator, span, [1, 0.5], method, **arguments)
    assert [len(te) for te in ours.t_events] == [len(te) for te in theirs.t_events]
    for te, t_scipy, ye, y_scipy in zip(ours.t_events, theirs.t_events, ours.y_events, theirs.y_events, strict=True):
        assert_allclose(te, t_scipy, atol=1e-6)
        assert ye.shape == y_scipy.shape
        if len(te):
            assert_allclose(ye, ours.sol(te).T, atol=1e-12)


@pytest.mark.parametrize("count", [True, 1, 2, 3])
@pytest.mark.parametrize("wanted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_terminal_event_stops_at_the_root_of_its_number(count, wanted):
    """cos t = 0 at pi/2 + k pi."""
    (event,) = events_of((0, 0.0, 0, count))
    result = solve_ivp(
        oscillator, (0, np.inf), [1, 0], dense_output=True, events=event, rtol=1e-9, atol=1e-11, compile=wanted
    )
    assert result.status == 1
    assert result.message == "A termination event occurred."
    assert_allclose(result.t_events[0], np.pi * (np.arange(int(count)) + 0.5), rtol=1e-6)
    assert result.t[-1] == result.t_events[0][-1]
    assert_array_equal(result.y[:, -1], result.y_events[0][-1])


@pytest.mark.parametrize(("direction", "counts"), [(0, True), (1, False), (-1, True)])
def test_an_event_that_is_zero_at_the_start_counts_as_in_scipy(direction, counts):
    """cos t - 1 is 0 and falls at t = 0."""
    for terminal in (False, True):
        events = events_of((0, 1.0, direction, terminal), (1, 0.5, 0, False))
        arguments = {"events": events, "dense_output": True, "rtol": 1e-8, "atol": 1e-10}
        ours = solve_ivp(oscillator, (0, 3), [1, 0], **arguments)
        theirs = scipy.integrate.solve_ivp(oscillator, (0, 3), [1, 0], **arguments)
        assert_array_equal(ours.t_events[0], [0.0] if counts else [])
        assert [len(te) for te in ours.t_events] == [len(te) for te in theirs.t_events]
        assert ours.status == theirs.status == int(terminal and counts)
        assert ours.t[-1] == theirs.t[-1]


def test_two_roots_inside_one_step_are_both_found():
    """SciPy, which looks at the ends of steps, finds neither: (t - 0.5)^2 < 0.01 between 0.4 and 0.6."""

    def event(t, y):
        return (t - 0.5) ** 2 - 0.01

    result = solve_ivp(lambda t, y: [0.0], (0, 1), [1.0], events=event, dense_output=True)
    assert result.t[-2] < 0.4
    assert_allclose(result.t_events[0], [0.4, 0.6], rtol=1e-10)


def test_arguments_reach_fun_and_events():
    seen = []

    def fun(t, y, rate, label):
        seen.append(label)
        return rate * y

    def event(t, y, rate, label):
        return y[0] - label["level"]

    label = {"level": 2.0}
    result = solve_ivp(fun, (0, 1), [1.0], args=(1.0, label), events=event, dense_output=True, rtol=1e-8)
    assert_allclose(result.t_events[0], np.log(2.0), rtol=1e-6)
    assert all(one is label for one in seen)


def test_complex_states_stay_complex_everywhere():
    """y' = i y: exp(i t)."""

    def event(t, y):
        assert y.dtype == np.complex128
        return y[0].real

    result = solve_ivp(lambda t, y: 1j * y, (0, 5), [1 + 0j], dense_output=True, events=event, rtol=1e-9, atol=[1e-11])
    assert_allclose(result.y[0], np.exp(1j * result.t), atol=1e-7)
    assert_allclose(result.sol([0.3, 4.0]), [np.exp([0.3j, 4j])], atol=1e-7)
    assert_allclose(result.y_events[0][:, 0], [1j, -1j], atol=1e-7)
    assert {result.y.dtype, result.sol(1.0).dtype, result.y_events[0].dtype} == {np.dtype(np.complex128)}


@pytest.mark.parametrize("method", METHODS)
def test_sol_is_an_ode_solution_of_the_accuracy_of_the_steps(method):
    result = solve_ivp(
        oscillator, (10.0, 0.0), [np.cos(10), -np.sin(10)], method, dense_output=True, rtol=1e-8, atol=1e-10
    )
    sol = result.sol
    assert isinstance(sol, scipy.integrate.OdeSolution)
    assert (sol.t_min, sol.t_max, sol.n_segments) == (0.0, 10.0, len(result.t) - 1)
    assert_array_equal(sol.ts, result.t)
    assert_array_equal(sol(result.t), result.y)
    times = np.linspace(0, 10, 101)
    assert_allclose(sol(times)[0], np.cos(times), atol=1e-5)
    assert sol(3.0).shape == (2,)
    assert_array_equal(sol(np.array([7.0, 3.0]))[:, 1], sol(3.0))
    piece = sol.interpolants[4]
    middle = 0.5 * (piece.t_old + piece.t)
    assert_array_equal(piece(middle), sol(middle))
    assert_allclose(sol(-1e-3)[0], 1.0, atol=1e-5)  # continued beyond the ends


def test_a_requested_time_is_returned_from_a_span_of_no_length():
    """SciPy returns nothing."""
    result = solve_ivp(decay, (2.0, 2.0), [1.0, 3.0], t_eval=[2.0])
    assert_array_equal(result.t, [2.0])
    assert_array_equal(result.y, [[1.0], [3.0]])


def test_t_eval_decides_what_is_returned_not_how_it_is_computed():
    times = [0.0, 0.1, 2.5, 4.0]
    whole = solve_ivp(oscillator, (0, 4), [1, 0], dense_output=True)
    for dense in (False, True):
        result = solve_ivp(oscillator, (0, 4), [1, 0], t_eval=times, dense_output=dense)
        assert_array_equal(result.t, times)
        assert_allclose(result.y, whole.sol(times), rtol=0, atol=1e-15)
    assert_array_equal(result.sol.ts, whole.t)


@pytest.mark.parametrize("dense", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_an_event_before_all_requested_times_leaves_nothing_to_return(dense):
    (event,) = events_of((0, 0.0, 0, True))
    result = solve_ivp(oscillator, (0, 9), [1, 0], t_eval=[5.0, 6.0], events=event, dense_output=dense)
    assert (result.t, result.y, result.status) == ([], [], 1)


@pytest.mark.parametrize("arguments", [{}, {"dense_output": True}])
def test_a_span_of_no_length_gives_what_scipy_gives(arguments):
    ours = solve_ivp(decay, (2.0, 2.0), [1.0, 3.0], **arguments)
    theirs = scipy.integrate.solve_ivp(decay, (2.0, 2.0), [1.0, 3.0], **arguments)
    assert_array_equal(ours.t, theirs.t)
    assert_array_equal(ours.y, theirs.y)
    if ours.sol is not None:
        assert_array_equal(ours.sol([2.0, 2.0]), theirs.sol([2.0, 2.0]))


def test_vectorized_functions_get_a_column():
    shapes = set()

    def fun(t, y):
        shapes.add(y.shape)
        return np.vstack((y[1], -y[0]))

    assert_array_equal(solve_ivp(fun, (0, 4), [1, 0], vectorized=True).y, solve_ivp(oscillator, (0, 4), [1, 0]).y)
    assert shapes == {(2, 1)}


@pytest.mark.parametrize("fun", [oscillator, pytest.param(numba.njit(oscillator), marks=pytest.mark.slow)])
def test_compiled_and_called_functions_agree_to_rounding(fun):
    called = solve_ivp(oscillator, (0, 20), [1.0, 0.0], rtol=1e-9, atol=1e-9)
    compiled = solve_ivp(fun, (0, 20), [1.0, 0.0], rtol=1e-9, atol=1e-9, compile=True)
    assert_allclose(compiled.y, called.y, atol=1e-12)
    assert compiled.nfev == called.nfev


def test_a_numba_function_is_compiled_by_the_engine_or_else_called():
    """Only a call makes numba compile the function by itself."""

    @numba.njit
    def fun(t, y, k):
        return k * y

    @numba.njit
    def as_row(t, y, k):
        return (k * y).reshape(1, 2)

    for arguments, called in (({}, False), ({"compile": False}, True), ({"args": (np.float64(1.0), "name")}, True)):
        one = fun if arguments.get("args") is None else numba.njit(lambda t, y, k, name: k * y)
        result = solve_ivp(one, (0, 1), [1.0, 2.0], **{"args": (1.0,), **arguments})
        assert_allclose(result.y[:, -1], np.exp(1.0) * np.array([1.0, 2.0]), rtol=1e-3)
        assert bool(one.signatures) == called
    result = solve_ivp(as_row, (0, 1), [1.0, 2.0], args=(1.0,))  # the engine takes no matrix, Python does
    assert_allclose(result.y[:, -1], np.exp(1.0) * np.array([1.0, 2.0]), rtol=1e-3)


@pytest.mark.parametrize(
    "fun",
    [
        lambda t, y: (1, y[0], 2.0),  # mixed types
        pytest.param(lambda t, y: np.array([1.0, y[0], 2.0]), marks=pytest.mark.slow),
        pytest.param(lambda t, y: [1.0, y[0], 2.0], marks=pytest.mark.slow),
    ],
)
def test_whatever_holds_numbers_can_be_returned_by_compiled_functions(fun):
    result = solve_ivp(fun, (0, 2), [0.0, 0.0, 0.0], compile=True)
    assert_allclose(result.y[:, -1], [2.0, 2.0, 4.0], rtol=1e-10)


def test_a_compiled_function_that_returns_too_few_numbers_is_refused():
    with pytest.raises(ValueError, match="another length"):
        solve_ivp(lambda t, y: y[:2], (0, 1), [1.0, 2.0, 3.0], compile=True)
    with pytest.raises(ValueError, match="broadcast"):
        solve_ivp(lambda t, y: y[:2], (0, 1), [1.0, 2.0, 3.0])


def test_what_cannot_be_compiled_is_refused_only_if_asked_for():
    with pytest.raises(TypeError, match="wrap it in a def"):
        solve_ivp(Callable(), (0, 1), [1.0], compile=True)
    with pytest.raises(TypeError, match="could not be compiled"):
        solve_ivp(lambda t, y: {"a": y}["b"].c, (0, 1), [1.0], compile=True)
    with pytest.raises(TypeError, match="args"):
        solve_ivp(lambda t, y, p: p["k"] * y, (0, 1), [1.0], args=({"k": 1},), compile=True)


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA", scipy.integrate.Radau])
def test_implicit_methods_are_scipys(method):
    arguments = {"method": method, "rtol": 1e-6, "jac": None}
    ours = solve_ivp(oscillator, (0, 1), [1, 0], **arguments)
    assert_array_equal(ours.y, scipy.integrate.solve_ivp(oscillator, (0, 1), [1, 0], **arguments).y)


def test_our_methods_and_scipys_classes_name_the_same_solves():
    for name, kind in (("RK45", scipy.integrate.RK45), ("DOP853", DOP853)):
        assert_array_equal(solve_ivp(oscillator, (0, 4), [1, 0], name).y, solve_ivp(oscillator, (0, 4), [1, 0], kind).y)
    fine = solve_ivp(oscillator, (0, 4), [1, 0], TSIT5, rtol=1e-9, atol=1e-9)
    assert_allclose(fine.y[0], np.cos(fine.t), atol=1e-6)


@pytest.mark.parametrize("max_step", [0.1, 0.37])
def test_steps_are_never_longer_than_max_step(max_step):
    result = solve_ivp(decay, (0, 2), [1.0], max_step=max_step, first_step=0.01)
    assert np.diff(result.t).max() <= max_step * (1 + 1e-14)  # differences of rounded times
    assert result.t[1] == 0.01


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"method": "RK4"}, ValueError, "`method` must be one of"),
        ({"method": EULER}, ValueError, "no error estimate"),
        ({"t_span": (0, 1, 2)}, ValueError, "unpack"),
        ({"t_span": (np.nan, 1)}, ValueError, "`t_span`"),
        ({"y0": [[1.0]]}, ValueError, "`y0` must be 1-dimensional"),
        ({"y0": 1.0}, ValueError, "`y0` must be 1-dimensional"),
        ({"y0": [np.inf]}, ValueError, "must be finite"),
        ({"t_eval": [[0.5]]}, ValueError, "`t_eval` must be 1-dimensional"),
        ({"t_eval": [2.0]}, ValueError, "not within"),
        ({"t_eval": [0.5, 0.4]}, ValueError, "not properly sorted"),
        ({"t_eval": [0.5, 0.5]}, ValueError, "not properly sorted"),
        ({"max_step": 0}, ValueError, "`max_step` must be positive"),
        ({"first_step": 0}, ValueError, "`first_step` must be positive"),
        ({"first_step": 2}, ValueError, "`first_step` exceeds bounds"),
        ({"atol": [1, 2]}, ValueError, "`atol` has wrong shape"),
        ({"atol": -1}, ValueError, "`atol` must be positive"),
        ({"rtol": [1e-3, 1e-3]}, ValueError, "`rtol` has wrong shape"),
        ({"rtol": np.nan}, ValueError, "finite"),
        ({"args": 1}, TypeError, "cannot be unpacked"),
        ({"events": lambda t: 0.0}, TypeError, "positional argument"),
    ],
)
def test_input_that_makes_no_sense_is_refused_by_name(arguments, error, words):
    with pytest.raises(error, match=words):
        solve_ivp(**{"fun": decay, "t_span": (0, 1), "y0": [1.0], **arguments})


def test_warnings_are_scipys():
    for arguments, words in (({"rtol": 1e-20}, "too small"), ({"jac": decay, "lband": 1}, "`jac`, `lband`")):
        with pytest.warns(UserWarning, match=words) as caught:
            solve_ivp(decay, (0, 1), [1.0], **arguments)
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solve_ivp(decay, (0, 1), [1.0], rtol=[1e-3], atol=[1e-6])


@pytest.mark.parametrize(
    ("fun", "words"),
    [
        (lambda t, y: y**2, "spacing between numbers"),
        (lambda t, y: y * np.nan, "not finite"),
        (lambda t, y: np.log(0.5 - t) * y, "not finite"),
    ],
)
def test_a_failed_solve_says_why(fun, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = solve_ivp(fun, (0, 2), [1.0])
    assert (result.status, result.success) == (-1, False)
    assert words in result.message
    assert result.t[-1] < 2
    assert np.isfinite(result.y).all()


def test_a_largest_step_below_the_spacing_of_time_fails_instead_of_standing_still():
    result = solve_ivp(decay, (5, 6), [1.0], max_step=1e-20)
    assert (result.status, result.message) == (-1, "Required step size is less than spacing between numbers.")


def stiff_reaction(t, y):
    fast, back = 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return [back - 0.04 * y[0], 0.04 * y[0] - back - fast, fast]


def stiff_jacobian(t, y):
    return np.array(
        [[-0.04, 1e4 * y[2], 1e4 * y[1]], [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]], [0.0, 6e7 * y[1], 0.0]]
    )


@pytest.mark.parametrize("method", ["Radau", pytest.param("BDF", marks=pytest.mark.sweep), "LSODA"])
def test_compiled_stiff_functions_are_run_by_our_methods(method):
    """With and without the Jacobian, which saves its differences; a constant one changes nothing."""
    from mechanics.systems import ROBERTSON

    options = {"rtol": 1e-6, "atol": 1e-10, "compile": True}
    plain = solve_ivp(stiff_reaction, (0, 40), [1.0, 0.0, 0.0], method, **options)
    given = solve_ivp(stiff_reaction, (0, 40), [1.0, 0.0, 0.0], method, jac=stiff_jacobian, **options)
    constant = solve_ivp(stiff_reaction, (0, 40), [1.0, 0.0, 0.0], method, jac=np.eye(3), **options)
    for found in (plain, given):
        np.testing.assert_allclose(found.y[:, -1], ROBERTSON.final, rtol=2e-5)
    assert given.nfev < plain.nfev
    assert given.nfev + 3 * given.njev == pytest.approx(plain.nfev, abs=12)
    assert 0 < given.njev <= given.nlu
    np.testing.assert_array_equal(constant.y, plain.y)
    alone = solve_ivp(stiff_reaction, (0, 40), [1.0, 0.0, 0.0], method, rtol=1e-6, atol=1e-10)
    assert alone.success  # called as it is: SciPy's own
    assert len(alone.t) != len(plain.t)


def test_bands_of_a_compiled_function_are_used():
    """Heat in a rod of 40 cells: three evaluations for J instead of forty."""

    def rod(t, y):
        dy = np.empty(len(y))
        for i in range(len(y)):
            left = y[i - 1] if i > 0 else 1.0
            right = y[i + 1] if i + 1 < len(y) else 0.0
            dy[i] = 1600.0 * (left - 2.0 * y[i] + right)
        return dy

    narrow = solve_ivp(rod, (0, 1), np.zeros(40), "LSODA", lband=1, uband=1, compile=True)
    full = solve_ivp(rod, (0, 1), np.zeros(40), "LSODA", compile=True)
    np.testing.assert_allclose(narrow.y[:, -1], 1.0 - np.arange(1, 41) / 41, atol=1e-3)
    assert narrow.nfev + 30 * narrow.njev < full.nfev
