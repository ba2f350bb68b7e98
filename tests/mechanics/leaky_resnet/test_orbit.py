"""Runs of the flow against closed forms, reference runs, and the orders of their methods."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference_runs import A0, B0, RELU, SOFTPLUS

from mechanics import SolveError
from mechanics.geodesics.layers import Task, gradient, swept
from mechanics.hamiltonian import LeakyResNet, linear_geodesic, scalar_relu_geodesic, two_point
from mechanics.leaky_resnet.activation import activation_of
from mechanics.methods import DOP853, EULER, GAUSS4, GAUSS6, IMPLICIT_MIDPOINT, RK4, VERN9


def small(seed=0, size=0.5, w=3, N=4):
    return size * np.random.default_rng(seed).normal(size=(2, w, N))


def test_kinks_of_the_reference_run():
    """4 x 7, Lt = 3: 19 crossings; the reference has 11 digits, so errors end near 5e-11."""
    orbit = LeakyResNet(3.0).integrate(A0, B0, events="kinks", rtol=1e-13)
    assert len(orbit.kinks.p) == 19
    assert orbit.evaluations <= 1000
    assert_allclose(orbit.kinks.p, RELU["kink_times"], atol=1e-10)
    assert_allclose(orbit.A[-1], RELU["A1"], atol=1e-9)
    assert_allclose(orbit.B[-1], RELU["B1"], rtol=1e-9)
    assert_allclose(orbit.H, RELU["H"], atol=1e-11)
    assert np.ptp(orbit.H) < 5e-12
    W2 = (orbit.W**2).sum((1, 2))
    assert_allclose(W2[-1] - W2[0], RELU["W_fro2_increase"], rtol=1e-9)
    assert_allclose(RELU["W_fro2_increase"], 2 * 3.0 * RELU["int_bias2"], rtol=1e-9)  # not Lt int ||b||^2
    trace = (orbit.A * orbit.B).sum((1, 2))
    assert_allclose(trace[-1] - trace[0], RELU["trAB_increase"], rtol=1e-9)


def test_kinks_leave_entries_at_zero_with_their_side_switched():
    orbit = LeakyResNet(3.0).integrate(A0, B0, events="kinks", rtol=1e-9)
    for p, i, j, up in zip(*orbit.kinks, strict=True):
        at = int(np.flatnonzero(orbit.p == p)[0])
        assert orbit.A[at, i, j] == 0
        assert (orbit.A[at + 1, i, j] > 0) == up
        assert (orbit.A[at - 1, i, j] < 0) == up


def test_stepping_over_kinks_agrees_and_costs_more():
    net, at = LeakyResNet(3.0), np.linspace(0, 1, 6)
    through = net.integrate(A0, B0, events="kinks", rtol=1e-11, saveat=at)
    over = net.integrate(A0, B0, rtol=1e-11, saveat=at)
    assert_allclose(through.p, at)
    assert_allclose(through.A, over.A, atol=3e-8)
    assert_allclose(through.B, over.B, atol=3e-8)
    assert over.evaluations > 5 * through.evaluations


@pytest.mark.parametrize("ends", [(-1.0, 1.0), (1.0, -1.0), (1.0, 2.0), (-1.0, -0.3)])
@pytest.mark.parametrize("method", [DOP853, VERN9], ids=str)
def test_scalar_relu_runs_end_where_the_closed_form_does(ends, method):
    path = scalar_relu_geodesic(*ends, 3.0)
    a, B = path.at(np.linspace(0, 1, 7))
    net = LeakyResNet(3.0)
    orbit = net.integrate(
        a[:1, None], B[:1, None], method=method, events="kinks", rtol=1e-12, saveat=np.linspace(0, 1, 7)
    )
    assert_allclose(orbit.A[:, 0, 0], a, atol=1e-10)
    assert_allclose(orbit.B[:, 0, 0], B, atol=1e-10)
    assert_allclose(orbit.kinks.p, [] if path.p_kink is None else [path.p_kink], atol=1e-11)


def test_entries_that_cross_together_are_switched_together():
    """Two equal columns and two equal rows: one kink time for each pair."""
    A, B = np.full((2, 2), -1.0), np.full((2, 2), 0.4)
    orbit = LeakyResNet(2.0).integrate(A, B, events="kinks")
    assert len(orbit.kinks.p) == 4
    assert len(np.unique(orbit.kinks.p)) == 1
    assert np.ptp(orbit.H) < 1e-8
    nearly = LeakyResNet(2.0).integrate(A * [[1.0, 1 + 1e-15], [1 - 2e-15, 1.0]], B, events="kinks")
    assert_allclose(nearly.kinks.p, orbit.kinks.p, rtol=1e-13)
    assert_allclose(nearly.A[-1], orbit.A[-1], rtol=1e-12)


def test_entries_that_start_at_zero_go_where_the_flow_takes_them():
    orbit = LeakyResNet(2.0).integrate([[0.0]], [[0.5]], events="kinks")
    exact = scalar_relu_geodesic(1e-13, float(orbit.A[-1, 0, 0]), 2.0)
    assert_allclose(exact.at(0.0)[1], 0.5, rtol=1e-9)
    assert len(orbit.kinks.p) == 0


def test_leaky_kinks_conserve_the_hamiltonian():
    A, B = small(3)
    orbit = LeakyResNet(3.0, ("leaky", 0.3)).integrate(A, B, events="kinks", rtol=1e-12)
    assert len(orbit.kinks.p) > 0
    assert np.ptp(orbit.H) < 1e-9


@pytest.mark.parametrize("Lt", [1.0, 3.0, 7.0])
def test_softplus_reference_points_end_where_they_should(Lt):
    """B_1 = 2/(lambda N) (Y - A_1), and J = mse + lambda/(2 Lt) int ||W||^2, from A_0 = X and the reference's B_0."""
    case, lam = SOFTPLUS[Lt], 0.05
    i, j = np.arange(1, 4)[:, None], np.arange(1, 5)
    X, Y = np.sin(1.3 * i + 0.7 * i * j), 0.6 * np.cos(0.5 * i - 1.1 * j) + 0.3 * np.sin(0.4 * i * j)
    at = (1 - np.cos(np.pi * np.arange(33) / 32)) / 2
    orbit = LeakyResNet(Lt, ("softplus", 4.0)).integrate(X, case["B0"], rtol=1e-12, saveat=at)
    digits = 1e-9 * case["growth"]
    assert_allclose(orbit.A[-1], case["A1"], atol=digits)
    assert_allclose(orbit.B[-1], 2 / (lam * 4) * (Y - orbit.A[-1]), atol=20 * digits)
    assert_allclose(orbit.H, case["H"], atol=1e-7)
    assert_allclose(((Y - orbit.A[-1]) ** 2).sum() / 4, case["mse"], rtol=1e-7, atol=digits)
    # Clenshaw-Curtis by the Chebyshev series of the density in 2p - 1
    density = lam / (2 * Lt) * (orbit.W**2).sum((1, 2))
    series = np.polynomial.chebyshev.Chebyshev.fit(at, density, 32, domain=[0, 1]).integ()
    assert_allclose(series(1.0) - series(0.0), case["reg"], rtol=1e-6, atol=10 * digits)


