"""An adopted drift gives a member in lanes the bits of that member alone."""

import functools
import math
import os
import subprocess
import sys
import textwrap
from math import sin as sine
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

from mechanics.engine import kernel
from mechanics.engine.adopt import adopt
from mechanics.engine.fingerprint import fingerprint
from mechanics.engine.lane_memory import as_lanes, load_lanes
from mechanics.engine.lane_select import select

MEMBERS, WIDTH = 24, 8


class Friction(NamedTuple):
    mu: float
    k: float


class Wide(NamedTuple):
    """A record whose first field differs between members."""

    rho: object
    sigma: float


SCALE = 0.75


def gauss(x):
    return math.exp(-x * x)


@njit
def softened(x, y):
    return np.log(abs(x) + 1.0) + math.hypot(x, y)


@kernel
def slip(f, mu):
    if f > mu:
        return f - mu
    if f < -mu:
        return f + mu
    return 0.0


def lorenz(t, y, p, dy):
    dy[0] = p[0] * (y[1] - y[0])
    dy[1] = y[0] * (p[1] - y[2]) - y[1]
    dy[2] = y[0] * y[1] - p[2] * y[2]


def pendulum(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -p[0] * np.sin(y[0]) - 0.1 * y[1] + math.cos(t) * sine(y[1])


def henon_heiles(t, y, p, dy):
    dy[0], dy[1] = y[2], y[3]
    dy[2] = -y[0] - 2 * y[0] * y[1]
    dy[3] = -y[1] - y[0] ** 2 + y[1] ** 2


def kepler(t, y, p, dy):
    r = math.sqrt(y[0] ** 2 + y[1] ** 2)
    dy[0], dy[1] = y[2], y[3]
    dy[2] = -y[0] * (y[0] * y[0] + y[1] * y[1]) ** -1.5
    dy[3] = -y[1] / r**3 + r**-2 + r ** p[0] + 2 ** y[2] + pow(r, 0.3)


def clipped_friction(t, y, p, dy):
    n = len(y) // 2
    for i in range(n):
        f = -2.0 * y[i]
        if i > 0:
            f += y[i - 1]
        if i < n - 1:
            f += y[i + 1]
        dy[i] = y[n + i]
        dy[n + i] = f - min(max(f, -0.3), 0.5) - p[0] * y[n + i]


def lorenz_96(t, y, p, dy):
    n = len(y)
    for i in range(n):
        dy[i] = (y[(i + 1) % n] - y[i - 2]) * y[i - 1] - y[i] + p[0]


def helpers(t, y, p, dy):
    dy[0] = gauss(y[0]) + softened(y[1], y[0]) * SCALE
    dy[1] = slip(y[1], 0.2) + np.tanh(y[0]) + math.atan2(y[1], y[0]) + np.arcsin(gauss(y[1]))


def branches(t, y, p, dy):
    n = len(y)
    for i in range(n):
        f = y[i] * 2
        if f > p[0] and y[i - 1] > -1:
            f -= p[0]
            dy[i] = 1
        elif f < -p[0] or y[i] > 2:
            f += p[0]
            dy[i] = f
        else:
            f = 0.0
            dy[i] = -1.0
        if not (f < 1.0):
            dy[i] += f
        dy[i] -= (y[i] if y[i] > 0 else -y[i]) + (0.5 if 0 < f < 1 else 2)


def nested_branches(t, y, p, dy):
    for i in range(len(y)):
        x = y[i]
        if x > 0:
            if x > 1:
                a = x
            else:
                a = math.sqrt(x)
                if a > 0.5:
                    a = a + 1
        else:
            a = -x
            if i == 0:
                a = 2 * a
        dy[i] = a


def early_returns(t, y, p, dy):
    dy[0] = 0.0
    dy[1] = y[0]
    if y[0] > 0.5:
        dy[0] = y[1]
        return
    if y[1] > 0:
        dy[0] = -y[1]


DRIFTS = {
    lorenz: 3,
    pendulum: 2,
    henon_heiles: 4,
    kepler: 4,
    clipped_friction: 28,
    lorenz_96: 40,
    helpers: 2,
    branches: 5,
    nested_branches: 3,
    early_returns: 2,
}
PARAMETERS = np.array([0.7, 1.3, 0.9])


@functools.cache
def compile_both(drift):
    f = adopt(drift)

    @njit(error_model="numpy")
    def lanes(t, block, p, out):
        Y, D = as_lanes(block, WIDTH), as_lanes(out, WIDTH)
        for g in range(Y.shape[0]):
            f(t, Y[g], p, D[g])

    @njit(error_model="numpy")
    def alone(t, block, p, out):
        for m in range(block.shape[0]):
            f(t, block[m], p, out[m])

    return alone, lanes


def run_both(drift, y, p=PARAMETERS, compiled=None):
    """Slopes of all members, one by one and in lanes; what a drift leaves unset stays 0."""
    alone, lanes = compiled or compile_both(drift)
    n = y.shape[1]
    one = np.zeros_like(y)
    alone(0.3, y, p, one)
    blocks = np.ascontiguousarray(y.reshape(-1, WIDTH, n).transpose(0, 2, 1))
    many = np.zeros_like(blocks)
    lanes(0.3, blocks, p, many)
    return one, np.ascontiguousarray(many.transpose(0, 2, 1)).reshape(-1, n)


def assert_same_bits(one, many):
    assert np.array_equal(np.isnan(one), np.isnan(many))
    finite = ~np.isnan(one)
    assert np.array_equal(one[finite].view(np.int64), many[finite].view(np.int64))


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda f: f.__name__)
def test_a_member_in_lanes_has_the_bits_of_the_member_alone(drift):
    rng = np.random.default_rng(11)
    y = rng.normal(scale=1.5, size=(MEMBERS, DRIFTS[drift]))
    y[0] = 0.0
    y[1, 0], y[2, -1], y[3, 0], y[4, 0] = np.nan, np.inf, -0.0, 1e300
    one, many = run_both(drift, y)
    assert_same_bits(one, many)


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda f: f.__name__)
def test_the_adopted_drift_is_the_users_to_rounding(drift):
    y = np.random.default_rng(12).normal(scale=1.5, size=(MEMBERS, DRIFTS[drift]))
    alone, _ = compile_both(drift)
    one, expected = np.zeros_like(y), np.zeros_like(y)
    alone(0.3, y, PARAMETERS, one)
    for member, slope in zip(y, expected, strict=True):
        drift_in_python(drift)(0.3, member, PARAMETERS, slope)
    np.testing.assert_allclose(one, expected, rtol=2e-14, atol=1e-14)


