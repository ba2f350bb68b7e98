"""Large-size minimiser: critical points that scipy confirms, its preconditioner and trust region term by term."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from mechanics.geodesics.gauss_newton import minimise
from mechanics.geodesics.layers import (
    Task,
    forward,
    gauss_newton_product,
    gradient,
    hessian_product,
    misfit,
    penalty,
    pushed,
    swept,
)
from mechanics.geodesics.preconditioner import gauss_newton_preconditioner, probes, scales
from mechanics.geodesics.products import second_derivative
from mechanics.geodesics.trust_region import conjugate_gradients, step_within
from mechanics.leaky_resnet.activation import activation_of

w, N, d, L = 4, 6, 2, 5


def task_of(Lt=2.0, beta=6.0, bias=True, lam=0.05, act=None):
    rng = np.random.default_rng(3)
    P = np.linalg.qr(rng.normal(size=(w, d)))[0]
    rho = [0.2, 0.3, 0.1, 0.25, 0.15]
    return Task(
        rng.normal(size=(w, N)),
        rng.normal(size=(d, N)),
        P,
        lam,
        Lt,
        rho,
        activation_of(act or ("softplus", beta)),
        bias,
    )


def weights(bias=True, size=0.5):
    return size * np.random.default_rng(5).normal(size=(L, w, w + bias))


def cost(task, W):
    return misfit(task, forward(task, W)[-1]) + penalty(task, W)


def matrix(product, shape):
    """The symmetric matrix of a linear map of arrays of this shape."""
    n = int(np.prod(shape))
    return np.stack([product(e.reshape(shape)).ravel() for e in np.eye(n)], axis=1)


def gauss_newton_matrix(task, W):
    path, c = swept(task, W), scales(task)
    return matrix(lambda v: c * gauss_newton_product(task, W, path, c * v), W.shape)


@pytest.mark.parametrize("bias", [True, False])
def test_minimum_is_critical_and_no_descent_of_scipy_goes_lower(bias):
    task = task_of(bias=bias)
    W, report = minimise(task, weights(bias), tol=1e-8)
    assert report.converged
    assert report.reason == "converged"
    assert report.cons <= 1e-8
    path = swept(task, W)
    B = [-G / task.lam for G in path.G[1:]]
    cons = [
        np.linalg.norm(W_l - task.Lt * B_l @ S.T) / np.linalg.norm(W_l)
        for W_l, B_l, S in zip(W, B, path.S, strict=True)
    ]
    assert max(cons) == pytest.approx(report.cons, rel=1e-3, abs=1e-12)
    np.testing.assert_allclose([report.J, report.mse + report.penalty], cost(task, W), rtol=1e-14)
    H = matrix(lambda v: hessian_product(task, W, path, v), W.shape)
    assert np.linalg.eigvalsh(H)[0] > -1e-9  # a minimum, not a saddle

    def flat(x):
        V = x.reshape(W.shape)
        return cost(task, V), gradient(task, V, swept(task, V)).ravel()

    start = W + 1e-2 * weights(bias)
    peer = minimize(
        flat, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9}
    )
    assert peer.fun == pytest.approx(report.J, rel=1e-8)  # 1e-8: where L-BFGS stops


@pytest.mark.parametrize("hessian", ["exact", "auto", "gauss_newton"])
def test_every_model_ends_at_the_same_minimum_from_nearby(hessian):
    task = task_of(lam=0.01)
    W, report = minimise(task, weights(), tol=1e-8)
    _, again = minimise(task, W + 1e-3 * weights(), tol=1e-6, hessian=hessian)
    assert again.converged
    np.testing.assert_allclose(again.J, report.J, rtol=1e-10)


def test_cost_of_many_layers_tends_to_that_of_the_continuous_path():
    """J of the geodesic at Lt = 1 and 3, by a global Newton on a fine collocation mesh: 0.3165261415 and 0.2648975828.

    The layers are symplectic Euler, so J = J_0 + a/L + b/L^2 + ..; 1e-4: what the third order leaves at L = 20 to 80.
    """
    i, j = np.meshgrid([1, 2, 3], [1, 2, 3, 4], indexing="ij")
    X = np.sin(1.3 * i + 0.7 * i * j)
    Y = 0.6 * np.cos(0.5 * i - 1.1 * j) + 0.3 * np.sin(0.4 * i * j)
    costs = []
    for layers in (20, 40, 80):
        W = 0.3 * np.random.default_rng(0).normal(size=(layers, 3, 4))
        row = []
        for Lt in (1.0, 2.0, 3.0):
            steps = [1 / layers] * layers
            task = Task(X, Y, np.eye(3), 0.05, Lt, steps, activation_of(("softplus", 4.0)), True)
            W, report = minimise(task, W)
            assert report.converged
            row.append(report.J)
        costs.append(row)
    once = [2 * np.array(b) - np.array(a) for a, b in itertools.pairwise(costs)]
    twice = (4 * once[1] - once[0]) / 3
    np.testing.assert_allclose(twice[[0, 2]], [0.3165261415, 0.2648975828], rtol=1e-4)
    assert np.abs(costs[2][2] / twice[2] - 1) > 1e-3  # a first-order scheme: the limit is not met by chance


def test_depth_can_be_followed_to_seven():
    W = weights()
    for Lt in (1.0, 2.5, 4.0, 5.5, 7.0):
        W, report = minimise(task_of(Lt=Lt, lam=0.01 * Lt), W, tol=1e-6)
        assert report.converged
        assert report.cons <= 1e-6


def test_sketched_preconditioner_finds_the_same_minimum():
    task = task_of()
    _, whole = minimise(task, weights(), tol=1e-8)
    W, report = minimise(task, weights(), tol=1e-8, rows=N)  # one combination of two outputs
    assert report.converged
    gap = np.abs(gradient(task, W, swept(task, W))).max()
    assert gap < 1e-8
    assert report.cg_steps > whole.cg_steps  # the sketch is worse: it is not silently the whole


@pytest.mark.parametrize("bias", [True, False])
def test_preconditioner_of_all_outputs_is_the_inverse_of_gauss_newton(bias):
    task, W = task_of(bias=bias), weights(bias)
    M = gauss_newton_matrix(task, W)
    np.testing.assert_allclose(M, M.T, atol=1e-13)
    assert np.linalg.eigvalsh(M)[0] > 1 - 1e-12
    inverse = matrix(gauss_newton_preconditioner(task, W, swept(task, W)).inverse, W.shape)
    np.testing.assert_allclose(inverse @ M, np.eye(len(M)), atol=1e-11)


def test_sketched_preconditioner_is_symmetric_positive_and_at_most_one():
    task, W = task_of(), weights()
    inverse = matrix(gauss_newton_preconditioner(task, W, swept(task, W), combinations=1).inverse, W.shape)
    np.testing.assert_allclose(inverse, inverse.T, atol=1e-13)
    spectrum = np.linalg.eigvalsh(inverse)
    assert 0 < spectrum[0] < 0.9
    assert spectrum[-1] < 1 + 1e-12


def test_correction_is_the_least_squares_answer():
    """argmin |e + R s|^2 + |s|^2 by numpy, with R from pushed activations."""
    task, W = task_of(), weights()
    path, c = swept(task, W), scales(task)
    e = np.random.default_rng(0).normal(size=(d, N))
    seen = (2 / N) ** 0.5
    R = np.stack(
        [(seen * task.P.T @ pushed(task, W, path, c * v.reshape(W.shape))[-1]).ravel() for v in np.eye(W.size)], 1
    )
    s = np.linalg.lstsq(np.vstack([R, np.eye(W.size)]), np.r_[-e.ravel(), np.zeros(W.size)], rcond=None)[0]
    np.testing.assert_allclose(gauss_newton_preconditioner(task, W, path).correction(e).ravel(), s, atol=1e-12)


def test_random_combinations_are_orthonormal_repeatable_and_one_in_the_mean():
    task = task_of()
    Z = probes(task, 1, (7, 2))
    np.testing.assert_array_equal(Z, probes(task, 1, (7, 2)))
    assert np.abs(Z - probes(task, 1, (7, 3))).max() > 0.1
    np.testing.assert_allclose((Z**2).sum(0), d)  # length sqrt(d / k)
    # mean over 600 x 6 samples of z z^T: entries have standard deviation at most 0.71/sqrt(3600) = 0.012, five of them
    mean = np.mean(
        [np.einsum("ikn,jkn->nij", Z, Z).mean(0) for Z in (probes(task, 1, (1, i)) for i in range(600))], axis=0
    )
    np.testing.assert_allclose(mean, np.eye(d), atol=0.06)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ["relu", ("softplus", 3.0)])
def test_kept_product_is_the_hessian_product(act, bias):
    task, W = task_of(bias=bias, act=act), weights(bias)
    path, V = swept(task, W), np.random.default_rng(1).normal(size=W.shape)
    product = second_derivative(task, W, path, exact=True)
    np.testing.assert_allclose(product(V), hessian_product(task, W, path, V), rtol=1e-12, atol=1e-14)


def quadratic(lowest):
    rng = np.random.default_rng(2)
    Q = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    return Q @ np.diag(np.r_[lowest, np.linspace(1, 5, 7)]) @ Q.T, np.diag(np.linspace(1, 3, 8)), rng.normal(size=8)


def test_path_inside_the_region_ends_at_the_newton_step():
    H, M, g = quadratic(0.5)
    trail = conjugate_gradients(lambda v: H @ v, lambda v: np.linalg.solve(M, v), g, 1e6, rtol=1e-12, max_steps=50)
    step = step_within(trail, 1e6)
    np.testing.assert_allclose(step.s, -np.linalg.solve(H, g), rtol=1e-9)
    assert trail.end == "small residual"
    assert step.fall == pytest.approx(g @ np.linalg.solve(H, g) / 2, rel=1e-10)
    assert step.norm == pytest.approx(np.sqrt(step.s @ M @ step.s), rel=1e-9)


@pytest.mark.parametrize("lowest", [0.5, -1.0])
def test_shorter_steps_lie_on_the_same_path(lowest):
    """Norm in M is the radius, the fall is that of the model, and a new run with the radius gives the same step."""
    H, M, g = quadratic(lowest)

    def run(radius):
        return conjugate_gradients(
            lambda v: H @ v, lambda v: np.linalg.solve(M, v), g, radius, rtol=1e-10, max_steps=50
        )

    long = run(5.0)
    if lowest < 0:
        assert long.end == "negative curvature"
    falls = []
    for radius in (2.0, 0.5, 0.1):
        step = step_within(long, radius)
        assert np.sqrt(step.s @ M @ step.s) == pytest.approx(radius, rel=1e-9)
        assert step.fall == pytest.approx(-(g @ step.s + step.s @ H @ step.s / 2), rel=1e-9)
        np.testing.assert_allclose(step.s, step_within(run(radius), radius).s, atol=1e-9)
        falls.append(step.fall)
    assert falls[0] > falls[1] > falls[2] > 0


def test_numpy_and_torch_agree():
    torch = pytest.importorskip("torch")
    task = task_of()
    X, Y, P, W0 = (torch.tensor(z, dtype=torch.float64) for z in (task.X, task.Y, task.P, weights()))
    for rows in (N, N * d):
        W, report = minimise(task, weights(), max_iterations=5, rows=rows)
        other, theirs = minimise(task._replace(X=X, Y=Y, P=P), W0, max_iterations=5, rows=rows)
        assert other.dtype == torch.float64
        assert [r.cg_steps for r in report.history] == [r.cg_steps for r in theirs.history]
        np.testing.assert_allclose(other.numpy(), W, atol=1e-10)


def test_ends_that_are_no_solution_say_so():
    task = task_of()
    _, few = minimise(task, weights(), max_iterations=2)
    assert (few.converged, few.reason, few.iterations, len(few.history)) == (False, "max_iterations", 2, 2)
    _, late = minimise(task, weights(), max_seconds=0.0)
    assert (late.converged, late.reason) == (False, "max_seconds")
    strong = task_of(lam=1e5)  # a fit is not worth its price
    _, flat = minimise(strong, weights())
    assert (flat.converged, flat.reason) == (False, "collapsed")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W0": np.ones((L, w, w))}, "W0 must have the shape"),
        ({"W0": np.zeros((L, w, w + 1))}, "saddle"),
        ({"W0": np.full((L, w, w + 1), np.nan)}, "finite"),
        ({"tol": 0.0}, "tol must be positive"),
        ({"hessian": "newton"}, "hessian must be"),
    ],
)
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        minimise(task_of(), **{"W0": weights(), **change})
