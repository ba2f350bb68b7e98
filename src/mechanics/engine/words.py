"""The flows of a word as instructions: `walk(drift, t, dt, y, p, K, y1)`, and sums that carry their rounding error.

The first kick uses the force in K; then pairs (A, B), and an A where the word has one after them. The last kick is left
to the caller (`splitting`). Long words are a loop over their weights: instructions of a drift that is inlined once.
Where dq/dt is v itself (found by probing, for systems of more components than are written out) positions move by v;
otherwise the drift is called for each A too, and the compiler drops the force that nobody reads.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from ..methods.splitting import Splitting
from .compile import inlined
from .elementary import fma
from .emit import UNROLL, Emitter, double, word

WRITTEN_OUT = 3  # pairs; longer words are a loop


@inlined
def add(factor, term, total, low):  # type: ignore[no-untyped-def]
    """(total + low) + factor term as the nearest sum and its rounding error.

    Knuth, The Art of Computer Programming 2, 4.2.2, theorem B; the product and the old error are rounded once together.
    """
    increment = fma(factor, term, low)
    new = total + increment
    part = new - total
    return new, (total - (new - part)) + (increment - part)


Flow = tuple[float, float, float, float]  # weight and time of A, weight and time of B


def flows(data: Splitting) -> tuple[float, list[Flow], tuple[float, float] | None]:
    """Weight of the first kick, the pairs after it, and weight and time of an A that is left over."""
    letters = list(zip(data.word, data.weights, strict=True))
    first = letters.pop(0)[1] if data.word[0] == "B" else 0.0
    if data.word[-1] == "B" and letters:
        letters.pop()
    t_a, t_b = 0.0, first
    pairs = []
    while len(letters) > 1:
        (_, a), (_, b) = letters[:2]
        pairs.append((a, t_b, b, t_a + a))
        t_a, t_b = t_a + a, t_b + b
        letters = letters[2:]
    return first, pairs, (letters[0][1], t_b) if letters else None


def word_kernel(data: Splitting, n: int | None, plain: bool, carried: int) -> Any:
    """`walk` for states of n components; n=None leaves the number open."""
    first, pairs, left = flows(data)
    low = int(data.word[0] == "B")
    if DISABLE_JIT:
        return _plain(first, pairs, left, data.compensated, carried, low)
    by_drift = not plain or (n is not None and n <= UNROLL)
    compensated = data.compensated

    @intrinsic
    def walk(typingctx, drift, t, dt, y, p, K, y1):  # type: ignore[no-untyped-def]
        slope = typingctx.resolve_function_type(drift, (t, y, p, y), {})

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            _, t, dt, y, p, K, y1 = args
            evaluate = context.get_function(drift, slope)
            emit = Emitter(context, builder, signature.args[3], y, n)
            slots = emit.slots(K, 2 * carried + 2)
            half = builder.udiv(emit.length, ir.Constant(word, 2))
            velocities = _upper(builder, half)
            error, scratch = slots[carried + low], slots[2 * carried]
            start, end = emit.pointer(y), emit.pointer(y1)
            emit.for_components(lambda i, kind: emit.store(emit.load(start, i, kind), end, i))
            nan = float("nan")
            emit.for_components(lambda i, kind: emit.store(emit.constant(nan, kind), scratch, i))
            if compensated:
                emit.for_components(lambda i, kind: emit.store(emit.load(slots[low], i, kind), error, i))
            emit.n, emit.length = None if n is None else n // 2, half if n is None else ir.Constant(word, n // 2)

            def move(weight: Any, slopes: Any, out: Any, errors: Any) -> None:
                """out += weight dt slopes, all components of a half."""
                factor = builder.fmul(weight, dt)

                def body(i: Any, kind: Any) -> None:
                    value, term = emit.load(out, i, kind), emit.load(slopes, i, kind)
                    if not compensated:
                        emit.store(emit.fma(emit.spread(factor, kind), term, value), out, i)
                        return
                    increment = emit.fma(emit.spread(factor, kind), term, emit.load(errors, i, kind))
                    new = builder.fadd(value, increment)
                    part = builder.fsub(new, value)
                    lost = builder.fsub(value, builder.fsub(new, part))
                    emit.store(builder.fadd(lost, builder.fsub(increment, part)), errors, i)
                    emit.store(new, out, i)

                emit.for_components(body)

            def slopes_at(node: Any) -> None:
                at = emit.fma(emit.spread(node, t.type), emit.spread(dt, t.type), t)
                evaluate(builder, (at, y1, p, emit.like(y, scratch)))

            def drift_flow(weight: Any, node: Any) -> None:
                if by_drift:
                    slopes_at(node)
                move(weight, scratch if by_drift else velocities(end), end, error)

            def kick(weight: Any, slopes: Any) -> None:
                move(weight, slopes, velocities(end), velocities(error))

            def pair(a: Any, t_b: Any, b: Any, t_a: Any) -> None:
                drift_flow(a, t_b)
                slopes_at(t_a)
                kick(b, velocities(scratch))

            if low:
                kick(ir.Constant(double, first), slots[0])
            if len(pairs) <= WRITTEN_OUT:
                for weights in pairs:
                    pair(*(ir.Constant(double, x) for x in weights))
            else:
                table = [ir.Constant(double, x) for row in pairs for x in row]
                constants = ir.Constant(ir.ArrayType(double, len(table)), table)
                memory = cgutils.global_constant(builder, "weights", constants)
                with cgutils.for_range(builder, ir.Constant(word, len(pairs))) as loop:
                    row = builder.mul(loop.index, ir.Constant(word, 4))
                    places = [builder.add(row, ir.Constant(word, k)) for k in range(4)]
                    pair(*(builder.load(builder.gep(memory, [ir.Constant(word, 0), k])) for k in places))
            if left is not None:
                drift_flow(*(ir.Constant(double, x) for x in left))
            return context.get_dummy_value()

        return types.void(drift, t, dt, y, p, K, y1), codegen

    return walk


def _upper(builder: Any, half: Any) -> Any:
    return lambda pointer: builder.gep(pointer, [half])


def _plain(
    first: float,
    pairs: list[Flow],
    left: tuple[float, float] | None,
    compensated: bool,
    carried: int,
    low: int,
) -> Any:
    """The same in plain Python."""

    def walk(drift: Any, t: float, dt: float, y: Any, p: Any, K: Any, y1: Any) -> None:
        n = len(y)
        d = n // 2
        k = K.reshape(-1, n)
        error, scratch = k[carried + low], k[2 * carried]
        y1[:] = y
        if compensated:
            error[:] = k[low]

        def move(weight: float, slopes: Any, start: int) -> None:
            for m in range(d):
                i = start + m
                if compensated:
                    y1[i], error[i] = add(weight * dt, slopes[m], y1[i], error[i])
                else:
                    y1[i] = fma(weight * dt, slopes[m], y1[i])

        if low:
            move(first, k[0], d)
        for a, t_b, b, t_a in pairs:
            drift(t + t_b * dt, y1, p, scratch)
            move(a, scratch, 0)
            drift(t + t_a * dt, y1, p, scratch)
            move(b, scratch[d:], d)
        if left is not None:
            drift(t + left[1] * dt, y1, p, scratch)
            move(left[0], scratch, 0)

    return walk
