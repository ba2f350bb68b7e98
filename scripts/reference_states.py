"""Final states of the test problems in 60-digit arithmetic: writes src/mechanics/systems/_finals.py.

The drifts of `mechanics.systems` are plain Python, so they also run with decimal numbers. Each problem is solved twice,

* not stiff: extrapolation of the modified midpoint rule (Gragg, Bulirsch, Stoer; 16 columns, order 32), checked by
  Gauss collocation (12 stages, order 24);
* stiff: Radau IIA (11 stages, order 21), checked by Radau IIA of 9 stages in other, shorter steps,

and the largest relative difference is stored as the error. Problem data (y0, t1, parameters, constants in the drift)
are the float64 numbers, taken as exact: the states are what a perfect solver of the float64 problem would return.

    PYTHONPATH=src python scripts/reference_states.py [name ...]      # all, or only these; minutes to an hour
"""

import math
import sys
import time
from decimal import Decimal, getcontext
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import lu_factor, lu_solve

from mechanics.systems import _finals, all_systems

getcontext().prec = 60
FILE = Path(_finals.__file__)
FLOOR = Decimal("1e-60")  # smaller components (only of E5: e^-7890) do not steer the step and are stored as 0


def dec_sin(x):
    """Taylor series after reduction to |x| < pi (the arguments of our problems are small)."""
    getcontext().prec += 15
    x = x % (2 * PI)
    total = term = x
    k = 1
    while abs(term) > Decimal(10) ** -(getcontext().prec):
        term *= -x * x / ((k + 1) * (k + 2))
        total += term
        k += 2
    getcontext().prec -= 15
    return +total


PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
MATH = SimpleNamespace(
    sqrt=lambda x: x.sqrt(), exp=lambda x: x.exp(), sin=dec_sin, cos=lambda x: dec_sin(x + PI / 2), pi=PI
)


def exactly(value):
    """Floats, arrays and parameter records as decimals, digit for digit."""
    if hasattr(value, "_fields"):
        return type(value)(*map(exactly, value))
    if isinstance(value, np.ndarray):
        return [exactly(v) for v in value]
    return Decimal(float(value)) if isinstance(value, (float, np.floating)) else value


def decimal_drift(system):
    """f(t, y) -> list, the system's drift in decimal arithmetic."""
    code: CodeType = system.drift.__code__
    code = code.replace(co_consts=tuple(exactly(c) if isinstance(c, float) else c for c in code.co_consts))
    drift = FunctionType(code, {**system.drift.__globals__, "math": MATH})
    p, n = exactly(system.p), system.n

    def f(t, y):
        dy = [Decimal(0)] * n
        drift(t, y, p, dy)
        return dy

    return f


def extrapolated(system, tol=Decimal("1e-34"), columns=16):
    """y(t1) by extrapolation of the modified midpoint rule in dt^2, harmonic sequence."""
    f, y = decimal_drift(system), exactly(system.y0)
    t, end, n = Decimal(system.t0), Decimal(system.t1), system.n
    dt, steps = (end - t) / 100, 0
    while t < end:
        dt = min(dt, end - t)
        start, table = f(t, y), []
        for k in range(columns):
            parts = 2 * (k + 1)
            h = dt / parts
            before, now = y, [a + h * b for a, b in zip(y, start, strict=True)]
            for i in range(1, parts):
                slope = f(t + i * h, now)
                before, now = now, [a + 2 * h * b for a, b in zip(before, slope, strict=True)]
            row = [now]
            for j in range(1, k + 1):
                w = Decimal((k + 1) ** 2) / Decimal((k + 1 - j) ** 2) - 1
                row.append([a + (a - b) / w for a, b in zip(row[-1], table[-1][j - 1], strict=True)])
            table.append(row)
        last, other = table[-1][-1], table[-1][-2]
        scale = max(abs(a) for a in last)
        error = max(abs(last[i] - other[i]) / max(abs(last[i]), scale / 1000) for i in range(n))
        if error <= tol:
            t, y, steps = t + dt, last, steps + 1
        dt *= Decimal(min(3.0, max(0.2, 0.85 * float(tol / max(error, tol / 10**20)) ** (1 / (2 * columns - 1)))))
    return y, steps


