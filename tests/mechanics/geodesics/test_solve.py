"""solve_geodesic: known geodesics, what it certifies, and what it refuses."""

from itertools import pairwise

import numpy as np
import pytest
from known_geodesics import A1_LINEAR, B0_LINEAR, DISTANCE_LINEAR, SOFTPLUS, X34, Y34
from numpy.testing import assert_allclose

from mechanics.geodesics.certificate import of_network
from mechanics.geodesics.correct import Solved
from mechanics.geodesics.ends import end_of
from mechanics.geodesics.layers import Task, forward, gradient, misfit, penalty, swept
from mechanics.hamiltonian import Geodesic, LeakyResNet, solve_geodesic
from mechanics.leaky_resnet.activation import activation_of

SOFT = ("softplus", 4.0)


@pytest.fixture(scope="module")
def deep():
    """The branch from Lt = 1 to 7, continuous."""
    return solve_geodesic(
        X34, Y34, 0.05, 7.0, activation=SOFT, scheme="continuous", layers=20, continuation={"Lt": [1.0, 3.0]}
    )


def test_branch_reaches_the_known_geodesic(deep):
    """The table's digits: 9-10; its terminal residual of 8e-10 allows 1e-8."""
    case = SOFTPLUS[7.0]
    assert deep.converged, deep.reason
    assert_allclose(deep.H, case.H, atol=1e-8)
    assert_allclose(deep.J, case.J, atol=1e-9)
    assert deep.mse == pytest.approx(case.mse, abs=1e-9)
    assert_allclose(deep.A[-1], case.A1, atol=1e-8)
    assert_allclose(deep.B[0], case.B0, atol=1e-8)


@pytest.mark.parametrize("Lt", [1.0, 3.0])
def test_shallower_geodesics_of_the_branch(Lt):
    case = SOFTPLUS[Lt]
    path = solve_geodesic(X34, Y34, 0.05, Lt, activation=SOFT, scheme="continuous")
    assert path.converged, path.reason
    assert_allclose(path.H, case.H, atol=1e-8)
    assert_allclose(path.J, case.J, atol=1e-9)
    assert_allclose(path.A[-1], case.A1, atol=1e-8)
    assert_allclose(path.B[0], case.B0, atol=1e-8)


def test_branch_holds_its_waypoints_and_falls_in_rank(deep):
    branch = deep.branch
    assert branch[0].Lt == 1.0
    assert 3.0 in [point.Lt for point in branch]
    assert branch[-1].Lt == 7.0
    assert max(b.Lt - a.Lt for a, b in pairwise(branch)) <= 0.5
    assert all(b.rank <= a.rank for a, b in pairwise(branch))
    assert 0.9 < deep.rank_estimate[0] < 1.0  # from below


@pytest.mark.parametrize("Lt", [1.0, 3.0])
def test_linear_geodesic_between_fixed_ends_is_the_closed_form(Lt):
    path = solve_geodesic(
        np.eye(3), A1_LINEAR, 0.05, Lt, activation="identity", bias=False, end="fixed", scheme="continuous"
    )
    assert path.converged, path.reason
    assert_allclose(path.B[0], B0_LINEAR[Lt], atol=1e-9)
    assert_allclose(Lt**2 * (3 - path.rank_estimate), DISTANCE_LINEAR, atol=1e-9)
    assert path.mse < 1e-20
    assert path.balancedness_defect < 1e-10  # ||W||_F is constant without a bias


def test_network_between_fixed_ends_goes_to_the_scalar_geodesic_across_its_kink():
    """a'^2 = h + Lt^2 a^2 below and h + (h + Lt^2) a^2 above zero, from -1 to 1 at Lt = 3: H = 0.310129877866.

    Symplectic Euler is of order one: extrapolation leaves terms of second order and of the kink's place.
    """
    H = [
        np.median(solve_geodesic([[-1.0]], [[1.0]], 0.05, 3.0, end="fixed", layers=L, continuation={"Lt": 3.0}).H)
        for L in (40, 80)
    ]
    assert H[1] == pytest.approx(0.310129877866, abs=8e-3)
    assert 2 * H[1] - H[0] == pytest.approx(0.310129877866, abs=1.5e-3)


