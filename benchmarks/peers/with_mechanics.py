"""This library."""

from dataclasses import replace
from importlib import import_module

import numpy as np

import mechanics

try:
    from mechanics import Problem, ensemble, solve
except ImportError as error:
    raise ImportError(f"mechanics {mechanics.__version__} has no engines yet: {error}") from error

VERSION = mechanics.__version__
SINGLE = ("TSIT5", "DOP853", "VERN7", "VERN9", "TAYLOR12", "TAYLOR20")
STIFF = ("RODAS5P", "KVAERNO5", "RADAU5", "BDF", "AUTO")


def methods(names):
    """Those of the named methods that this version has."""
    there = import_module("mechanics.methods")
    return {name: getattr(there, name) for name in names if hasattr(there, name)}


def problem(case):
    return Problem(case.drift, case.y0, 0.0, case.t1)


def single(case):
    one, end = problem(case), np.array([case.t1])

    def with_method(method):
        return lambda tol: lambda: solve(one, method, rtol=tol, atol=tol, saveat=end).ys[-1]

    return {f"mechanics {name}": with_method(method) for name, method in methods(SINGLE).items()}


def stiff(case):
    """Without the Jacobian of the system: no other competitor is given it."""
    band = {"band": case.band} if case.band else {}
    one = replace(case.system.problem(jacobian=None), **band)

    def with_method(method):
        end = np.array([case.t1])
        return lambda tol: lambda: solve(one, method, rtol=tol, atol=tol * case.floor, saveat=end).ys[-1]

    return {f"mechanics {name}": with_method(method) for name, method in methods(STIFF).items()}


def fixed(case, y0, steps, threads=1):
    return _ensembles(case, y0, ("RK4",), threads, dt=case.t1 / steps)


def adaptive(case, y0, tol, threads=1):
    return _ensembles(case, y0, ("TSIT5",), threads, rtol=tol, atol=tol)


def _ensembles(case, y0, names, threads, **options):
    one, end = problem(case), np.array([case.t1])

    def with_method(method):
        return lambda: ensemble(one, method, y0=y0, saveat=end, threads=threads, **options).ys[:, -1]

    return {f"mechanics {name}": with_method(method) for name, method in methods(names).items()}


def trivial():
    def decay(t, y, p, dy):
        dy[0] = -y[0]

    one, end = Problem(decay, np.ones(1), 0.0, 1.0), np.ones(1)
    found = methods(("TSIT5",))
    return {f"mechanics {n}": lambda m=m: solve(one, m, rtol=1e-3, atol=1e-6, saveat=end) for n, m in found.items()}
