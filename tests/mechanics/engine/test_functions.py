"""Elementary functions: less than one unit in the last place away, C99's special values, the same bits in lanes."""

import functools
import itertools
import math

import numpy as np
import pytest
from numba import njit

from mechanics.engine import functions
from mechanics.engine.lane_memory import load_lanes, store_lanes

mpmath = pytest.importorskip("mpmath", reason="the reference values come from mpmath")

TINY = 5e-324
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, TINY, -TINY, 1e-310, 1e308, -1e308, math.inf, -math.inf, math.nan]
LARGE = [1e22, 1e300, -1e16, 2.0**30, -(2.0**31) - 1.0, 3e9, 1.7976931348623157e308]
EDGES = [709.78, 709.79, -745.13, -745.14, 710.4, 710.5, -708.4, math.pi, math.pi / 2, 22.0, -40.0, 1e-9, 0.9999999999]
SAMPLES = 2048

# name: (ranges, numpy's name, bound in units in the last place). The bounds are above the largest error that was
# measured over 4 to 16 thousand arguments a range: sin .72 cos .73 tan .79 exp .80 log .74 log1p .76 log2 .50 log10 .50
# expm1 .94 sinh .83 cosh .59 tanh .67 asin .66 acos .70 atan .66 power .81 atan2 .61 hypot .50
ONE = {
    "sin": ([(-10, 10), (-1e5, 1e5), (-1e9, 1e9), (-1e300, 1e300)], "sin"),
    "cos": ([(-10, 10), (-1e5, 1e5), (-1e9, 1e9), (-1e300, 1e300)], "cos"),
    "tan": ([(-10, 10), (-1e9, 1e9), (-1e300, 1e300)], "tan"),
    "exp": ([(-1, 1), (-745, 709.7)], "exp"),
    "log": ([(0.5, 2), (0, 1e10), (0, 1e-308)], "log"),
    "log1p": ([(-0.9, 1), (-1e-5, 1e-5), (0, 1e10)], "log1p"),
    "log2": ([(0.5, 2), (0, 1e10)], "log2"),
    "log10": ([(0.5, 2), (0, 1e10)], "log10"),
    "expm1": ([(-1, 1), (-1e-5, 1e-5), (-40, 700)], "expm1"),
    "sinh": ([(-1, 1), (-30, 30), (-710, 710)], "sinh"),
    "cosh": ([(-1, 1), (-30, 30), (-710, 710)], "cosh"),
    "tanh": ([(-1e-3, 1e-3), (-1, 1), (-25, 25)], "tanh"),
    "asin": ([(-1, 1), (0.999, 1)], "arcsin"),
    "acos": ([(-1, 1), (0.999, 1)], "arccos"),
    "atan": ([(-1, 1), (-10, 10), (-1e5, 1e5)], "arctan"),
}
TWO = {
    "power": ([((0.1, 10), (-300, 300)), ((0.9, 1.1), (-5000, 5000)), ((0, 1e-290), (-1, 1))], "power"),
    "atan2": ([((-1, 1), (-1, 1)), ((-1e-3, 1e-3), (-1, 1)), ((-1e5, 1e5), (-1, 1))], "arctan2"),
    "hypot": (
        [((-1, 1), (-1, 1)), ((-1e200, 1e200), (-1e200, 1e200)), ((-1e-300, 1e-300), (-1e-300, 1e-300))],
        "hypot",
    ),
}


def run_both(f, *arguments):
    """f alone and in lanes, on arguments padded to whole vectors."""
    size = len(arguments[0])
    padded = [np.pad(np.asarray(a, float), (0, -size % 8), constant_values=0.5) for a in arguments]
    one, many = np.empty_like(padded[0]), np.empty_like(padded[0])
    runner(f, len(arguments))(*padded, one, many)
    return one[:size], many[:size]


@functools.cache
def runner(f, inputs):
    if inputs == 1:

        @njit(error_model="numpy")
        def run(a, one, many):
            for i in range(a.size):
                one[i] = f(a[i])
            for i in range(0, a.size, 8):
                store_lanes(many, i, f(load_lanes(a, i, 8)))
    else:

        @njit(error_model="numpy")
        def run(a, b, one, many):
            for i in range(a.size):
                one[i] = f(a[i], b[i])
            for i in range(0, a.size, 8):
                store_lanes(many, i, f(load_lanes(a, i, 8), load_lanes(b, i, 8)))

    return run


def same_bits(a, b):
    finite = ~np.isnan(a)
    return np.array_equal(np.isnan(a), np.isnan(b)) and np.array_equal(
        a[finite].view(np.int64), b[finite].view(np.int64)
    )


def reference(name):
    special = {"power": mpmath.power, "log2": lambda x: mpmath.log(x) / mpmath.log(2)}
    return special.get(name) or getattr(mpmath, name)


