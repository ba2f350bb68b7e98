"""Parameters of ordinary equations are recovered, their errors are right, and what is open is called open."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Problem, solve
from mechanics.fit import fit_ode
from mechanics.fit.parameter_names import select, values_of, with_values
from mechanics.fit.sensitivities import Sensitive
from mechanics.methods import TSIT5


class Prey(NamedTuple):
    a: float
    b: float
    c: float
    d: float


def lotka_volterra(t, y, p, dy):
    dy[0] = p.a * y[0] - p.b * y[0] * y[1]
    dy[1] = p.c * y[0] * y[1] - p.d * y[1]


def decay_of_a_product(t, y, p, dy):
    dy[0] = -p[0] * p[1] * y[0]


def log_of_prey(t, y, p, out):
    out[0] = p.a * np.log(y[0])


TRUE = Prey(1.0, 0.5, 0.4, 1.2)
WRONG = Prey(1.2, 0.45, 0.45, 1.1)
TS = np.linspace(0.0, 20.0, 81)


def problem(p=TRUE, y0=(2.0, 1.0), t1=20.0):
    return Problem(lotka_volterra, list(y0), 0.0, t1, p)


def curve(y0=(2.0, 1.0), ts=TS):
    return solve(problem(y0=y0, t1=ts[-1]), rtol=1e-10, atol=1e-12, saveat=ts).ys


def noisy(seed, size=0.1, ts=TS):
    ys = curve(ts=ts)
    return ys + size * np.random.default_rng(seed).standard_normal(ys.shape)


def test_sensitivities_are_the_differences_of_solves():
    """Against central differences of solves at rtol 1e-12 with h = 1e-6: their own error is 1e-6 of the largest."""
    named = select(TRUE, ["d", "b", "a", "c"])
    exact = Sensitive(problem(), named, None, 2, True, TSIT5, 1e-9, 1e-11)
    differences = Sensitive(problem(), named, None, 2, True, TSIT5, 1e-12, 1e-13, exact=False)
    theta = values_of(TRUE, named)
    one, other = (s.run(theta, np.array([2.0, 1.0]), 0.0, TS[:21]) for s in (exact, differences))
    assert one.dys.shape == (21, 2, 6)
    assert_allclose(one.dys[0, :, 4:], np.eye(2), atol=0)
    assert_allclose(one.ys, other.ys, atol=1e-7)
    assert_allclose(one.dys, other.dys, atol=2e-6 * np.abs(other.dys).max())


def test_observations_are_differentiated_too():
    """out = a log y0: its derivative along a is log y0 + a (dy0/da) / y0."""
    named = select(TRUE, ["a", "b", "c", "d"])
    path = Sensitive(problem(), named, log_of_prey, 1, True, TSIT5, 1e-9, 1e-11).run(
        values_of(TRUE, named), np.array([2.0, 1.0]), 0.0, TS[:21]
    )
    assert_allclose(path.seen[:, 0], np.log(path.ys[:, 0]), atol=1e-12)
    by_hand = np.log(path.ys[:, 0]) + path.dys[:, 0, 0] / path.ys[:, 0]
    assert_allclose(path.dseen[:, 0, 0], by_hand, atol=1e-10)
    assert_allclose(path.dseen[:, 0, 3], path.dys[:, 0, 3] / path.ys[:, 0], atol=1e-10)


def test_parameters_without_noise_are_recovered_to_the_tolerance_of_the_solve():
    fit = fit_ode(problem(WRONG), TS, curve(), y0="fit", starts=1)
    assert fit.converged
    assert_allclose(fit.values, [*TRUE, 2.0, 1.0], rtol=1e-5)


def test_noise_stays_within_its_stated_errors():
    """Seed 1: no parameter 4 standard errors off (chance 6e-5 each), noise to 20 %, bootstrap errors within 40 %."""
    fit = fit_ode(problem(WRONG), TS, noisy(1), y0="fit", starts=2)
    assert fit.converged
    assert (np.abs(fit.values - [*TRUE, 2.0, 1.0]) < 4 * fit.stderr).all()
    assert fit.noise == pytest.approx(0.1, rel=0.2)
    assert all(fit.identified.values())
    drawn = fit.bootstrap(40, seed=0)
    assert_allclose([drawn.stderr[name] for name in fit.names], fit.stderr, rtol=0.4)
    again = fit.bootstrap(3, seed=0)
    assert_allclose(again.values, drawn.values[:3], rtol=0, atol=0)
    assert_allclose(np.diag(fit.correlation), 1.0)
    low, high = fit.profile("a").interval
    assert_allclose((low, high), fit.parameters["a"].interval, atol=0.15 * (high - low))
    json.dumps(fit.to_dict(), allow_nan=False)


def test_missing_values_count_as_values_without_weight():
    ys, weights = noisy(2), np.ones((len(TS), 2))
    ys[5, 0], ys[17] = 1e3, -1e3
    weights[5, 0], weights[17] = 0.0, 0.0
    gaps = ys.copy()
    gaps[5, 0], gaps[17] = np.nan, np.nan
    one = fit_ode(problem(WRONG), TS, gaps, y0="fit", starts=1)
    other = fit_ode(problem(WRONG), TS, ys, y0="fit", weights=weights, starts=1)
    assert one.count == 2 * len(TS) - 3
    assert_allclose(one.values, other.values, rtol=0, atol=0)
    assert np.isnan(one.residuals[17]).all()


def test_weights_scale_the_errors_only_where_the_noise_is_known():
    ys = noisy(3)
    free = fit_ode(problem(WRONG), TS, ys, y0="fit", weights=[10.0, 10.0], starts=1)
    known = fit_ode(problem(WRONG), TS, ys, y0="fit", weights=[10.0, 10.0], known_noise=True, starts=1)
    wrong = fit_ode(problem(WRONG), TS, ys, y0="fit", weights=[100.0, 100.0], known_noise=True, starts=1)
    assert_allclose(free.stderr, known.stderr * known.noise, rtol=1e-4)
    assert_allclose(wrong.stderr, known.stderr / 10, rtol=1e-3)
    assert "larger than the stated errors" in wrong.verdict
    assert "larger than the stated errors" not in known.verdict


def test_several_trajectories_share_parameters_and_have_their_own_starts():
    second = curve(y0=(1.0, 3.0), ts=TS[:40])
    fit = fit_ode(problem(WRONG), [TS, TS[:40]], [curve(), second], y0="fit", starts=1)
    assert fit.names == ("a", "b", "c", "d", "y0[0][0]", "y0[0][1]", "y0[1][0]", "y0[1][1]")
    assert_allclose(fit.values, [*TRUE, 2.0, 1.0, 1.0, 3.0], rtol=1e-5)
    assert [len(f) for f in fit.fitted] == [81, 40]


def test_multiple_shooting_finds_what_one_search_loses():
    """Twelve periods, rates 30 % off: the single search ends in a curve that has lost the data, and says so."""
    ts = np.linspace(0.0, 70.0, 281)
    ys, far = noisy(4, ts=ts), problem(Prey(1.5, 0.4, 0.5, 0.9))
    lost = fit_ode(far, ts, ys, y0="fit", starts=1)
    found = fit_ode(far, ts, ys, y0="fit", starts=1, shooting=14)
    assert "give shooting=" in lost.verdict
    assert_allclose(found.values[:4], TRUE, rtol=0.02)
    assert found.noise == pytest.approx(0.1, rel=0.15)
    assert "shooting=" not in found.verdict


def test_the_unit_of_an_unseen_species_is_called_unidentifiable():
    """Of predators that nobody counted only b times their number enters the prey's equation."""
    fit = fit_ode(problem(WRONG), TS, noisy(5)[:, :1], observe=[0], y0="fit", starts=1)
    assert fit.identified == {"a": True, "b": False, "c": True, "d": True, "y0[0]": True, "y0[1]": False}
    assert fit.parameters["b"].interval == (-np.inf, np.inf)
    assert "only the product b * y0[1] is determined" in fit.verdict
    assert fit.singular_values[5] < 1e-6 * fit.singular_values[0]
    assert fit.parameters["b"].value * fit.parameters["y0[1]"].value == pytest.approx(0.5, rel=0.1)


