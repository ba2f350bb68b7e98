"""Energies of the exact flow, the two time scales and the phase boundary: against quadrature and simulation."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from mechanics.chain import (
    Drive,
    SpringChain,
    creep_time,
    curvature,
    elastic_energy,
    energy_balance,
    exact_flow,
    load_curve,
    phase_boundary,
    time_scales,
)


def test_equal_extension_has_the_least_energy():
    """Against random perturbations of the blocks; with different springs, against equal forces."""
    rng = np.random.default_rng(0)
    even = SpringChain(blocks=4, k=2.0, target=3.0)
    straight = np.linspace(0, 3, 6)
    assert_allclose(elastic_energy(even, straight), 0.5 * 2.0 * 5 * 0.6**2)
    uneven = SpringChain(blocks=4, k=[1.0, 2.0, 4.0, 0.5, 1.0], target=3.0)
    stretch = 1 / np.asarray(uneven.k)
    balanced = 3 * np.concatenate([[0], np.cumsum(stretch)]) / stretch.sum()
    for chain, best in ((even, straight), (uneven, balanced)):
        moved = best + np.pad(rng.normal(size=(50, 4)), ((0, 0), (1, 1)))
        assert (elastic_energy(chain, moved) > elastic_energy(chain, best)).all()
    with pytest.raises(ValueError, match="6 positions"):
        elastic_energy(even, np.zeros(5))


def test_energy_balance_against_quadrature():
    """Heat of the damping and work of the end, integrated from velocities; friction follows from the sum."""
    k = [1.0, 1.2, 0.8, 1.0, 1.1]
    drive = Drive([0, 1, 3], [1.0, 2.0, 0.0])
    chain = SpringChain(blocks=4, k=k, mu_right=0.1, mu_left=0.05, drive=drive, eps_bar=0)
    flow = exact_flow(chain, [0.5, -0.3, 0.2, 0.9], 6.0)
    ts = np.array([0.0, 0.3, 1.0, 2.0, 6.0])
    found = energy_balance(flow, ts)
    corners = np.unique(np.concatenate([[0.0, 1.0, 3.0], flow.events["time"]]))

    def integral(f, t):
        ends = np.append(corners[corners < t], t)
        return sum(quad(f, a, b)[0] for a, b in itertools.pairwise(ends))

    speed = lambda t: 1.0 if t < 1 else -1.0 if t < 3 else 0.0  # noqa: E731
    mu = lambda v: np.where(v > 0, 0.1, 0.05)  # noqa: E731
    for i, t in enumerate(ts):
        assert_allclose(found.damping[i], integral(lambda s: (flow.velocity(s) ** 2).sum(), t), atol=1e-9)
        assert_allclose(found.work[i], integral(lambda s: k[-1] * (flow(s)[-1] - flow(s)[-2]) * speed(s), t), atol=1e-9)
        slipped = integral(lambda s: (mu(flow.velocity(s)) * np.abs(flow.velocity(s))).sum(), t)
        assert_allclose(found.friction[i], slipped, atol=1e-9)


def test_fast_time_is_the_last_decay_of_the_exact_flow():
    """Distance to the noiseless rest at two late times, within the limit of (7) and beyond it; 1e-6: faster modes."""
    for mu in (0.01, 0.1):
        chain = SpringChain(mu_right=mu, eps_bar=0)
        flow, fast = exact_flow(chain), time_scales(chain).fast
        t = flow.pieces[-1].t + 10 * fast
        a, b = (np.abs(flow_at - flow.rest).max() for flow_at in exact_flow(chain, t1=t + fast)([t, t + fast]))
        assert_allclose(np.log(a / b), 1.0, rtol=1e-6)
        assert time_scales(chain).creep == np.inf
        assert creep_time(chain) == np.inf


def test_creep_time_against_simulation():
    """Distance of the ensemble's mean from (8) after that time: 1/e within 0.04, the mean field's bias and four
    standard errors. Far from (8) the creep is faster than its last stage.
    """
    chain = SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=0.05)
    t, start, end = creep_time(chain), chain.rest_state(), chain.mean_field().equilibrium()
    assert t < time_scales(chain).creep
    run = chain.simulate(round(t / 0.05), 0.05, members=128, x0=start[1:-1])
    left = np.abs(run.x[:, -1].mean(axis=0) - end).max() / np.abs(start - end).max()
    assert abs(left - np.exp(-1)) < 0.04


def test_late_creep_has_the_slow_rate():
    """Between 5 % and 0.5 % of the way; 3 %: what is left of the nonlinearity."""
    chain = SpringChain(mu_right=0.1, mu_left=0.06, eps_bar=0.05)
    assert_allclose(
        creep_time(chain, 0.005) - creep_time(chain, 0.05), np.log(10) * time_scales(chain).creep, rtol=0.03
    )


def test_phase_boundary_is_where_the_load_curve_is_straight():
    """At a finite time by the mean field and by simulation (4 standard errors); after long times mu_left = mu_right."""
    chain = SpringChain(blocks=5, mu_right=0.1)
    eps = np.array([0.01, 0.08, 0.3])
    left = phase_boundary(chain, eps, t=60.0)
    assert np.isnan(left[0])
    assert left[1] > left[2] > 0.1 - 1e-6
    run = chain.replace(eps_bar=0.08, mu_left=left[1]).simulate(1200, 0.05, members=256, seed=3)
    bend = curvature(load_curve(run.x[:, -1]))
    assert abs(bend.mean()) < 4 * bend.std() / 16 + 0.02
    assert_allclose(phase_boundary(chain, eps), 0.1)
