"""Coefficients of splitting words and Gauss methods: order conditions, symmetry, and what is refused."""

from dataclasses import replace
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from mechanics.methods import (
    BLANES_MOAN_RKN6,
    KAHAN_LI8,
    VERLET,
    YOSHIDA4,
    Gauss,
    Splitting,
    all_methods,
    compensated,
    composition,
    gauss,
    splitting,
)
from mechanics.methods.word_conditions import word_defects

METHODS = all_methods("symplectic")
WORDS = [m for m in METHODS if isinstance(m.data, Splitting)]
GAUSS = [m for m in METHODS if isinstance(m.data, Gauss)]
PER_FORCE = {"VERLET": 1, "POSITION_VERLET": 1, "YOSHIDA4": 3, "MCLACHLAN4": 5, "BLANES_MOAN4": 6}
PER_FORCE |= {"YOSHIDA6": 7, "BLANES_MOAN_RKN6": 14, "YOSHIDA8": 15, "KAHAN_LI8": 17}


def test_every_symplectic_method_is_a_word_or_a_gauss_method():
    assert len(WORDS) + len(GAUSS) == len(METHODS) >= 14
    assert {m.name: m.data.evaluations for m in WORDS} == PER_FORCE
    assert not any(m.adaptive for m in METHODS)


@pytest.mark.parametrize("method", WORDS, ids=str)
def test_order_conditions_hold_to_rounding_and_the_next_ones_fail(method):
    order, nystrom = method.order, method.data.linear_velocity
    defects = word_defects(method.data, order if nystrom else order + 1)
    assert defects[:order].max() < 1e-13
    if not nystrom:
        assert defects[order] > 1e-9


def test_a_nystrom_word_has_its_order_for_quadratic_kinetic_energies_only():
    general = replace(BLANES_MOAN_RKN6.data, linear_velocity=False)
    assert word_defects(general, 6)[3:].max() > 1e-6


def test_a_wrong_digit_breaks_the_conditions():
    weights = [0.13020248308889008, 0.56116298177510838, -0.38947496264484728, 0.15884190655515560]
    weights += [-0.39590389413323757, 0.18453964097831570, 0.25837438768632204, 0.29501172360931029]
    assert word_defects(composition(weights), 8).max() < 1e-13
    weights[3] += 1e-9
    assert word_defects(composition(weights), 8).max() > 1e-11


@pytest.mark.parametrize("method", WORDS, ids=str)
def test_words_are_their_own_adjoints(method):
    """The adjoint runs the word backwards: for a palindrome that is the same method."""
    assert method.data.symmetric
    assert method.data.word == method.data.word[::-1]


def test_yoshidas_triple_jump_in_closed_form():
    w = 1 / (2 - 2 ** (1 / 3))
    np.testing.assert_allclose(YOSHIDA4.data.weights[1::2], [w, 1 - 2 * w, w], rtol=1e-15)


@pytest.mark.parametrize(
    ("word", "weights", "said"),
    [
        ("ABC", [1, 1, 1], "letters A, B"),
        ("", [], "letters A, B"),
        ("AB", [1.0], "needs 2 weights"),
        ("AAB", [0.5, 0.5, 1.0], "Neighbours"),
        ("ABA", [0.5, 1.0, 0.4], "weights of A must sum to 1"),
    ],
)
def test_words_that_make_no_sense_are_refused(word, weights, said):
    with pytest.raises(ValueError, match=said):
        splitting(word, weights)


def test_half_a_word_is_mirrored_about_its_middle():
    assert splitting("A B ...", [0.5, 1.0]).word == "ABA"
    assert splitting("AB", [1.0, 1.0]).symmetric is False


def test_compensated_marks_a_word():
    assert compensated(VERLET).data.compensated
    assert not VERLET.data.compensated
    assert compensated(KAHAN_LI8) is KAHAN_LI8
    with pytest.raises(TypeError, match="splitting method"):
        compensated(GAUSS[0])


def exact(pair):
    """High plus low part as fractions."""
    high, low = pair
    return np.vectorize(lambda a, b: Fraction(float(a)) + Fraction(float(b)), otypes=[object])(high, low)


@pytest.mark.parametrize("s", [1, 2, 3, 4, 6, 8])
def test_gauss_coefficients_in_32_digits(s):
    """B(2 s), C(s), and the symplecticity b_i a_ij + b_j a_ji = b_i b_j: with their low parts, to 1e-30.

    Hairer, Norsett, Wanner I, II.7; order 2 s follows from B(2 s), C(s), D(s), and D(s) from B(2 s) and C(s).
    """
    data = gauss(s)
    c, b, A, AA, bA = (exact(getattr(data, name)) for name in ("c", "b", "A", "AA", "bA"))
    tiny = Fraction(1, 10**30)
    for k in range(1, 2 * s + 1):
        assert abs(sum(b * c ** (k - 1)) - Fraction(1, k)) < tiny
    assert abs(sum(b * c ** (2 * s)) - Fraction(1, 2 * s + 1)) > Fraction(1, 10**12)  # no further order
    for k in range(1, s + 1):
        assert max(abs(A @ c ** (k - 1) - c**k / k)) < tiny
    M = b[:, None] * A
    assert abs(M + M.T - np.outer(b, b)).max() < tiny
    assert abs(A @ A - AA).max() < tiny
    assert max(abs(b @ A - bA)) < tiny
    if s == 8:  # the claim that the low parts are needed at all
        high = np.vectorize(Fraction, otypes=[object])(data.b[0])[:, None]
        high = high * np.vectorize(Fraction, otypes=[object])(data.A[0])
        assert abs(high + high.T - np.outer(b, b)).max() > Fraction(1, 10**19)


def test_gauss_nodes_are_those_of_numpy():
    nodes = np.polynomial.legendre.leggauss(8)
    np.testing.assert_allclose(gauss(8).c[0], (1 + nodes[0]) / 2, rtol=1e-14)
    np.testing.assert_allclose(gauss(8).b[0], nodes[1] / 2, rtol=1e-14)


@pytest.mark.parametrize("s", [2, 3, 8])
def test_the_interpolant_integrates_what_it_should(s):
    """Polynomials of degree s + 1 as slopes, from their values at 0, the nodes and 1."""
    data = gauss(s)
    nodes = np.array([0.0, *data.c[0], 1.0])
    theta = 0.37
    d = data.degree
    basis = np.array([comb(d, k) * theta**k * (1 - theta) ** (d - k) for k in range(1, d + 1)])
    for k in range(s + 2):
        assert abs((data.B @ basis) @ nodes**k - theta ** (k + 1) / (k + 1)) < 1e-12


def test_gauss_needs_a_sensible_number_of_stages():
    with pytest.raises(ValueError, match=r"1\.\.16"):
        gauss(0)
