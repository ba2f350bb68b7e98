"""Final load curves: each rest state is recovered, stuck blocks are found and named, bad curves are refused."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq

from mechanics.chain import SpringChain
from mechanics.chain.mean_field_flow import flow
from mechanics.chain.mean_field_law import MeanLaw
from mechanics.fit import EquilibriumFit, fit_equilibrium
from mechanics.fit.rest_models import REST_MODELS

L = 8
PLACES = np.arange(L + 1)


def rest_by_root(bend, softness=1.0, reach=np.inf):
    """x_0 .. x_L = 1 by a root in the first tension: bend (L-1,) in units of k, an independent way."""
    steps = np.r_[0.0, np.cumsum(bend)]

    def extensions(first):
        T = first + steps
        return (T if reach == np.inf else reach * np.arctanh(T / reach)) * softness

    low, high = (-5.0, 5.0) if reach == np.inf else (-reach - steps.min() + 1e-9, reach - steps.max() - 1e-9)
    first = brentq(lambda f: extensions(f).sum() - 1.0, low, high, xtol=1e-15)
    return np.r_[0.0, np.cumsum(extensions(first))]


TRUTH = {
    "uniform": (rest_by_root(np.full(L - 1, -0.03)), -0.03, {}),
    "layered_friction": (rest_by_root(0.02 + 0.06 * np.linspace(-0.5, 0.5, L - 1)), 0.02, {"friction_slope": 0.06}),
    "layered_stiffness": (
        rest_by_root(np.full(L - 1, -0.02), softness=3.0 ** -np.linspace(-0.5, 0.5, L)),
        -0.02,
        {"stiffness_ratio": 3.0},
    ),
    "saturating": (rest_by_root(np.full(L - 1, -0.015), reach=0.14), -0.015, {"reach": 0.14}),
}


@pytest.mark.parametrize("name", TRUTH)
def test_exact_rest_states_are_recovered(name):
    """To 1e-6: the tolerance of the search."""
    x, bend, extra = TRUTH[name]
    fit = fit_equilibrium(2.5 - x[:-1], model=name)
    assert fit.Y.value == pytest.approx(1.0, abs=1e-6)
    assert fit.mu_eff_over_k.value == pytest.approx(bend, abs=1e-6)
    for key, value in extra.items():
        assert fit.extension[key].value == pytest.approx(value, rel=1e-5)
    assert fit.r_squared == pytest.approx(1.0, abs=1e-10)


def test_saturating_rest_is_where_the_flow_ends():
    """The closed form is what `fit_chain`'s model of the same name relaxes to."""
    law = MeanLaw.uniform(7, 1.0, 0.02, 0.05, 0.2)._replace(reach=0.14)
    x = flow(np.array([0.0, 4000.0]), np.ones(2), np.zeros(7), law, rtol=1e-10)[0][-1]
    assert_allclose(x, TRUTH["saturating"][0][1:-1], atol=1e-7)


@pytest.mark.parametrize("name", ["uniform", "layered_friction", "layered_stiffness", "saturating"])
def test_auto_finds_the_model_of_the_data(name):
    """Five seeds with errors of 0.0005; a wrong model's misfit is five times that or more."""
    x = TRUTH[name][0]
    errors = 0.0005 * np.random.default_rng(3).normal(size=(5, L - 1))
    D = 1 - x[:-1] + np.c_[np.zeros(5), errors]
    fit = fit_equilibrium(D, model="auto")
    assert fit.model == name
    assert set(fit.alternatives) == set(REST_MODELS) - {name}
    assert "Next best" in fit.verdict


def test_intervals_hold_the_truth():
    """100 trials of 6 seeds, nominal 95 %: 88 or more inside (fewer come once in 200 for each)."""
    x, rng, inside = TRUTH["layered_friction"][0], np.random.default_rng(5), np.zeros(3)
    for _ in range(100):
        D = 1 - x[:-1] + np.c_[np.zeros(6), 0.02 * rng.normal(size=(6, 7)) @ np.tri(7) / 3]
        fit = fit_equilibrium(D, model="layered_friction")
        found = (fit.Y, fit.mu_eff_over_k, fit.extension["friction_slope"])
        inside += [e.interval[0] <= v <= e.interval[1] for e, v in zip(found, (1.0, 0.02, 0.06), strict=True)]
    assert (inside >= 88).all()


@pytest.mark.parametrize("mu", [0.12, 0.06, 0.3])
def test_stuck_blocks_are_found_and_said(mu):
    """Noiseless chains of the paper's size: (7) holds for the last L' springs only."""
    x = SpringChain(blocks=7, mu_right=mu, target=1.0, eps_bar=0).rest_state()
    fit = fit_equilibrium(1 - x[:-1], model="noiseless")
    assert fit.stuck_blocks == (x[1:-1] < 1e-12).sum()
    assert fit.mu_eff_over_k.value == pytest.approx(mu, rel=1e-6)
    assert fit.Y.value == pytest.approx(1.0, rel=1e-6)
    assert "does not apply to the whole chain" in fit.verdict
    parabola = fit_equilibrium(1 - x[:-1])
    assert parabola.rmse > 0.01
    assert "Equation (7) does not apply: without noise the first" in parabola.verdict


def test_moving_chain_says_that_seven_applies():
    x = SpringChain(blocks=7, mu_right=0.02, target=1.0, eps_bar=0).rest_state()
    for model in ("uniform", "noiseless"):
        fit = fit_equilibrium(1 - x[:-1], model=model)
        assert fit.stuck_blocks == 0
        assert "Equation (7) applies without noise too" in fit.verdict
    convex = fit_equilibrium(1 - TRUTH["uniform"][0][:-1], model="noiseless")
    assert not convex.identified["mu_eff_over_k"]
    assert "not concave" in convex.mu_eff_over_k.note


def test_missing_layers_ends_and_scales():
    x, bend, _ = TRUTH["uniform"]
    D = np.tile(1 - x[:-1], (3, 1))
    D[:, 4] = np.nan
    D[1, 2] = np.nan
    fit = fit_equilibrium(7 + 3 * D)
    assert isinstance(fit, EquilibriumFit)
    assert np.isnan(fit.observed[4])
    assert "Not measured: layer 4." in fit.verdict
    assert fit.mu_eff_over_k.value == pytest.approx(3 * bend, rel=1e-9)
    with_end = fit_equilibrium(1 - x)  # nine columns, the last 0: the end itself
    assert with_end.springs == L
    assert fit_equilibrium(1 - x[:-1], end=0.0).Y.value == pytest.approx(1.0)
    assert json.loads(json.dumps(fit.to_dict(), allow_nan=False))["observed"][4] is None


def test_bad_curves_are_refused():
    D = 1 - TRUTH["uniform"][0][:-1]
    for bad, words in (
        (np.ones(8), "level"),
        (D[::-1], "rise with depth"),
        (np.where(PLACES[:-1] == 0, np.nan, D), "D_0 in every curve"),
        (np.where(PLACES[:-1] == 3, np.inf, D), "finite or NaN"),
        (D[None, None], r"\(layers,\) or \(seeds, layers\)"),
        (D[:3], "2 measured displacements"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_equilibrium(bad)
    with pytest.raises(ValueError, match="rests where 'uniform' does"):
        fit_equilibrium(D, model="second_order")
    with pytest.raises(ValueError, match="model must be"):
        fit_equilibrium(D, model="cubic")
    with pytest.raises(ValueError, match="end must be a number"):
        fit_equilibrium(D, end=[0.0, 1.0])
