"""A simulated chain is recovered from its load curves, and stated intervals hold the truth as often as they say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain import SpringChain
from mechanics.chain.mean_field import MeanField
from mechanics.fit import fit_chain

EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.1, 60, 40), 2))]
CASES = {"concave": (0.10, 0.05, 0.10), "straight": (0.10, 0.10, 0.10), "convex": (0.05, 0.15, 0.15)}


def simulated_loads(members, seed, mu_right, mu_left, s, k=1.0, dt=0.01, blocks=7):
    """Load curves (members, epochs, blocks + 2) of equation (5), target 1, by explicit Euler steps in numpy."""
    rng = np.random.default_rng(seed)
    x = np.zeros((members, blocks + 2))
    x[:, -1] = 1.0
    saved = np.round(EPOCHS / dt).astype(int)
    out = []
    for step in range(saved[-1] + 1):
        if step in saved:
            out.append(1.0 - x)
        z = k * np.diff(x, 2, axis=1) + s * rng.standard_normal((members, blocks))
        x[:, 1:-1] += dt * (z - np.clip(z, -mu_left, mu_right))
    return np.stack(out, axis=1)


def mean_field_loads(ts=EPOCHS, y=1.0, k=0.8, mu_right=0.12, mu_left=0.05, s=0.1, **pull):
    """Load curves (m, 9) of the mean field itself: data without noise or misfit."""
    x = MeanField(7, k, k * mu_right, k * mu_left, y, k * s).solve(ts, **pull)
    return x[:, -1:] - x


@pytest.mark.parametrize("case", CASES)
def test_simulated_chain_is_recovered(case):
    """Twenty histories, seed 5: Y to 0.5 %, mu_eff to 3 % of the mean friction's scale, k to 10 %."""
    mu_right, mu_left, s = CASES[case]
    fit = fit_chain(simulated_loads(20, 5, mu_right, mu_left, s)[..., :-1], EPOCHS, pull="fixed")
    assert fit.converged
    assert fit.Y.value == pytest.approx(1.0, rel=0.005)
    true = (mu_right - mu_left) / 2
    assert fit.mu_eff_over_k.value == pytest.approx(true, rel=0.03, abs=0.0015)  # the absolute part serves true = 0
    assert fit.k.value == pytest.approx(1.0, rel=0.1)
    assert fit.r_squared > 0.999
    assert fit.residual_in_seed_spread < 0.5
    assert fit.identified["Y"]
    assert fit.identified["mu_eff_over_k"]


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.sweep] * (c == "convex")) for c in CASES])
def test_intervals_hold_the_truth_in_85_to_100_of_100_trials(case):
    """100 fits of 10 histories, seed 7. Were the coverage 95 %, fewer than 85 would come once in 30000.

    k is about 1 % high (explicit steps, fluctuating positions: docs/fitting.md) and sits nearer to the limit.
    """
    mu_right, mu_left, s = CASES[case]
    curves = simulated_loads(1000, 7, mu_right, mu_left, s)[..., :-1].reshape(100, 10, len(EPOCHS), 8)
    fits = [fit_chain(c, EPOCHS, pull="fixed") for c in curves]

    def inside(name, truth):
        return sum(low <= truth <= high for low, high in (getattr(fit, name).interval for fit in fits))

    assert 85 <= inside("Y", 1.0) <= 100
    assert 85 <= inside("mu_eff_over_k", (mu_right - mu_left) / 2) <= 100
    assert 85 <= inside("k", 1.0) <= 100


def test_stated_errors_agree_with_a_bootstrap_over_seeds():
    """60 resamples of 12 histories, seed 3: standard errors agree within 40 % (a bootstrap of 60 has 9 % itself)."""
    curves = simulated_loads(12, 3, 0.10, 0.05, 0.10)[..., :-1]
    fit = fit_chain(curves, EPOCHS, pull="fixed")
    begin = {name: getattr(fit, name).value for name in ("Y", "mu_eff_over_k", "k", "mean_friction_over_k")}
    begin["noise_over_k"] = fit.noise_over_k.value
    rng = np.random.default_rng(0)
    found = [fit_chain(curves[rng.integers(0, 12, 12)], EPOCHS, pull="fixed", start=begin) for _ in range(60)]
    for name in ("Y", "mu_eff_over_k", "k"):
        spread = np.std([getattr(f, name).value for f in found], ddof=1)
        assert getattr(fit, name).stderr == pytest.approx(spread, rel=0.4)


