"""Densities of the steps of a stochastic equation dy = f dt + B dW (Ito) between two observed states.

    "euler"            y' ~ N(y + f dt, B B^T dt)                                              bias of the drift O(dt)
    "linearisation"    y' ~ N(y + int_0^dt e^{J s} f ds, int_0^dt e^{J s} B B^T e^{J^T s} ds),  J = df/dy

with f, J, B at the state before. The second is exact where f is linear in y and B constant; where the noise enters only
some components, it alone has an invertible covariance.

Ozaki, Statistica Sinica 2 (1992) 113-135; Shoji, Ozaki, Stoch. Anal. Appl. 16 (1998) 733-752 (without its term in the
second derivative of f).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from ..engine.adopt import adopt
from ..engine.compile import compile_bound, kernel
from ..lyapunov.linearised import by_differences, by_duals, by_jacobian
from ..problem import Problem
from .linear_flow import flow, room_of

Array = NDArray[np.float64]
LOG_2PI = math.log(2.0 * math.pi)

drift: Any = None  # bound below
diffusion: Any = None
fill: Any = None
square: Any = None
n: Any = None


class Steps(NamedTuple):
    """Mean increments, standardised surprises (N, n), log densities (N,) and row sums of |J| dt (N,)."""

    mean: Array
    surprise: Array
    logs: Array
    stiffness: Array


def make_steps(problem: Problem, linear: bool) -> Callable[..., Steps]:
    """`steps(ts, dt, ys, moved, p) -> Steps`, compiled; df/dy from the user, from duals, or from differences.

    Raises
    ------
    TypeError
        If drift or diffusion cannot be compiled.
    """
    size = len(problem.y0)
    width = 4 if size <= 3 else 8
    ways = [by_jacobian(problem.jacobian, size)] if problem.jacobian is not None and problem.band is None else []
    if not DISABLE_JIT:
        ways.append(by_duals(problem.drift, size, width))
    ways.append(by_differences(problem.drift, size))
    shape = (size, problem.wieners) if problem.noise == "general" else (size,)
    cause: Exception | None = None
    for way in ways:
        entry = compile_bound(
            _steps, drift=adopt(problem.drift), diffusion=adopt(problem.diffusion), fill=way,  # type: ignore[arg-type]
            square=SQUARES.get(problem.noise, _of_diagonal), n=size,
        )  # fmt: skip

        def steps(ts: Array, dt: Array, ys: Array, moved: Array, p: Any, entry: Any = entry) -> Steps:
            N = len(ts)
            out = Steps(np.empty((N, size)), np.empty((N, size)), np.empty(N), np.empty(N))
            room = np.zeros(max(2 * size * width, room_of(size)))
            work = np.zeros((4, size * size))
            entry(ts, dt, ys, moved, p, linear, *out, np.empty((3, size)), work, np.empty(shape), room)
            return out

        try:
            steps(np.array([problem.t0]), np.ones(1), problem.y0[None], np.zeros((1, size)), problem.p)
        except NumbaError as error:
            cause = error
            continue
        return steps
    raise TypeError(f"Drift or diffusion could not be compiled. Numba says:\n{cause}") from cause


def _steps(ts, dt, ys, moved, p, linear, mean, surprise, logs, stiffness, vectors, work, G, room):  # type: ignore[no-untyped-def]
    f, u, z = vectors[0], vectors[1], vectors[2]
    J, S, Q, Phi = work[0], work[1], work[2], work[3]
    for i in range(len(ts)):
        for a in range(n):
            f[a] = math.nan  # what the drift leaves unwritten shows
        G[:] = math.nan
        drift(ts[i], ys[i], p, f)
        fill(ts[i], ys[i], p, J, room)
        diffusion(ts[i], ys[i], p, G)
        square(G, S, n)
        stiffness[i] = 0.0
        for a in range(n):
            row = 0.0
            for b in range(n):
                row += abs(J[a * n + b])
            stiffness[i] = max(stiffness[i], row * dt[i])
        if not linear:
            for a in range(n):
                u[a] = f[a] * dt[i]
            for a in range(n * n):
                Q[a] = S[a] * dt[i]
        elif n == 1:
            u[0] = f[0] * dt[i] * _phi(J[0] * dt[i])
            Q[0] = S[0] * dt[i] * _phi(2.0 * J[0] * dt[i])
        else:
            flow(J, S, f, dt[i], n, Phi, u, Q, room)
        for a in range(n):
            mean[i, a] = u[a]
            z[a] = moved[i, a] - u[a]
        logs[i] = _log_normal(z, Q, n)
        for a in range(n):
            surprise[i, a] = z[a]


@kernel
def _phi(a):  # type: ignore[no-untyped-def]
    """(e^a - 1) / a."""
    return 1.0 + 0.5 * a if abs(a) < 1e-8 else math.expm1(a) / a


@kernel(forceinline=False)
def _log_normal(z, Q, n):  # type: ignore[no-untyped-def]
    """log N(z; 0, Q); z becomes L^-1 z and Q holds L, Q = L L^T; -inf where Q is not positive."""
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            part_ = Q[i * n + j]
            for k in range(j):
                part_ -= Q[i * n + k] * Q[j * n + k]
            if i == j:
                if not part_ > 0.0:
                    return -math.inf
                Q[i * n + i] = math.sqrt(part_)
            else:
                Q[i * n + j] = part_ / Q[j * n + j]
        for j in range(i):
            z[i] -= Q[i * n + j] * z[j]
        z[i] /= Q[i * n + i]
        total += -0.5 * z[i] * z[i] - math.log(Q[i * n + i]) - 0.5 * LOG_2PI
    return total


@kernel
def _of_diagonal(G, S, n):  # type: ignore[no-untyped-def]
    for a in range(n):
        for b in range(n):
            S[a * n + b] = G[a] * G[b] if a == b else 0.0


@kernel
def _of_scalar(G, S, n):  # type: ignore[no-untyped-def]
    for a in range(n):
        for b in range(n):
            S[a * n + b] = G[a] * G[b]


@kernel
def _of_matrix(G, S, n):  # type: ignore[no-untyped-def]
    for a in range(n):
        for b in range(n):
            total = 0.0
            for k in range(G.shape[1]):
                total += G[a, k] * G[b, k]
            S[a * n + b] = total


SQUARES: dict[str, Any] = {"scalar": _of_scalar, "general": _of_matrix}
