"""Convergence of every method and its interpolant on Kepler's ellipse, stepped by a few lines of numpy.

The exact orbit comes from Kepler's equation; nothing of the engines is used.
"""

import numpy as np
import pytest

from mechanics.methods import VERN8, VERN9, all_methods
from mechanics.methods.conditions import interpolant_weights, stage_matrix

ECCENTRICITY = 0.3
START, SPAN = 1.0, 2.0  # away from the pericentre, a third of a period
THETAS = (0.15, 0.4, 0.65, 0.9)
STEPS = [4, 5, 6, 8, 11, 16, 22, 32, 45, 64, 91, 128]
ROUNDING = 2e-13


def kepler(t, q):
    x, y, vx, vy = q
    r3 = (x * x + y * y) ** 1.5
    return np.array([vx, vy, -x / r3, -y / r3])


def orbit(t):
    """State at time t after START; E - e sin E = t by Newton's method."""
    E = M = t + START
    for _ in range(30):
        E -= (E - ECCENTRICITY * np.sin(E) - M) / (1 - ECCENTRICITY * np.cos(E))
    b = np.sqrt(1 - ECCENTRICITY**2)
    rate = 1 / (1 - ECCENTRICITY * np.cos(E))
    return np.array([np.cos(E) - ECCENTRICITY, b * np.sin(E), -np.sin(E) * rate, b * np.cos(E) * rate])


def errors(tab, steps, weights=interpolant_weights):
    """Largest error at the ends of the steps, and at THETAS inside them."""
    A = stage_matrix(tab)
    c = np.concatenate([tab.c, [1.0], tab.extra_c])
    dt = SPAN / steps
    y = orbit(0.0)
    at_ends, inside = 0.0, 0.0
    for i in range(steps):
        t = i * dt
        K = np.zeros((len(A), len(y)))
        for j in range(len(A)):
            K[j] = kepler(t + c[j] * dt, y + dt * (A[j, :j] @ K[:j]))
        for theta in THETAS:
            inside = max(inside, np.abs(y + dt * (weights(tab, theta) @ K) - orbit(t + theta * dt)).max())
        y = y + dt * (tab.b @ K[: tab.stages])
        at_ends = max(at_ends, np.abs(y - orbit(t + dt)).max())
    return at_ends, inside


def slope(errors, largest):
    """Of log(error) against log(dt), from the largest error that powers of dt rule down to rounding."""
    keep = (errors > ROUNDING) & (errors < largest)
    assert keep.sum() >= 3, f"too few errors between {ROUNDING} and {largest}: {errors}"
    return -np.polyfit(np.log(np.array(STEPS)[: len(errors)][keep]), np.log(errors[keep]), 1)[0]


@pytest.mark.parametrize("method", all_methods("explicit"), ids=str)
def test_steps_and_interpolant_converge_with_the_claimed_orders(method):
    """Slopes scatter by -0.4 to 1.2 about high orders: in double precision errors reach rounding before they are
    small enough for one power of dt to rule. That the orders are exact is shown by the order conditions.
    """
    low = method.order <= 2
    largest = 0.03 if low else 3e-4
    at_ends, inside = np.array([errors(method.data, 4 * n if low else n) for n in STEPS]).T
    assert method.order - 0.5 < slope(at_ends, largest) < method.order + 1.4
    order_inside = min(method.order, method.dense_order + 1)
    assert order_inside - 0.5 < slope(inside, largest) < order_inside + 1.4


@pytest.mark.parametrize("method", [VERN8, VERN9], ids=str)
def test_the_bernstein_basis_saves_the_digits_that_monomials_lose(method):
    """128 steps, errors of the steps at rounding: monomials add 1e-12 and more to the interpolated values."""

    def monomials(tab, theta):
        return tab.P @ theta ** np.arange(1, tab.P.shape[1] + 1)

    at_ends, inside = errors(method.data, 128)
    _, by_monomials = errors(method.data, 128, monomials)
    assert inside < 3 * at_ends + 1e-15
    assert by_monomials > 10 * inside


def test_a_wrong_interpolant_loses_its_order():
    """The check above can fail: the weights of one stage, off by 1e-6 in the middle, leave an error O(dt)."""

    def wrong(tab, theta):
        w = interpolant_weights(tab, theta)
        w[0] += 1e-6 * theta * (1 - theta)
        return w

    inside = np.array([errors(VERN9.data, n, wrong)[1] for n in STEPS])
    assert slope(inside, 3e-4) < 2