def drift_in_python(drift):
    if drift is not helpers:
        return drift

    def plain(t, y, p, dy):
        log = np.log(abs(y[1]) + 1.0) + math.hypot(y[1], y[0])
        dy[0] = gauss(y[0]) + log * SCALE
        dy[1] = slip.py_func(y[1], 0.2) + np.tanh(y[0]) + math.atan2(y[1], y[0]) + np.arcsin(gauss(y[1]))

    return plain


ATOMS = ["y[0]", "y[1]", "p[0]", "2", "0.5", "-1.5", "t"]
FORMS = [
    "({} + {})",
    "({} - {})",
    "({} * {})",
    "({} / {})",
    "min({}, {})",
    "max({}, {})",
    "({} if {} > 0 else 1.0)",
    "math.sin({} + {})",
    "abs({} - {})",
    "np.exp(-abs({} + {}))",
    "(abs({}) + 1.0) ** ({} * 0.5)",
    "math.atan2({}, {})",
    "({0} if {0} < {1} and {1} < 2 or y[0] > 0 else {1})",
]


@st.composite
def expressions(draw, depth=3):
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(ATOMS))
    parts = draw(expressions(depth=depth - 1)), draw(expressions(depth=depth - 1))
    return draw(st.sampled_from(FORMS)).format(*parts)


# Without shrinking: every smaller example is compiled too
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(expressions(), expressions())
def test_random_drifts_give_the_same_bits_in_lanes(first, second):
    source = f"def drift(t, y, p, dy):\n    dy[0] = {first}\n    if y[0] * 1.0 > 0:\n        dy[1] = {second}\n"
    scope = {"math": math, "np": np}
    exec(source, scope)
    y = np.random.default_rng(13).normal(size=(MEMBERS, 2))
    y[0] = 0.0
    y[1] = np.inf, -np.inf
    try:
        one, many = run_both(scope["drift"], y)
    except TypingError:  # an element of p read behind a branch that lanes do not decide
        reject()
    assert_same_bits(one, many)


def test_parameters_may_differ_between_members():
    def drift(t, y, p, dy):
        dy[0] = p.sigma * (y[1] - y[0])
        dy[1] = y[0] * p.rho if p.rho > 0.5 else math.sin(p.rho)

    f = adopt(drift)

    @njit(error_model="numpy")
    def lanes(y, rho, out):
        Y, D = as_lanes(y, WIDTH), as_lanes(out, WIDTH)
        f(0.0, Y[0], Wide(load_lanes(rho, 0, WIDTH), 2.5), D[0])

    rng = np.random.default_rng(3)
    y, rho, many = rng.normal(size=(1, 2, WIDTH)), rng.normal(size=WIDTH), np.zeros((1, 2, WIDTH))
    lanes(y, rho, many)
    for m in range(WIDTH):
        one = np.zeros(2)
        f(0.0, y[0, :, m].copy(), Wide(rho[m], 2.5), one)
        assert_same_bits(one, many[0, :, m].copy())


def test_records_of_numbers_keep_scalar_branches():
    def drift(t, y, p, dy):
        dy[0] = y[0] if p.mu > 0 else slip(y[0], p.k)

    y = np.random.default_rng(3).normal(size=(8, 1))
    assert_same_bits(*run_both(drift, y, Friction(-0.1, 0.2)))


