"""Counter-based normals: the published generator, the right distribution, the same bits however they are asked for.

Statistical tests use fixed seeds and hold their false-alarm rate at 1e-6 each (a fixed seed either passes for ever or
shows a defect).
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from mechanics.engine import compile_bound
from mechanics.noise import normals, seed_word
from mechanics.noise.box_muller import constants, pair, pair_wide
from mechanics.noise.normals import fill_normals, truncate_normals
from mechanics.noise.threefry import threefry13, threefry20

ALARM = 1e-6
u8 = np.uint64


def filled(components, lanes, seed=0, member=0, step=0, over_steps=False):
    def entry(z, seed, member, step, over_steps):
        fill_normals(z, seed, member, step, over_steps)

    z = np.zeros((components, lanes))
    compile_bound(entry)(z, u8(seed), u8(member), u8(step), over_steps)
    return z


# Random123, tests/kat_vectors: counter, key, result.
ZERO, ONES = 0, 0xFFFFFFFFFFFFFFFF
PI = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89)


@pytest.mark.parametrize(
    ("rounds", "counter_and_key", "words"),
    [
        (13, (ZERO,) * 4, (0xF167B032C3B480BD, 0xE91F9FEE4B7A6FB5)),
        (13, (ONES,) * 4, (0xCCDEC5C917A874B1, 0x4DF53ABCA26CEB01)),
        (13, PI, (0xC3AAC71561042993, 0x3FE7AE8801AFF316)),
        (20, (ZERO,) * 4, (0xC2B6E3A8C2C69865, 0x6F81ED42F350084D)),
        (20, (ONES,) * 4, (0xE02CB7C4D95D277A, 0xD06633D0893B8B68)),
        (20, PI, (0x263C7D30BB0F0AF1, 0x56BE8361D3311526)),
    ],
)
def test_threefry_gives_the_published_known_answers(rounds, counter_and_key, words):
    generator = {13: threefry13, 20: threefry20}[rounds]

    def entry(c0, c1, k0, k1):
        return generator_(c0, c1, k0, k1)

    answer = compile_bound(entry, generator_=generator)(*map(u8, counter_and_key))
    assert tuple(int(w) for w in answer) == words


generator_ = None


def exact_pair(u, turns):
    """Box-Muller in numpy, with our choice of components: a quarter turn counted by the two top bits."""
    r = np.sqrt(-2.0 * np.log(u))
    quadrant, rest = turns
    large, small = np.cos(np.pi / 2 * rest), np.sin(np.pi / 2 * rest)
    large = -large if quadrant & 1 else large
    return (r * small, r * large) if quadrant & 2 else (r * large, r * small)


@given(w0=st.integers(0, 2**64 - 1), w1=st.integers(0, 2**64 - 1))
def test_box_muller_agrees_with_the_library_functions(w0, w1):
    def one(w):
        return pair(w, constants())

    def two(w0, w1):
        return pair_wide(w0, w1, constants())

    upper, lower = w0 >> 32, w0 & (2**32 - 1)
    expected = exact_pair((upper + 0.5) / 2**32, (lower >> 30, ((lower & (2**30 - 1)) + 0.5) / 2**30 - 0.5))
    assert_allclose(compile_bound(one)(u8(w0)), expected, rtol=2e-15)
    u = (w0 >> 12) * 2.0**-52 + 2.0**-53
    rest = (w1 & (2**52 - 1)) * 2.0**-52 + 2.0**-53 - 0.5
    assert_allclose(compile_bound(two)(u8(w0), u8(w1)), exact_pair(u, (w1 >> 62, rest)), rtol=2e-15)


@pytest.mark.parametrize("word", [0, 2**32 - 1, 2**64 - 1, 1 << 63, (2**32 - 1) << 32])
def test_the_extreme_words_give_finite_normals_within_the_stated_bounds(word):
    def one(w):
        return pair(w, constants())

    def two(w0, w1):
        return pair_wide(w0, w1, constants())

    assert np.hypot(*compile_bound(one)(u8(word))) <= np.sqrt(66 * np.log(2)) * (1 + 1e-15)
    assert np.hypot(*compile_bound(two)(u8(word), u8(word))) <= np.sqrt(106 * np.log(2)) * (1 + 1e-15)


@pytest.mark.parametrize("bits", [32, 53])
def test_a_million_draws_are_standard_normal(bits):
    z = normals(11, np.arange(250_000)[:, None], 3, np.arange(4), bits=bits).ravel()
    n = z.size
    assert stats.kstest(z, "norm").pvalue > ALARM
    for moment, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        score = (np.mean(z**moment) - mean) / np.sqrt(variance / n)
        assert abs(score) < stats.norm.isf(ALARM / 2)
    edges = stats.norm.isf(np.linspace(1, 0, 201)[1:-1])
    counts = np.bincount(np.searchsorted(edges, z), minlength=200)
    assert stats.chisquare(counts).pvalue > ALARM


def test_the_tails_hold_what_the_normal_distribution_has_there():
    """Counts beyond 3, 4 and 5 standard deviations among 1.6e7 draws, two-sided Poisson bounds."""
    z = np.abs(filled(16, 1_000_000, seed=12))
    for bound in (3.0, 4.0, 5.0):
        expected = 2 * stats.norm.sf(bound) * z.size
        low, high = stats.poisson.ppf([ALARM / 2, 1 - ALARM / 2], expected)
        assert low <= np.count_nonzero(z > bound) <= high


@pytest.mark.parametrize("index", ["seed", "member", "step", "component"])
@pytest.mark.parametrize("distance", [1, 2, 3, 4, 64])
def test_draws_at_neighbouring_indices_are_independent(index, distance):
    """Correlations of z, z^2 and of z with z^2 between index i and i + distance, others equal."""
    n = 100_000
    at = {"member": np.arange(n), "step": 5, "component": 2}
    if index == "member":
        one, other = normals(1, **at), normals(1, **{**at, "member": np.arange(n) + distance})
    elif index == "seed":
        one, other = normals(1, **at), normals(1 + distance, **at)
    else:
        one, other = normals(1, **at), normals(1, **{**at, index: at[index] + distance})
    for a, b in ((one, other), (one**2, other**2), (one, other**2), (one**2, other)):
        assert abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(n) < stats.norm.isf(ALARM / 2)


def test_all_components_of_a_block_are_uncorrelated():
    z = filled(8, 200_000, seed=4)
    score = np.abs(np.corrcoef(np.concatenate([z, z**2])) - np.eye(16)) * np.sqrt(z.shape[1])
    np.fill_diagonal(score[8:], 0)  # nothing to mend: z and its own square are uncorrelated too
    assert score.max() < stats.norm.isf(ALARM / 2 / 120)


@given(
    lanes=st.integers(1, 70), blocks=st.integers(1, 3), seed=st.integers(0, 2**64 - 1), member=st.integers(0, 2**63),
    step=st.integers(0, 2**63),
)  # fmt: skip
def test_lanes_and_single_draws_have_the_same_bits(lanes, blocks, seed, member, step):
    z = filled(4 * blocks, lanes, seed, member, step)
    members = (np.arange(lanes, dtype=np.uint64) + u8(member))[None, :]
    assert np.array_equal(z, normals(seed, members, u8(step), np.arange(4 * blocks)[:, None]))
    z = filled(4 * blocks, lanes, seed, member, step, over_steps=True)
    steps = (np.arange(lanes, dtype=np.uint64) + u8(step))[None, :]
    assert np.array_equal(z, normals(seed, u8(member), steps, np.arange(4 * blocks)[:, None]))


@given(split=st.integers(1, 99))
def test_any_split_of_the_members_gives_the_same_bits(split):
    whole = filled(8, 100, seed=9, step=2)
    parts = [filled(8, split, seed=9, step=2), filled(8, 100 - split, seed=9, member=split, step=2)]
    assert np.array_equal(whole, np.concatenate(parts, axis=1))


def test_truncated_normals_have_the_conditional_distribution_and_keep_what_was_inside():
    def entry(z, bound, seed, member, step):
        fill_normals(z, seed, member, step, False)
        truncate_normals(z, 3, bound, seed, member, step, False)

    z = np.zeros((4, 200_000))
    compile_bound(entry)(z, 0.5, u8(3), u8(0), u8(0))
    plain = filled(4, 200_000, seed=3)
    inside = np.abs(plain) <= 0.5
    assert np.array_equal(z[:3][inside[:3]], plain[:3][inside[:3]])
    assert np.array_equal(z[3], plain[3])  # only the components asked for
    assert np.abs(z[:3]).max() <= 0.5
    assert stats.kstest(z[:3].ravel(), stats.truncnorm(-0.5, 0.5).cdf).pvalue > ALARM
    assert abs(np.corrcoef(z[0], z[1])[0, 1]) * np.sqrt(200_000) < stats.norm.isf(ALARM / 2)


def test_uncompiled_draws_agree_within_four_ulp():
    """The same integers; normals differ only where a fused multiply-add rounds once instead of twice."""
    code = (
        "import sys, numpy as np; from mechanics.noise import normals; i = np.arange(400)[:, None];"
        "sys.stdout.buffer.write(np.stack([normals(5, i, 3, np.arange(9), bits=b) for b in (32, 53)]).tobytes())"
    )
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, check=True)
    plain = np.frombuffer(done.stdout).reshape(2, 400, 9)
    compiled = np.stack([normals(5, np.arange(400)[:, None], 3, np.arange(9), bits=b) for b in (32, 53)])
    assert (np.abs(plain - compiled) <= 4 * np.spacing(np.abs(compiled))).all()


def test_seeds_may_be_numbers_or_seed_sequences():
    assert seed_word(2**64 - 1) == u8(2**64 - 1)
    one, other = np.random.SeedSequence(1).spawn(2)
    assert seed_word(one) != seed_word(other)
    assert normals(one) == normals(one) != normals(other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normals(-1), "0 <= seed < 2"),
        (lambda: normals(2**64), "0 <= seed < 2"),
        (lambda: normals(1.0), "whole number"),
        (lambda: normals(True), "whole number"),
        (lambda: normals(0, member=-3), "member must not be negative, but holds -3"),
        (lambda: normals(0, step=0.5), "step must hold whole numbers"),
        (lambda: normals(0, component=2**34), "component must be below"),
        (lambda: normals(0, bits=64), "bits must be 32 or 53"),
    ],
)
def test_bad_indices_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
