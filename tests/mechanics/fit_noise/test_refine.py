"""A simulated chain is recovered in absolute numbers; what the data leave open is called so; errors are honest."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from mechanics.chain import SpringChain
from mechanics.fit import fit_chain, refine_chain
from mechanics.fit.moments import Matching, weights
from mechanics.fit.noise_chain import NoiseChain
from mechanics.fit.noise_data import Histories
from mechanics.fit.noise_statistics import Statistics, statistics_of

from .conftest import DT, EPOCHS, simulated

TRUTH = {"Y": 1.0, "k": 1.0, "mu_right": 0.10, "mu_left": 0.05, "eps_bar": 0.10, "mu_eff_over_k": 0.025}


def test_absolute_friction_and_noise_are_recovered(refined):
    """One data set: each of six numbers within 4 standard errors (once in 3000), and the errors are small."""
    assert refined.converged
    for name, true in TRUTH.items():
        estimate = getattr(refined, name)
        assert estimate.identified, name
        assert abs(estimate.value - true) < 4 * estimate.stderr, name
    assert refined.eps_bar.stderr < 0.01
    assert refined.mu_right.stderr < 0.015
    assert refined.p_value > 0.001
    assert "agree" in refined.verdict


def test_common_random_numbers_repeat_to_the_bit(case, refined):
    epochs, loads, fit = case
    again = refine_chain(fit, loads, epochs, dt=DT, members=600, seed=3, threads=1)
    assert_allclose(again.theta, refined.theta, rtol=0, atol=0)


def test_noise_is_read_from_fluctuations_and_their_size_from_the_step(case):
    """The size of fluctuations is s^2 dt: at the same theta half the step leaves log variances lower by log 2."""
    epochs, loads, fit = case
    data = Histories.of(fit, loads, epochs, None)
    found = []
    for dt in (DT, DT / 2):
        chain = NoiseChain(data, dt, "overdamped", 1.0, 0, 1)
        theta = chain.start(fit)
        x = chain.simulate(theta, 60)
        found.append(np.log((x - x.mean(axis=1, keepdims=True))[:, :, 10:].var()))
    # 360 histories of a few independent epochs each: standard error about .06
    assert found[0] - found[1] == pytest.approx(np.log(2), abs=0.2)


def test_lazy_chain_leaves_friction_to_the_left_open():
    """Weak noise: nothing slides back, so that mu_left has a lower bound only, and mu_right is measured."""
    loads = 1.0 - simulated(6, 8, 0.10, 0.10, 0.01)[..., :-1]
    fit = refine_chain(fit_chain(loads, EPOCHS, pull="fixed"), loads, EPOCHS, dt=DT, members=600, seed=1)
    assert not fit.identified["mu_left"]
    assert fit.mu_left.interval[0] < 0.10
    assert fit.mu_left.interval[1] == np.inf
    assert fit.identified["mu_right"]
    assert abs(fit.mu_right.value - 0.10) < 0.004
    assert "Not identified: friction to the left" in fit.verdict


def test_one_sided_thresholds_need_no_friction():
    """Noise far above friction: both thresholds have an upper bound only, which holds the truth."""
    loads = 1.0 - simulated(6, 9, 0.02, 0.02, 0.30)[..., :-1]
    fit = refine_chain(fit_chain(loads, EPOCHS, pull="fixed"), loads, EPOCHS, dt=DT, members=600, seed=1)
    for name in ("mu_right", "mu_left"):
        assert not fit.identified[name], name
        assert fit.to_dict()[name]["interval"][1] > 0.02, name
    assert abs(fit.eps_bar.value - 0.30) < 4 * fit.eps_bar.stderr


@pytest.mark.sweep
def test_second_order_chain_is_matched_by_second_order_simulations():
    """Data of a chain with inertia, from the package's own engine: recovered with the same dynamics."""
    chain = SpringChain(
        blocks=4, mu_right=0.06, mu_left=0.02, eps_bar=1.0, dynamics="second_order", gamma=1.0, mass=0.2
    )
    run = chain.simulate(1200, DT, seed=50, members=6, save_every=1)
    rows = np.round(EPOCHS / DT).astype(int)
    loads = run.load_curve[:, rows, :-1]
    rough = fit_chain(loads, EPOCHS, pull="fixed")
    fit = refine_chain(rough, loads, EPOCHS, dt=DT, members=600, dynamics="second_order", mass=0.2, seed=2)
    for name, true in {"Y": 1.0, "k": 1.0, "eps_bar": 1.0}.items():
        estimate = getattr(fit, name)
        assert abs(estimate.value - true) < 4 * estimate.stderr, name
    assert fit.p_value > 0.001


