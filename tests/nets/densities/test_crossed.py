"""Variance components of crossed designs with known components, and of small trainings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from nets import MLPConfig, train_ensemble
from nets.densities import crossed_components, end_points, level_effect, logits_in_time, settings_of, two_time
from nets.ensembles import SGD

TRIALS = 200


def design(rng, I, J, scales):
    """mu + a_i + b_j + e_ij; `scales` (3, D) are standard deviations of independent components."""
    a, b, e = (np.asarray(s, float) for s in scales)
    D = len(a)
    return 7.0 + a * rng.normal(size=(I, 1, D)) + b * rng.normal(size=(1, J, D)) + e * rng.normal(size=(I, J, D))


SLOPE = 1.0 / np.arange(1, 21)  # a decaying spectrum: effectively few components
CASES = {
    "number": [[2.0], [1.0], [0.5]],
    "number, no order effect": [[1.0], [0.0], [1.0]],
    "vector": [SLOPE, 0.5 * np.ones(20), 0.3 * np.ones(20)],
}


@pytest.mark.parametrize("name", CASES)
def test_components_are_unbiased_and_intervals_cover(name):
    """200 designs of 6 x 7. Means within 4 standard errors (6e-5 each); 95 % intervals cover at least 180 times.

    180 of 200 has probability 0.002 at the level; an interval that always covers would be useless: not 200, unless 0.
    """
    rng = np.random.default_rng(20)
    exact = np.array([np.sum(np.square(s)) for s in CASES[name]])
    found = [crossed_components(design(rng, 6, 7, CASES[name])) for _ in range(TRIALS)]
    values = np.array([f.values for f in found])
    error = values.std(axis=0, ddof=1) / np.sqrt(TRIALS)
    assert (abs(values.mean(axis=0) - exact) < 4 * error).all()
    intervals = np.array([f.intervals for f in found])
    covered = np.sum((intervals[:, :, 0] <= exact) & (exact <= intervals[:, :, 1]), axis=0)
    assert binom.cdf(179, TRIALS, 0.95) < 0.003
    assert (covered >= 180).all(), covered
    assert (covered[exact > 0] < TRIALS).all(), covered


def test_mean_squares_are_those_of_the_textbook():
    y = np.random.default_rng(21).normal(size=(4, 5))
    row, column, mean = y.mean(1, keepdims=True), y.mean(0, keepdims=True), y.mean()
    exact = [5 * np.sum((row - mean) ** 2) / 3, 4 * np.sum((column - mean) ** 2) / 4]
    exact.append(np.sum((y - row - column + mean) ** 2) / 12)
    found = crossed_components(y)
    assert_allclose([s.value for s in found.mean_squares], exact, rtol=1e-12)
    assert [s.dof for s in found.mean_squares] == [3, 4, 12]
    assert_allclose([s.components for s in found.mean_squares], 1.0, rtol=1e-9)
    assert_allclose(found.mean_square, mean**2)


def test_effective_number_of_components():
    """50 equal components count as 50, within 15 % for 20 x 20 outcomes; one that dominates as about one."""
    rng = np.random.default_rng(22)
    same = crossed_components(design(rng, 20, 20, [np.zeros(50), np.zeros(50), np.ones(50)]))
    assert_allclose(same.mean_squares[2].components, 50, rtol=0.15)
    one = crossed_components(design(rng, 20, 20, [np.zeros(3), np.zeros(3), [10.0, 0.1, 0.1]]))
    assert_allclose(one.mean_squares[2].components, 1, rtol=0.01)


def test_squared_distances_of_pairs_add_up_the_components():
    """E |y - y'|^2 of pairs with one initial weight is 2 (b + rest): exact for the estimates too."""
    found = crossed_components(design(np.random.default_rng(23), 5, 6, CASES["vector"]))
    a, b, e = found.values
    mean = {name: np.mean(d**2) for name, d in found.distances.items()}
    assert_allclose(mean["same initial weights"], 2 * (b + e))
    assert_allclose(mean["same batch order"], 2 * (a + e))
    assert_allclose(mean["neither"], 2 * (a + b + e))
    assert sum(map(len, found.distances.values())) == 30 * 29 // 2


def test_blocks_and_a_large_mean_change_nothing():
    y = design(np.random.default_rng(24), 4, 4, CASES["vector"])
    found = crossed_components([y[:, :, :9], y[:, :, 9:] + 1e6])
    assert_allclose(found.values, crossed_components(y).values, rtol=1e-6)


