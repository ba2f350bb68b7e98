"""LU factors of small dense matrices as straight-line machine code, for float64 and for lanes.

Where a loop would choose the pivot by a branch, row k is compared with each later row and the two are exchanged by
selection: the larger leading element stays on top. Lanes need this form, and single numbers take the same one, so that
both have the same bits. P holds a 1 for each exchange that was made.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from numba import types
from numba.extending import intrinsic

from .compile import kernel
from .emit import Emitter, ir, word

SMALL = 8  # unknowns: beyond, the code would be longer than loops are slow

Pair = tuple[Any, Any]  # real and imaginary part; the latter None for real matrices


@cache
def small_kernels(n: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(factorise, solve) for real and for complex matrices of n rows."""

    @intrinsic
    def factorise_real(typingctx, M, P):  # type: ignore[no-untyped-def]
        return types.void(M, P), _generator(n, 1, _eliminate)

    @intrinsic
    def solve_real(typingctx, M, P, b):  # type: ignore[no-untyped-def]
        return types.void(M, P, b), _generator(n, 1, _substitute)

    @intrinsic
    def factorise_both(typingctx, R, I, P):  # type: ignore[no-untyped-def]
        return types.void(R, I, P), _generator(n, 2, _eliminate)

    @intrinsic
    def solve_both(typingctx, R, I, P, b, c):  # type: ignore[no-untyped-def]
        return types.void(R, I, P, b, c), _generator(n, 2, _substitute)

    # one function each, so that a caller with many solves is not as long as all of them
    @kernel(forceinline=False)
    def factorise(M, P):  # type: ignore[no-untyped-def]
        factorise_real(M, P)  # type: ignore[call-arg]

    @kernel(forceinline=False)
    def solve(M, P, b):  # type: ignore[no-untyped-def]
        solve_real(M, P, b)  # type: ignore[call-arg]

    @kernel(forceinline=False)
    def factorise_complex(R, I, P):  # type: ignore[no-untyped-def]
        factorise_both(R, I, P)  # type: ignore[call-arg]

    @kernel(forceinline=False)
    def solve_complex(R, I, P, b, c):  # type: ignore[no-untyped-def]
        solve_both(R, I, P, b, c)  # type: ignore[call-arg]

    return (factorise, solve), (factorise_complex, solve_complex)


class _Arithmetic:
    """Products and differences of real (one part) or complex numbers (two parts)."""

    def __init__(self, emit: Emitter) -> None:
        self.emit, self.builder = emit, emit.builder

    def size(self, a: Pair) -> Any:
        """|re| + |im|."""
        re = self.emit.magnitude(a[0])
        return re if a[1] is None else self.builder.fadd(re, self.emit.magnitude(a[1]))

    def inverse(self, a: Pair) -> Pair:
        """1 / a."""
        one = self.emit.constant(1.0, a[0].type)
        if a[1] is None:
            return self.builder.fdiv(one, a[0]), None
        square = self.builder.fadd(self.builder.fmul(a[0], a[0]), self.builder.fmul(a[1], a[1]))
        return self.builder.fdiv(a[0], square), self.negative(self.builder.fdiv(a[1], square))

    def negative(self, a: Any) -> Any:
        """-a."""
        return self.builder.fneg(a)

    def product(self, a: Pair, b: Pair) -> Pair:
        """a b."""
        if a[1] is None:
            return self.builder.fmul(a[0], b[0]), None
        cross, side = self.builder.fmul(a[1], b[1]), self.builder.fmul(a[1], b[0])
        return self.emit.fma(a[0], b[0], self.negative(cross)), self.emit.fma(a[0], b[1], side)

    def minus_product(self, c: Pair, a: Pair, b: Pair) -> Pair:
        """c - a b."""
        re = self.negative(a[0])
        if a[1] is None:
            return self.emit.fma(re, b[0], c[0]), None
        im = self.negative(a[1])
        return (
            self.emit.fma(re, b[0], self.emit.fma(a[1], b[1], c[0])),
            self.emit.fma(re, b[1], self.emit.fma(im, b[0], c[1])),
        )

    def select(self, condition: Any, a: Pair, b: Pair) -> Pair:
        """a where the condition holds, else b."""
        return (
            self.builder.select(condition, a[0], b[0]),
            None if a[1] is None else self.builder.select(condition, a[1], b[1]),
        )


class _Array:
    """Elements of a flat array, or of two that hold real and imaginary parts."""

    def __init__(self, emit: Emitter, arrays: Any) -> None:
        self.emit = emit
        self.pointers = [emit.pointer(array) for array in arrays]

    def __getitem__(self, index: int) -> Pair:
        parts = [self.emit.load(p, ir.Constant(word, index), self.emit.element) for p in self.pointers]
        return parts[0], parts[1] if len(parts) == 2 else None

    def __setitem__(self, index: int, value: Pair) -> None:
        for pointer, part in zip(self.pointers, value, strict=False):
            self.emit.store(part, pointer, ir.Constant(word, index))


def _generator(n: int, parts: int, write: Callable[..., None]) -> Callable[..., Any]:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder, signature.args[0], args[0], n)
        matrix, marks = _Array(emit, args[:parts]), _Array(emit, args[parts : parts + 1])
        write(n, emit, matrix, marks, _Array(emit, args[parts + 1 :]))
        return context.get_dummy_value()

    return codegen


def _eliminate(n: int, emit: Emitter, matrix: _Array, marks: _Array, _: _Array) -> None:
    do, builder = _Arithmetic(emit), emit.builder
    a = [[matrix[i * n + j] for j in range(n)] for i in range(n)]
    one, zero = emit.constant(1.0, emit.element), emit.constant(0.0, emit.element)
    mark = 0
    for k in range(n):
        for r in range(k + 1, n):
            exchange = builder.fcmp_ordered(">", do.size(a[r][k]), do.size(a[k][k]))
            marks[mark] = builder.select(exchange, one, zero), None
            mark += 1
            for j in range(k, n):
                a[k][j], a[r][j] = do.select(exchange, a[r][j], a[k][j]), do.select(exchange, a[k][j], a[r][j])
        a[k][k] = do.inverse(a[k][k])
        for r in range(k + 1, n):
            a[r][k] = do.product(a[r][k], a[k][k])
            for j in range(k + 1, n):
                a[r][j] = do.minus_product(a[r][j], a[r][k], a[k][j])
    # as `select` moved whole rows from column k on, the multipliers belong to the rows as they lie at step k
    for i in range(n):
        for j in range(n):
            matrix[i * n + j] = a[i][j]


def _substitute(n: int, emit: Emitter, matrix: _Array, marks: _Array, right: _Array) -> None:
    do, builder = _Arithmetic(emit), emit.builder
    b = [right[i] for i in range(n)]
    zero = emit.constant(0.0, emit.element)
    mark = 0
    for k in range(n):
        for r in range(k + 1, n):
            exchange = builder.fcmp_ordered(">", marks[mark][0], zero)
            mark += 1
            b[k], b[r] = do.select(exchange, b[r], b[k]), do.select(exchange, b[k], b[r])
        for r in range(k + 1, n):
            b[r] = do.minus_product(b[r], matrix[r * n + k], b[k])
    for k in range(n - 1, -1, -1):
        for j in range(n - 1, k, -1):
            b[k] = do.minus_product(b[k], matrix[k * n + j], b[j])
        b[k] = do.product(b[k], matrix[k * n + k])
    for i in range(n):
        right[i] = b[i]