def collocation(s, radau):
    """Nodes c, matrix A, and the weights of the highest Legendre coefficient of a polynomial through the nodes."""
    series = np.zeros(s + 1)
    series[s], series[s - 1] = 1.0, -1.0 if radau else 0.0
    roots = [Decimal(float(x)) for x in legendre.legroots(series)]

    def polynomial(x):
        a, b, da, db = Decimal(1), x, Decimal(0), Decimal(1)
        for k in range(2, s + 1):
            a, b, da, db = b, ((2 * k - 1) * x * b - (k - 1) * a) / k, db, da + (2 * k - 1) * b
        return (b - a, db - da) if radau else (b, db)

    for _ in range(6):
        roots = [x - v / d for x, (v, d) in ((x, polynomial(x)) for x in roots)]
    c = [(x + 1) / 2 for x in sorted(roots)]
    powers = [[x**k for x in c] for k in range(s)]
    A = [solve_decimal(powers, [x ** (k + 1) / (k + 1) for k in range(s)]) for x in c]
    b = solve_decimal(powers, [Decimal(1) / (k + 1) for k in range(s)])
    top = []  # divided difference of order s-1, times the norm of the monic Legendre polynomial on [0, 1]
    size = Decimal(math.factorial(s - 1)) ** 2 / Decimal(math.factorial(2 * s - 2))
    for i in range(s):
        product = Decimal(1)
        for j in range(s):
            if j != i:
                product *= c[i] - c[j]
        top.append(size / product)
    return c, A, b, top


