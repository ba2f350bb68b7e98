"""Scaling regressions recover planted power laws, and say so when there is none."""

import numpy as np
import pytest

from nets.perturb import collapse, effective_lr, fit_scaling
from nets.plots import plot_collapse, plot_scaling

LR = np.array([1e-3, 3e-3, 1e-2, 3e-2, 1e-1])
T = np.arange(1.0, 101.0)


def planted(rng, power, copies=8, noise=0.05):
    """Lines of slope x^power, each copy with a factor of its own."""
    return [0.1 + x**power * T * np.exp(noise * rng.normal(size=(copies, 1))) for x in LR]


@pytest.mark.parametrize("power", [0.7, 0.0])
def test_planted_power_is_inside_its_interval_at_the_stated_rate(power):
    """40 data sets, 95 % intervals of a bootstrap over 8 copies, which cover some 90 %: at least 30 must hold the truth
    (fewer have a probability below 1e-2 at 90 %; the seeds are fixed)."""
    held, words = 0, 0
    for k in range(40):
        curves = planted(np.random.default_rng(k), power)
        found = fit_scaling(LR, T, curves, resamples=100, name="lr")
        assert found.exponent == pytest.approx(power, abs=0.05)
        held += found.interval[0] <= power <= found.interval[1]
        words += "no dependence of the slope on lr" in found.verdict
    assert held >= 30
    assert words == (held if power == 0 else 0)
    np.testing.assert_allclose(found.predict(LR), found.values, rtol=0.1)


def test_exponents_and_ends_are_measured(rng):
    curves = [1e-3 * np.exp(x * T) * np.exp(0.01 * rng.normal(size=(4, 1))) for x in LR]
    rates = fit_scaling(LR, T, curves, quantity="exponent")
    np.testing.assert_allclose(rates.values, LR, rtol=1e-9)
    assert rates.exponent == pytest.approx(1, abs=1e-9)
    ends = fit_scaling(LR, T, planted(rng, 2.0, noise=0.0), quantity="end")
    np.testing.assert_allclose(ends.values, 0.1 + LR**2 * T[-1], rtol=1e-12)
    own = fit_scaling(LR, T, planted(rng, 1.0, noise=0.0), quantity=lambda t, d: d[-1] - d[0])
    assert own.exponent == pytest.approx(1, abs=1e-9)


def test_rescaled_curves_collapse():
    """d = F(lr t) for any F: the spread falls to the error of interpolation."""
    curves = [np.sqrt(0.01 + (x * T) ** 1.5)[None] for x in LR]
    found = collapse(LR, T, curves, time_power=1.0)
    assert found.spread < 5e-3 < 0.3 < found.spread_before
    ax = plot_collapse(LR, [T] * 5, curves, name="lr")
    assert len(ax.lines) == 5
    assert plot_scaling(fit_scaling(LR, T, curves)).lines


def test_inputs_are_refused(rng):
    with pytest.raises(ValueError, match="at least 3 different positive"):
        fit_scaling([1, 1, 2], T, planted(rng, 1)[:3])
    with pytest.raises(ValueError, match="do not grow"):
        fit_scaling(LR, T, [-d for d in planted(rng, 1)])
    with pytest.raises(ValueError, match="for each of the 5 settings"):
        fit_scaling(LR, T, planted(rng, 1)[:4])
    with pytest.raises(ValueError, match="quantity must be"):
        fit_scaling(LR, T, planted(rng, 1), quantity="speed")
    with pytest.raises(ValueError, match="share a time"):
        collapse(LR, T, planted(rng, 1), time_power=9)
    with pytest.raises(ValueError, match=r"momentum must lie in \[0, 1\)"):
        effective_lr(0.1, 1.0)
    np.testing.assert_allclose(effective_lr(0.1, [0, 0.9]), [0.1, 1.0])
