"""Implicit steps of the overdamped chain: the convex problem they solve, order one, no limit on the step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics.chain import Drive, SpringChain, exact_flow
from mechanics.chain.exact_flow import law_of

ROUGH = np.random.default_rng(5).normal(size=(4, 6))


def chains():
    k = np.linspace(0.6, 1.4, 7)
    return [
        SpringChain(blocks=6, eps_bar=0),
        SpringChain(blocks=6, k=k, mu_right=np.linspace(0, 0.2, 6), mu_left=0.05, target=-1, eps_bar=0),
        SpringChain(blocks=6, mu_right=0.05, eps_bar=0, drive=Drive([0.0, 1.0, 2.0], [0.0, 2.0, 0.5])),
    ]


DRIVEN = pytest.param(chains()[2], marks=pytest.mark.sweep, id="driven")  # another build of the steps


@pytest.mark.parametrize("chain", [*chains()[:2], DRIVEN], ids=["equal", "different", None])
def test_order_one_against_the_exact_flow(chain):
    """Errors at dt and dt/2 in the ratio 2 up to dt, from rough starts that slip both ways."""
    exact = np.array([exact_flow(chain, x0, 2.0).x[-1] for x0 in ROUGH])
    coarse, fine = (
        np.abs(chain.simulate(n, 2.0 / n, members=4, x0=ROUGH, method="implicit").x[:, -1] - exact).max()
        for n in (1000, 2000)
    )
    assert 1.8 < coarse / fine < 2.2


@pytest.mark.parametrize("dt", [0.1, 10.0, 1e4])
def test_every_step_solves_the_inclusion_and_lowers_the_energy(dt):
    """(x+ - x)/dt + friction contains the force at x+, at steps far beyond the explicit limit of 1/2."""
    chain, law = chains()[1], law_of(chains()[1])
    run = chain.simulate(12, dt, members=4, x0=ROUGH, save_every=1, method="implicit")
    v = np.diff(run.x, axis=1)[..., 1:-1] / dt
    force = np.array([[law.force(x) for x in member[1:]] for member in run.x])
    friction = force - v
    size = 1e-12 * (1 + np.abs(force).max())
    assert (friction <= law.mu_right + size).all()
    assert (friction >= -law.mu_left - size).all()
    assert (np.abs(friction - law.mu_right)[v > size] < size).all()
    assert (np.abs(friction + law.mu_left)[v < -size] < size).all()
    energy = 0.5 * (np.asarray(chain.k) * np.diff(run.x) ** 2).sum(axis=-1)
    assert (np.diff(energy, axis=1) <= 1e-13 * energy[:, :-1]).all()
    assert run.status == "finished"


def test_one_huge_step_is_the_rest_state():
    chain = SpringChain(mu_right=0.1, eps_bar=0)
    run = chain.simulate(1, 1e9, method="implicit")
    assert_allclose(run.x[0, -1], chain.rest_state(), atol=1e-8)


def test_noise_is_that_of_the_explicit_step_and_members_are_bit_exact():
    """At a small step both methods see the same normals; a lone member has the ensemble's bits, and splits restart."""
    chain = SpringChain(blocks=6, eps_bar=0.3)
    run = chain.simulate(400, 1e-3, members=16, seed=2, method="implicit")
    explicit = chain.simulate(400, 1e-3, members=16, seed=2)
    assert np.abs(run.x - explicit.x).max() < 5e-3 * np.abs(explicit.x[:, -1]).max()
    alone = chain.simulate(400, 1e-3, first_member=5, seed=2, method="implicit")
    assert_array_equal(alone.x, run.x[5:6])
