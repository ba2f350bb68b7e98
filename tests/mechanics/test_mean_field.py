"""The mean field: order of its integrator, agreement with a stiff reference, equilibrium (8), relaxation rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from mechanics.chain import SpringChain
from mechanics.chain.mean_field import MeanField
from mechanics.chain.mean_field_flow import NOT_FINITE, TOO_MANY_STEPS, Ramp, flow
from mechanics.chain.mean_field_law import MeanLaw
from mechanics.chain.rest import rest_state

CHAIN = SpringChain(mu_right=0.15, mu_left=0.05, eps_bar=0.12)


def reference(field, ts, pull, x0=None):
    """Radau at 1e-10 with the noise's decay and the moving pull written out."""

    def right_side(t, x):
        full = np.r_[0.0, x, pull(t)]
        return field.drift(full, t)[1:-1]

    start = np.zeros(field.blocks) if x0 is None else x0
    found = solve_ivp(right_side, (ts[0], ts[-1]), start, "Radau", t_eval=ts, rtol=1e-10, atol=1e-12)
    assert found.success
    return found.y.T


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_integrator_is_of_order_three(decay):
    """Error at t = 2 against a fine run falls as dt^3, with a pull and a noise that change in time."""
    p, ramp, ts = MeanLaw.uniform(7, 1.0, 0.15, 0.05, 0.3, decay), Ramp(1.0, 0.8, 0.0), np.array([0.0, 2.0])
    fine = flow(ts, np.zeros(2), np.zeros(7), p, ramp, rtol=np.inf, dt_max=2.0**-11)[0][-1]
    dts = 2.0 ** -np.arange(2, 7)
    errors = [
        np.abs(flow(ts, np.zeros(2), np.zeros(7), p, ramp, rtol=np.inf, dt_max=dt)[0][-1] - fine).max() for dt in dts
    ]
    slope = np.polyfit(np.log(dts), np.log(errors), 1)[0]
    assert 2.8 < slope < 3.3


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("pull", ["fixed", "ramped"])
def test_solution_agrees_with_a_stiff_reference(pull, decay):
    """2e-7: local tolerance 1e-8, and for the function the error of its interpolation, 1/8 (dt/16)^2 y''."""
    field = MeanField(7, 1.3, 0.15, 0.05, 1.5, 0.12, decay)
    ts = np.linspace(0, 30, 301)
    function = (lambda t: 1.5) if pull == "fixed" else (lambda t: 1.5 * (1 - np.exp(-t / 5)))
    found = field.solve(ts, target=None if pull == "fixed" else function)
    assert_allclose(found[:, 1:-1], reference(field, ts, function), atol=2e-7 if pull == "fixed" else 2e-6)
    assert_allclose(found[:, -1], [function(t) for t in ts])
    assert (found[:, 0] == 0).all()


def test_tabulated_pull_is_interpolated_linearly():
    field = MeanField.of(CHAIN)
    ts = np.array([0.0, 2.0, 5.0, 11.0])
    y = np.array([0.0, 1.0, 0.5, 2.0])
    found = field.solve(ts, x0=np.linspace(0, 0.3, 7), target=y)
    x = np.linspace(0, 0.3, 7)
    for i in range(3):  # piece by piece: the reference does not see corners
        x = reference(field, ts[i : i + 2], lambda t: np.interp(t, ts, y), x)[-1]
        assert_allclose(found[i + 1, 1:-1], x, atol=2e-7)


@pytest.mark.parametrize("s", [0.05, 0.12, 1.0])
def test_chain_settles_on_equation_8(s):
    field = MeanField.of(SpringChain(mu_right=0.15, mu_left=0.05, eps_bar=s))
    slowest = field.relaxation_rates()[0]
    l = np.arange(9)
    exact = l / 8 - 0.05 / 2 * l * (8 - l)
    assert_allclose(field.equilibrium(), exact, atol=1e-15)
    assert_allclose(field.solve([0, 40 / slowest])[-1], exact, atol=1e-10)