def test_a_parameter_at_its_bound_has_no_closed_interval():
    fit = fit_ode(problem(Prey(0.85, 0.45, 0.45, 1.1)), TS, noisy(6), y0="fit", bounds={"a": (0.1, 0.9)}, starts=1)
    assert fit.parameters["a"].value == pytest.approx(0.9, abs=1e-4)
    assert not fit.identified["a"]
    assert "upper bound" in fit.verdict


@pytest.mark.sweep  # compiles for parameters in an array
def test_a_product_of_elements_of_an_array_is_called_unidentifiable():
    t = np.linspace(0.0, 3.0, 30)
    ys = np.exp(-t) + 0.01 * np.random.default_rng(5).standard_normal(30)
    fit = fit_ode(
        Problem(decay_of_a_product, [1.0], 0.0, 3.0, [0.5, 1.5]), t, ys, parameters={"a": 0, "b": 1}, starts=3
    )
    assert fit.values.prod() == pytest.approx(1.0, abs=0.02)
    assert fit.identified == {"a": False, "b": False}
    assert fit.parameters["a"].interval == (-np.inf, np.inf)
    assert "only the product a * b is determined" in fit.verdict
    assert fit.singular_values[1] < 1e-6 * fit.singular_values[0]
    assert fit.profile("a").interval == (-np.inf, np.inf)
    only = fit_ode(Problem(decay_of_a_product, [1.0], 0.0, 3.0, [0.5, 1.5]), t, ys, parameters=["p[1]"],
                   derivatives="differences", starts=1)  # fmt: skip
    assert only.identified == {"p[1]": True}
    low, high = only.parameters["p[1]"].interval
    assert low < 2.0 < high
    # linear in nothing, but the closed form of one rate: least squares of exp(-k t) by a fine scan
    ks = np.linspace(0.9, 1.1, 20001)
    best = ks[np.argmin(((np.exp(-np.outer(ks, t)) - ys) ** 2).sum(axis=1))]
    assert 0.5 * only.values[0] == pytest.approx(best, abs=2e-5)


