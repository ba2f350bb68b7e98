"""Closed forms against reference values, each other, and the flow.

Reference values are from the formulas named, evaluated apart from this library and confirmed by forward integration
(DOP853, relative tolerance 1e-12); all digits given are exact to half a unit.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import expm

from mechanics.hamiltonian import (
    LeakyResNet,
    linear_geodesic,
    linear_geodesic_map,
    rank_one_geodesic,
    scalar_relu_geodesic,
    soft_scalar_ends,
)

TOL = 1e-10
T = np.array([[1.2, 0.8, 0.0], [-0.3, 0.7, 0.4], [0.2, -0.5, 1.1]])
M0 = {
    1.0: [
        [1.06042116095, 0.709224974778, 0.0354454485709],
        [-0.278108036313, 1.26045583598, 0.346289916948],
        [0.253627660895, -0.553724811084, 1.07924050485],
    ],
    3.0: [
        [1.02014038698, 0.236408324926, 0.0118151495236],
        [-0.0927026787709, 1.08681861199, 0.115429972316],
        [0.0845425536315, -0.184574937028, 1.02641350162],
    ],
}


@pytest.mark.parametrize(
    ("Lt", "W2", "H"), [(1.0, 4.95045740826, -0.924888797654), (3.0, 30.5509274154, -4.30829626588)]
)
def test_linear_map_of_reference(Lt, W2, H):
    """exp(Lt(M - M^T)) exp(Lt(M^T - I)) = T; ||W||^2 = Lt^2 ||M||^2 is constant."""
    M = linear_geodesic_map(T, Lt)
    assert_allclose(M, M0[Lt], rtol=TOL, atol=TOL)
    A, _ = linear_geodesic(np.eye(3), M, Lt)
    assert_allclose(A, T, atol=2e-15)
    net = LeakyResNet(Lt, "identity", bias=False)
    assert_allclose((net.weights(np.eye(3), M) ** 2).sum(), W2, rtol=TOL)
    assert_allclose(net.hamiltonian(np.eye(3), M), H, rtol=TOL)


def test_the_squared_distance_of_a_linear_map_does_not_depend_on_depth():
    """Lt^2 (k + 2H/Lt) = Lt^2 ||M - I||^2 = 1.15022240469."""
    for Lt in (1.0, 3.0, 7.0):
        M = linear_geodesic_map(T, Lt)
        H = LeakyResNet(Lt, "identity", bias=False).hamiltonian(np.eye(3), M)
        assert_allclose(Lt**2 * (3 + 2 * H / Lt), 1.15022240469, rtol=1e-9)


def test_linear_forward_reference():
    A0 = [[1.0, 0.5, -0.3], [0.2, -1.0, 0.4]]
    B0 = [
        [0.903324951104, -0.0447052249232, -0.0634255378597],
        [0.246716960045, -0.565101983794, 0.213886560492],
    ]
    A1 = [[0.839679925264, 0.215415595304, -0.166417423969], [-0.12481908008, -0.620652967029, 0.27089297531]]
    B1 = [[1.14452554043, -0.335122665827, 0.0360944293067], [0.0670312353853, -0.990795263311, 0.408238815986]]
    A, B = linear_geodesic(A0, B0, 2.0)
    assert_allclose(A, A1, atol=TOL)
    assert_allclose(B, B1, atol=TOL)
    assert_allclose(LeakyResNet(2.0, "identity", bias=False).hamiltonian(A0, B0), -1.85, rtol=TOL)


def test_linear_paths_solve_the_flow():
    """dA/dp, dB/dp by central differences of the formula at p = 0.4."""
    A0, B0 = 0.6 * np.random.default_rng(4).normal(size=(2, 3, 5))
    h = 1e-5
    A, B = linear_geodesic(A0, B0, 2.0, [0.4 - h, 0.4, 0.4 + h])
    dA, dB = LeakyResNet(2.0, "identity", bias=False).flow(A[1], B[1])
    assert_allclose((A[2] - A[0]) / (2 * h), dA, atol=1e-8 * np.abs(dA).max())
    assert_allclose((B[2] - B[0]) / (2 * h), dB, atol=1e-8 * np.abs(dB).max())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), w=st.integers(1, 4), Lt=st.floats(0.3, 10.0), size=st.floats(0.1, 2.0))
def test_linear_maps_are_met(seed, w, Lt, size):
    """Any T = exp(L): the geodesic ends on T A_0, for A_0 of full row rank."""
    rng = np.random.default_rng(seed)
    wanted = expm(size * rng.normal(size=(w, w)) / np.sqrt(w))
    M = linear_geodesic_map(wanted, Lt)
    assert np.linalg.norm(linear_geodesic(np.eye(w), M, Lt)[0] - wanted) <= 1e-13 * np.linalg.norm(wanted)
    A0 = rng.normal(size=(w, w + 3))
    B0 = M @ np.linalg.solve(A0 @ A0.T, A0)
    assert_allclose(linear_geodesic(A0, B0, Lt)[0], wanted @ A0, atol=1e-9 * np.abs(wanted @ A0).max())


def test_a_symmetric_positive_map_has_constant_weights():
    """T = exp(G): M = I + G/Lt for all p, -2H/Lt = k - ||G||^2/Lt^2."""
    G = np.array([[0.5, 0.2], [0.2, -0.8]])
    M = linear_geodesic_map(expm(G), 4.0)
    assert_allclose(M, np.eye(2) + G / 4, atol=1e-15)
    A, B = linear_geodesic(np.eye(2), M, 4.0, [0.3, 1.0])
    assert_allclose(B @ A.swapaxes(1, 2), [M, M], atol=1e-14)
    H = LeakyResNet(4.0, "identity", bias=False).hamiltonian(A, B)
    assert_allclose(-2 * H / 4, 2 - (G**2).sum() / 16, rtol=1e-14)


def test_maps_without_a_real_logarithm_are_refused():
    with pytest.raises(ValueError, match="eigenvalue -1, and so no real principal logarithm"):
        linear_geodesic_map(np.diag([1.0, -1.0]), 2.0)
    with pytest.raises(ValueError, match="square"):
        linear_geodesic_map(np.ones((2, 3)), 2.0)
    with pytest.raises(ArithmeticError, match="from this start"):
        linear_geodesic_map(np.diag([1.0, -1.0]), 2.0, start=np.eye(2))


def test_half_a_turn_is_met_from_a_start():
    """-I = exp(pi J) has no principal logarithm; M = I + pi J / Lt: exp(G - G^T) exp(G^T) = exp(2 pi J - pi J)."""
    J = np.array([[0.0, -1.0], [1.0, 0.0]])
    M = linear_geodesic_map(-np.eye(2), 2.0, start=np.eye(2) + 1.6 * J)
    assert_allclose(linear_geodesic(np.eye(2), M, 2.0)[0], -np.eye(2), atol=1e-14)


def test_rank_one_reference():
    """||W||^2 = (Lt + Delta)^2 + theta^2 from v0 = (1, 0, 1/2) to v1 = (0.2, 1.4, -0.3), Lt = 3."""
    v0, v1, x = [1.0, 0.0, 0.5], [0.2, 1.4, -0.3], [0.5, -1.0, 2.0, 0.3]
    A, B = rank_one_geodesic(v0, v1, x, 3.0, [0.0, 0.3, 1.0])
    assert_allclose(A[[0, 2]], [np.outer(v0, x), np.outer(v1, x)], atol=1e-14)
    assert_allclose(B[0], np.outer([0.172166779811, 0.0832962895604, 0.0622844500313], x), rtol=TOL, atol=TOL)
    net = LeakyResNet(3.0, "identity", bias=False)
    assert_allclose((net.weights(A, B) ** 2).sum((1, 2)), 12.9792753343, rtol=TOL)
    assert_allclose(net.hamiltonian(A, B), -1.09379770161, rtol=TOL)
    by_map = linear_geodesic(A[0], B[0], 3.0, [0.0, 0.3, 1.0])
    assert_allclose(A, by_map[0], atol=1e-13)
    assert_allclose(B, by_map[1], atol=1e-13)


def test_nonnegative_rank_one_paths_solve_the_relu_network():
    A, B = rank_one_geodesic([1.0, 0.2], [0.3, 0.9], [0.5, 1.0, 2.0], 3.0, np.linspace(0, 1, 5))
    linear, relu = LeakyResNet(3.0, "identity", bias=False), LeakyResNet(3.0, "relu", bias=False)
    for here, there in zip(linear.flow(A, B), relu.flow(A, B), strict=True):
        assert_allclose(here, there)
    with pytest.raises(ValueError, match="opposite"):
        rank_one_geodesic([1.0, 0.0], [-1.0, 0.0], [1.0], 3.0, 0.0)
    with pytest.raises(ValueError, match="must not be zero"):
        rank_one_geodesic([0.0, 0.0], [-1.0, 0.0], [1.0], 3.0, 0.0)


def test_soft_end_reference():
    """2||x||^2/(lam N) t (y - t) = 1 + log(t)/Lt with ||x||^2 = 5.34, y = 1.5, lam = 0.05, N = 4, Lt = 3."""
    (end,) = soft_scalar_ends([0.5, -1.0, 2.0, 0.3], 1.5, 0.05, 3.0)
    assert_allclose(end.t, 1.48573233829, rtol=TOL)
    assert_allclose(end.J, 0.0963733428296, rtol=TOL)
    assert end.minimum
    assert_allclose(3.0 + np.log(end.t), 3.39590780779, rtol=TOL)
    assert_allclose(1 - (np.log(end.t) / 3) ** 2, 0.98258411197, rtol=TOL)


def test_soft_ends_come_all_with_their_kind():
    """A collapsed and a fitted minimum with a maximum between; slopes of J(t) vanish and J is as its formula."""
    x, y, lam, Lt = np.array([0.5]), 3.0, 0.5, 7.0
    ends = soft_scalar_ends(x, y, lam, Lt)
    assert [end.minimum for end in ends] == [True, False, True]

    def J(t):
        return x @ x * (y - t) ** 2 + lam / (2 * Lt) * (Lt + np.log(t)) ** 2

    t = np.exp(np.linspace(-20, 3, 200_001))
    turns = np.flatnonzero(np.diff(np.sign(np.diff(J(t)))))
    assert_allclose([end.t for end in ends], t[turns + 1], rtol=3e-4)
    assert_allclose([end.J for end in ends], [J(end.t) for end in ends], rtol=1e-13)
    with pytest.raises(ValueError, match="lam and Lt must be positive"):
        soft_scalar_ends(x, y, 0.0, Lt)


@pytest.mark.parametrize(
    ("Lt", "h", "p_kink", "B0", "B1", "action"),
    [
        (1.0, 3.28248115689, 0.527187410033, 1.0694156559, 1.87522382849, 1.74909139243),
        (3.0, 1.8607792672, 0.509782824737, 0.0985232140973, 1.09445489817, 0.793573087858),
    ],
)
def test_scalar_relu_crosses_its_kink(Lt, h, p_kink, B0, B1, action):
    """asinh(Lt/sqrt h)/Lt + asinh(kappa/sqrt h)/kappa = 1, from -1 to 1."""
    path = scalar_relu_geodesic(-1.0, 1.0, Lt)
    assert_allclose([path.h, path.p_kink, path.action], [h, p_kink, action], rtol=TOL)
    assert_allclose(path.at([0.0, 1.0])[1], [B0, B1], rtol=TOL)
    assert_allclose(path.H, h / (2 * Lt))


def test_scalar_relu_dips_towards_its_kink():
    """a = a_min cosh(k (p - p_min)) from 1 to 2, k^2 = h + 9."""
    path = scalar_relu_geodesic(1.0, 2.0, 3.0)
    assert_allclose(path.h, -3.317089883, rtol=TOL)
    assert_allclose(path.lowest, [0.321768721427, 0.7639997673], rtol=TOL)
    assert_allclose(path.at(0.0)[1], 0.24364628202, rtol=TOL)
    assert_allclose(-2 * path.H / 3, 0.368565542556, rtol=TOL)


@settings(max_examples=30, deadline=None)
@given(
    a0=st.floats(0.05, 3.0) | st.floats(-3.0, -0.05),
    a1=st.floats(0.05, 3.0) | st.floats(-3.0, -0.05),
    Lt=st.floats(0.3, 8.0),
)
def test_scalar_relu_paths_meet_their_ends_and_solve_the_flow(a0, a1, Lt):
    path, net = scalar_relu_geodesic(a0, a1, Lt), LeakyResNet(Lt)
    a, B = path.at([0.0, 1.0])
    assert_allclose(a, [a0, a1], rtol=1e-9)
    mid = 0.5 if path.p_kink is None else (0.5 * path.p_kink)
    h = 1e-6
    a, B = path.at([mid - h, mid, mid + h])
    dA, dB = net.flow(a[1:2, None], B[1:2, None])
    scale = (abs(a0) + abs(a1)) * (1 + Lt**2)
    assert_allclose((a[2] - a[0]) / (2 * h), dA[0, 0], atol=1e-6 * scale)
    assert_allclose((B[2] - B[0]) / (2 * h), dB[0, 0], atol=1e-6 * scale)
    assert_allclose(net.hamiltonian(a[1:2, None], B[1:2, None]), path.H, rtol=1e-6, atol=1e-9)


def test_scalar_ends_on_the_kink_are_refused():
    with pytest.raises(ValueError, match="not zero"):
        scalar_relu_geodesic(0.0, 1.0, 1.0)
