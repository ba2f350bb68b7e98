"""The compiling core: nothing is compiled twice, nothing stale is ever run."""

import os
import subprocess
import sys
import textwrap
import types

import numba
import numpy as np
import pytest

from mechanics.engine import compile_bound, kernel
from mechanics.engine.fingerprint import NotHashable, fingerprint

MAIN = """
    import warnings
    warnings.simplefilter("error")
    from mechanics.engine import compile_bound, compile_counts
    from model.entry import entry, drift
    run = compile_bound(entry, force=drift)
    print(run(2.0), compile_counts().compiled, compile_counts().loaded)
"""


@pytest.fixture
def package(tmp_path):
    """Three files: an entry, a kernel that it binds, and a law two files away, reached as a module's attribute."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    write(
        folder / "entry.py",
        """
        from .drift import drift
        force = None
        def entry(x):
            return force(x)
        """,
    )
    write(
        folder / "drift.py",
        """
        from mechanics.engine import kernel
        from . import law
        from .constant import scale
        @kernel
        def drift(x):
            return scale(law.law(x))
        """,
    )
    write(folder / "law.py", LAW.format(k="3.0"))
    write(folder / "constant.py", SCALE.format(c="1.0"))
    write(tmp_path / "main.py", MAIN)
    return tmp_path


LAW = """
    from mechanics.engine import kernel
    @kernel
    def law(x):
        return {k} * x
"""
SCALE = """
    import numpy as np
    from mechanics.engine import kernel
    TABLE = np.array([0.0, {c}])
    @kernel
    def scale(x):
        return TABLE[1] * x
"""


def write(path, text):
    path.write_text(textwrap.dedent(text))


def run(folder, **env):
    """Answer, compilations and loads of one fresh process."""
    env = {**os.environ, "MECHANET_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1", **env}
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer, compiled, loaded = done.stdout.split()
    return float(answer), int(compiled), int(loaded)


def test_a_second_process_compiles_nothing(package):
    assert run(package, PYTHONHASHSEED="1") == (6.0, 1, 0)
    assert run(package, PYTHONHASHSEED="2") == (6.0, 0, 1)


def test_editing_a_callee_two_files_away_recompiles_and_gives_the_new_answer(package):
    run(package)
    write(package / "model" / "law.py", LAW.format(k="5.0"))
    assert run(package) == (10.0, 1, 0)
    write(package / "model" / "law.py", LAW.format(k="3.0"))
    assert run(package) == (6.0, 0, 1)  # the first build was kept


def test_editing_an_array_constant_recompiles(package):
    run(package)
    write(package / "model" / "constant.py", SCALE.format(c="2.0"))
    assert run(package) == (12.0, 1, 0)


def test_comments_and_moved_lines_recompile_nothing(package):
    run(package)
    law = package / "model" / "law.py"
    law.write_text("# A remark.\n\n\n" + law.read_text())
    assert run(package) == (6.0, 0, 1)


def test_a_damaged_cache_file_is_compiled_again(package):
    run(package)
    for file in (package / "cache").glob("*.nb[ic]"):
        file.write_bytes(b"not machine code")
    assert run(package) == (6.0, 1, 0)
    assert run(package) == (6.0, 0, 1)


NAMESAKES = """
    import sys
    import numpy as np
    from mechanics.engine import compile_bound, kernel

    def make(c):
        @kernel(forceinline=False)
        def work(x):  # too long to be written into its two callers
            total = 0.0
            for i in range(len(x)):
                for j in range(50):
                    total += np.sin(x[i] * c + j) * np.cos(x[i] * j) + np.exp(-x[i] * j * c) + (c if j == 7 else 0.0)
            return total
        return work

    f = None
    def entry(x, y):
        return f(x) + f(y)

    x = np.ones(3)
    for c in map(float, sys.argv[1:]):
        run = compile_bound(entry, f=make(c))
        print(run(x, 2 * x), run.py_func.__globals__["f"].py_func(x) + run.py_func.__globals__["f"].py_func(2 * x))