def test_gauss6_with_40_steps_is_exact_for_linear_networks():
    A, B = A0 / 2, B0 / 2
    orbit = LeakyResNet(2.0, "identity", bias=False).integrate(A, B, method=GAUSS6, steps=40, saveat=[0.5, 1.0])
    exact = linear_geodesic(A, B, 2.0, [0.5, 1.0])
    assert_allclose(orbit.A, exact[0], atol=1e-12)
    assert_allclose(orbit.B, exact[1], atol=1e-12)
    assert np.ptp(orbit.H) < 1e-13


def errors(net, method, steps, exact):
    return np.array(
        [np.abs(net.integrate(A0, B0, method=method, steps=s, saveat=[1.0]).B[-1] - exact).max() for s in steps]
    )


@pytest.mark.parametrize(
    ("method", "steps"),
    [
        (RK4, (80, 160, 320)),
        (IMPLICIT_MIDPOINT, (40, 80, 160)),
        (GAUSS6, (20, 40, 80)),
        pytest.param(GAUSS4, (40, 80, 160), marks=pytest.mark.sweep),
    ],
    ids=str,
)
def test_methods_have_their_order_on_smooth_networks(method, steps):
    """softplus 8, 4 x 7, Lt = 3."""
    net = LeakyResNet(3.0, ("softplus", 8.0))
    found = errors(net, method, steps, net.integrate(A0, B0, rtol=1e-13).B[-1])
    slope = -np.polyfit(np.log(steps), np.log(found), 1)[0]
    assert method.order - 0.2 < slope < method.order + 0.3


def test_relu_takes_every_fixed_step_method_down_to_order_one_or_two():
    """The same network with relu: 19 jumps of dB/dp. Fourth order would divide the error by 10^4 over these steps."""
    steps = np.array([80, 160, 320, 640, 1280])
    found = errors(LeakyResNet(3.0), RK4, steps, RELU["B1"])
    slope = -np.polyfit(np.log(steps), np.log(found), 1)[0]
    assert 0.7 < slope < 2.5


def test_layers_converge_to_the_flow_with_order_one():
    """Symplectic Euler, softplus 8."""
    net = LeakyResNet(3.0, ("softplus", 8.0))
    exact = net.integrate(A0, B0, rtol=1e-12).A[-1]
    counts = np.array([160, 320, 640])
    found = [np.abs(net.layers(A0, B0, int(L)).A[-1] - exact).max() for L in counts]
    assert 0.9 < -np.polyfit(np.log(counts), np.log(found), 1)[0] < 1.2


