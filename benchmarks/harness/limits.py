"""The limits in C: compiled for one system when they are first asked for, and called through ctypes.

`cc -O3 -march=native -ffast-math` into a temporary folder. Linking is a call of its own without -ffast-math: with it
gcc adds start-up code that flushes subnormal numbers to zero in the whole process, ours and the peers' included. The
coefficients are not typed in again: those of DOP853 come from the installed scipy, those of TSIT5 from
`mechanics.methods`, as sums written out term by term.
"""

import ctypes
import functools
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parents[1] / "c"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
GROUPS = (1, 2, 4)  # vectors that take turns; the fastest choice is the limit
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-Wno-psabi", "-fPIC")

_array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
_SIGNATURES = {
    "dop853": (_array, *[ctypes.c_double] * 3, _array),
    "rk4": (ctypes.c_long, _array, ctypes.c_double, ctypes.c_long, _array),
    "tsit5": (ctypes.c_long, _array, *[ctypes.c_double] * 3, _array),
    "splitting": (_array, ctypes.c_double, *[ctypes.c_long] * 2, _array),
    "extrapolate": (_array, *[ctypes.c_double] * 2, _array, _array),
}


class NoCompilerError(RuntimeError):
    """No C compiler: the limits are left out of the tables."""


@functools.cache
def folder():
    """A temporary folder for this process, with the coefficients in it."""
    made = tempfile.TemporaryDirectory(prefix="limits-")
    Path(made.name, "coefficients.h").write_text(coefficients())
    return made


@functools.cache
def library(source, case_name, n, *flags):
    if COMPILER is None:
        raise NoCompilerError("no C compiler (cc, gcc, clang) on PATH: the limits in C are left out")
    out = Path(folder().name, f"{source}-{case_name}{''.join(flags)}.so")
    compiled = out.with_suffix(".o")
    include = (f"-I{SOURCES}", f"-I{folder().name}")
    call(*FLAGS, f"-DPROBLEM={case_name}", f"-DN={n}", *flags, *include, "-c", SOURCES / f"{source}.c", "-o", compiled)
    call("-shared", compiled, "-o", out, "-lm", *(["-lquadmath"] if source == "extrapolation" else []))
    return ctypes.CDLL(str(out))


def call(*arguments):
    """The compiler with `arguments`."""
    command = [COMPILER, *map(str, arguments)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")


def function(source, name, case, *flags):
    found = getattr(library(source, case.name, case.n, *flags), name)
    found.argtypes, found.restype = _SIGNATURES[name], ctypes.c_int
    return found


def lanes(groups):
    """One vector register of doubles, and how many of them take turns."""
    return f"-DLANES={8 if 'avx512f' in processor() else 4}", f"-DGROUPS={groups}"


def dop853(case, tol):
    """A call without arguments that gives the final state."""
    compiled, out = function("dop853", "dop853", case), np.empty(case.n)

    def run():
        if compiled(case.y0, case.t1, tol, tol, out) < 0:
            raise RuntimeError(f"dop853 in C did not reach t1 of {case.name} at {tol}")
        return out

    return run


def rk4_lanes(case, y0, steps, groups):
    compiled, out = function("rk4_lanes", "rk4", case, *lanes(groups)), np.empty_like(y0)

    def run():
        compiled(len(y0), y0, case.t1, steps, out)
        return out

    return run


def tsit5_lanes(case, y0, tol, groups):
    compiled, out = function("tsit5_lanes", "tsit5", case, *lanes(groups)), np.empty_like(y0)

    def run():
        if compiled(len(y0), y0, case.t1, tol, tol, out) < 0:
            raise MemoryError("tsit5 in C found no memory")
        return out

    return run


def leapfrog_steps(case, weights, dt, steps, seen):
    """States (seen, n) along a run of `steps` compositions of leapfrog steps of lengths weights * dt."""
    flags = f"-DSTEPS={len(weights)}", f"-DWEIGHTS={','.join(map(repr, weights))}"
    compiled, out = function("splitting", "splitting", case, *flags), np.empty((seen, case.n))

    def run():
        compiled(case.y0, dt, steps, seen, out)
        return out

    return run


def extrapolated(case, tol):
    """The state at t1 in quadruple precision as (head, tail), and the number of steps."""
    compiled = function("extrapolation", "extrapolate", case, "-fno-fast-math", "-O2")
    head, tail = np.empty(case.n), np.empty(case.n)
    steps = compiled(case.y0, case.t1, tol, head, tail)
    if steps < 0:
        raise RuntimeError(f"extrapolation did not reach t1 of {case.name} at {tol}")
    return head, tail, steps


def coefficients():
    """The text of coefficients.h."""
    from scipy.integrate._ivp import dop853_coefficients as dop

    from mechanics.methods import TSIT5

    rows = [*dop.A[1:12, :12], dop.B]
    lines = [_sum(f"DOP853_STAGE_{s}", row) for s, row in enumerate(rows, 1)]
    lines += [_sum("DOP853_E3", dop.E3), _sum("DOP853_E5", dop.E5)]
    tab = TSIT5.data
    lines += [_sum(f"TSIT5_STAGE_{s}", row) for s, row in enumerate([*tab.A[1:], tab.b], 1)]
    lines.append(_sum("TSIT5_E", np.ravel(tab.e)))
    return "\n".join(lines) + "\n"


def _sum(name, row):
    terms = [f"{float(a)!r} * (K)[{j}][i]" for j, a in enumerate(row) if a != 0.0]
    return f"#define {name}(K, i) ({' + '.join(terms)})"


def describe():
    """Compiler and processor in one line."""
    if COMPILER is None:
        return "no C compiler: limits left out"
    version = subprocess.run([COMPILER, "--version"], text=True, capture_output=True, check=True).stdout.splitlines()[0]
    return f"{version}, {' '.join(FLAGS[:3])}; {processor()}"


def processor():
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    model = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "?")
    widest = next((name for name in ("avx512f", "avx2", "sse2") if f" {name} " in text), "no SIMD flags seen")
    return f"{model}, {text.count('model name')} cores, {widest}"
