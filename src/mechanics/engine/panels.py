"""Products of panels: the inner loops of an orthonormalisation of many vectors, in registers.

A panel holds `width` numbers for each of n components, panel[i, l] at i width + l of a flat array. The first of them is
the state itself, the others are vectors.

    products(V, a, b, n, S, width)     S[l] = sum_i A[i, l] B[i], l >= 1, of the panels that begin at a and b
    subtract(V, a, b, n, S, width)     B[i] -= sum_l A[i, l] S[l], l >= 1
    few(V, R, n, k, width)             V = Q R for a few short vectors, written out
    floats_at(address, count)          an array at an address
    call_at(address, a, b, ...)        call a compiled function of whole numbers

Each row of B is read once for all l: nine tenths of a full orthonormalisation are such products.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .functions_number import Number, fma, sqrt
from .lane_operators import vector_intrinsic
from .lane_type import splat

SMALL = 4  # components up to which the products are written out
KEPT = 1e-4  # of a vector's length must be left
WORD, DOUBLE = ir.IntType(64), ir.DoubleType()

if not DISABLE_JIT:

    class _Panel:
        """Rows of a panel at the position of a builder."""

        def __init__(self, context: Any, builder: Any, array_type: Any, array: Any, start: Any, width: int) -> None:
            self.builder, self.width = builder, width
            self.data = builder.gep(context.make_array(array_type)(context, builder, array).data, [start])
            self.vector = ir.VectorType(DOUBLE, width)

        def _at(self, i: Any, l: int) -> Any:
            return self.builder.gep(self.data, [self.builder.add(self.builder.mul(i, WORD(self.width)), WORD(l))])

        def row(self, i: Any) -> Any:
            return self.builder.load(self.builder.bitcast(self._at(i, 0), self.vector.as_pointer()), align=8)

        def put(self, i: Any, value: Any) -> None:
            self.builder.store(value, self.builder.bitcast(self._at(i, 0), self.vector.as_pointer()), align=8)

        def spread(self, i: Any, l: int) -> Any:
            return splat(self.builder, self.builder.load(self._at(i, l), align=8), self.width)

    def _panels(context: Any, builder: Any, signature: Any, args: Any, width: int) -> tuple[_Panel, _Panel, _Panel]:
        V, a, b, _, S, _ = args
        v, s = signature.args[0], signature.args[4]
        return (
            _Panel(context, builder, v, V, a, width),
            _Panel(context, builder, v, V, b, width),
            _Panel(context, builder, s, S, WORD(0), width),
        )

    @intrinsic(prefer_literal=True)
    def products(typingctx, V, a, b, n, S, width):  # type: ignore[no-untyped-def]
        """S[l] = sum_i A[i, l] B[i]."""
        count = width.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            first, second, s = _panels(context, builder, signature, args, count)
            zero = ir.Constant(first.vector, [0.0] * count)
            sums = [cgutils.alloca_once(builder, first.vector) for _ in range(1, count)]
            for total in sums:
                builder.store(zero, total)
            with cgutils.for_range(builder, args[3]) as loop:
                row = second.row(loop.index)
                for l, total in enumerate(sums, start=1):
                    new = vector_intrinsic(builder, "fma", first.spread(loop.index, l), row, builder.load(total))
                    builder.store(new, total)
            for l, total in enumerate(sums, start=1):
                s.put(WORD(l), builder.load(total))
            return context.get_dummy_value()

        return types.void(V, types.intp, types.intp, types.intp, S, width), codegen

    @intrinsic(prefer_literal=True)
    def subtract(typingctx, V, a, b, n, S, width):  # type: ignore[no-untyped-def]
        """B[i] -= sum_l A[i, l] S[l]."""
        count = width.literal_value

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            first, second, s = _panels(context, builder, signature, args, count)
            factors = [builder.fneg(s.row(WORD(l))) for l in range(1, count)]
            with cgutils.for_range(builder, args[3]) as loop:
                row = second.row(loop.index)
                for l, factor in enumerate(factors, start=1):
                    row = vector_intrinsic(builder, "fma", first.spread(loop.index, l), factor, row)
                second.put(loop.index, row)
            return context.get_dummy_value()

        return types.void(V, types.intp, types.intp, types.intp, S, width), codegen

    @intrinsic
    def floats_at(typingctx, address, count):  # type: ignore[no-untyped-def]
        """`count` float64 from an address on."""
        result = types.Array(types.float64, 1, "C")

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            view = context.make_array(result)(context, builder)
            populate_array(
                view,
                data=builder.inttoptr(args[0], DOUBLE.as_pointer()),
                shape=[args[1]],
                strides=[WORD(8)],
                itemsize=WORD(8),
                meminfo=None,
            )
            return view._getvalue()

        return result(types.intp, types.intp), codegen

    @intrinsic
    def address_of(typingctx, array):  # type: ignore[no-untyped-def]
        """Where the elements of an array are."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.ptrtoint(context.make_array(signature.args[0])(context, builder, args[0]).data, WORD)

        return types.intp(array), codegen

    @intrinsic
    def call_at(typingctx, address, a, b, c, d, e):  # type: ignore[no-untyped-def]
        """Call the machine code of a function of five whole numbers that returns a float64.

        The address is of a function as numba compiles it: status = f(&result, &error, a, b, ...).
        """

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            pointer = ir.IntType(8).as_pointer()
            kind = ir.FunctionType(ir.IntType(32), [DOUBLE.as_pointer(), pointer.as_pointer(), *[WORD] * 5])
            result, error = cgutils.alloca_once(builder, DOUBLE), cgutils.alloca_once(builder, pointer)
            builder.call(builder.inttoptr(args[0], kind.as_pointer()), [result, error, *args[1:]])
            return builder.load(result)

        return types.float64(*(types.intp,) * 6), codegen

    def address_of_compiled(dispatcher: Any, signature: Any) -> int:
        """Where the machine code of a compiled function is; it stays there while the dispatcher lives."""
        dispatcher.compile(signature)
        made = dispatcher.overloads[signature]
        return int(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))

    @intrinsic(prefer_literal=True)
    def few(typingctx, V, R, n, k, width):  # type: ignore[no-untyped-def]
        """Orthonormalise k vectors of one panel by modified Gram-Schmidt, written out; R[i, j] at i k + j as well.

        False, and nothing done, where a vector would keep less than KEPT of its length.
        """
        rows, vectors, count = (number.literal_value for number in (n, k, width))

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            panel = context.make_array(signature.args[0])(context, builder, args[0]).data
            triangle = context.make_array(signature.args[1])(context, builder, args[1]).data

            def at(base: Any, place: int) -> Any:
                return builder.gep(base, [ir.IntType(64)(place)])

            vector = ir.VectorType(DOUBLE, count)
            places = [builder.bitcast(at(panel, i * count), vector.as_pointer()) for i in range(rows)]
            whole = [builder.load(place, align=8) for place in places]
            V = [[Number(builder, builder.extract_element(row, WORD(1 + j))) for row in whole] for j in range(vectors)]
            squares: list[Number] = []
            factors: dict[tuple[int, int], Number] = {}
            found: dict[tuple[int, int], Number] = {}
            kept: Any = None
            for j in range(vectors):  # lengths are not waited for: directions stay as they are until the end
                square = _dot(V[j], V[j])
                before = square
                for m in range(j):
                    before = fma(factors[m, j] * factors[m, j], squares[m], before)
                enough = square > before * KEPT**2
                kept = enough if kept is None else kept & enough
                squares.append(square)
                inverse = 1.0 / square
                for m in range(j + 1, vectors):
                    factors[j, m] = _dot(V[j], V[m]) * inverse
                    V[m] = [fma(-factors[j, m], q, x) for q, x in zip(V[j], V[m], strict=True)]
            for j, square in enumerate(squares):
                found[j, j] = length = sqrt(square)
                inverse = 1.0 / length
                V[j] = [x * inverse for x in V[j]]
                for m in range(j + 1, vectors):
                    found[j, m] = factors[j, m] * length
            with builder.if_then(kept.value, likely=True):
                for i, place in enumerate(places):  # whole rows: loads of a vector wait for stores of its parts
                    row = whole[i]
                    for j in range(vectors):
                        row = builder.insert_element(row, V[j][i].value, WORD(1 + j))
                    builder.store(row, place, align=8)
                for (i, j), value in found.items():
                    builder.store(value.value, at(triangle, i * vectors + j))
            return kept.value

        return types.boolean(V, R, n, k, width), codegen

    def _dot(a: Any, b: Any) -> Number:
        total = a[0] * b[0]
        for x, y in zip(a[1:], b[1:], strict=True):
            total = fma(x, y, total)
        return total