"""


def test_code_from_disk_does_not_replace_a_namesake_that_is_compiled_here(tmp_path):
    """Two functions of one name: one loaded, which another process compiled first, the other compiled after it.

    Numba's names, counted from 1 in every process, would be equal; the loaded code then ran for both.
    """
    write(tmp_path / "main.py", NAMESAKES)
    env = {**os.environ, "MECHANET_CACHE_DIR": str(tmp_path / "cache")}
    for order in (["3.0"], ["5.0"], ["3.0", "7.0"], ["5.0", "3.0"]):
        done = subprocess.run(
            [sys.executable, "main.py", *order], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        for line in done.stdout.splitlines():
            fast, plain = map(float, line.split())
            assert fast == pytest.approx(plain, rel=1e-12), order


def test_a_folder_that_cannot_be_written_costs_a_warning_and_no_more(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MECHANET_CACHE_DIR", str(tmp_path / "file" / "below"))

    def entry(x):
        return x + 17.25

    with pytest.warns(UserWarning, match="MECHANET_CACHE_DIR"):
        assert compile_bound(entry)(1.0) == 18.25


def sum_entry(x):
    total = 0.0
    for i in numba.prange(x.shape[0]):
        total += x[i]
    return total


def test_parallel_and_serial_builds_never_mix(tmp_path, monkeypatch):
    monkeypatch.setenv("MECHANET_CACHE_DIR", str(tmp_path))
    serial, parallel = compile_bound(sum_entry), compile_bound(sum_entry, parallel=True)
    assert serial is not parallel
    x = np.arange(10.0)
    assert serial(x) == parallel(x) == 45.0
    assert len(list(tmp_path.glob("*.nbi"))) == 2
    assert parallel.targetoptions["parallel"] is True
    assert fingerprint(sum_entry, {}, {"parallel": True}) != fingerprint(sum_entry, {}, {"parallel": False})


def test_the_same_binding_is_the_same_object_and_so_is_equal_code():
    def make():
        def entry(x):
            return factor * x

        return entry

    assert compile_bound(make(), factor=2.0) is compile_bound(make(), factor=2.0)
    assert compile_bound(make(), factor=2.0) is not compile_bound(make(), factor=3.0)


factor = None


def variants():
    """Pairs of functions that look alike but compile to different code."""

    def closure(c):
        def f(x):
            return c * x

        return f

    def default(c):
        def f(x, a=c):
            return a * x

        return f

    def option(**options):
        @kernel(**options)
        def inner(x):
            return x * x

        def f(x):
            return inner(x)

        return f

    def constant(value):
        return types.FunctionType((lambda x: table[0] * x).__code__, {"table": value})

    yield "closure", closure(1.0), closure(2.0)
    yield "type of a closure", closure(1), closure(1.0)
    yield "default", default(1.0), default(2.0)
    yield "compiler option", option(), option(fastmath={"contract"})
    yield "array", constant(np.array([1.0, 2.0])), constant(np.array([1.0, 3.0]))
    yield "dtype", constant(np.array([1, 2])), constant(np.array([1.0, 2.0]))
    yield "shape", constant(np.zeros((1, 2))), constant(np.zeros((2, 1)))
    yield "nested function", *(types.FunctionType(nested(v).__code__, {"value": v}) for v in (1.0, 2.0))


table = value = None


def nested(_):
    def f(x):
        def inner(y):
            return value * y

        return inner(x)

    return f


@pytest.mark.parametrize(("what", "one", "other"), list(variants()), ids=lambda v: v if isinstance(v, str) else "")
def test_what_changes_the_machine_code_changes_the_fingerprint(what, one, other):
    assert fingerprint(one, {}, {}) != fingerprint(other, {}, {})
    assert fingerprint(one, {}, {}) == fingerprint(one, {}, {})


def test_a_function_without_source_is_keyed_by_its_code(tmp_path, monkeypatch):
    """Code from `exec` has no file to read; its bytecode still tells two versions apart."""
    monkeypatch.setenv("MECHANET_CACHE_DIR", str(tmp_path))
    answers = []
    for k in (3.0, 4.0):
        scope = {}
        exec(f"def entry(x):\n    return {k} * x", scope)
        answers.append(compile_bound(scope["entry"])(1.0))
    assert answers == [3.0, 4.0]


def test_what_cannot_be_hashed_is_refused_and_kept_off_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("MECHANET_CACHE_DIR", str(tmp_path))

    def entry(x):
        return x + 0.125

    with pytest.raises(NotHashable, match="object"):
        fingerprint(entry, {"helper": object()}, {})
    with pytest.raises(NotHashable, match="used as a value"):
        fingerprint(types.FunctionType((lambda: module).__code__, {"module": textwrap}), {}, {})
    assert compile_bound(entry, helper=object())(1.0) == 1.125
    assert not list(tmp_path.iterdir())


module = None


def test_mutual_recursion_ends():
    def even(n):
        return True if n == 0 else odd(n - 1)

    def odd(n):
        return False if n == 0 else even(n - 1)

    assert len(fingerprint(even, {}, {})) == 32


@pytest.mark.parametrize("wrong", [numba.njit(lambda x: x), len, 3.0])
def test_only_plain_functions_can_be_bound(wrong):
    with pytest.raises(TypeError, match="plain function"):
        compile_bound(wrong)
