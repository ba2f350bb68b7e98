"""Steps of Rosenbrock methods: a Jacobian, a factorisation, and one linear system a stage.

K holds f at the start, V_0 .. V_{s-1}, f at the end, df/dt, and behind them J, M and P of `linear`. Every attempt makes
its own Jacobian: a step depends on nothing but t, y and dt, and so it runs in lanes and restarts without memory.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from ..methods.rosenbrock import Rosenbrock
from .compile import inlined
from .emit import Emitter
from .jacobian import make_jacobian, make_time_slope
from .linear import SMALL, make_linear, storage
from .parts import Parts, Step
from .stack import part
from .stages import Row, coefficients_kernel, mean_square_kernel
from .stages_plain import plain_coefficients, plain_mean_square

_made: dict[tuple[Any, ...], tuple[Step, Rosenbrock]] = {}


def rosenbrock_step(tab: Rosenbrock, n: int | None, parts: Parts) -> Step:
    """The kernels and sizes for one method."""
    key = (id(tab), n, parts)
    if key not in _made:
        _made[key] = (_kernels(tab, n, parts), tab)  # the coefficients are kept alive: their id is the key
    return _made[key][0]


def _kernels(tab: Rosenbrock, n: int | None, parts: Parts) -> Step:
    s, inverse_gamma = tab.stages, 1.0 / tab.gamma
    first, end, bend, matrices = 1, s + 1, s + 2, s + 3  # vectors of K
    linear, room = make_linear(n, parts.band), storage(n, parts.band)
    shifted, factorise, solve = linear.shifted, linear.factorise, linear.solve
    size_J, size_M, size_P = linear.size_J, linear.size_M, linear.size_P
    fill, time_slope = make_jacobian(parts.jacobian, parts.band), make_time_slope(parts.autonomous)
    B = np.zeros((s + 2, tab.degree))
    B[first:end] = tab.B
    e = (0.0, *map(float, tab.e), 0.0)
    if DISABLE_JIT:
        stages, mean_square, coefficients = _plain_stages(tab), plain_mean_square([e]), plain_coefficients(B)
    else:
        stages = _stages(tab, n)
        mean_square, coefficients = mean_square_kernel((e,), n), coefficients_kernel(B, n)

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        for m in range(len(y)):
            K[m] = np.nan  # what the drift leaves unwritten shows
        drift(t, y, p, part(K, 0, len(y)))

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        at_J = matrices * n
        at_M = at_J + size_J(n)
        f, V, slope = part(K, 0, n), part(K, first * n, n), part(K, bend * n, n)
        J, M, P = part(K, at_J, size_J(n)), part(K, at_M, size_M(n)), part(K, at_M + size_M(n), size_P(n))
        fill(drift, t, y, p, f, J, y1, V, rtol, atol)
        time_slope(drift, t, dt, y, p, f, slope)
        shifted(J, inverse_gamma / dt, M)
        factorise(M, P)
        stages(drift, solve, t, dt, y, p, K, M, P, y1)
        return mean_square(dt, y, y1, K, rtol, atol)

    @inlined
    def finish(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        drift(t1, y1, p, part(K, end * len(y1), len(y1)))

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        coefficients(y, K, Q)

    @inlined
    def shift(y, K):  # type: ignore[no-untyped-def]
        start = end * len(y)
        for m in range(len(y)):
            K[m] = K[start + m]

    vectors = matrices + room.vectors
    cost = s - 1 + (not parts.autonomous)
    sizes = (vectors, tab.degree, end, cost, 1, 0)
    in_lanes = n is not None and n <= SMALL and parts.band is None
    return Step(
        begin,
        attempt,
        finish,
        dense,
        shift,
        *sizes,
        squares=room.squares,
        jacobians=1,
        factorisations=1,
        lanes=in_lanes,
    )


def _row(matrix: Any, i: int) -> Row:
    return tuple(float(x) for x in matrix[i, :i])


def _stages(tab: Rosenbrock, n: int | None) -> Any:
    s = tab.stages

    rows = tuple((_row(tab.A, i), _row(tab.C, i), float(tab.c[i]), float(tab.d[i])) for i in range(s))
    end = tuple(float(x) for x in tab.m)

    @intrinsic
    def stages(typingctx, drift, solve, t, dt, y, p, K, M, P, work):  # type: ignore[no-untyped-def]
        slope = typingctx.resolve_function_type(drift, (t, y, p, y), {})
        system = typingctx.resolve_function_type(solve, (M, P, y), {})

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            _, _, t, dt, y, p, K, M, P, work = args
            evaluate, unknowns = context.get_function(drift, slope), context.get_function(solve, system)
            emit = Emitter(context, builder, signature.args[4], y, n)
            slots = emit.slots(K, s + 3)
            base, out = emit.pointer(y), emit.pointer(work)
            V, bend = [slots[i + 1] for i in range(s)], slots[s + 2]
            over_dt = builder.fdiv(emit.constant(1.0, dt.type), dt)

            def argument(weights: Row) -> None:
                terms = [(a, slot) for a, slot in zip(weights, V, strict=False) if a != 0.0]

                def body(index: Any, kind: Any) -> None:
                    value = emit.load(base, index, kind)
                    total = emit.combination(terms, index, kind)
                    emit.store(emit.fma(emit.spread(dt, kind), total, value), out, index)

                emit.for_components(body)

            for i, (a, c, node, d) in enumerate(rows):
                source = V[i] if i else slots[0]  # the first stage is at (t, y), where f is known
                if i:
                    argument(a)
                    at = t if node == 0.0 else emit.fma(emit.constant(node, t.type), emit.spread(dt, t.type), t)
                    evaluate(builder, (at, work, p, emit.like(y, V[i])))
                terms = [(weight, slot) for weight, slot in zip(c, V, strict=False) if weight != 0.0]

                def right(index: Any, kind: Any, source=source, terms=terms, d=d, target=V[i]) -> None:  # type: ignore[no-untyped-def]
                    value = emit.load(source, index, kind)
                    if d != 0.0:
                        scaled = builder.fmul(emit.constant(d, kind), emit.spread(dt, kind))
                        value = emit.fma(scaled, emit.load(bend, index, kind), value)
                    if terms:
                        value = builder.fadd(emit.combination(terms, index, kind), value)
                    emit.store(builder.fmul(value, emit.spread(over_dt, kind)), target, index)

                emit.for_components(right)
                unknowns(builder, (M, P, emit.like(y, V[i])))
            argument(end)
            return context.get_dummy_value()

        return types.void(drift, solve, t, dt, y, p, K, M, P, work), codegen

    return stages


def _plain_stages(tab: Rosenbrock) -> Any:
    def stages(drift: Any, solve: Any, t: float, dt: float, y: Any, p: Any, K: Any, M: Any, P: Any, work: Any) -> None:
        n, s = len(y), tab.stages
        k = K[: n * (s + 3)].reshape(-1, n)
        V, bend = k[1 : s + 1], k[s + 2]
        for i in range(s):
            f = k[0].copy()
            if i:
                work[:] = y + dt * (tab.A[i, :i] @ V[:i])
                drift(t + tab.c[i] * dt, work, p, f)
            V[i] = (f + dt * tab.d[i] * bend + tab.C[i, :i] @ V[:i]) / dt
            solve(M, P, V[i])
        work[:] = y + dt * (tab.m @ V)

    return stages