def test_a_loop_index_guards_an_element_outside_the_state():
    """A selection would evaluate y[i + 1] beyond the end; a branch on the index must stay one."""

    def drift(t, y, p, dy):
        for i in range(len(y)):
            if i < len(y) - 1 and y[i + 1] > 0:
                dy[i] = y[i + 1]

    y = np.random.default_rng(3).normal(size=(8, 3))
    try:
        one, many = run_both(drift, y)
    except TypingError:
        return  # refused: such a drift runs one member at a time
    assert_same_bits(one, many)


@pytest.mark.parametrize(
    "body",
    [
        "while y[0] > 0.5:\n        dy[0] += 1.0",
        "dy[int(y[0])] = 1.0",
        "dy[0] = math.floor(y[0])",
        "for i in range(int(y[0])):\n        dy[0] = 1.0",
    ],
)
def test_what_cannot_run_in_lanes_is_refused_as_a_typing_error(body):
    scope = {"math": math}
    exec(f"def drift(t, y, p, dy):\n    {body}\n", scope)
    alone, lanes = compile_both(scope["drift"])
    alone(0.0, np.full((8, 2), 0.25), PARAMETERS, np.zeros((8, 2)))
    with pytest.raises(TypingError):
        lanes(0.0, np.ones((1, 2, 8)), PARAMETERS, np.zeros((1, 2, 8)))


def test_the_users_arrays_keep_their_functions():
    def sums(t, y, p, dy):
        dy[:] = np.sin(y) + y**1.5

    y = np.linspace(0.1, 1, 3)
    dy = np.zeros(3)
    adopt(sums)(0.0, y, None, dy)
    np.testing.assert_allclose(dy, np.sin(y) + y**1.5, rtol=1e-14)


def test_adopting_is_memoised_and_leaves_dispatchers_of_its_own_alone():
    assert adopt(lorenz) is adopt(lorenz)
    assert adopt(adopt(lorenz)) is adopt(lorenz)
    assert adopt(lorenz, inline=True) is not adopt(lorenz)
    assert adopt(softened) is adopt(softened)


def test_what_is_not_a_function_is_refused_with_a_remedy():
    with pytest.raises(TypeError, match="wrap it in a function"):
        adopt(math.sin)


def test_a_function_that_calls_itself_is_adopted():
    def power_of_half(n):
        return 1.0 if n <= 0 else 0.5 * power_of_half(n - 1)

    assert adopt(power_of_half)(3) == 0.125


def halved(x):
    return x if x < 1.0 else halved(x * 0.5)


def test_a_recursion_that_lanes_end_is_refused():
    """With both arms computed it would never end."""

    def drift(t, y, p, dy):
        dy[0] = halved(y[0])

    _, lanes = compile_both(drift)
    with pytest.raises(TypingError):
        lanes(0.0, np.ones((1, 1, 8)), PARAMETERS, np.zeros((1, 1, 8)))


def entry():
    return drift(1.0)  # noqa: F821


def test_an_adopted_function_hashes_with_its_pipeline():
    def one(x):
        return math.sin(x)

    plain, adopted = (
        fingerprint(entry, {"drift": f}, {}) for f in (njit(error_model="numpy", nogil=True)(one), adopt(one))
    )
    assert plain != adopted
    assert adopted == fingerprint(entry, {"drift": adopt(one)}, {})
    assert fingerprint(entry, {"drift": select}, {}) != fingerprint(entry, {"drift": load_lanes}, {})


SCRIPT = """
    import math
    import numpy as np
    from mechanics.engine import compile_bound, compile_counts
    from mechanics.engine.adopt import adopt
    from mechanics.engine.lane_memory import as_lanes
    drift = None
    def entry(block, out):
        Y, D = as_lanes(block, 8), as_lanes(out, 8)
        for g in range(Y.shape[0]):
            drift(0.0, Y[g], None, D[g])
    def mine(t, y, p, dy):
        dy[0] = math.sin(y[0]) if y[0] > 0 else y[0] ** 1.5
    out = np.zeros((1, 1, 8))
    compile_bound(entry, drift=adopt(mine))(np.linspace(-1, 1, 8).reshape(1, 1, 8), out)
    print(out.sum(), compile_counts().compiled, compile_counts().loaded)
"""


def test_machine_code_with_adopted_functions_is_kept_on_disk(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    env = {**os.environ, "MECHANET_CACHE_DIR": str(tmp_path / "cache")}
    answers = [
        subprocess.run(
            [sys.executable, str(script)], env=env, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert [a[1:] for a in answers] == [["1", "0"], ["0", "1"]]
    assert answers[0][0] == answers[1][0]


def test_without_compilation_the_plain_function_is_returned():
    code = "import math; from mechanics.engine.adopt import adopt\ndef f(x): return math.sin(x)\nassert adopt(f) is f"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, check=True)