def solve_decimal(M, right):
    """Gaussian elimination with pivoting."""
    rows = [[*row, r] for row, r in zip(M, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(n):
            if i != k:
                w = rows[i][k] / rows[k][k]
                rows[i] = [a - w * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def float_jacobian(system, t, y):
    """The record's Jacobian, else central differences."""
    J = np.empty((system.n, system.n))
    if system.jacobian is not None:
        system.jacobian(t, y, system.p, J)
        return J
    for j in range(system.n):
        h = 1e-6 * max(1.0, abs(y[j]))
        up, down = y.copy(), y.copy()
        up[j] += h
        down[j] -= h
        J[:, j] = (system.f(t, up) - system.f(t, down)) / (2 * h)
    return J


def collocated(system, s, radau, tol, relative):
    """y(t1) by collocation; Newton's matrix is factored in float64, its residual is decimal.

    `tol` bounds the highest Legendre coefficient of the slope in a step; the end of a step is about its square.
    `relative`: each component by its own size (species of many decades), else by the largest.
    """
    c, A, b, top = collocation(s, radau)
    A_float, n = np.array(A, float), system.n
    f, y = decimal_drift(system), exactly(system.y0)
    t, end = Decimal(system.t0), Decimal(system.t1)
    dt = (end - t) * Decimal("1e-3") if not relative else Decimal("1e-7")
    steps, guess = 0, None
    while t < end:
        dt = min(dt, end - t)
        F = [guess(t + x * dt) for x in c] if guess else [f(t, y)] * s
        Z = [[dt * sum(A[i][j] * F[j][k] for j in range(s)) for k in range(n)] for i in range(s)]
        slope = f(t, y)
        sizes = [max(abs(y[k]), abs(dt * slope[k]), *(abs(Z[i][k]) for i in range(s)), FLOOR) for k in range(n)]
        sizes = [max(x, max(sizes) * Decimal("1e-40")) if x == FLOOR else x for x in sizes]
        weights = sizes if relative else [max(max(sizes) / 1000, x) for x in sizes]
        w = np.array(weights, float)
        M, now = np.eye(s * n), np.array(y, float)
        for j in range(s):
            J = float_jacobian(system, float(t + c[j] * dt), now + np.array(Z[j], float)) * w[None, :] / w[:, None]
            for i in range(s):
                M[i * n : (i + 1) * n, j * n : (j + 1) * n] -= float(dt) * A_float[i, j] * J
        factors, change, before = lu_factor(M), math.inf, math.inf
        for _ in range(25):
            F = [f(t + c[i] * dt, [a + z for a, z in zip(y, Z[i], strict=True)]) for i in range(s)]
            R = np.array(
                [
                    float((dt * sum(A[i][j] * F[j][k] for j in range(s)) - Z[i][k]) / weights[k])
                    for i in range(s)
                    for k in range(n)
                ]
            )
            dZ = lu_solve(factors, R)
            Z = [[Z[i][k] + Decimal(dZ[i * n + k]) * weights[k] for k in range(n)] for i in range(s)]
            before, change = change, float(np.max(np.abs(dZ)))
            if change < 1e-38 or not math.isfinite(change) or (change > 0.3 * before and change > 1e-30):
                break
            if change < 1e-33 and change > 1e-3 * before:
                break  # at the rounding of the decimals
        if not change < 1e-30:
            dt, guess = dt / 4, None
            continue
        F = [f(t + c[i] * dt, [a + z for a, z in zip(y, Z[i], strict=True)]) for i in range(s)]
        new = [y[k] + dt * sum(b[i] * F[i][k] for i in range(s)) for k in range(n)]
        if relative:  # a component that starts from zero is measured by where it goes
            weights = [max(weights[k], abs(new[k])) for k in range(n)]
        estimate = np.array([float(dt * sum(top[i] * F[i][k] for i in range(s)) / weights[k]) for k in range(n)])
        w = np.array(weights, float)
        J = float_jacobian(system, float(t + dt), np.array(new, float)) * w[None, :] / w[:, None]
        # as in RADAU5: stiff components amplify the rounding of their own start, which is damped, not an error
        error = float(np.max(np.abs(np.linalg.solve(np.eye(n) - float(dt) * J, estimate))))
        grow = Decimal(min(3.0, max(0.2, 0.9 * (tol / max(error, tol * 1e-12)) ** (1 / s))))
        if error <= 10 * tol:
            y = new
            guess = interpolant(t, dt, c, F)
            t, steps = t + dt, steps + 1
        dt *= grow
    return y, steps


def interpolant(t, dt, c, F):
    """The polynomial through the slopes of a step."""
    s = len(c)
    weights = [1 / math.prod([c[i] - c[j] for j in range(s) if j != i], start=Decimal(1)) for i in range(s)]

    def slope(at):
        x = (at - t) / dt
        basis = [weights[i] * math.prod([x - c[j] for j in range(s) if j != i], start=Decimal(1)) for i in range(s)]
        return [sum(basis[i] * F[i][k] for i in range(s)) for k in range(len(F[0]))]

    return slope


def reference(system):
    """Final state, its error by comparison of two methods, and a line of report."""
    started = time.perf_counter()
    if system.kind == "stiff":
        relative = system.name != "Brusselator PDE"
        y, steps = collocated(system, 7 if system.n > 50 else 11, True, 1e-17, relative)
        z, others = collocated(system, 6 if system.n > 50 else 9, True, 1e-19, relative)
    else:
        y, steps = extrapolated(system)
        z, others = collocated(system, 12, False, 1e-17, False)
    smallest = FLOOR if system.kind == "stiff" else max(map(abs, y)) * Decimal("1e-20")  # below: zero but for rounding
    error = max(float(abs(a - b) / abs(a)) for a, b in zip(y, z, strict=True) if abs(a) > smallest)
    seconds = time.perf_counter() - started
    return y, error, f"{system.name}: {error:.1e} after {steps} and {others} steps, {seconds:.0f} s"


def write(states, errors):
    """The data module, one number a line where there are many."""
    lines = ['"""Final states from high-precision arithmetic; written by scripts/reference_states.py, not by hand."""']
    lines += ["", "from typing import Any", "", "ERRORS: dict[str, float] = {"]
    lines += [f'    "{name}": {errors[name]:.0e},' for name in sorted(errors)]
    lines += ["}", "STATES: dict[str, tuple[float, ...]] = {"]
    for name in sorted(states):
        lines += [f'    "{name}": (', *(f"        {x!r}," for x in states[name]), "    ),"]
    lines += ["}", "", "", *FILE.read_text().split("\n\n\n", 1)[1].rstrip("\n").split("\n"), ""]
    FILE.write_text("\n".join(lines))


def main():
    """Compute, print, and write after each problem."""
    wanted = sys.argv[1:]
    states, errors = dict(_finals.STATES), dict(_finals.ERRORS)
    for system in all_systems():
        if system.exact is not None or system.diffusion is not None or (wanted and system.name not in wanted):
            continue
        y, error, report = reference(system)
        print(report, flush=True)
        states[system.name] = tuple(float(x) if abs(x) > FLOOR else 0.0 for x in y)
        errors[system.name] = 10.0 ** math.ceil(math.log10(error))
        write(states, errors)


if __name__ == "__main__":
    main()
