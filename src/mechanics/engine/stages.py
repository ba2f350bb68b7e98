"""The parts of an explicit Runge-Kutta step, specialised to one tableau and one number of components.

    stages        Y_i = y + dt sum_j A_ij K_j and K_i = f(t + c_i dt, Y_i) for i = 1 .. s-1, then y1
    mean_square   mean over components of (error / (atol + rtol max(|y|, |y1|)))^2; NaN where y1 is not finite
    extra         the further stages of the interpolant
    coefficients  Q_k = sum_j B_jk K_j, the Bernstein coefficients of the interpolant (`dense`)

Each is one operation to numba; its instructions are written by `emit`. K holds s + 1 + x vectors one after the other,
Q holds d of them.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from ..methods.tableau import Tableau
from .emit import Emitter, double, ir

Row = tuple[float, ...]
DOP853_WEIGHT = 0.01  # of the third-order estimate, where a method has two: Hairer, Norsett, Wanner I, II.10


class Stages(NamedTuple):
    """Kernels of one tableau: see the module's first lines."""

    stages: Any  # (drift, t, dt, y, p, K, y1)
    mean_square: Any  # (dt, y, y1, K, rtol, atol) -> float
    extra: Any  # (drift, t, dt, y, p, K, work)
    coefficients: Any  # (y, K, Q)


_made: dict[tuple[int, int | None], tuple[Tableau, Stages]] = {}


def explicit_stages(tab: Tableau, n: int | None) -> Stages:
    """Kernels for states of n components; n=None leaves the number open."""
    key = (id(tab), n)
    if key not in _made:
        if DISABLE_JIT:
            from .stages_plain import plain_stages

            _made[key] = tab, plain_stages(tab)
        else:
            _made[key] = tab, _compiled(tab, n)
    return _made[key][1]


def _compiled(tab: Tableau, n: int | None) -> Stages:
    s, first_extra = tab.stages, tab.stages + 1
    nodes, extra_nodes = tuple(map(float, tab.c)), tuple(map(float, tab.extra_c))
    return Stages(
        _sequence(tuple(zip(range(1, s), tab.A[1:], nodes[1:], strict=True)), tuple(map(float, tab.b)), n),
        mean_square_kernel(_rows(tab.e), n),
        _sequence(tuple(zip(range(first_extra, len(tab.B)), tab.extra_A, extra_nodes, strict=True)), (), n),
        coefficients_kernel(tab.B, n),
    )


def combinations(columns: tuple[Row, ...], n: int | None) -> Any:
    """Kernel (y, K, Q): vector k of Q is sum_j columns[k][j] K_j; y only says how long vectors are."""
    if DISABLE_JIT:
        from .stages_plain import plain_combinations

        return plain_combinations(columns)
    return coefficients_kernel(np.array(columns).T, n)


def _rows(array: Any) -> tuple[Row, ...]:
    return tuple(tuple(map(float, row)) for row in array)


def _sequence(rows: tuple[tuple[int, Row, float], ...], end: Row, n: int | None) -> Any:
    """Evaluate the stages (index, weights, node); then, if `end` has weights, work = y + dt sum end_j K_j."""

    @intrinsic
    def sequence(typingctx, drift, t, dt, y, p, K, work):  # type: ignore[no-untyped-def]
        slope = typingctx.resolve_function_type(drift, (t, y, p, y), {})

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            _, t, dt, y, p, K, work = args
            evaluate = context.get_function(drift, slope)
            emit = Emitter(context, builder, signature.args[3], y, n)
            count = 1 + max([len(end), *(i for i, _, _ in rows)])
            slots = emit.slots(K, count)
            base, out = emit.pointer(y), emit.pointer(work)

            def shift(row: Row) -> None:
                terms = [(a, slot) for a, slot in zip(row, slots, strict=False) if a != 0.0]
                # one term: dt a is the same for all components, and where dt is fixed for all steps
                alone = builder.fmul(emit.constant(terms[0][0], dt.type), dt) if len(terms) == 1 else None

                def body(index: Any, kind: Any) -> None:
                    value = emit.load(base, index, kind)
                    if alone is not None:
                        value = emit.fma(emit.spread(alone, kind), emit.load(terms[0][1], index, kind), value)
                    elif terms:
                        value = emit.fma(emit.spread(dt, kind), emit.combination(terms, index, kind), value)
                    emit.store(value, out, index)

                emit.for_components(body)

            for i, row, node in rows:
                shift(row)
                at = t if node == 0.0 else emit.fma(emit.constant(node, t.type), emit.spread(dt, t.type), t)
                evaluate(builder, (at, work, p, emit.like(y, slots[i])))
            if end:
                shift(end)
            return context.get_dummy_value()

        return types.void(drift, t, dt, y, p, K, work), codegen

    return sequence


def mean_square_kernel(e: tuple[Row, ...], n: int | None) -> Any:
    """`mean_square` for rows of weights of the vectors of K."""

    @intrinsic
    def mean_square(typingctx, dt, y, y1, K, rtol, atol):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            dt, y, y1, K, rtol, atol = args
            emit = Emitter(context, builder, signature.args[1], y, n)
            slots = emit.slots(K, len(e[0]))
            before, after = emit.pointer(y), emit.pointer(y1)
            floor = context.make_array(signature.args[5])(context, builder, atol).data
            sums = [emit.accumulators() for _ in e]

            def body(index: Any, kind: Any) -> None:
                value = emit.load(after, index, kind)
                here, there = emit.magnitude(emit.load(before, index, kind)), emit.magnitude(value)
                larger = builder.select(builder.fcmp_ordered(">", here, there), here, there)
                scale = emit.fma(emit.spread(rtol, kind), larger, emit.load_floats(floor, index, kind))
                zero_or_nan = builder.fsub(value, value)
                for row, sums_of_row in zip(e, sums, strict=True):
                    error = emit.combination(zip(row, slots, strict=True), index, kind)
                    emit.accumulate(sums_of_row, index, builder.fdiv(error, scale), zero_or_nan)

            emit.for_components(body)
            total = emit.total(sums[0])
            share = builder.fdiv(ir.Constant(double, 1.0), builder.uitofp(emit.length, double))
            share = emit.spread(share, total.type)
            dt = emit.spread(dt, total.type)
            square = builder.fmul(dt, dt)
            if len(e) == 1:
                return builder.fmul(builder.fmul(square, total), share)
            both = emit.fma(emit.constant(DOP853_WEIGHT, total.type), emit.total(sums[1]), total)
            nothing = builder.fcmp_ordered("==", both, emit.constant(0.0, total.type))
            both = builder.select(nothing, emit.constant(1.0, total.type), both)
            return builder.fdiv(builder.fmul(builder.fmul(builder.fmul(square, total), total), share), both)

        return y.dtype(dt, y, y1, K, rtol, atol), codegen

    return mean_square


def coefficients_kernel(B: Any, n: int | None) -> Any:
    """`coefficients` for an interpolant (vectors of K, degree) in the Bernstein basis."""
    columns = _rows(B.T)

    @intrinsic
    def coefficients(typingctx, y, K, Q):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            y, K, Q = args
            emit = Emitter(context, builder, signature.args[0], y, n)
            slots, out = emit.slots(K, len(columns[0])), emit.slots(Q, len(columns))

            def body(index: Any, kind: Any) -> None:
                for column, target in zip(columns, out, strict=True):
                    total = emit.combination(zip(column, slots, strict=True), index, kind)
                    emit.store(emit.constant(0.0, kind) if total is None else total, target, index)

            emit.for_components(body)
            return context.get_dummy_value()

        return types.void(y, K, Q), codegen

    return coefficients