def largest_error(name, values, *arguments):
    """In units in the last place of the exact value."""
    worst, exact_function = 0.0, reference(name)
    with mpmath.workprec(200):
        for value, *args in zip(values, *arguments, strict=True):
            exact = exact_function(*map(mpmath.mpf, args))
            nearest = float(exact)
            if math.isfinite(nearest):
                assert math.isfinite(value), (args, value, nearest)
                worst = max(worst, float(abs(mpmath.mpf(value) - exact) / mpmath.mpf(math.ulp(nearest))))
    return worst


def check_special(name, numpys, *arguments):
    """Special values as numpy's (C99's): zeros and infinities with their sign, NaN; the rest within 2 units."""
    one, many = run_both(getattr(functions, name), *arguments)
    assert same_bits(one, many)
    with np.errstate(all="ignore"):
        expected = getattr(np, numpys)(*arguments)
        close = (one == expected) | (np.abs(one - expected) <= 2 * np.spacing(np.abs(expected)))
    close |= np.isnan(one) & np.isnan(expected)
    assert close.all(), [(x, one[i], expected[i]) for i, x in enumerate(zip(*arguments, strict=True)) if not close[i]]
    numbers = ~np.isnan(one)
    assert np.array_equal(np.signbit(one[numbers]), np.signbit(expected[numbers]))


@pytest.mark.parametrize("name", ONE)
def test_functions_are_less_than_one_unit_in_the_last_place_away(name):
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(*bounds, SAMPLES // len(ONE[name][0])) for bounds in ONE[name][0]])
    one, many = run_both(getattr(functions, name), x)
    assert same_bits(one, many)
    assert largest_error(name, one, x) < 1.0


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers_are_less_than_one_unit_away(name):
    rng = np.random.default_rng(6)
    n = SAMPLES // 3
    x = np.concatenate([rng.uniform(*a, n) for a, b in TWO[name][0]])
    y = np.concatenate([rng.uniform(*b, n) for a, b in TWO[name][0]])
    one, many = run_both(getattr(functions, name), x, y)
    assert same_bits(one, many)
    assert largest_error(name, one, x, y) < 1.0


@pytest.mark.parametrize("name", ONE)
def test_special_values_are_those_of_c99(name):
    check_special(name, ONE[name][1], np.array(SPECIAL + LARGE + EDGES))


@pytest.mark.parametrize("name", TWO)
def test_special_values_of_two_numbers_are_those_of_c99(name):
    x, y = map(np.array, zip(*itertools.product([*SPECIAL, 7.0, 1e-200, 1e200, -0.5], repeat=2), strict=True))
    check_special(name, TWO[name][1], x, y)


def test_sine_survives_the_worst_cancellation():
    """6381956970095103 2^797 is the float nearest to a multiple of pi/2 (Muller et al., Handbook, table 11.1)."""
    x = np.full(8, 6381956970095103 * 2.0**797)
    _, c = run_both(functions.cos, x)
    assert largest_error("cos", c, x) < 1.0
    assert abs(c[0]) < 1e-18


@pytest.mark.parametrize("twice", list(range(-7, 8, 2)))
def test_half_powers_are_within_three_units_in_the_last_place(twice):
    x = np.concatenate([np.random.default_rng(7).uniform(0, 10, 512), [0.0, -0.0, math.inf, -math.inf, math.nan, -2.0]])
    one, many = run_both(functions.HALF_POWERS[twice], x)
    assert same_bits(one, many)
    with np.errstate(all="ignore"):
        expected = np.power(x, np.full_like(x, twice / 2))
        assert np.nanmax(np.abs(one - expected)[:512] / np.spacing(expected[:512])) <= 3
    assert np.array_equal(one[512:], expected[512:], equal_nan=True)


@pytest.mark.parametrize(
    "name", ["sqrt", "fabs", "floor", "ceil", "trunc", "rint", "sign", "square", "cbrt", "asinh", "exp2"]
)
def test_simple_functions_are_numpys(name):
    x = np.array([*SPECIAL, 2.5, -2.5, 3.5, 1e15 + 0.5, -0.3])
    one, many = run_both(getattr(functions, name), x)
    assert same_bits(one, many)
    with np.errstate(all="ignore"):
        expected = getattr(np, {"asinh": "arcsinh"}.get(name, name))(x)
    np.testing.assert_allclose(one, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ["minimum", "maximum", "copysign"])
def test_smaller_larger_and_sign_are_numpys(name):
    x, y = map(np.array, zip(*itertools.product(SPECIAL, repeat=2), strict=True))
    one, many = run_both(getattr(functions, name), x, y)
    assert same_bits(one, many)
    np.testing.assert_array_equal(one, getattr(np, name)(x, y))


def test_arrays_and_complex_numbers_keep_numpys_functions():
    sin, exp, power = functions.sin, functions.exp, functions.power

    @njit
    def run(x, z):
        return sin(x), exp(z), power(x, 1.5)

    x = np.linspace(0, 3, 7)
    s, e, p = run(x, 1j)
    np.testing.assert_allclose(s, np.sin(x), rtol=1e-15)
    np.testing.assert_allclose(p, x**1.5, rtol=1e-15)
    assert abs(e - np.exp(1j)) < 1e-15