def test_effect_of_a_setting_is_unbiased_where_the_scatter_is_larger():
    """theta^2 = 0.02 beside a scatter of 1.29, shared by the levels or not; 200 trials, 4 standard errors."""
    rng, shift = np.random.default_rng(25), np.array([-0.1, 0.0, 0.1, 0.2])
    exact = shift.var(ddof=1)
    values = []
    for _ in range(TRIALS):
        shared = design(rng, 5, 5, [[1.0], [0.5], [0.0]])
        values.append(
            level_effect(np.array([shared + d + design(rng, 5, 5, [[0.2], [0.0], [0.3]]) for d in shift])).value
        )
    error = np.std(values, ddof=1) / np.sqrt(TRIALS)
    assert error < 0.2 * exact
    assert abs(np.mean(values) - exact) < 4 * error


def test_end_points_of_training(few_digits):
    """A tiny rate leaves weights where they start: all variance is the initial weights'."""
    settings = settings_of("lr", [1e-5, 0.3])
    base = MLPConfig(optimiser=SGD(), batch_size=20)
    found = end_points(
        few_digits,
        base,
        epochs=2,
        inits=3,
        orders=4,
        settings=settings,
        probe=40,
        seed=5,
        width=6,
        depth=2,
        backend="loop",
    )
    assert found.settings == ("lr 1e-05", "lr 0.3")
    assert found.accuracy.shape == found.loss.shape == (2, 3, 4)
    assert found.logits.shape == (2, 3, 4, 400)
    assert_allclose(found.logits.reshape(-1, 10).mean(axis=1), 0, atol=1e-9)
    slow, fast = (found.components[name] for name in found.settings)
    assert slow["weights"].shares[0] > 1 - 1e-6
    assert fast["weights"].shares[1:].sum() > 0.01
    assert_allclose(fast["accuracy"].mean_square, found.accuracy[1].mean() ** 2)
    assert found.effects["loss"].value > 0
    assert found.loss[1].mean() < found.loss[0].mean()
    one = train_ensemble(
        [MLPConfig(seed=6, data_seed=9, optimiser=SGD(), batch_size=20, lr=0.3)],
        few_digits, epochs=2, width=6, depth=2, backend="loop", record=("networks",),
    )  # fmt: skip
    assert_allclose(found.weights[1, 1, 1], one.parameters[0], rtol=1e-6)


def test_logits_in_time(few_digits):
    configs = [MLPConfig(seed=1, data_seed=s, optimiser=SGD(), lr=0.1, batch_size=40) for s in range(3)]
    histories = train_ensemble(
        configs, few_digits, epochs=2, width=6, depth=2, backend="loop", record=("networks", "weights")
    )
    logits = logits_in_time(histories, few_digits.x_test[:30])
    assert logits.shape == (3, 3, 300)
    assert two_time(logits, histories.epochs).spread.tolist() == [False, True, True]  # one start, then other batches
    model = histories.model(2).train()  # without dropout: the statistics of the probe
    import torch

    with torch.no_grad():
        exact = model(torch.from_numpy(few_digits.x_test[:30])).numpy()
    assert_allclose(logits[2, -1].reshape(30, 10), exact - exact.mean(1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda d: crossed_components(np.ones((2, 5))), "at least 3 levels"),
        (lambda d: crossed_components(np.ones((3, 3)), level=95), "between 0 and 1"),
        (lambda d: level_effect(np.ones((1, 3, 3))), "2 levels"),
        (lambda d: end_points(d, epochs=1, inits=2), "inits"),
        (lambda d: end_points(d, epochs=1, probe=10**6), "probe"),
        (lambda d: end_points(d, epochs=1, record=()), "chooses record itself"),
        (lambda d: end_points(d, epochs=1, settings={}), "at least one setting"),
    ],
)
def test_bad_input_is_named(call, match, few_digits):
    with pytest.raises(ValueError, match=match):
        call(few_digits)


def test_equal_outcomes_have_no_variance():
    found = crossed_components(np.full((4, 5), 0.3))
    assert found.values.tolist() == [0.0, 0.0, 0.0]
    assert found.intervals.tolist() == [[0.0, 0.0]] * 3
    assert found.shares.tolist() == [0.0, 0.0, 0.0]