def test_results_go_to_json_and_pictures(refined, tmp_path):
    import matplotlib as mpl

    mpl.use("Agg")
    record = json.loads(json.dumps(refined.to_dict(), allow_nan=False))
    assert record["k"]["value"] == refined.k.value
    assert record["tau"]["value"] is None
    ax = refined.plot()
    assert len(ax.get_yticklabels()) == len(refined.statistics)
    ax.figure.savefig(tmp_path / "moments.png")


def test_measured_end_and_ramp_drive_the_simulation():
    """The chain's end follows what was measured, or the fitted ramp, at the data's epochs."""
    x = simulated(4, 6, 0.08, 0.08, 0.1)
    loads = 1.0 - x[..., :-1]
    end = np.broadcast_to(1.0 - (1.0 - np.exp(-EPOCHS / 2)), (4, len(EPOCHS)))
    fit = fit_chain(loads, EPOCHS, pull="measured", end=end)
    data = Histories.of(fit, loads, EPOCHS, end)
    chain = NoiseChain(data, DT, "overdamped", 1.0, 0, 1)
    assert "Y" not in chain.names
    assert_allclose(chain.chain(chain.start(fit)).drive.at(EPOCHS), 1 - np.exp(-EPOCHS / 2), atol=1e-12)
    with pytest.raises(ValueError, match="same end="):
        Histories.of(fit, loads, EPOCHS, None)


def test_statistics_see_scale_correlation_and_path():
    """White deviations of known size and correlation, by formula: log variances and Fisher's z of the correlation."""
    epochs, blocks = np.arange(10.0), 3
    rng = np.random.default_rng(0)
    mixed = np.linalg.cholesky(np.array([[1, 0.6, 0.36], [0.6, 1, 0.6], [0.36, 0.6, 1]]))
    x = 0.01 * rng.standard_normal((40, 400, 10, blocks)) @ mixed.T
    nothing = np.zeros((30, 1))
    moments = Statistics(nothing, nothing, np.zeros((len(epochs), blocks)), 1.0)
    found = dict(zip(moments.names, moments.of(x).mean(axis=0), strict=True))
    # 40 groups of 400 histories, 9 epochs: standard error of a log variance sqrt(2/144000) = .004
    assert_allclose([found[f"size of block {l}"] for l in (1, 2, 3)], np.log(1e-4), atol=0.02)
    assert_allclose(found["across 1"], np.arctanh(0.6), atol=0.015)
    assert_allclose(found["across 2"], np.arctanh(0.36), atol=0.015)
    assert abs(found["along 1, part 1"]) < 0.015


@pytest.mark.parametrize(("epochs", "blocks", "parts"), [(5, 2, 1), (12, 3, 2), (40, 20, 3)])
def test_statistics_are_finite_and_named_for_few_and_many(epochs, blocks, parts):
    """The fewest epochs and blocks that a fit takes, and many blocks: a name for each, variances of seven groups."""
    nothing = np.zeros((epochs * blocks, 1))
    moments = Statistics(nothing, nothing, np.zeros((epochs, blocks)), 1.0)
    found = moments.of(np.random.default_rng(0).standard_normal((3, 2, epochs, blocks)))
    assert found.shape == (3, len(moments.names))
    assert np.isfinite(found).all()
    assert sum(name.startswith("size") for name in moments.names) == min(blocks, 7)
    assert sum(name.startswith("along") for name in moments.names) == 2 * parts


def test_matching_of_a_linear_model_is_generalised_least_squares():
    """Statistics A theta + noise: theta, its covariance (1 + 1/S)(A' W A)^-1 and the p value by formulas."""
    rng = np.random.default_rng(1)
    A, S = rng.standard_normal((6, 2)), 4000
    mix = rng.standard_normal((6, 6))
    noise = rng.standard_normal((2 * S, 6)) @ mix.T
    measured = A @ [0.3, -0.2] + 0.5 * mix @ rng.standard_normal(6)
    match = Matching(
        measured, lambda theta, n, first=0: (A @ theta + noise[first : first + n])[:, None], lambda x: x[:, 0], S, S,
        np.full(2, -9.0), np.full(2, 9.0), np.full(2, 50.0), lambda theta: np.full(2, 0.1), lambda theta: {},
    ).run(np.zeros(2))  # fmt: skip
    W = np.linalg.inv(mix @ mix.T)
    exact = np.linalg.solve(A.T @ W @ A, A.T @ W @ measured)
    errors = np.sqrt(np.linalg.inv(A.T @ W @ A).diagonal())
    assert match.converged
    assert (np.abs(match.theta - exact) < 0.15 * errors).all()  # 4000 groups: the mean moves by errors / 63
    assert_allclose(np.sqrt(match.covariance.diagonal()), errors, rtol=0.1)
    g = measured - A @ exact
    assert match.p_value == pytest.approx(chi2.sf(g @ W @ g, 4), abs=0.03)


