"""Standard errors of block means: what ends of blocks add is told from noise, and drift from both."""

import numpy as np
import pytest

from mechanics.lyapunov.statistics import statistics, with_drift

RUNS, N = 2000, 640


def _stated_over_actual(blocks):
    """Root mean squares over runs of the stated error and of the mean, whose true value is 0; share within two."""
    means, stated = blocks.mean(axis=0), statistics(blocks).stderr
    return np.sqrt(np.mean(stated**2) / np.mean(means**2)), np.mean(np.abs(means) <= 2.0 * stated)


@pytest.mark.parametrize(
    ("noise", "lowest", "highest"), [(0.0, 1.0, 3.0), (0.2, 0.9, 1.5), (0.5, 0.9, 1.2), (np.inf, 0.9, 1.1)]
)
def test_errors_of_increments(noise, lowest, highest):
    """Increments of something bounded, and noise beside them; block means alone state 5.7 times the first.

    2000 runs: the ratio is known to 2 %, the share of 94 % to 0.5 %; bounds are five of these away from what is found.
    """
    random = np.random.default_rng(0)
    blocks = random.standard_normal((N, RUNS))
    if np.isfinite(noise):
        blocks = noise * blocks + np.diff(random.standard_normal((N + 1, RUNS)), axis=0)
    ratio, within = _stated_over_actual(blocks)
    assert lowest < ratio < highest
    assert within > 0.915


def test_memory_is_not_taken_for_bounds():
    """x_{i+1} = 0.5 x_i + noise: variance 1/(1 - 0.5)^2 of the sum, never a smaller one from short blocks."""
    random = np.random.default_rng(1)
    blocks = np.zeros((N, RUNS))
    for i in range(1, N):
        blocks[i] = 0.5 * blocks[i - 1] + random.standard_normal(RUNS)
    ratio, within = _stated_over_actual(blocks)
    assert 0.9 < ratio < 1.05
    assert within > 0.915


def test_drift_is_part_of_the_error():
    """ln T / T of a shear: the halves differ, and the error is at least that; noise alone is left as it is."""
    shear = np.diff(np.log(np.arange(200.0, 201.0 + N)))[:, None]
    stated = with_drift(statistics(shear).stderr, shear)
    assert shear.mean() <= 2.0 * stated[0]
    noise = np.random.default_rng(2).standard_normal((N, 500))
    assert np.array_equal(with_drift(statistics(noise).stderr, noise), statistics(noise).stderr)
