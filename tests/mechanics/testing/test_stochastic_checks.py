"""Strong and weak orders of plain stepping functions; every seed is fixed.

The checks themselves grant four standard errors: a right method fails for one seed in 16,000.
"""

import numpy as np
import pytest

from mechanics.testing import check_strong_order, check_weak_order


def fields(t, y, drift, diffusion, p):
    f, g = np.empty_like(y), np.empty_like(y)
    drift(t, y, p, f)
    diffusion(t, y, p, g)
    return f, g


def euler_maruyama(t, dt, y, drift, diffusion, p, dW):
    f, g = fields(t, y, drift, diffusion, p)
    return y + f * dt + g * dW


def milstein(t, dt, y, drift, diffusion, p, dW):
    """With g g' by a difference along g; the noise of the systems is linear in y, so it is exact."""
    f, g = fields(t, y, drift, diffusion, p)
    _, g1 = fields(t, y + g, drift, diffusion, p)
    return y + f * dt + g * dW + 0.5 * (g1 - g) * (dW**2 - dt)


def heun_stratonovich(t, dt, y, drift, diffusion, p, dW):
    """Converges at full order, but to the Stratonovich solution."""
    f, g = fields(t, y, drift, diffusion, p)
    f1, g1 = fields(t + dt, y + f * dt + g * dW, drift, diffusion, p)
    return y + 0.5 * (f + f1) * dt + 0.5 * (g + g1) * dW


def weak_second(t, dt, y, drift, diffusion, p, dW):
    """Heun's method for the drift and Milstein's term for the noise, weak order two for the mean."""
    f, g = fields(t, y, drift, diffusion, p)
    f1, _ = fields(t + dt, y + f * dt, drift, diffusion, p)
    return y + 0.5 * (f + f1) * dt + g * dW * (1 + p.mu * dt) + 0.5 * p.sigma * g * (dW**2 - dt)


def weak_noise(t, dt, y, drift, diffusion, p, dW):
    """Milstein's method with one per cent of the noise lost."""
    return milstein(t, dt, y, drift, lambda t, y, p, g: (diffusion(t, y, p, g), np.multiply(g, LOST, g)), p, dW)


LOST = np.array([[0.99], [1.0]])  # of the solution, not of the path it is compared with


def test_euler_maruyama_has_strong_order_one_half_and_weak_order_one():
    strong = check_strong_order(euler_maruyama, 0.5)
    assert abs(strong.order - 0.5) < 0.1
    assert strong.stderr < 0.03
    assert abs(check_weak_order(euler_maruyama, 1).order - 1.0) < 0.35


def test_milstein_has_strong_order_one():
    assert abs(check_strong_order(milstein, 1).order - 1.0) < 0.1


def test_heun_drift_has_weak_order_two():
    assert check_weak_order(weak_second, 2).order > 1.7


@pytest.mark.parametrize(("step", "claim"), [(euler_maruyama, 1), (milstein, 0.5), (milstein, 1.5)])
def test_wrong_strong_claims_are_refused(step, claim):
    with pytest.raises(AssertionError, match=rf"{step.__name__} claims strong order {claim:g}, but"):
        check_strong_order(step, claim)


@pytest.mark.parametrize(("step", "claim"), [(euler_maruyama, 2), (weak_second, 1)])
def test_wrong_weak_claims_are_refused(step, claim):
    with pytest.raises(AssertionError, match=rf"{step.__name__} claims weak order {claim:g}, but"):
        check_weak_order(step, claim)


def test_the_wrong_calculus_is_refused():
    """The error stays: slope zero, although successive refinements converge."""
    with pytest.raises(AssertionError, match=r"heun_stratonovich claims strong order 1, but"):
        check_strong_order(heun_stratonovich, 1)


def test_a_lost_hundredth_of_the_noise_is_refused():
    with pytest.raises(AssertionError, match="weak_noise claims strong order 1"):
        check_strong_order(weak_noise, 1)


def test_the_same_seed_gives_the_same_verdict():
    assert check_strong_order(milstein, 1, members=500, seed=3) == check_strong_order(milstein, 1, members=500, seed=3)


def test_too_few_members_decide_nothing():
    with pytest.raises(AssertionError, match="is uncertain by"):
        check_weak_order(weak_second, 2, members=30)


def test_strong_order_needs_a_claim():
    with pytest.raises(ValueError, match="states no strong_order"):
        check_strong_order(milstein)