def test_mean_field_curves_are_recovered_exactly():
    """No noise, no misfit: every parameter to 1e-3 (tolerance of the search)."""
    fit = fit_chain(mean_field_loads()[:, :-1], EPOCHS, pull="fixed")
    assert fit.Y.value == pytest.approx(1.0, rel=1e-3)
    assert fit.mu_eff_over_k.value == pytest.approx(0.035, rel=1e-3)
    assert fit.k.value == pytest.approx(0.8, rel=3e-3)
    assert fit.mean_friction_over_k.value == pytest.approx(0.085, rel=1e-2)
    assert fit.noise_over_k.value == pytest.approx(0.1, rel=1e-2)


def test_ramped_pull_is_found_among_the_others():
    """Data pulled by 1 - e^{-t/4}: auto takes the ramp, and recovers tau."""
    loads = mean_field_loads(target=lambda t: 1 - np.exp(-t / 4))
    fit = fit_chain(loads[:, :-1], EPOCHS)
    assert fit.pull == "ramped"
    assert fit.tau.value == pytest.approx(4, rel=0.05)
    assert fit.Y.value == pytest.approx(1, rel=5e-3)
    assert set(fit.alternatives) == {"fixed"}
    assert fit.alternatives["fixed"].rmse > 10 * fit.rmse


def test_measured_end_drives_the_chain():
    """A pull that no formula describes; the end is given by its load."""
    y = 0.2 + 0.8 * (1 - np.exp(-EPOCHS / 3)) * (1 + 0.2 * np.sin(EPOCHS / 5))
    field = MeanField(7, 0.8, 0.8 * 0.12, 0.8 * 0.05, 1.0, 0.08)
    x = field.solve(EPOCHS, target=y)
    D = 2.0 - x  # any D_0: only differences enter
    fit = fit_chain(D[:, :-1], EPOCHS, end=D[:, -1])
    assert fit.pull == "measured"
    assert fit.mu_eff_over_k.value == pytest.approx(0.035, rel=5e-3)
    assert fit.k.value == pytest.approx(0.8, rel=0.02)
    assert fit.Y.value == pytest.approx(y[-1])
    same = fit_chain(D, EPOCHS, pull="measured", last="end")
    assert_allclose(same.mu_eff_over_k.value, fit.mu_eff_over_k.value, rtol=1e-6)


def test_last_column_without_load_is_the_pulled_end():
    """Nine columns, the last zero: seven blocks and a known target, not eight blocks."""
    loads = mean_field_loads()
    fit = fit_chain(loads, EPOCHS)
    assert fit.observed.shape == (len(EPOCHS), 8)
    assert fit.Y.value == pytest.approx(1.0)
    assert fit.Y.stderr == 0
    assert fit.mu_eff_over_k.value == pytest.approx(0.035, rel=1e-3)


def test_quasi_static_chain_gives_a_lower_bound_for_its_rate():
    """Data that follow (8) at every epoch: any fast rate fits, so k is bounded from below only, and below the truth."""
    rng = np.random.default_rng(2)
    ts = np.arange(1.0, 41.0)
    pull = 1 - np.exp(-ts / 10)
    field = MeanField(7, 5000.0, 5000 * 0.04, 5000 * 0.02, 1.0, 5000 * 0.5)
    x = field.solve(ts, target=pull, x0=np.arange(1, 8) / 8 * pull[0])
    D = x[:, -1:] - x + 0.005 * rng.normal(size=(8, 40, 9))
    D[..., 0] = x[:, -1] - x[:, 0]
    fit = fit_chain(D[..., :-1], ts, end=D[..., -1], pull="measured")
    low, high = fit.k.interval
    assert not fit.identified["k"]
    assert high == np.inf
    assert 0.1 < low < 5000
    assert "only a lower bound: k >" in fit.k.note
    assert fit.identified["mu_eff_over_k"]
    assert fit.mu_eff_over_k.value == pytest.approx(0.01, abs=4 * fit.mu_eff_over_k.stderr)
    assert not fit.identified["noise_over_k"]


@pytest.mark.parametrize("seed", [1, 2])
def test_under_strong_noise_rate_friction_and_noise_are_open_and_hold_the_truth(seed):
    """mu << eps_bar: a slower chain with less friction fits as well. Linearised intervals missed k by 4 sigma."""
    chain = SpringChain(mu_right=0.12, mu_left=0.06, eps_bar=0.3)
    run = chain.simulate(steps=5_000, dt=0.02, members=200, save_every=100, seed=seed)
    fit = fit_chain(run.load_curve, run.ts)
    assert abs(fit.mu_eff_over_k.value - 0.03) < 3 * fit.mu_eff_over_k.stderr
    for estimate, truth in ((fit.k, 1.0), (fit.mean_friction_over_k, 0.09), (fit.noise_over_k, 0.3)):
        assert not estimate.identified
        assert estimate.interval[0] < truth < estimate.interval[1]