@pytest.mark.parametrize(
    ("a", "b", "Lt", "h", "B0", "kinks"),
    [
        (-1.0, 1.0, 1.0, 3.28248115689, 1.0694156559, 1),
        (-1.0, 1.0, 3.0, 1.8607792672, 0.0985232140973, 1),
        (1.0, 2.0, 3.0, -3.317089883, 0.24364628202, 0),
    ],
)
def test_scalar_relu_geodesic_across_its_kink_and_beside_it(a, b, Lt, h, B0, kinks):
    """h = 2 Lt H of the closed form, to its 11 digits; the last one dips towards zero."""
    path = solve_geodesic([[a]], [[b]], 0.05, Lt, end="fixed", scheme="continuous")
    assert path.converged, path.reason
    assert_allclose(2 * Lt * path.H, h, atol=1e-9)
    assert path.B[0, 0, 0] == pytest.approx(B0, abs=1e-10)
    assert path.kink_count == kinks
    if (Lt, kinks) == (3.0, 1):
        assert_allclose(path.J / 0.05, 0.793573087858, atol=1e-10)
        assert path.p[np.argmin(np.abs(path.A[:, 0, 0]))] == pytest.approx(0.509782824737, abs=1e-10)


def test_continuous_relu_geodesic_is_an_orbit_that_meets_its_end():
    """Run forward from its B_0 by another code, which locates the crossings itself."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2, 3))
    Y = np.tanh(rng.normal(size=(2, 2)) @ X)
    path = solve_geodesic(X, Y, 0.1, 2.0, scheme="continuous", layers=40)
    assert path.converged, path.reason
    orbit = LeakyResNet(2.0).integrate(X, path.B[0], events="kinks")
    assert len(orbit.kinks.p) == path.kink_count == 2
    assert_allclose(orbit.A[-1], path.A[-1], atol=1e-9)
    assert_allclose(path.B[-1], 2 / (0.1 * 3) * (Y - path.A[-1]), atol=1e-9)
    assert path.balancedness_defect < 0.05  # a trapezoidal sum of ||b||^2; the law itself is exact


def test_sliding_geodesic_is_refused_where_p_is_continuous():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 3))
    path = solve_geodesic(X, np.tanh(rng.normal(size=(2, 2)) @ X), 0.1, 2.0, scheme="continuous", layers=40)
    assert not path.converged
    assert path.reason.startswith("mesh_limit")
    assert np.isnan(path.H).all()


def test_linear_geodesic_of_rank_one():
    """A_p = v_p x^T: -2H/Lt = 1 - (Delta^2 + theta^2)/Lt^2; B_0 = b x^T, other directions are free and stay zero."""
    x = np.array([[0.5, -1.0, 2.0, 0.3]])
    X, Y = np.array([[1.0], [0.0], [0.5]]) @ x, np.array([[0.2], [1.4], [-0.3]]) @ x
    path = solve_geodesic(X, Y, 0.05, 3.0, activation="identity", bias=False, end="fixed", scheme="continuous")
    assert path.converged, path.reason
    assert_allclose(path.rank_estimate, 0.729198467742, atol=1e-10)
    assert_allclose(path.B[0], np.array([[0.172166779811], [0.0832962895604], [0.0622844500313]]) @ x, atol=1e-9)


def test_soft_linear_geodesic_of_one_neuron():
    """2 ||x||^2/(lam N) t (y - t) = 1 + log(t)/Lt: t = 1.48573233829."""
    x = np.array([[0.5, -1.0, 2.0, 0.3]])
    path = solve_geodesic(x, 1.5 * x, 0.05, 3.0, activation="identity", bias=False, scheme="continuous")
    assert_allclose(path.J, 0.0963733428296, atol=1e-12)
    assert_allclose(path.A[-1], 1.48573233829 * x, atol=1e-10)
    assert_allclose(path.W, 3.39590780779, atol=1e-9)


def teacher(seed, w=4, N=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(w, N))
    return X, np.tanh(rng.normal(size=(w, w)) @ X / 2)


@pytest.fixture(scope="module")
def relu():
    X, Y = teacher(0)
    return solve_geodesic(X, Y, 0.05, 3.0)


def test_relu_network_is_critical_with_slopes_in_the_unit_interval(relu):
    """Swept forward and backward here, with the slopes that were returned: the generalised gradient of J holds zero."""
    X, Y = teacher(0)
    assert relu.converged, relu.reason
    L, Lt, lam, N = 20, 3.0, 0.05, 6
    A = [X]
    for W in relu.W:
        A.append((1 - Lt / L) * A[-1] + W @ np.vstack([np.maximum(A[-1], 0), np.ones((1, N))]) / L)
    A = np.array(A)
    assert_allclose(A, relu.A, atol=1e-10)
    s = relu.slopes
    assert s.min() >= 0
    assert s.max() <= 1
    resting = np.zeros(A.shape, bool)
    resting[tuple(relu.sliding_entries.T)] = True
    assert resting.sum() > 5  # minimisers sit on kinks
    assert np.abs(A[resting]).max() < 1e-12
    assert_allclose(s[~resting], A[~resting] > 0)
    G = 2 / N * (A[-1] - Y)
    for l in range(L - 1, -1, -1):
        S = np.vstack([np.maximum(A[l], 0), np.ones((1, N))])
        assert_allclose(G @ S.T + lam / Lt * relu.W[l], 0, atol=1e-10)
        G = (1 - Lt / L) * G + s[l] * (relu.W[l][:, :4].T @ G) / L


@pytest.mark.parametrize("wrong", [-0.01, 1.01])
def test_slopes_outside_the_unit_interval_are_not_certified(relu, wrong):
    """Also where no equation holds them, at the end; there a slope that is not that of the entry's side."""
    X, Y = teacher(0)
    task = Task(X, Y, np.eye(4), 0.05, 3.0, np.full(20, 0.05), activation_of("relu"), True)
    assert of_network(task, end_of(task), relu.A, relu.B, relu.slopes).meets(1e-8)
    for place in (tuple(relu.sliding_entries[0]), (20, 1, 1)):
        slopes = relu.slopes.copy()
        slopes[place] = wrong
        assert not of_network(task, end_of(task), relu.A, relu.B, slopes).meets(1e-8)


