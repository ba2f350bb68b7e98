"""What the front ends accept, refuse, and promise about compilation."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
from sympy.physics.mechanics import dynamicsymbols

from mechanics import ensemble, solve
from mechanics.symbolic import from_hamiltonian, from_lagrangian, from_ode
from mechanics.symbolic.records import record_type

x, y, z, k, m = sp.symbols("x y z k m")
t = sp.Symbol("t")


def rate(expression, value, p=None, time=0.3):
    """The drift of dx/dt = expression at one state."""
    system = from_ode({x: expression}, t=t, parameters=[k])
    dy = np.empty(1)
    system.drift(time, np.array([value]), system.values([1.5 if p is None else p]), dy)
    return dy[0]


FUNCTIONS = [
    sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan, sp.sinh, sp.cosh, sp.tanh, sp.asinh, sp.atanh, sp.exp, sp.log,
    sp.sqrt, sp.Abs, sp.sign, sp.floor, sp.ceiling, sp.erf, sp.erfc, sp.gamma, sp.loggamma, sp.cot, sp.sec, sp.csc,
    sp.coth, sp.sech, sp.csch, lambda a: sp.acosh(a + 1), lambda a: sp.atan2(a, k), lambda a: sp.Min(a, k, t),
    lambda a: sp.Max(a, k, t), lambda a: sp.Heaviside(a - t), lambda a: sp.Heaviside(a, 1), lambda a: sp.Mod(a, t),
    lambda a: sp.Piecewise((a**2, a < t), (sp.exp(a), sp.And(a > k, a < 2)), (1 / a, True)),
    lambda a: a ** sp.Rational(3, 2), lambda a: a**-2, lambda a: a**7, lambda a: a**0.3, lambda a: a**k, lambda a: k**a,
    lambda a: sp.pi * a / 3 + sp.Rational(1, 7),
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_the_values_of_sympy(function):
    for value in (0.2, 0.7):
        exact = function(x).xreplace({x: sp.Float(value, 30), k: sp.Float(1.5, 30), t: sp.Float(0.3, 30)})
        np.testing.assert_allclose(rate(function(x), value), float(exact), rtol=1e-14)


def test_a_piecewise_drift_runs_compiled_and_in_lanes():
    system = from_ode({x: sp.Piecewise((-k * x, x > 1), (-sp.sqrt(x), True))}, parameters=[k])
    result = ensemble(system.problem([1.5], 0.0, 1.0, [2.0]), y0=np.linspace(0.5, 2.0, 9)[:, None])
    assert result.stats.engine == "lanes"
    assert np.array_equal(result.y[4], result.solve_member(4).y)


def test_jumps_have_derivative_zero():
    system = from_ode({x: sp.sign(x) * x**2 + sp.floor(x) + sp.Heaviside(x - 1)})
    J = np.empty((1, 1))
    system.jacobian(0.0, np.array([1.5]), None, J)
    assert J[0, 0] == 3.0


def test_strings_are_refused_not_evaluated():
    attack = "__import__('os').abort()"
    for make in (
        lambda: from_ode({x: attack}),
        lambda: from_ode({attack: x}),
        lambda: from_ode({x: x}, parameters=attack),
        lambda: from_ode({x: x}, parameters=[attack]),
        lambda: from_lagrangian(attack, [sp.Function("q")(t)]),
        lambda: from_lagrangian(x, attack),
        lambda: from_hamiltonian(attack, [x], [y]),
        lambda: from_hamiltonian(x**2 + y**2, [x], [y], forces={x: attack}),
    ):
        with pytest.raises(TypeError, match=r"string|symbol"):
            make()


def test_names_of_symbols_never_become_code():
    """A symbol may be called anything: its name is in no bytecode, and no name of the record is more than a word."""
    evil = sp.Symbol("__import__('os').abort()")
    state = sp.Symbol("y[0]; import os")
    system = from_ode({state: -evil * sp.sin(state)}, parameters=[evil])
    [field] = system.parameters._fields
    assert field.isidentifier()
    code = system.drift.__code__
    words = {*code.co_names, *code.co_varnames, *map(str, code.co_consts)}
    assert not any("import" in word or "abort" in word for word in words)
    dy = np.empty(1)
    system.drift(0.0, np.array([0.5]), system.values({evil: 2.0}), dy)
    assert dy[0] == -2.0 * np.sin(0.5)
    with pytest.raises(AttributeError):
        __import__("mechanics.symbolic.records").symbolic.records.__getattr__("Parameters(os.system)")


q = sp.Function("q")(t)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: from_ode({x: -k * x}), "contains k, which is neither"),
        (lambda: from_ode({x: sp.cos(t)}), "contains t, which is neither"),
        (lambda: from_ode({x: y, y: x, z: q}), r"contains q\(t\)"),
        (lambda: from_ode([(x, y), (x, y), (y, x)]), "given twice"),
        (lambda: from_ode({x: x}, parameters=[x]), "given twice"),
        (lambda: from_ode({x: k * x}, parameters=[k, sp.Symbol("k", positive=True)]), "field k; rename"),
        (lambda: from_ode({x: sp.besselj(0, x)}), "no besselj. Supported are Abs"),
        (lambda: from_ode({x: sp.I * x}), "no finite real number"),
        (lambda: from_ode({}), "must not be empty"),
        (lambda: from_ode({q: q.diff(t, 2)}), "no component of the state"),
        (lambda: from_ode({x: x}, diffusion={y: 1}), "names y"),
        (lambda: from_ode({x: sp.gamma(x)}).jacobian, "polygamma"),
        (lambda: from_lagrangian(q.diff(t, 2) ** 2, [q]), "first derivatives only"),
        (lambda: from_lagrangian(q**2, [q]), "not quadratic in Derivative"),
        (lambda: from_lagrangian(x**2, [x]), "no function of time"),
        (lambda: from_lagrangian(q.diff(t) ** 2, [q], forces={x: 1}), "names x"),
        (lambda: from_hamiltonian(x**2 + y**2 + z, [x], [y]), "contains z"),
        (lambda: from_hamiltonian(x**2 + y**2, [x, z], [y, k]), "neither z nor its momentum"),
        (lambda: from_hamiltonian(x**2 + y**2, [x], [y, z]), "one length"),
    ],
)  # fmt: skip
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_singular_mass_matrix_is_found():
    a, b = dynamicsymbols("a b")
    tau = dynamicsymbols._t
    with pytest.raises(ValueError, match="singular, of rank 1"):
        from_lagrangian((a.diff(tau) + b.diff(tau)) ** 2 / 2 - a**2, [a, b])


def test_values_are_checked():
    system = from_ode({x: -k * x + m, y: x}, parameters=[k, m])
    with pytest.raises(ValueError, match="missing: m, unknown: z"):
        system.values({k: 1.0, z: 2.0})
    with pytest.raises(ValueError, match="each of k, m, but has 1 values"):
        system.values([1.0])
    with pytest.raises(ValueError, match="missing: y"):
        system.problem({x: 1.0}, 0.0, 1.0, [1.0, 2.0])
    with pytest.raises(ValueError, match="2 components x, y"):
        system.problem([1.0], 0.0, 1.0, [1.0, 2.0])
    with pytest.raises(AttributeError, match="from_lagrangian"):
        _ = system.momenta
    with pytest.raises(AttributeError, match="no energy"):
        _ = system.energy
    problem = system.problem({y: 2.0, x: 1.0}, 0.0, 1.0, {"m": 5.0, k: 3.0})
    assert problem.y0.tolist() == [1.0, 2.0]
    assert problem.p == system.parameters(k=3.0, m=5.0)


def test_equations_of_higher_order_become_components():
    u, w = sp.Function("u")(t), sp.Function("w")(t)
    system = from_ode({u.diff(t, 3): -u.diff(t) + w * u.diff(t, 2), w: u - w}, t=t)
    assert system.state == (u, w, u.diff(t), u.diff(t, 2))
    dy = np.empty(4)
    system.drift(0.0, np.array([2.0, 3.0, 5.0, 7.0]), None, dy)
    assert dy.tolist() == [5.0, -1.0, 7.0, 16.0]


def test_arrays_of_parameters():
    n = 30
    q = sp.symbols(f"q:{n}")
    w = sp.symbols(f"w:{n}")
    system = from_ode({a: -b * a + k for a, b in zip(q, w, strict=True)}, parameters={"rates": w, "push": k})
    rates = np.linspace(1, 2, n)
    dy = np.empty(n)
    system.drift(0.0, np.arange(n) * 1.0, system.values({"rates": rates, "push": 0.5}), dy)
    np.testing.assert_array_equal(dy, 0.5 - rates * np.arange(n))
    with pytest.raises(ValueError, match=r"shape \(30,\)"):
        system.values({"rates": rates[1:], "push": 0.5})


def test_numbers_that_differ_between_terms_become_a_table():
    n = 200
    q = sp.symbols(f"q:{n}")
    weights = np.random.default_rng(0).uniform(1, 2, n)
    system = from_ode([(a, -float(w) * a**2) for a, w in zip(q, weights, strict=True)])
    state, dy, J = np.arange(n) * 0.01, np.empty(n), np.empty((n, n))
    system.drift(0.0, state, None, dy)
    system.jacobian(0.0, state, None, J)
    np.testing.assert_allclose(dy, -weights * state**2, rtol=1e-15)
    np.testing.assert_allclose(J, np.diag(-2 * weights * state), rtol=1e-15)
    assert len(system.drift.__code__.co_code) < 1000


def test_diffusion():
    system = from_ode({x: -x, y: -y}, parameters=[k], diffusion={y: k * y})
    problem = system.problem([1.0, 2.0], 0.0, 1.0, [0.5])
    g = np.empty(2)
    problem.diffusion(0.0, problem.y0, problem.p, g)
    assert g.tolist() == [0.0, 1.0]
    assert problem.noise == "diagonal"
    assert from_ode({x: -x}, parameters=[k], diffusion={x: k}).problem([1.0], 0.0, 1.0, [0.5]).noise == "additive"


def test_a_band_is_found_and_passed():
    n = 40
    u = sp.symbols(f"u:{n}")
    ends = [sp.Integer(0), *u, sp.Integer(0)]
    system = from_ode([(b, a - 2 * b + c + b**3) for a, b, c in zip(ends, u, ends[2:], strict=False)])
    assert system.band == (1, 1)
    problem = system.problem(np.zeros(n), 0.0, 1.0)
    assert problem.band == (1, 1)
    state = np.linspace(-1, 1, n)
    full, banded = np.empty((n, n)), np.zeros((n, n))
    system.jacobian(0.0, state, None, full)
    problem.jacobian(0.0, state, None, banded)
    np.testing.assert_array_equal(full, banded)
    np.testing.assert_allclose(full, np.diag(3 * state**2 - 2) + np.eye(n, k=1) + np.eye(n, k=-1))


def test_lanes_and_new_parameters_compile_once():
    q = [sp.Function(f"q{i}")(t) for i in range(10)]
    springs = [b - a for a, b in zip([0, *q], [*q, 0], strict=True)]
    L = sp.Add(*(m * a.diff(t) ** 2 / 2 for a in q)) - sp.Add(*(r**2 / 2 + k * r**4 / 4 for r in springs))
    system = from_lagrangian(L, q, parameters=[k, m])
    problem = system.problem(np.r_[np.sin(np.arange(10)), np.zeros(10)], 0.0, 2.0, [0.5, 1.0])
    result = ensemble(problem, p=system.parameters(np.linspace(0.1, 1.0, 12), 1.0))
    assert result.stats.engine == "lanes"
    assert np.array_equal(result.y[7], result.solve_member(7).y)
    again = from_lagrangian(L, q, parameters=[k, m])
    solve(problem)
    assert solve(again.problem(problem.y0, 0.0, 2.0, [0.7, 3.0])).stats.compiled == 0


CHAIN = """
import numpy as np, sympy as sp
from mechanics import solve
from mechanics.symbolic import from_lagrangian
t, k = sp.symbols("t k")
q = [sp.Function(f"q{i}")(t) for i in range(20)]
V = sp.Add(*(sp.cos(b - a) * k * (1.5 + 0.1 * i) for i, (a, b) in enumerate(zip(q, q[3:] + q[:3]))))
system = from_lagrangian(sp.Add(*(a.diff(t)**2 * sp.Rational(1, 2) for a in q)) - V, q, parameters=[k])
print(solve(system.problem(np.arange(40.0) / 40, 0.0, 1.0, [0.5])).stats.compiled)
"""


def test_the_next_process_compiles_nothing(tmp_path):
    found = []
    for seed in ("1", "2"):
        env = {**os.environ, "MECHANET_CACHE_DIR": str(tmp_path), "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", CHAIN], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.strip())
    assert found == ["1", "0"]


def test_records_are_one_class_for_each_list_of_fields():
    assert record_type(("a", "b")) is record_type(("a", "b"))
    assert record_type(("a",)) is not record_type(("b",))
    import mechanics.symbolic.records as records

    assert getattr(records, "Parameters(a, b)") is record_type(("a", "b"))
