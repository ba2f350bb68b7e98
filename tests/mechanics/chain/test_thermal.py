"""The second-order Langevin chain: its stationary state without friction, its limits, the same bits however it runs.

Statistical bounds are five standard errors (false alarms 6e-7 each) at fixed seeds.
"""

import numpy as np
from numpy.testing import assert_allclose

from mechanics.chain import SpringChain, proceed

CHAIN = SpringChain(
    blocks=5, k=1.2, mu_right=0.05, mu_left=0.03, target=0.8, eps=0.1, gamma=0.6, mass=1.3, dynamics="langevin"
)


def test_without_friction_the_chain_is_in_equilibrium():
    """kT = eps^2 / (2 gamma): covariance of positions kT K^-1; velocities kT/m (1 - dt^2 w^2/4), averaged over modes.

    R D O D R without friction is R V O V R: exact velocities' factor as for ABOBA, whose positions carry the error.
    """
    dt = 0.3
    free = CHAIN.replace(mu_right=0.0, mu_left=0.0, target=0.0)
    run = free.simulate(400, dt=dt, members=16_384, seed=3)
    kT = 0.1**2 / (2 * 0.6)
    K = 1.2 * (2 * np.eye(5) - np.eye(5, k=1) - np.eye(5, k=-1))
    w2 = np.linalg.eigvalsh(K) / 1.3
    v = run.v[:, -1, 1:-1]
    x = run.x[:, -1, 1:-1]
    error = 5 * np.sqrt(2 / x.size)
    assert abs((v**2).mean() / (kT / 1.3) - 1) < error + (dt**2 * w2 / 4).max()
    assert abs(np.mean((x @ K) * x) / kT - 1) < error + (dt**2 * w2 / 4).max()


def test_without_noise_it_is_the_second_order_chain_to_second_order():
    """Against the event-driven run while blocks slip, stick and reverse; and a chain that sticks is at rest exactly."""
    quiet = CHAIN.replace(eps=0.0)
    exact = quiet.replace(dynamics="second_order").simulate(1, dt=6.0, method="event_driven").x[0, -1]
    steps = np.array([30, 60, 120, 240, 480])
    errors = [np.abs(quiet.simulate(n, dt=6.0 / n).x[0, -1] - exact).max() for n in steps]
    assert 1.85 < -np.polyfit(np.log(steps), np.log(errors), 1)[0] < 2.15
    assert not quiet.simulate(400, dt=0.1).v[0, -1].any()


def test_members_threads_and_restarts_give_the_same_bits():
    whole = CHAIN.simulate(300, dt=0.1, members=40, seed=5, save_every=30)
    alone = CHAIN.simulate(300, dt=0.1, members=1, first_member=17, seed=5, save_every=30)
    assert np.array_equal(alone.x[0], whole.x[17])
    assert np.array_equal(alone.v[0], whole.v[17])
    part = proceed(CHAIN.simulate(110, dt=0.1, members=40, seed=5, save_every=30), 190)
    assert np.array_equal(part.x, whole.x)
    assert np.array_equal(part.v, whole.v)


def test_swapping_the_frictions_mirrors_the_noiseless_chain():
    quiet = CHAIN.replace(eps=0.0)
    mirrored = quiet.replace(mu_right=quiet.mu_left, mu_left=quiet.mu_right, target=-quiet.target)
    assert np.array_equal(quiet.simulate(500, dt=0.1).x, -mirrored.simulate(500, dt=0.1).x)


def test_decaying_noise_leaves_a_chain_at_rest_where_noise_bent_it():
    """mu_left above mu_right: shaken long enough, and then left alone, the chain ends convex: (8)."""
    from mechanics.chain import curvature

    shaken = CHAIN.replace(mu_right=0.02, mu_left=0.1, eps=0.8, gamma=5.0, noise_decay=0.01)
    run = shaken.simulate(6000, dt=0.1, members=256, seed=1)
    assert np.abs(run.v[:, -1]).max() < 1e-2
    assert curvature(run.load_curve[:, -1].mean(axis=0)) > 0.05
    calm = shaken.replace(eps=0.0).simulate(6000, dt=0.1)
    assert curvature(calm.load_curve[0, -1]) < -0.05


def test_common_noise_moves_all_blocks_alike():
    free = CHAIN.replace(mu_right=0.0, mu_left=0.0, noise="common", target=0.0)
    v = free.simulate(1, dt=0.1, members=1000, seed=2).v[:, -1, 1:-1]
    assert_allclose(v, v[:, :1] * np.ones(5), rtol=1e-12)