def test_shrunk_weights_keep_variances():
    rng = np.random.default_rng(2)
    groups = rng.standard_normal((60, 20)) * np.arange(1, 21)
    inverse = np.linalg.inv(weights(groups, 60))
    assert_allclose(inverse.diagonal(), groups.var(axis=0, ddof=1), rtol=1e-6)
    off = np.corrcoef(groups, rowvar=False)[0, 1:]
    shrunk = (inverse / np.sqrt(np.outer(inverse.diagonal(), inverse.diagonal())))[0, 1:]
    assert (np.abs(shrunk) < 0.5 * np.abs(off) + 1e-12).all()  # independent numbers: correlations are nearly all chance


def test_stuck_blocks_neither_rule_nor_break_the_match():
    """A block that no simulated group moves: its statistic is the same in all, its weight finite, the fit goes on."""
    groups = np.random.default_rng(0).standard_normal((50, 4))
    groups[:, 2] = -7.0
    assert weights(groups, 50).max() < 2e4
    loads = 1.0 - simulated(5, 4, 0.14, 0.14, 0.012)[..., :-1]  # the block next to the fixed end stays where it was
    assert np.ptp(loads[:, :, 1], axis=0).max() < 1e-12
    fit = refine_chain(fit_chain(loads, EPOCHS, pull="fixed"), loads, EPOCHS, dt=DT, members=300, seed=1)
    assert abs(fit.mu_right.value - 0.14) < 5 * fit.mu_right.stderr
    assert not fit.identified["mu_left"]


def test_path_directions_explain_what_parameters_do(case):
    """A change of a parameter moves the mean-field path along the statistics' directions and nowhere else."""
    epochs, loads, fit = case
    data = Histories.of(fit, loads, epochs, None)
    chain = NoiseChain(data, DT, "overdamped", 1.0, 0, 1)
    theta = chain.start(fit)
    moments = statistics_of(data, chain, theta, 60, 0)
    step = 1e-3 * np.array([1.0, 0.1, 0.1, 1.0, 1.0])
    move = ((chain.mean_path(theta + step) - chain.mean_path(theta - step)) / data.scale).ravel()
    assert_allclose(moments.lift @ (moments.read.T @ move), move, atol=0.01 * np.abs(move).max())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dt": -1.0}, "must be positive"),
        ({"dt": 0.5}, "does not separate"),
        ({"members": 60}, "too few"),
        ({"dynamics": "sign_law"}, "second_order"),
    ],
)
def test_bad_arguments_are_named(case, change, words):
    epochs, loads, fit = case
    with pytest.raises(ValueError, match=words):
        refine_chain(fit, loads, epochs, **({"dt": DT} | change))


def test_other_data_than_those_of_the_fit_are_refused(case):
    epochs, loads, fit = case
    with pytest.raises(ValueError, match="not those"):
        refine_chain(fit, loads + 0.01 * np.arange(loads.shape[-1]), epochs, dt=DT)
    with pytest.raises(ValueError, match="layers"):
        refine_chain(fit, loads[..., :-2], epochs, dt=DT)
    same = np.repeat(loads.mean(axis=0)[None], 3, axis=0)
    with pytest.raises(ValueError, match="all the same"):
        refine_chain(fit, same, epochs, dt=DT)


def test_missing_loads_and_extended_models_are_refused(case):
    """Neither is simulated: better said than silently taken for whole, or for uniform."""
    epochs, loads, fit = case
    holed = loads.copy()
    holed[:, 3, 2] = np.nan
    with pytest.raises(ValueError, match=r"measured throughout, but 6 loads"):
        refine_chain(fit_chain(holed, epochs, pull="fixed"), holed, epochs, dt=DT)
    with pytest.raises(ValueError, match="Only uniform"):
        refine_chain(replace(fit, model="layered_friction"), loads, epochs, dt=DT)
    with pytest.raises(ValueError, match="dynamics='second_order'"):
        refine_chain(replace(fit, model="second_order"), loads, epochs, dt=DT)
