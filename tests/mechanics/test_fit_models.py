"""Named models of `fit_chain`: each recovers its own curves, the criterion tells them apart, gaps and weights work."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain.mean_field import MeanField
from mechanics.chain.mean_field_flow import flow
from mechanics.chain.mean_field_law import MeanLaw
from mechanics.fit import fit_chain
from mechanics.fit.models import MODELS

TS = np.r_[0, np.geomspace(0.3, 60, 25)]
LAW = MeanLaw.uniform(7, 0.8, 0.8 * 0.09, 0.8 * 0.05, 0.8 * 0.1)
BENDS = 0.02 - 0.06 * np.linspace(-0.5, 0.5, 7)
MEANS = np.sqrt(BENDS**2 + 0.07**2)
LAWS = {
    "uniform": (LAW, {}),
    "layered_friction": (
        LAW._replace(mu_right=0.8 * (MEANS + BENDS), mu_left=0.8 * (MEANS - BENDS)),
        {"friction_slope": -0.06},
    ),
    "layered_stiffness": (LAW._replace(k=0.8 * 3.0 ** np.linspace(-0.5, 0.5, 8)), {"stiffness_ratio": 3.0}),
    "saturating": (LAW._replace(mu_right=LAW.mu_left, mu_left=LAW.mu_right, reach=0.15), {"reach": 0.15}),
    "second_order": (LAW._replace(mass=2.0), {"inertial_time": 2.0}),
}


def loads(name, seeds=0, error=0.002):
    """D_0 .. D_7 of a model's own mean field, pulled to 1; several seeds with independent errors if asked."""
    x = np.concatenate([np.zeros((len(TS), 1)), flow(TS, np.ones(len(TS)), np.zeros(7), LAWS[name][0])[0]], axis=1)
    if not seeds:
        return 2 - x
    errors = error * np.random.default_rng(1).normal(size=(seeds, *x.shape))
    errors[..., 0] = errors[:, 0] = 0
    return 2 - x + errors


@pytest.mark.parametrize("name", [name for name in MODELS if name != "uniform"])
def test_own_curves_are_recovered(name):
    """No noise, no misfit: Y, bend and the extension to 0.5 % (the search's tolerance along flat directions)."""
    fit = fit_chain(loads(name), TS, model=name, pull="fixed")
    assert fit.model == name
    assert fit.Y.value == pytest.approx(1.0, rel=5e-3)
    assert fit.mu_eff_over_k.value == pytest.approx(-0.02 if name == "saturating" else 0.02, rel=1e-2)
    for key, value in LAWS[name][1].items():
        assert fit.extension[key].value == pytest.approx(value, rel=1e-2)
        assert fit.identified[key]
    assert fit.rmse < 3e-4
    assert MODELS[name].words in fit.verdict


def test_best_of_several_models_is_chosen():
    """Saturating data, errors of 0.0003: the right one of three wins, the others are kept, the uniform one misfits."""
    names = ("uniform", "layered_friction", "saturating")
    fit = fit_chain(loads("saturating", 4, 0.0003), TS, model=names, pull="fixed")
    assert fit.model == "saturating"
    assert set(fit.alternatives) == {"uniform, fixed", "layered_friction, fixed"}
    assert fit.alternatives["uniform, fixed"].rmse > 5 * fit.rmse
    assert "The saturating, fixed is clearly better" in fit.verdict
    plain = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert plain["extension"]["reach"]["value"] == pytest.approx(0.15, rel=0.05)
    assert plain["alternatives"]["layered_friction, fixed"]["extension"]["friction_slope"]["identified"] in (
        True,
        False,
    )


def test_uniform_data_need_no_extension():
    """An extension never fits worse, and never wins by more than its parameter is worth."""
    D = loads("uniform", 4)
    uniform = fit_chain(D, TS, pull="fixed")
    extended = fit_chain(D, TS, model="layered_stiffness", pull="fixed")
    assert extended.rmse <= uniform.rmse * (1 + 1e-4)
    low, high = extended.extension["stiffness_ratio"].interval
    assert low < 1 < high
    assert fit_chain(D, TS, model=("layered_stiffness", "uniform"), pull="fixed").model == "uniform"


