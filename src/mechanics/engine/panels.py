"""Products of panels: the inner loops of an orthonormalisation of many vectors, in registers.

A panel holds `width` numbers for each of n components: panel[i, l]. The first of them is the state itself, the others
are vectors.

    products(A, B, S, width)     S[l] = sum_i A[i, l] B[i], l >= 1
    subtract(A, B, S, width)     B[i] -= sum_l A[i, l] S[l], l >= 1
    few(A, R, n, k, width)       A = Q R for a few short vectors

Each row of B is read once for all l: nine tenths of a full orthonormalisation are such products.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from .functions_number import Number, fma, sqrt
from .lane_operators import vector_intrinsic
from .lane_type import splat

if DISABLE_JIT:

    def products(A: Any, B: Any, S: Any, width: int) -> None:
        """S = A^T B."""
        S[1:] = A[:, 1:].T @ B

    def subtract(A: Any, B: Any, S: Any, width: int) -> None:
        """B -= A S."""
        B -= A[:, 1:] @ S[1:]

else:

    class _Panel:
        """Rows of a (n, width) array at the position of a builder."""

        def __init__(self, context: Any, builder: Any, array_type: Any, array: Any, width: int) -> None:
            self.builder, self.width = builder, width
            made = context.make_array(array_type)(context, builder, array)
            self.data, self.rows = made.data, builder.extract_value(made.shape, 0)
            self.vector = ir.VectorType(ir.DoubleType(), width)

        def _at(self, i: Any, l: int) -> Any:
            word = ir.IntType(64)
            place = self.builder.add(self.builder.mul(i, word(self.width)), word(l))
            return self.builder.gep(self.data, [place])

        def row(self, i: Any) -> Any:
            return self.builder.load(self.builder.bitcast(self._at(i, 0), self.vector.as_pointer()), align=8)

        def put(self, i: Any, value: Any) -> None:
            self.builder.store(value, self.builder.bitcast(self._at(i, 0), self.vector.as_pointer()), align=8)

        def spread(self, i: Any, l: int) -> Any:
            return splat(self.builder, self.builder.load(self._at(i, l), align=8), self.width)

    @intrinsic(prefer_literal=True)
    def products(typingctx, A, B, S, width):  # type: ignore[no-untyped-def]
        """S[l] = sum_i A[i, l] B[i]."""
        count = width.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            a, b, s = (_Panel(context, builder, signature.args[i], args[i], count) for i in range(3))
            zero = ir.Constant(a.vector, [0.0] * count)
            sums = [cgutils.alloca_once_value(builder, zero) for _ in range(1, count)]
            for total in sums:
                builder.store(zero, total)
            with cgutils.for_range(builder, a.rows) as loop:
                row = b.row(loop.index)
                for l, total in enumerate(sums, start=1):
                    new = vector_intrinsic(builder, "fma", a.spread(loop.index, l), row, builder.load(total))
                    builder.store(new, total)
            for l, total in enumerate(sums, start=1):
                s.put(ir.IntType(64)(l), builder.load(total))
            return context.get_dummy_value()

        return types.void(A, B, S, width), codegen

    @intrinsic(prefer_literal=True)
    def subtract(typingctx, A, B, S, width):  # type: ignore[no-untyped-def]
        """B[i] -= sum_l A[i, l] S[l]."""
        count = width.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            a, b, s = (_Panel(context, builder, signature.args[i], args[i], count) for i in range(3))
            factors = [builder.fneg(s.row(ir.IntType(64)(l))) for l in range(1, count)]
            with cgutils.for_range(builder, a.rows) as loop:
                row = b.row(loop.index)
                for l, factor in enumerate(factors, start=1):
                    row = vector_intrinsic(builder, "fma", a.spread(loop.index, l), factor, row)
                b.put(loop.index, row)
            return context.get_dummy_value()

        return types.void(A, B, S, width), codegen


SMALL = 4  # components up to which the products are written out
KEPT = 1e-4  # of a vector's length must be left

if DISABLE_JIT:

    def few(A: Any, R: Any, n: int, k: int, width: int) -> bool:
        """Never: the general form does it."""
        return False

else:

    @intrinsic(prefer_literal=True)
    def few(typingctx, A, R, n, k, width):  # type: ignore[no-untyped-def]
        """Orthonormalise k vectors of one panel (n, width) by modified Gram-Schmidt, written out; R as well.

        False, and nothing done, where a vector would keep less than KEPT of its length.
        """
        rows, vectors, count = (number.literal_value for number in (n, k, width))

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            panel = context.make_array(signature.args[0])(context, builder, args[0]).data
            triangle = context.make_array(signature.args[1])(context, builder, args[1]).data

            def at(base: Any, place: int) -> Any:
                return builder.gep(base, [ir.IntType(64)(place)])

            V = [
                [Number(builder, builder.load(at(panel, i * count + 1 + j))) for i in range(rows)]
                for j in range(vectors)
            ]
            found, kept = {}, None
            for j in range(vectors):
                square = _dot(V[j], V[j])
                length = sqrt(square)
                before = square
                for m in range(j):
                    before = fma(found[m, j], found[m, j], before)
                enough = square > before * KEPT**2
                kept = enough if kept is None else kept & enough
                found[j, j], inverse = length, 1.0 / length
                V[j] = [x * inverse for x in V[j]]
                for m in range(j + 1, vectors):
                    found[j, m] = _dot(V[j], V[m])
                    V[m] = [fma(-found[j, m], q, x) for q, x in zip(V[j], V[m], strict=True)]
            with builder.if_then(kept.value, likely=True):
                for j in range(vectors):
                    for i in range(rows):
                        builder.store(V[j][i].value, at(panel, i * count + 1 + j))
                for (i, j), value in found.items():
                    builder.store(value.value, at(triangle, i * vectors + j))
            return kept.value

        return types.boolean(A, R, n, k, width), codegen

    def _dot(a: Any, b: Any) -> Number:
        total = a[0] * b[0]
        for x, y in zip(a[1:], b[1:], strict=True):
            total = fma(x, y, total)
        return total
