"""A drift with its derivative along tangent vectors, where duals are not what the derivative comes from.

    drift(t, y, p, dy)          on arrays of duals: numbers from the drift, the rest J v from the Jacobian of the
                                user, or (f(x + h v) - f(x - h v)) / 2h
    fill(t, y, p, J, room)      the matrix J itself, in a flat array: from the user, from duals, or from differences

Whatever scheme these are put into, its derivative is that of its own stages and steps. Differences take two drifts for
each vector and no matrix: with h = 1e-6 |x| rounding (1e-16 / h) and curvature (h^2) leave 1e-10 of J v.
"""

from typing import Any

from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from ..engine.adopt import adopt
from ..engine.compile import kernel
from ..engine.noise_terms import as_matrix
from ..engine.stack import STACK, part, workspace

H = 1e-6  # of the state's size


@kernel
def _size(x):  # type: ignore[no-untyped-def]
    """Largest component, 1 for none."""
    largest = 0.0
    for i in range(len(x)):
        largest = max(largest, abs(x[i]))
    return largest if largest > 0.0 else 1.0


if not DISABLE_JIT:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic
    from numba.np.arrayobj import populate_array

    from ..engine.dual_memory import duals_of
    from ..engine.dual_type import Dual
    from ..engine.elementary import fma
    from ..engine.lane_memory import load_lanes, store_lanes

    @intrinsic
    def floats_of(typingctx, duals):  # type: ignore[no-untyped-def]
        """An array of duals as a flat float64 array, the same memory."""
        width = duals.dtype.width
        result = types.Array(types.float64, 1, "C")

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            source = context.make_array(signature.args[0])(context, builder, args[0])
            view = context.make_array(result)(context, builder)
            word = ir.IntType(64)
            populate_array(
                view,
                data=builder.bitcast(source.data, ir.DoubleType().as_pointer()),
                shape=[builder.mul(builder.extract_value(source.shape, 0), word(width))],
                strides=[word(8)],
                itemsize=word(8),
                meminfo=None,
            )
            return view._getvalue()

        return result(duals), codegen

    @intrinsic(prefer_literal=True)
    def seeded(typingctx, x, l, width):  # type: ignore[no-untyped-def]
        """The dual of a number that changes along direction l alone, at rate 1."""
        count, place = width.literal_value, l.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            unit = [1.0 if i == place else 0.0 for i in range(count)]
            vector = ir.Constant(ir.VectorType(ir.DoubleType(), count), unit)
            return builder.insert_element(vector, args[0], ir.IntType(32)(0))

        return Dual(count)(types.float64, l, width), codegen

    @intrinsic(prefer_literal=True)
    def entry(typingctx, dual, l):  # type: ignore[no-untyped-def]
        """The change along direction l."""
        place = l.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.extract_element(args[0], ir.IntType(32)(place))

        return types.float64(dual, l), codegen

    def drift_with_jacobian(drift: Any, jacobian: Any, n: int, width: int) -> Any:
        """The drift on duals, its derivative from the user's matrix."""
        f, fill, room_for = adopt(drift), by_jacobian(jacobian, n), workspace(n if n <= STACK else None, 2, squares=1)

        @kernel(forceinline=False)
        def linearised(t, y, p, dy):  # type: ignore[no-untyped-def]
            room, flat, out = room_for(n), floats_of(y), floats_of(dy)  # type: ignore[call-arg, var-annotated]
            x, value, J = part(room, 0, n), part(room, n, n), part(room, 2 * n, n * n)
            for i in range(n):
                x[i] = flat[i * width]
            f(t, x, p, value)
            fill(t, x, p, J, x)
            for i in range(n):
                total = load_lanes(flat, 0, width) * 0.0
                for j in range(n):
                    total = fma(J[i * n + j], load_lanes(flat, j * width, width), total)
                store_lanes(out, i * width, total)
                out[i * width] = value[i]

        return linearised

    def drift_with_differences(drift: Any, n: int, width: int) -> Any:
        """The drift on duals, its derivative from central differences."""
        f, room_for = adopt(drift), workspace(n if n <= STACK else None, 4)

        @kernel(forceinline=False)
        def linearised(t, y, p, dy):  # type: ignore[no-untyped-def]
            room, flat, out = room_for(n), floats_of(y), floats_of(dy)  # type: ignore[call-arg, var-annotated]
            x, moved, above, below = part(room, 0, n), part(room, n, n), part(room, 2 * n, n), part(room, 3 * n, n)
            for i in range(n):
                x[i] = flat[i * width]
            size = _size(x)
            for turn in range(2 * width - 1):
                l, side = (turn + 1) // 2, 1.0 - 2.0 * (turn % 2 == 0)
                length = 0.0
                for i in range(n):
                    length = max(length, abs(flat[i * width + l]))
                h = 0.0 if l == 0 else H * size / length if length > 0.0 else H
                for i in range(n):
                    moved[i] = x[i] + side * h * flat[i * width + l] if l > 0 else x[i]
                f(t, moved, p, below)
                for i in range(n):
                    if l == 0:
                        out[i * width] = below[i]
                    elif side > 0.0:
                        above[i] = below[i]
                    else:
                        out[i * width + l] = (above[i] - below[i]) / (2.0 * h)

        return linearised


def by_jacobian(jacobian: Any, n: int) -> Any:
    """`fill` from the user's function."""
    matrix = adopt(jacobian)

    @kernel(forceinline=False)
    def fill(t, y, p, J, room):  # type: ignore[no-untyped-def]
        for i in range(n * n):
            J[i] = 0.0
        matrix(t, y, p, as_matrix(J, 0, n, n))

    return fill


def by_duals(drift: Any, n: int, width: int) -> Any:
    """`fill` from the drift on duals, width - 1 columns at once."""
    f = adopt(drift)

    @kernel(forceinline=False)
    def fill(t, y, p, J, room):  # type: ignore[no-untyped-def]
        for i in range(2 * n * width):
            room[i] = 0.0
        for group in range(0, n, width - 1):
            for i in range(n):
                room[i * width] = y[i]
                for l in range(1, width):
                    room[i * width + l] = 1.0 if i == group + l - 1 else 0.0
            f(t, duals_of(room, n, width), p, duals_of(part(room, n * width, n * width), n, width))  # type: ignore[call-arg]
            for i in range(n):
                for j in range(group, min(n, group + width - 1)):
                    J[i * n + j] = room[(n + i) * width + 1 + j - group]

    return fill


def by_differences(drift: Any, n: int) -> Any:
    """`fill` from central differences of the drift."""
    f = adopt(drift)

    @kernel(forceinline=False)
    def fill(t, y, p, J, room):  # type: ignore[no-untyped-def]
        moved, out = part(room, 0, n), part(room, n, n)
        h = H * _size(y)
        for i in range(n):
            moved[i] = y[i]
        for turn in range(2 * n):
            j, side = turn // 2, 1.0 - 2.0 * (turn % 2)
            moved[j] = y[j] + side * h
            f(t, moved, p, out)
            moved[j] = y[j]
            for i in range(n):
                J[i * n + j] = out[i] if side > 0.0 else (J[i * n + j] - out[i]) / (2.0 * h)

    return fill