@pytest.mark.parametrize("act", ["relu", ("softplus", 8.0)])
@pytest.mark.parametrize("bias", [True, False])
def test_layers_are_a_network_at_a_critical_point(act, bias):
    """With Y such that B_L = 2/(lam N) (Y - A_L): gradient zero, and B_l = -G_l / lam, at uneven steps."""
    lam, Lt = 0.05, 2.0
    rho = np.array([0.05, 0.1, 0.15, 0.15, 0.1, 0.05, 0.1, 0.12, 0.08, 0.1])
    net = LeakyResNet(Lt, act, bias)
    A, B = small(1, 0.4)
    found = net.layers(A, B, rho)
    Y = found.A[-1] + lam * A.shape[1] / 2 * found.B[-1]
    task = Task(A, Y, np.eye(len(A)), lam, Lt, rho, activation_of(act), bias)
    path = swept(task, found.W)
    assert_allclose(np.stack(path.A), found.A, rtol=1e-12, atol=1e-13)
    assert_allclose(-np.stack(path.G) / lam, found.B, rtol=1e-11, atol=1e-12)
    assert np.abs(gradient(task, found.W, path)).max() < 1e-14
    assert_allclose(found.H, net.hamiltonian(found.A[:-1], found.B[1:]))


def test_layers_without_a_costate_say_so():
    A, B = small(1, 6.0)
    with pytest.raises(ArithmeticError, match="implicit step of layer 1"):
        LeakyResNet(5.0).layers(A, B, 2)
    with pytest.raises(ValueError, match="sums to"):
        LeakyResNet(5.0).layers(A, B, [0.5, 0.4])


def test_runs_that_blow_up_say_so():
    with pytest.raises(SolveError):
        LeakyResNet(3.0, "identity", bias=True).integrate([[5.0]], [[50.0]], rtol=1e-6)


def test_sliding_entries_are_warned_of():
    """A row of zeros without bias stays on the kink; one crossing does not slide."""
    A, B = small(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LeakyResNet(2.0).integrate(A, B).sliding < 1e-4
    A[0], B[0] = 0.0, 0.0
    for events in (None, "kinks"):
        with pytest.warns(RuntimeWarning, match=r"33.3% of the activations lie on their kink"):
            orbit = LeakyResNet(2.0, bias=False).integrate(A, B, events=events)
        assert orbit.sliding == pytest.approx(1 / 3, rel=1e-4)
    assert 0 not in orbit.kinks.row  # a row that stays on its kink does not cross it


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"events": "zeros"}, "events must be 'kinks'"),
        ({"events": "kinks", "steps": 10}, "Kinks are located by adaptive explicit methods"),
        ({"events": "kinks", "method": GAUSS6, "steps": 10}, "not by GAUSS6"),
        ({"method": EULER}, "give their number with steps="),
        ({"rtol": 0.0}, "rtol must lie between 0 and 1"),
        ({"steps": 0}, "steps must be a whole number"),
    ],
)
def test_bad_options_are_named(options, words):
    A, B = small()
    with pytest.raises(ValueError, match=words):
        LeakyResNet(1.0).integrate(A, B, **options)
    with pytest.raises(ValueError, match="matrices of one shape"):
        LeakyResNet(1.0).integrate(A, B[:1])


def test_two_point_problems_take_the_compiled_system():
    """softplus 4, 3 x 4, Lt = 3 with its soft end, from a start whose error a run amplifies by 150."""
    case, lam = SOFTPLUS[3.0], 0.05
    i, j = np.arange(1, 4)[:, None], np.arange(1, 5)
    X, Y = np.sin(1.3 * i + 0.7 * i * j), 0.6 * np.cos(0.5 * i - 1.1 * j) + 0.3 * np.sin(0.4 * i * j)
    net = LeakyResNet(3.0, ("softplus", 4.0))
    rough = net.integrate(X, np.round(case["B0"], 3), saveat=np.linspace(0, 1, 21))

    def soft_end(y0, y1):
        start, end = y0.reshape(2, 3, 4), y1.reshape(2, 3, 4)
        return np.concatenate([(start[0] - X).ravel(), (end[1] - 2 / (lam * 4) * (Y - end[0])).ravel()])

    guess = np.concatenate([rough.A.reshape(21, -1), rough.B.reshape(21, -1)], axis=1)
    path = two_point(net.system(3, 4), soft_end, (0.0, 1.0), guess=guess, method="collocation", tol=1e-8)
    assert path.converged, path.reason
    assert_allclose(path.ys[-1, :12].reshape(3, 4), case["A1"], atol=1e-8)
    assert_allclose(path.ys[0, 12:].reshape(3, 4), case["B0"], rtol=1e-6, atol=1e-7)
    assert_allclose(net.system(3, 4).energy(0.0, path.ys), case["H"], rtol=1e-7)