def test_relu_network_is_a_minimum_of_the_cost(relu):
    """J grows along 200 random directions, at steps at which the quadratic part shows."""
    X, Y = teacher(0)
    task = Task(X, Y, np.eye(4), 0.05, 3.0, np.full(20, 0.05), activation_of("relu"), True)

    def cost(W):
        return misfit(task, forward(task, W)[-1]) + penalty(task, W)

    assert_allclose(relu.J, cost(relu.W), rtol=1e-12)
    rng = np.random.default_rng(5)
    for size in (1e-3, 1e-2):
        for _ in range(100):
            assert cost(relu.W + size * rng.normal(size=relu.W.shape)) > relu.J


def test_smooth_network_is_critical_for_the_cost_over_weights():
    rho = np.array([0.1, 0.2, 0.05, 0.25, 0.15, 0.25])
    P = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 2)))[0]
    path = solve_geodesic(X34, Y34[:2], 0.02, 2.0, activation=("leaky", 0.1), readout=P, layers=rho)
    assert path.converged, path.reason
    path = solve_geodesic(X34, Y34[:2], 0.02, 2.0, activation=SOFT, readout=P, layers=rho)
    task = Task(X34, Y34[:2], P, 0.02, 2.0, rho, activation_of(SOFT), True)
    swept_path = swept(task, path.W)
    assert np.abs(gradient(task, path.W, swept_path)).max() < 1e-12
    assert_allclose(path.B, -np.array(swept_path.G) / 0.02, atol=1e-9)


def test_weights_and_states_lead_to_the_same_network():
    X, Y = teacher(0)
    newton = solve_geodesic(X, Y, 0.05, 2.0, activation=SOFT, layers=10, method="newton")
    weights = solve_geodesic(X, Y, 0.05, 2.0, activation=SOFT, layers=10, method="weights")
    assert newton.converged
    assert weights.converged
    assert_allclose(weights.J, newton.J, rtol=1e-10)
    assert_allclose(weights.W, newton.W, atol=1e-6)


def test_branch_that_ends_is_left_for_another_and_says_so(monkeypatch):
    """This task's branch folds at Lt = 2.61; without the way out the fold is the reason."""
    X, Y = teacher(1)
    path = solve_geodesic(X, Y, 0.05, 3.0, activation=SOFT)
    assert path.converged, path.reason
    assert "jump" in [point.how for point in path.branch]
    assert "left for another one" in path.reason
    from mechanics.geodesics import follow

    monkeypatch.setattr(
        follow, "by_weights", lambda problem, at, W, tol: Solved(W, W, "no_progress", 0, 1.0, "weights")
    )
    ended = solve_geodesic(X, Y, 0.05, 3.0, activation=SOFT)
    assert not ended.converged
    assert ended.reason.startswith("fold")
    assert 2.5 < ended.at.Lt < 2.7


def test_cold_start_at_large_depth_is_reported_as_collapsed():
    path = solve_geodesic(X34, Y34, 0.05, 7.0, activation=SOFT, continuation={"Lt": 7.0})
    assert not path.converged
    assert path.reason.startswith("collapsed")
    assert np.isnan(path.A).all()
    assert np.isnan(path.H).all()
    with pytest.raises(RuntimeError, match="collapsed"):
        solve_geodesic(X34, Y34, 0.05, 7.0, activation=SOFT, continuation={"Lt": 7.0}, throw=True)


