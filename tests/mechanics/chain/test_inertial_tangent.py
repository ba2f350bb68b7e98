"""The derivative of the event-exact flow: central differences, a published block, rank, and what saltation is worth."""

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain, inertial_flow
from mechanics.chain import inertial_tangent as tangent

TO_AND_FRO = Drive(5.0 * np.arange(60), 0.3 * (np.arange(60) % 2))
CHAIN = SpringChain(
    blocks=4, k=[1.0, 0.5, 2.0, 1.0, 0.8], mass=[1.0, 0.5, 1.5, 1.0], gamma=[0.1, 0.0, 0.2, 0.05], target=0.0,
    mu_right=[0.02, 0.05, 0.01, 0.03], mu_left=0.03, eps_bar=0.0, dynamics="second_order",
)  # fmt: skip
X, V = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4))
T = 22.0
CASES = {
    "held": CHAIN,
    "driven": CHAIN.replace(drive=TO_AND_FRO),
    "static": CHAIN.replace(drive=TO_AND_FRO, mu_static_right=0.07, mu_static_left=0.06),
}


def differences(chain, x=X, v=V, h=1e-6):
    """Central differences of the flow itself."""
    n, y = chain.blocks, np.concatenate([x, v])
    columns = []
    for j in range(2 * n):
        ends = []
        for sign in (1, -1):
            z = y.copy()
            z[j] += sign * h
            flow = inertial_flow(chain, z[:n], z[n:], T)
            ends.append(np.concatenate([flow.x[-1, 1:-1], flow.v[-1, 1:-1]]))
        columns.append((ends[0] - ends[1]) / (2 * h))
    return np.array(columns).T


@pytest.mark.parametrize("name", CASES)
def test_it_agrees_with_differences_through_reversals_stops_and_starts(name):
    """To 1e-7; 4e-10 is found: h^2 and rounding / h at h = 1e-6."""
    flow = inertial_flow(CASES[name], X, V, T)
    changes = {(int(a), int(b)) for a, b in _changes(flow)}
    assert {(1, -1), (-1, 1), (1, 0), (-1, 0)} <= changes
    assert name == "held" or {(0, 1), (0, -1)} & changes
    assert_allclose(flow.derivative(), differences(CASES[name]), rtol=0, atol=1e-7)


def test_events_of_several_blocks_at_one_time_commute():
    """A mirrored chain from a mirrored start: outer blocks stop and turn round together; neighbours of them move on."""
    chain = CHAIN.replace(k=1.0, mass=1.0, gamma=0.1, mu_right=0.03, mu_left=0.03)
    x, v = np.array([0.5, -0.2, 0.2, -0.5]), np.array([0.1, 0.3, -0.3, -0.1])
    flow = inertial_flow(chain, x, v, T)
    assert len(np.unique(flow.events["time"])) == len(flow.events) // 2
    assert 0 in flow.events["mode"]
    assert_allclose(flow.derivative(), differences(chain, x, v), rtol=0, atol=1e-7)


def _changes(flow):
    """Modes before and after each event."""
    states = [arc.state for arc in flow.arcs] + [flow.last]
    for before, after in itertools.pairwise(states):
        for l in np.flatnonzero(before.modes != after.modes):
            yield before.modes[l], after.modes[l]


def test_without_saltation_it_is_wrong_from_the_first_event_on(monkeypatch):
    """Each kind of jump is needed; a start from the sliding threshold has none."""
    flows = {name: inertial_flow(chain, X, V, T) for name, chain in CASES.items()}
    right = {name: flow.derivative() for name, flow in flows.items()}
    monkeypatch.setattr(tangent, "jumped", lambda arc, after, blocks, V: V)
    errors = [np.abs(flow.derivative() - right[name]).max() for name, flow in flows.items()]
    assert_allclose(errors, [0.236, 0.315, 0.413], atol=0.001)  # of largest entries of 0.25, 0.23 and 0.63


def test_a_forced_block_has_the_published_monodromy():
    """x'' = -x - 0.1 x' + 0.9 cos(t/2) - friction, 0.55 to the right and 0.35 to the left, from (0.3, 2.5).

    Figures of a Runge-Kutta integration with event location, known to 1e-6: to t = 9 with two reversals, to t = 15
    with a stick (rank lost) and a slip besides. The pull of the end by straight pieces of 0.02 has the cosine's first
    Fourier coefficient to fourth order.
    """
    h, t = 0.02, np.arange(0.0, 15.1, 0.02)
    pull = Drive(t, 1.8 * np.cos(0.5 * t) * (1 + 0.25 * h**2 / 12))
    block = SpringChain(
        blocks=1, k=0.5, mu_right=0.55, mu_left=0.35, gamma=0.1, eps_bar=0.0, dynamics="second_order", drive=pull
    )
    flow = inertial_flow(block, [0.3], [2.5], 9.0)
    assert_allclose(flow.derivative(), [[-0.199322466, 0.3978024124], [-0.0066192565, -0.4225866262]], atol=1e-6)
    flow = inertial_flow(block, [0.3], [2.5], 15.0)
    found = flow.derivative()
    assert_allclose(found, [[0.0887849562, 0.0889143009], [-0.0438859096, -0.043949844]], atol=1e-6)
    assert flow.events["mode"].tolist() == [-1, 1, 0, -1]
    assert abs(np.linalg.det(found)) < 1e-17


def test_rank_falls_by_the_largest_number_of_blocks_at_rest_at_once():
    """Not by the number that ever stop: a later stop projects what is left onto another plane, and loses nothing."""
    for t1, at_once, ever in ((15.0, 1, 2), (40.0, 3, 4)):
        flow = inertial_flow(CASES["driven"], X, V, t1)
        modes = np.array([arc.state.modes for arc in flow.arcs] + [flow.last.modes])
        assert (modes == 0).sum(axis=1).max() == at_once
        assert (modes == 0).any(axis=0).sum() == ever
        assert np.linalg.matrix_rank(flow.derivative(), tol=1e-13) == 8 - at_once


def test_a_chain_at_rest_keeps_displacements_and_stops_every_push():
    chain = CHAIN.replace(target=0.001)
    assert_allclose(inertial_flow(chain, t1=10.0).derivative(), np.diag([1.0] * 4 + [0.0] * 4), atol=0)


def test_a_stop_without_deceleration_is_named():
    """A stop where springs and friction balance; one under a force of 0.1 beyond friction is a clear one."""
    block = SpringChain(blocks=1, k=0.5, mu_right=0.1, mu_left=0.1, target=0.0, eps_bar=0.0, dynamics="second_order")
    for x, expected in ((-0.1, True), (0.0, False)):
        before = inertial_flow(block, [x], [0.01], t1=1e-3)
        after = dataclasses.replace(before.last, x=np.array([0.0, x, 0.0]), v=np.zeros(1), modes=np.zeros(1, np.int8))
        assert tangent.grazes(before.arcs[0], after) is expected