def test_small_deviations_decay_at_the_relaxation_rates():
    """Mode q of the linearised chain, by the logarithmic decrement; 1e-4: second order in the deviation 1e-5."""
    field = MeanField.of(CHAIN)
    for q in (1, 4, 7):
        mode = np.sin(q * np.pi * np.arange(1, 8) / 8)
        t1 = 1 / field.relaxation_rates()[q - 1]
        x = field.solve([0, t1], x0=field.equilibrium()[1:-1] + 1e-5 * mode, rtol=1e-11)[-1]
        left = (x - field.equilibrium())[1:-1] @ mode / (mode @ mode) / 1e-5
        assert -np.log(left) == pytest.approx(1.0, rel=1e-4)


def test_without_noise_blocks_stick_on_the_rest_state():
    """Friction (6) itself, a force law with corners; 1e-6: the approach is exponential with rate k lambda_1(L')."""
    chain = SpringChain(eps_bar=0.0)
    found = chain.mean_field().solve([0, 200])[-1]
    assert_allclose(found, rest_state(chain), atol=1e-6)
    assert_allclose(chain.mean_field().equilibrium(), rest_state(chain))
    assert (chain.mean_field().relaxation_rates() == 0).all()


def test_mean_field_is_the_limit_of_a_simulated_ensemble():
    """4000 members, seed 1, s = 0.1, dt = 0.01: within 0.005 (4 standard errors are 0.001; the rest is dt k)."""
    rng, x, n = np.random.default_rng(1), np.zeros((4000, 9)), 600
    x[:, -1] = 1
    for _ in range(n):
        z = np.diff(x, 2, axis=1) + 0.1 * rng.standard_normal((4000, 7))
        x[:, 1:-1] += 0.01 * (z - np.clip(z, -0.05, 0.15))
    field = MeanField.of(SpringChain(mu_right=0.15, mu_left=0.05, eps_bar=0.1))
    assert_allclose(field.solve([0, n * 0.01])[-1], x.mean(axis=0), atol=0.005)


@settings(deadline=None, max_examples=25)
@given(
    y=st.floats(0.2, 3), mu_right=st.floats(0, 0.3), mu_left=st.floats(0, 0.3), s=st.sampled_from([0.0, 0.01, 0.1, 1.0])
)
def test_mirrored_mean_field_is_the_mirror_image(y, mu_right, mu_left, s):
    ts = [0, 0.5, 3, 20]
    right = MeanField(5, 1.0, mu_right, mu_left, y, s).solve(ts)
    left = MeanField(5, 1.0, mu_left, mu_right, -y, s).solve(ts)
    assert_allclose(left, -right, atol=1e-12)


def test_drift_has_the_shape_of_its_argument():
    field = MeanField.of(CHAIN)
    x = np.random.default_rng(0).normal(size=(2, 3, 7))
    full = np.concatenate([np.zeros((2, 3, 1)), x, np.ones((2, 3, 1))], axis=-1)
    assert field.drift(x).shape == x.shape
    assert_allclose(field.drift(full)[..., 1:-1], field.drift(x))
    assert (field.drift(full)[..., [0, -1]] == 0).all()


def test_common_noise_has_the_same_mean_field_and_truncated_noise_none():
    assert MeanField.of(SpringChain(noise="common")) == MeanField.of(SpringChain())
    with pytest.raises(ValueError, match=r"truncation=3\.0; use truncation=None"):
        MeanField.of(SpringChain(truncation=3.0))
    assert MeanField.of(SpringChain(eps=0.01), dt=0.01).s == pytest.approx(0.1)


def test_bad_arguments_are_refused():
    field = MeanField.of(CHAIN)
    with pytest.raises(ValueError, match="strictly increasing"):
        field.solve([0, 0, 1])
    with pytest.raises(ValueError, match="x0 must have 7 blocks"):
        field.solve([0, 1], x0=np.zeros(6))
    with pytest.raises(ValueError, match="target must be a number"):
        field.solve([0, 1], target=[1, 2, 3])
    with pytest.raises(ValueError, match="x must have 7 blocks"):
        field.drift(np.zeros(8))
    with pytest.raises(ValueError, match=r"noise_decay=0\.1"):
        MeanField(7, 1, 0.1, 0.1, 1, 0.1, 0.1).equilibrium()


def test_failure_is_a_status():
    p, ts = MeanLaw.uniform(7, 1.0, 0.1, 0.1, 0.1), np.array([0.0, 1.0])
    assert flow(ts, np.ones(2), np.full(7, np.nan), p)[1] == NOT_FINITE
    assert flow(ts, np.ones(2), np.zeros(7), p, max_steps=3)[1] == TOO_MANY_STEPS
