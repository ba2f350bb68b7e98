"""Spectra of noiseless second-order chains from event to event: pairing, rank, two copies, restarts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain import Drive, SpringChain
from mechanics.lyapunov import alignment_index, exponent_scan, largest_by_two_copies, lyapunov_spectrum

FREE = SpringChain(blocks=4, mu_right=0.0, mu_left=0.0, eps_bar=0.0, gamma=0.3, dynamics="second_order")
PULLED = FREE.replace(mu_right=0.02, mu_left=0.03, drive=Drive(5.0 * np.arange(60), 1.5 * (np.arange(60) % 2)))


def test_viscous_chains_pair_to_rounding_at_every_time():
    """l_i + l_{2n+1-i} = -gamma/m for any potential and uniform damping: Dressler, Phys. Rev. A 38 (1988) 2103.

    The frame begins symplectic, so that no limit is needed. Unlike springs, a pulled end and a decay to rest (e^-18)
    change nothing; damping that differs between blocks breaks it.
    """
    unlike = FREE.replace(k=[1.0, 0.5, 2.0, 1.0, 0.8], mass=0.5, drive=PULLED.drive)
    for chain, total, rate in ((FREE, 20.0, -0.3), (FREE, 120.0, -0.3), (unlike, 20.0, -0.6)):
        e = lyapunov_spectrum(chain, total=total, transient=0.0).exponents
        assert_allclose(e + e[::-1], rate, rtol=0, atol=1e-13)
        assert np.ptp(e) > 1e-3
    e = lyapunov_spectrum(FREE.replace(gamma=[0.1, 0.3, 0.5, 0.3]), total=20.0, transient=0.0).exponents
    assert np.ptp(e + e[::-1]) > 1e-3
    assert_allclose(e.sum(), -1.2, atol=1e-12)  # the divergence


def test_overdamped_modes_of_a_free_chain_are_its_eigenvalues():
    """-gamma/2 +- sqrt(gamma^2/4 - w_j^2), w_j = 2 sin(pi j/10); real and distinct for gamma = 5."""
    w = 2 * np.sin(np.pi * np.arange(1, 5) / 10)
    roots = np.sqrt(6.25 - w**2)
    found = lyapunov_spectrum(FREE.replace(gamma=5.0), total=40.0, transient=40.0).exponents
    assert_allclose(found, np.sort(np.concatenate([-2.5 + roots, -2.5 - roots]))[::-1], atol=1e-3)


def test_reversals_without_stops_change_the_sum_by_their_ratios():
    """A forced block that only turns round: sum = -gamma + mean of log(a+/a-), from the log of events."""
    from mechanics.chain import inertial_flow

    block = SpringChain(
        blocks=1, k=0.5, mu_right=0.15, mu_left=0.05, gamma=0.1, eps_bar=0.0, dynamics="second_order",
        drive=Drive(3.0 * np.arange(60), 1.8 * (-1.0) ** np.arange(60)),
    )  # fmt: skip
    found = lyapunov_spectrum(block, total=150.0, transient=0.0)
    assert found.events.number > 40
    assert found.events.at_rest <= 1
    t1 = found.step * found.dt
    flow = inertial_flow(block, t1=t1)
    expected = -0.1 * t1
    for time, _, mode in flow.events:
        state = next(arc.state for arc in flow.arcs if arc.state.t == time)
        force = 0.5 * (state.x[2] - 2 * state.x[1])
        after, before = (force - 0.15, force + 0.05) if mode == 1 else (force + 0.05, force - 0.15)
        assert mode != 0
        expected += np.log(after / before)
    assert_allclose(found.exponents.sum() * found.time, expected, rtol=1e-10)


def test_stops_lose_as_many_dimensions_as_blocks_rest_at_once():
    found = lyapunov_spectrum(
        PULLED.replace(mu_right=0.2, mu_left=0.2, mu_static_right=0.25), total=200.0, transient=40.0
    )
    lost = found.events.at_rest
    assert 1 <= lost < 4
    assert np.isneginf(found.exponents).sum() == lost
    assert np.isfinite(found.exponents[: 8 - lost]).all()
    assert found.resets[: 8 - lost].sum() == 0
    assert f"{lost} exponents are -infinity" in found.verdict or lost == 1
    assert "loses rank" in found.verdict
    first = lyapunov_spectrum(found.job.chain, 2, total=200.0, transient=40.0)
    assert np.isfinite(first.exponents).all()


def test_the_largest_is_that_of_two_copies():
    """Both over the same stretch: they differ by the copies' distance alone, and by directions at its start."""
    chain = PULLED.replace(mu_static_right=0.06)
    options = {"total": 120.0, "transient": 60.0}
    copies = largest_by_two_copies(chain, **options)
    assert_allclose(lyapunov_spectrum(chain, 1, **options).exponents[0], copies, rtol=0.02)


def test_a_run_goes_on_with_the_same_bits():
    whole = lyapunov_spectrum(PULLED, 3, total=60.0, transient=10.0)
    part = lyapunov_spectrum(PULLED, 3, total=20.0, transient=10.0).proceed(60.0)
    assert np.array_equal(part.sums, whole.sums)
    assert np.array_equal(part.state, whole.state)
    assert part.events == whole.events


def test_a_chain_at_rest_has_zeros_and_lost_velocities():
    found = lyapunov_spectrum(PULLED.replace(drive=None, target=0.01), total=40.0)
    assert_allclose(found.exponents, [0.0] * 4 + [-np.inf] * 4, atol=1e-15)
    assert "fixed point" in found.verdict
    assert "4 exponents are -infinity" in found.verdict


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="from 1 to the 8"):
        lyapunov_spectrum(PULLED, 9)
    with pytest.raises(ValueError, match="give its step, dt="):
        alignment_index(PULLED, 2, total=10.0)
    with pytest.raises(ValueError, match="give its step, dt="):
        exponent_scan(PULLED, [None])
    with pytest.raises(ValueError, match="give its step, dt="):
        lyapunov_spectrum(PULLED, 1, total=10.0).covariant()
    assert "the pull ends at t = 295" in lyapunov_spectrum(PULLED, 1, total=20.0, transient=290.0).verdict
    with pytest.raises(ValueError, match="needs dt="):
        lyapunov_spectrum(PULLED.replace(eps_bar=0.1))