def test_names_reach_into_records_and_arrays():
    class Inner(NamedTuple):
        k: float
        c: np.ndarray

    class Outer(NamedTuple):
        inner: Inner
        g: float
        whole: int

    p = Outer(Inner(1.0, np.array([2.0, 3.0])), 4.0, 5)
    named = select(p, {"slope": "inner.c[1]", "g": "g", "k": "k"})
    assert [one.name for one in named] == ["slope", "g", "k"]
    assert_allclose(values_of(p, named), [3.0, 4.0, 1.0])
    moved = with_values(p, named, [30.0, 40.0, 10.0])
    assert_allclose(moved.inner.c, [2.0, 30.0])
    assert (moved.g, moved.inner.k, moved.whole) == (40.0, 10.0, 5)
    assert_allclose(p.inner.c, [2.0, 3.0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"parameters": ["q"]}, "is no number of the problem's p. Its numbers are: a, b, c, d"),
        ({"parameters": ["a", "a"]}, "twice"),
        ({"bounds": {"a": (2.0, 3.0)}}, "begins at 1.2, outside"),
        ({"bounds": {"e": (2.0, 3.0)}}, "not fitted"),
        ({"observe": [0]}, "set observe="),
        ({"y0": [1.0, 2.0]}, "y0_start"),
        ({"starts": 0}, "starts"),
        ({"weights": [-1.0, 1.0]}, "negative"),
    ],
)
def test_wrong_arguments_are_named(change, says):
    with pytest.raises(ValueError, match=says.replace("[", r"\[").replace("(", r"\(")):
        fit_ode(problem(WRONG), TS, curve(), **change)