def test_unknown_models_and_starts_are_refused():
    D = loads("uniform")
    with pytest.raises(ValueError, match="model must be 'auto', or one or several of 'uniform'"):
        fit_chain(D, TS, model="cubic")
    with pytest.raises(ValueError, match="model must be"):
        fit_chain(D, TS, model=())
    begin = {"Y": 1.0, "k": 0.8, "mean_friction_over_k": 0.08, "noise_over_k": 0.1}
    with pytest.raises(ValueError, match="start must also hold reach"):
        fit_chain(D, TS, model="saturating", pull="fixed", start=begin)
    fit = fit_chain(loads("saturating"), TS, model="saturating", pull="fixed", start=begin | {"reach": 0.3})
    assert fit.extension["reach"].value == pytest.approx(0.15, rel=1e-2)


@pytest.fixture(scope="module")
def complete():
    D = loads("uniform", 6)
    return D, fit_chain(D, TS, pull="fixed")


def test_gaps_are_left_out_and_said(complete):
    """A layer without measurements, an empty epoch, scattered gaps: the same chain within its errors."""
    D, whole = complete
    holes = D.copy()
    holes[:, :, 3] = np.nan
    holes[:, 7] = np.nan
    holes[2, 9:12, 5] = np.nan
    holes[:, 15, 6] = np.nan
    fit = fit_chain(holes, TS, pull="fixed")
    assert "1 of 26 epochs hold no measurement and were left out." in fit.verdict
    assert "Not measured: layer 3." in fit.verdict
    assert "other displacements were missing (NaN)" in fit.verdict
    assert "straight line between its neighbours" in fit.verdict  # layer 3 at the first epoch
    assert fit.missing == 26
    assert np.isnan(fit.observed[:, 3]).all()
    assert np.isfinite(fit.fitted).all()
    for name in ("Y", "mu_eff_over_k", "k"):
        one, other = getattr(fit, name), getattr(whole, name)
        assert abs(one.value - other.value) < 3 * other.stderr
        assert 0.7 * other.stderr < one.stderr < 4 * other.stderr
    json.dumps(fit.to_dict(), allow_nan=False)


def test_missing_values_of_one_history_and_of_the_end():
    x = MeanField(7, 0.8, 0.072, 0.04, 1.0, 0.08).solve(TS)
    D = 2 - x
    D[4, 2] = np.nan
    end = D[:, -1].copy()
    end[6] = np.nan
    fit = fit_chain(D[:, :-1], TS, end=end, pull="measured")
    assert "Gaps of the measured end were bridged" in fit.verdict
    assert fit.mu_eff_over_k.value == pytest.approx(0.02, rel=0.01)
    assert fit.missing == 1


def test_too_little_data_is_refused(complete):
    D, _ = complete
    few = D[:, :6].copy()
    few[:, 1:, 1:7] = np.nan
    with pytest.raises(ValueError, match="5 measured displacements after the first epoch, but model 'uniform'"):
        fit_chain(few, TS[:6], pull="fixed")
    nothing = D.copy()
    nothing[..., 0] = np.nan
    with pytest.raises(ValueError, match="every displacement"):
        fit_chain(nothing, TS)


def test_weights_follow_the_spread_down_to_a_floor(complete):
    """A layer with ten times the scatter hardly counts; equal spreads weigh as no weights do."""
    D, whole = complete
    even = fit_chain(D, TS, pull="fixed", weights="spread", seed_spread=0.002)
    assert even.weights == "spread"
    assert_allclose(even.mu_eff_over_k.value, whole.mu_eff_over_k.value, rtol=1e-5)
    noisy = D.copy()
    noisy[..., 4] += 0.08 * np.random.default_rng(2).normal(size=D.shape[:2]) * (TS > 0)
    plain, weighed = (fit_chain(noisy, TS, pull="fixed", weights=w) for w in ("equal", "spread"))
    assert "weighted by their seed spread, at least" in weighed.verdict
    assert weighed.mu_eff_over_k.stderr < 0.6 * plain.mu_eff_over_k.stderr
    assert weighed.mu_eff_over_k.value == pytest.approx(0.02, abs=3.5 * weighed.mu_eff_over_k.stderr)
    with pytest.raises(ValueError, match="weights='spread' needs"):
        fit_chain(D[0], TS, weights="spread")
    with pytest.raises(ValueError, match="weights must be"):
        fit_chain(D, TS, weights="some")
