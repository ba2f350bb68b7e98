"""Exponents of the steps of second-order chains: two copies, the simulation's own bits, the event-exact limit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain, inertial_flow
from mechanics.lyapunov import largest_by_two_copies, lyapunov_spectrum
from mechanics.lyapunov.spectrum import arranged

NOISY = SpringChain(
    blocks=4, k=[1.0, 0.5, 2.0, 1.0, 0.8], mass=[1.0, 0.5, 1.5, 1.0], mu_right=[0.1, 0.2, 0.1, 0.05], mu_left=0.05,
    eps=0.1, gamma=0.2, dynamics="second_order", drive=Drive(5.0 * np.arange(60), 1.5 * (np.arange(60) % 2)),
)  # fmt: skip
COMMON = NOISY.replace(noise="common", noise_decay=0.001)
SMOOTH = NOISY.replace(dynamics="smooth_law", v_smooth=0.05)
THERMAL = NOISY.replace(dynamics="langevin")


ALL = [NOISY, SMOOTH, *(pytest.param(chain, marks=pytest.mark.sweep) for chain in (COMMON, THERMAL))]


@pytest.mark.parametrize("chain", ALL, ids=["second_order", "smooth_law", "common", "langevin"])
def test_tangents_are_differences_of_the_steps(chain):
    """Ten steps from a state and one 1e-8 along its vector, again and again, through some hundred stops."""
    job, dt, p = arranged(chain, 1, 0.05, None, 3, "auto")
    assert job.backend == "duals"
    V, room, extremes, rests = job.start(), job.room(10), np.ones(2), 0
    for i in range(300):
        x, Q, other = V[0, :, 0].copy(), V[0, :, 1].copy(), V.copy()
        logs, _ = job.advance(V, room, p, dt, 10 * i, 1, 1, 10, extremes)
        other[0, :, 0] += 1e-8 * Q
        job.advance(other, room, p, dt, 10 * i, 1, 1, 10, extremes)
        rests += np.count_nonzero(x[4:] == 0.0)
        if i > 0:  # at the start velocities are 0 but vectors not
            found = (other[0, :, 0] - V[0, :, 0]) / 1e-8
            assert_allclose(found, np.exp(logs[0, 0]) * V[0, :, 1], atol=2e-6)
    assert rests > 10 or chain.dynamics != "second_order"
    run = chain.simulate(3000, dt=0.05, seed=3)
    state = np.concatenate([run.x[0, -1, 1:-1], run.v[0, -1, 1:-1]])
    assert_allclose(V[0, :, 0], state, rtol=0, atol=0 if chain.noise_decay == 0 else 1e-12)


@pytest.mark.parametrize("chain", ALL, ids=["second_order", "smooth_law", "common", "langevin"])
def test_the_largest_is_that_of_two_copies(chain):
    """No derivative enters. A pull that has ended leaves a chain whose first exponent is far from its second."""
    chain = chain.replace(drive=None, noise_decay=0.0, noise="independent", eps=0.05)
    options = {"dt": 0.05, "total": 300.0, "transient": 60.0, "seed": 3}
    found = lyapunov_spectrum(chain, 1, **options)
    assert_allclose(found.exponents[0], largest_by_two_copies(chain, **options), rtol=1e-4)
    assert "exponents of steps of dt = 0.05" in found.verdict


@pytest.mark.parametrize("dynamics", ["second_order", pytest.param("overdamped", marks=pytest.mark.sweep)])
def test_exponents_know_friction_by_its_width_over_the_noise_alone(dynamics):
    """c = (mu_right - mu_left)/2 in the force moves the rest state, K dx = c, and springs have no scale of length.

    Chains that feel the same noise then follow one path, shifted and scaled, once they have forgotten their start.
    """
    plain = NOISY.replace(drive=None, mu_left=0.1, eps_bar=0.2)
    plain = plain.replace(dynamics=dynamics, mass=1.0, gamma=None) if dynamics == "overdamped" else plain
    found = [
        lyapunov_spectrum(plain.replace(mu_right=right, eps_bar=eps), 1, dt=0.05, total=300.0, transient=300.0)
        for right, eps in ((0.1, 0.2), (0.0, 0.1), (0.4, 0.5), (0.4, 0.2))
    ]
    same, other = [f.exponents[0] for f in found[:3]], found[3].exponents[0]
    assert_allclose(same, same[0], rtol=1e-6)
    assert abs(other - same[0]) > 0.2 * abs(same[0])


def test_without_noise_the_derivative_of_steps_tends_to_that_of_the_flow():
    """A kick is exact through stops and reversals: its derivative has their saltation. First order in dt is found."""
    chain = NOISY.replace(eps=0.0)
    x, v = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4))
    flow = inertial_flow(chain, x, v, 22.0)
    assert {0, 1, -1} == set(flow.events["mode"].tolist())
    q = np.ones(8) / np.sqrt(8.0)
    errors, counts = [], 500 * 2 ** np.arange(8)
    for steps in counts:
        job, dt, p = arranged(chain, 1, 22.0 / steps, None, 3, "auto")
        V = job.start()
        V[0, :, 0], V[0, :, 1] = np.concatenate([x, v]), q
        logs, _ = job.advance(V, job.room(10), p, dt, 0, 1, steps // 10, 10, np.ones(2))
        errors.append(np.abs(np.exp(logs[0, 0]) * V[0, :, 1] - flow.derivative() @ q).max())
    assert -1.5 < np.polyfit(np.log(counts), np.log(errors), 1)[0] < -0.7
    assert errors[-1] < 3e-5


def test_bad_second_order_chains_are_named():
    with pytest.raises(ValueError, match="needs dt="):
        lyapunov_spectrum(NOISY)
    with pytest.raises(ValueError, match="friction jumps at v = 0"):
        lyapunov_spectrum(NOISY.replace(dynamics="sign_law"), dt=0.01)
    with pytest.raises(ValueError, match="beyond the 4 of this chain's blocks"):
        lyapunov_spectrum(NOISY, 5, dt=0.05)
    with pytest.raises(ValueError, match="beyond the 4 of this chain's blocks"):
        lyapunov_spectrum(THERMAL, 5, dt=0.05)
    with pytest.raises(ValueError, match="static friction above the sliding one"):
        lyapunov_spectrum(NOISY.replace(mu_static_right=0.25), dt=0.05)
    with pytest.raises(ValueError, match="stability limit"):
        lyapunov_spectrum(NOISY, dt=2.0)
    with pytest.raises(ValueError, match="leave truncation out"):
        lyapunov_spectrum(NOISY.replace(truncation=2.0), dt=0.05)