def test_one_result_starts_the_next(deep):
    on = solve_geodesic(X34, Y34, 0.04, 7.5, activation=SOFT, scheme="continuous", start=deep)
    assert on.converged, on.reason
    assert on.branch[0].Lt == 7.0
    cold = solve_geodesic(X34, Y34, 0.04, 7.5, activation=SOFT, scheme="continuous")
    assert_allclose(on.J, cold.J, atol=1e-10)


def test_file_gives_the_same_result(deep, tmp_path):
    again = Geodesic.load(deep.save(tmp_path / "path.npz"))
    assert_allclose(again.B, deep.B, atol=0)
    assert (again.J, again.reason, again.branch, again.at, again.history) == (
        deep.J, deep.reason, deep.branch, deep.at, deep.history,
    )  # fmt: skip
    on = solve_geodesic(X34, Y34, 0.05, 7.25, activation=SOFT, scheme="continuous", start=again)
    assert on.converged


def test_interrupted_branch_is_kept_and_goes_on(monkeypatch):
    from mechanics.geodesics import follow

    real, calls = follow.by_newton, []

    def pressed(problem, to, x, *rest):
        calls.append(to)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(problem, to, x, *rest)

    monkeypatch.setattr(follow, "by_newton", pressed)
    kept = solve_geodesic(X34, Y34, 0.05, 5.0, activation=SOFT)
    assert kept.reason.startswith("interrupted")
    assert not kept.converged
    assert [point.Lt for point in kept.branch] == [1.0, 1.5, 2.0, 2.5]
    on = solve_geodesic(X34, Y34, 0.05, 5.0, activation=SOFT, start=kept)
    whole = solve_geodesic(X34, Y34, 0.05, 5.0, activation=SOFT)
    assert_allclose(on.J, whole.J, rtol=1e-10)


def test_coarse_steps_are_reported_and_not_certified():
    path = solve_geodesic(X34, Y34, 0.05, 3.0, activation=("softplus", 200.0), scheme="continuous", layers=4)
    assert not path.converged
    assert path.reason.split(":")[0] in ("mesh_limit", "no_progress")
    assert np.isnan(path.J)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lam": 0.0}, "lam must be positive"),
        ({"lam": np.nan}, "lam must be finite"),
        ({"Lt": -1.0}, "Lt must be positive"),
        ({"X": np.full((3, 4), np.inf)}, "X must be finite"),
        ({"X": np.ones(3)}, "X must be a matrix"),
        ({"Y": np.ones((3, 5))}, "Y must have the shape"),
        ({"readout": np.eye(3)[:, :2]}, "readout"),
        ({"layers": 0}, "layers must be a whole number"),
        ({"layers": [0.5, 0.6]}, "sum to one"),
        ({"layers": [1.5, -0.5]}, "positive steps"),
        ({"tol": 1.0}, "tol must lie"),
        ({"end": "hard"}, "end must be one of"),
        ({"scheme": "euler"}, "scheme must be one of"),
        ({"method": "adam"}, "method must be one of"),
        ({"activation": "tanh"}, "activation must be"),
        ({"continuation": {"depth": 1.0}}, "continuation may hold"),
        ({"continuation": {"Lt": -1.0}}, "must be positive"),
        ({"start": -1}, "start must be a whole number"),
        ({"method": "weights", "end": "fixed"}, 'need method="newton"'),
        ({"X": np.ones((15, 14)), "Y": np.ones((15, 14)), "scheme": "continuous"}, 'need method="newton"'),
    ],
)
def test_bad_arguments_are_named(change, message):
    asked = {"X": X34, "Y": Y34, "lam": 0.05, "Lt": 1.0, "activation": SOFT, **change}
    with pytest.raises(ValueError, match=message):
        solve_geodesic(**asked)


def test_equal_inputs_with_different_targets_cannot_be_joined():
    X = np.ones((2, 3))
    with pytest.raises(ValueError, match="columns 0 and 1 of X are equal"):
        solve_geodesic(X, np.arange(6.0).reshape(2, 3), 0.1, 1.0, end="fixed")


def test_readout_that_is_not_orthonormal_and_long_steps_are_warned_of():
    with pytest.warns(UserWarning, match="orthonormal"):
        path = solve_geodesic(X34, Y34[:1], 0.1, 1.0, activation=SOFT, readout=[[2.0], [0.0], [1.0]], layers=5)
    assert path.converged, path.reason
    with pytest.warns(UserWarning, match="rho Lt"):
        solve_geodesic(X34, Y34, 0.1, 4.0, activation=SOFT, layers=3)
