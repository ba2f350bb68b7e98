"""Lanes run a scalar-style function for many members at once and give the bits of the scalar run."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit, types
from numba.core.errors import TypingError

from mechanics.engine import lane_memory, lane_operators, lane_select  # noqa: F401  (registers the operators)
from mechanics.engine.elementary import fma, opaque
from mechanics.engine.lane_memory import as_lanes, load_lanes, stack_floats, stack_lanes, store_lanes
from mechanics.engine.lane_select import all_lanes, any_lane, broadcast, extract, insert, select

AWKWARD = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 1e308, -1e308, 5e-324, -5e-324, 1e-310, np.inf, -np.inf, np.nan, 3.0, 7e15]
)
floats = st.one_of(st.sampled_from(AWKWARD.tolist()), st.floats(width=64))


def pairs():
    a, b = (x.ravel() for x in np.meshgrid(AWKWARD, AWKWARD))
    pad = -len(a) % 8
    return np.pad(a, (0, pad)), np.pad(b, (0, pad))


def same_bits(a, b):
    """Equal to the bit, all NaN counted as one."""
    return np.array_equal(np.where(np.isnan(a), 0, a.view(np.int64)), np.where(np.isnan(b), 0, b.view(np.int64))) and (
        np.array_equal(np.isnan(a), np.isnan(b))
    )


def run_both(function, a, b, width=8):
    """function(a, b) member by member and in lanes."""
    f = njit(error_model="numpy")(function)

    @njit(error_model="numpy")
    def lanes(a, b, out):
        for j in range(0, a.size, width):
            store_lanes(out, j, broadcast(f(load_lanes(a, j, width), load_lanes(b, j, width)), width))

    @njit(error_model="numpy")
    def scalar(a, b, out):
        for j in range(a.size):
            out[j] = f(a[j], b[j])

    one, many = np.empty_like(a), np.empty_like(a)
    scalar(a, b, one)
    lanes(a, b, many)
    return one, many


BINARY = {
    "arithmetic": lambda a, b: (a + b) * (a - 2 * b) + 1,
    "division": lambda a, b: a / b,
    "floor division": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "minimum": lambda a, b: min(a, b),
    "maximum": lambda a, b: max(a, b),
    "minimum of mixed kinds": lambda a, b: min(max(a, -1), b, 2.5),
    "signs": lambda a, b: -a + abs(b) - (+a),
    "square": lambda a, b: a**2 - b**3,
    "negative power": lambda a, b: (abs(a) + 1e-9) ** -2 + (abs(b) + 1e-9) ** -3,  # numba's raises at zero
    "zeroth power": lambda a, b: a**0 + b**1,
    "float power": lambda a, b: a**b,
    "root": lambda a, b: math.sqrt(a) + math.fabs(b),
    "sign transfer": lambda a, b: math.copysign(a, b),
    "rounding": lambda a, b: round(a, 2),
    "less": lambda a, b: select(a < b, 1.0, 2.0),
    "less or equal": lambda a, b: select(a <= b, 1.0, 2.0),
    "greater": lambda a, b: select(a > b, 1.0, 2.0),
    "greater or equal": lambda a, b: select(a >= b, 1.0, 2.0),
    "equal": lambda a, b: select(a == b, 1.0, 2.0),
    "unequal": lambda a, b: select(a != b, a, b),
    "logic": lambda a, b: select((a < b) & (a > 0) | (b == 1), a, b),
    "negation": lambda a, b: select(not (a < b), a, b),
    "exclusive": lambda a, b: select((a < b) ^ (b > 0), a, 0),
    "fused": lambda a, b: fma(a, b, a),
    "opaque": lambda a, b: opaque(a) * b,
}


@pytest.mark.parametrize("name", BINARY)
def test_operations_on_lanes_give_the_bits_of_the_scalar_operations(name):
    with np.errstate(all="ignore"):
        one, many = run_both(BINARY[name], *pairs())
    assert same_bits(one, many)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
def test_any_width_gives_the_same_bits(width):
    a, b = (x[:288] for x in pairs())
    one, many = run_both(BINARY["arithmetic"], a, b, width)
    assert same_bits(one, many)


def test_powers_with_a_variable_integer_exponent_multiply_in_the_scalar_order():
    def power(a, b):
        total, k = 0.0, -4
        for _ in range(9):
            total += a**k
            k += 1
        return total

    rng = np.random.default_rng(1)
    one, many = run_both(power, rng.normal(size=64), rng.normal(size=64))
    assert same_bits(one, many)


ATOMS = ["a", "b", "2", "0.75", "-3"]
OPERATIONS = ["({} + {})", "({} - {})", "({} * {})", "({} / {})", "min({}, {})", "max({}, {})", "select({} < {}, a, b)"]


@st.composite
def expressions(draw, depth=4):
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(ATOMS))
    parts = draw(expressions(depth=depth - 1)), draw(expressions(depth=depth - 1))
    return draw(st.sampled_from(OPERATIONS)).format(*parts)


@settings(max_examples=5, deadline=None)
@given(expressions(), st.lists(floats, min_size=16, max_size=16))
def test_random_expressions_give_the_same_bits_in_lanes(text, numbers):
    function = eval(f"lambda a, b: 0.0 + {text}", {"select": select})
    values = np.array(numbers)
    one, many = run_both(function, values[:8].copy(), values[8:].copy())
    assert same_bits(one, many)


def component_loop(y, dy):
    n = len(y)
    acc = 0
    for i in range(n):
        acc += y[i]
    for i in range(n):
        dy[i] = acc * y[i - 1] - y[(i + 1) % n]
    tail = y[1:]
    dy[-1] += tail[-1]
    dy[0] = 1
    for v in y:
        dy[1] -= 0.1 * v


@pytest.mark.parametrize("n", [2, 3, 28])
def test_arrays_of_lanes_index_loop_and_slice_as_arrays_of_floats(n):
    f = njit(error_model="numpy")(component_loop)

    @njit(error_model="numpy")
    def lanes(block, out):
        Y, D = as_lanes(block, 8), as_lanes(out, 8)
        for g in range(Y.shape[0]):
            f(Y[g], D[g])

    @njit(error_model="numpy")
    def scalar(block, out):
        for g in range(block.shape[0]):
            f(block[g], out[g])

    y = np.random.default_rng(n).normal(size=(40, n))
    one = np.zeros_like(y)
    scalar(y, one)
    blocks = np.ascontiguousarray(y.reshape(5, 8, n).transpose(0, 2, 1))
    many = np.zeros_like(blocks)
    lanes(blocks, many)
    assert same_bits(one, np.ascontiguousarray(many.transpose(0, 2, 1)).reshape(40, n))


def test_lanes_can_be_taken_apart_tested_and_put_together():
    @njit
    def parts(row, out):
        v = load_lanes(row, 3, 4)
        out[0] = extract(v, 0)
        out[1] = extract(insert(v, 2, 9), 2)
        out[2] = any_lane(v > 5.0)
        out[3] = all_lanes(v > 2.5)
        out[4] = any_lane(v > 6.5)
        out[5] = all_lanes(v > 3.5)
        out[6] = extract(v > 5.0, 3)
        out[7] = extract(broadcast(7, 4), 1)

    out = np.empty(8)
    parts(np.arange(10.0), out)
    assert out.tolist() == [3.0, 9.0, 1.0, 1.0, 0.0, 0.0, 1.0, 7.0]


def test_selection_reduction_and_extraction_work_on_single_numbers():
    @njit
    def single(a, b):
        return select(a < b, a, b), any_lane(a < b), all_lanes(a > b), extract(a, 0), select(a < b, a > 0, False)

    assert single(1.5, 2.0) == (1.5, True, False, 1.5, True)


def test_stack_arrays_start_where_a_register_does_and_do_not_overlap():
    @njit
    def addresses():
        x, y, z = stack_lanes(3, 8), stack_floats(5), stack_lanes(2, 1)
        for i in range(5):
            y[i] = i
        x[2] = 4.0
        z[0], z[1] = 1.0, 2.0
        return x.ctypes.data % 32, y.ctypes.data % 32, y[4], extract(x[2], 7), z[0] + z[1], len(x), len(y)

    assert addresses() == (0, 0, 4.0, 4.0, 3.0, 3, 5)


def test_a_mask_cannot_steer_a_branch():
    with pytest.raises(TypingError):
        run_both(lambda a, b: a if a < b else b, *pairs())


def test_lengths_and_widths_must_be_constants():
    @njit
    def variable(n):
        return stack_floats(n)[0]

    @njit
    def wide(x, w):
        return extract(broadcast(x, w), 0)

    with pytest.raises(TypingError, match="must be a constant"):
        variable(3)
    with pytest.raises(TypingError, match="positive constant"):
        wide(1.0, 3)


def test_lanes_of_two_widths_do_not_mix():
    @njit
    def mixed(row):
        return extract(operator.add(load_lanes(row, 0, 4), load_lanes(row, 0, 8)), 0)

    with pytest.raises(TypingError):
        mixed(np.zeros(8))


def test_number_types_have_names_that_tell_their_width():
    assert str(types.Array(lane_memory.Lanes(8), 1, "C")) == "array(Lanes(8), 1d, C)"
