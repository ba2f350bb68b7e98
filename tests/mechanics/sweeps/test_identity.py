"""Which functions count as the same, in this process and in others."""

import enum
import functools
import subprocess
import sys
import textwrap
from collections import namedtuple
from dataclasses import dataclass

import numba
import numpy as np
import pytest

from mechanics.sweeps.identity import describe_parameters, fingerprint_of, name_of


def make(factor, table=None):
    def helper(x):
        return factor * x

    def cell(c, seed):
        return {"x": helper(c["a"]) + (0 if table is None else table["k"][seed])}

    return cell


def test_same_code_has_the_same_fingerprint_and_any_change_another():
    base = fingerprint_of(make(2.0))
    assert fingerprint_of(make(2.0)) == base
    others = [
        make(3.0),
        make(2.0, {"k": np.arange(3)}),
        make(2.0, {"k": np.arange(4)}),
        functools.partial(make(2.0), seed=1),
        functools.partial(make(2.0), seed=2),
        lambda c, seed: {"x": 2.0 * c["a"]},
    ]
    found = [base, *(fingerprint_of(other) for other in others)]
    assert len(set(found)) == len(found)


def test_methods_and_instances_count_with_their_fields():
    @dataclass(frozen=True)
    class Model:
        k: float

        def cell(self, c, seed):
            return {"x": self.k}

        __call__ = cell

    assert fingerprint_of(Model(1.0).cell) == fingerprint_of(Model(1.0).cell)
    assert fingerprint_of(Model(1.0).cell) != fingerprint_of(Model(2.0).cell)
    assert fingerprint_of(Model(1.0)) != fingerprint_of(Model(2.0))


def test_functions_of_the_library_and_of_packages_can_be_used():
    import scipy.linalg as la

    from mechanics import Problem, solve
    from mechanics.chain import SpringChain
    from mechanics.methods import TSIT5

    def cell(c, seed):
        run = SpringChain(eps_bar=c["eps"]).simulate(steps=10, seed=seed)
        other = solve(Problem(lambda t, y, p, dy: None, [1.0], 0.0, 1.0), TSIT5)
        return {"x": run.load_curve[0, -1], "y": la.norm(other.y), "z": np.random.default_rng(seed).normal()}

    assert fingerprint_of(cell) == fingerprint_of(cell)


class Stubborn:
    """As a tensor that needs a gradient: an array that does not want to be one."""

    def __init__(self, size):
        self.size = size

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("detach me first")


class Numbers:
    def __init__(self, last):
        self.last = last

    def __array__(self, dtype=None, copy=None):
        return np.append(np.zeros(5000), self.last)

    def __repr__(self):
        return "Numbers([0, 0, ..., 0])"


def test_whatever_a_function_holds_it_has_a_fingerprint():
    @functools.lru_cache
    def cached(x):
        return x + 1

    @numba.njit
    def compiled(x):
        return x + 1

    class Colour(enum.Enum):
        RED = 1

    objects = np.array([None, "a", 1.0], dtype=object)
    held = [cached, compiled, Colour, Colour.RED, objects, Stubborn(3), Numbers(1.0), open, object(), {1: {2}}]
    for thing in held:
        assert fingerprint_of(lambda c, seed, thing=thing: thing) == fingerprint_of(lambda c, seed, thing=thing: thing)
    assert fingerprint_of(Numbers(1.0)) != fingerprint_of(Numbers(2.0))
    assert fingerprint_of(Stubborn(1)) != fingerprint_of(Stubborn(2))
    assert fingerprint_of(objects) != fingerprint_of(objects[::-1])


def test_a_function_that_calls_itself_has_a_fingerprint():
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    assert fingerprint_of(fact) == fingerprint_of(fact)


def test_fingerprints_are_equal_in_every_process(tmp_path, environment):
    (tmp_path / "model.py").write_text(
        textwrap.dedent("""
            import numpy as np
            SCALE = {"a": [1.0, 2.0], "b": {3, 1, 2}, "names": frozenset({"x", "y", "z"})}
            class Thing:
                def __init__(self): self.size = 3
                def go(self, x): return np.sin(x) * self.size
            THING = Thing()
            def helper(x): return THING.go(x) + SCALE["a"][0] + len(SCALE["names"])
            def cell(c, seed): return {"x": helper(c["a"])}
        """)
    )
    code = "from mechanics.sweeps.identity import fingerprint_of; import model; print(fingerprint_of(model.cell))"
    found = set()
    for hash_seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={**environment, "PYTHONHASHSEED": hash_seed},
        )
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.5, True),
        ([1, "a", None, {"k": True}], True),
        (np.float64(2.0), False),
        (np.arange(3), False),
        ((1, 2), False),
        (namedtuple("P", "k")(1.0), False),
        (np.inf, False),
        (print, False),
    ],
    ids=str,
)
def test_parameters_say_whether_a_store_can_give_them_back(value, plain):
    described, hashes, restorable = describe_parameters({"p": value})
    assert restorable is plain
    assert not plain or described == {"p": value}
    assert hashes == describe_parameters({"p": value})[1]


def test_large_arrays_are_described_by_their_hash():
    one, other = np.zeros(1000), np.zeros(1000)
    other[500] = 1e-300
    assert "sha256" in describe_parameters({"p": one})[0]["p"]
    assert describe_parameters({"p": one})[1] != describe_parameters({"p": other})[1]


def test_names_say_module_and_function():
    assert name_of(np.linalg.norm) == "numpy.linalg:norm"
    assert name_of(functools.partial(np.linalg.norm, ord=2)) == "numpy.linalg:norm"
