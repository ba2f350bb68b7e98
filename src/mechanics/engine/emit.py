"""Straight-line machine code for linear combinations of stage arrays, written component by component.

Numba would compile the sums of a Runge-Kutta step from loops over a coefficient array: zeros are multiplied, short
loops stay loops, and a hundred type inferences cost seconds. Here the sums are emitted as LLVM instructions when
the method is bound: one fused multiply-add a non-zero coefficient, the newest stage last (the shortest dependency).

Arrays hold float64 or lane vectors. Up to `UNROLL` components are written out, so that LLVM keeps them in registers;
beyond, float64 arrays are walked four components at a time. The result does not depend on which form is taken.
"""

from collections.abc import Callable, Iterable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

UNROLL = 8
QUAD = 4  # float64 values in one AVX2 register

double = ir.DoubleType()
word = ir.IntType(64)


class Emitter:
    """Writes arithmetic on components of arrays of one element type at the position of an LLVM builder."""

    def __init__(self, context: Any, builder: Any, array_type: Any, array: Any, n: int | None) -> None:
        self.context, self.builder = context, builder
        self.array_type = array_type
        self.element = context.get_value_type(array_type.dtype)
        self.n = n
        if n is None:
            self.length = builder.extract_value(context.make_array(array_type)(context, builder, array).shape, 0)
        else:
            self.length = ir.Constant(word, n)

    def pointer(self, array: Any) -> Any:
        """Address of the first element of a numba array value."""
        data = self.context.make_array(self.array_type)(self.context, self.builder, array).data
        return self.builder.bitcast(data, self.element.as_pointer())

    def constant(self, value: float, like: Any) -> Any:
        """`value`, repeated if `like` is a vector type."""
        return ir.Constant(like, [value] * like.count) if isinstance(like, ir.VectorType) else ir.Constant(like, value)

    def spread(self, scalar: Any, like: Any) -> Any:
        """A run-time float64 (or a value that is already of type `like`) as type `like`."""
        if scalar.type == like:
            return scalar
        vector = self.builder.insert_element(ir.Constant(like, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), like.count), [0] * like.count)
        return self.builder.shuffle_vector(vector, ir.Constant(like, ir.Undefined), mask)

    def intrinsic(self, name: str, *args: Any) -> Any:
        """Call llvm.<name> on floats or vectors of one type."""
        kind = args[0].type
        suffix = f"v{kind.count}f64" if isinstance(kind, ir.VectorType) else "f64"
        declared = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * len(args)), f"llvm.{name}.{suffix}"
        )
        return self.builder.call(declared, args)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def load(self, pointer: Any, index: Any, kind: Any) -> Any:
        """The element at `index`, or as many as `kind` holds from there on."""
        return self.builder.load(self._at(pointer, index, kind), align=8)

    def store(self, value: Any, pointer: Any, index: Any) -> None:
        """Inverse of `load`."""
        self.builder.store(value, self._at(pointer, index, value.type), align=8)

    def load_floats(self, pointer: Any, index: Any, kind: Any) -> Any:
        """As `load`, from an array of float64 whatever the element type of the others is."""
        if self.element == double:
            return self.load(pointer, index, kind)
        return self.spread(self.builder.load(self.builder.gep(pointer, [index]), align=8), kind)

    def magnitude(self, value: Any) -> Any:
        """|value|."""
        return self.intrinsic("fabs", value)

    def slots(self, array: Any, count: int) -> list[Any]:
        """Addresses of `count` vectors of `length` components that follow each other in one array."""
        start = self.pointer(array)
        return [self.builder.gep(start, [self.builder.mul(ir.Constant(word, j), self.length)]) for j in range(count)]

    def like(self, array: Any, pointer: Any) -> Any:
        """The numba array value `array` with its data elsewhere."""
        made = self.context.make_array(self.array_type)(self.context, self.builder, array)
        made.data = self.builder.bitcast(pointer, made.data.type)
        return made._getvalue()

    def accumulators(self) -> Any:
        """Four running sums, zero: component m belongs to sum m mod 4, whichever form the loop takes."""
        memory = cgutils.alloca_once(self.builder, self.element, size=QUAD)
        for q in range(QUAD):
            self.builder.store(
                self.constant(0.0, self.element), self.builder.gep(memory, [ir.Constant(word, q)]), align=8
            )
        return memory

    def accumulate(self, memory: Any, index: Any, factor: Any, term: Any) -> None:
        """sum += term; sum += factor^2, for the sums of the components from `index` on."""
        slot = self.builder.and_(index, ir.Constant(word, QUAD - 1))
        before = self.load(memory, slot, factor.type)
        self.store(self.fma(factor, factor, self.builder.fadd(before, term)), memory, slot)

    def total(self, memory: Any) -> Any:
        """The four sums added up."""
        a, b, c, d = (self.load(memory, ir.Constant(word, q), self.element) for q in range(QUAD))
        return self.builder.fadd(self.builder.fadd(a, b), self.builder.fadd(c, d))

    def _at(self, pointer: Any, index: Any, kind: Any) -> Any:
        address = self.builder.gep(pointer, [index])
        return address if kind == self.element else self.builder.bitcast(address, kind.as_pointer())

    def combination(self, terms: Iterable[tuple[float, Any]], index: Any, kind: Any) -> Any:
        """sum of coefficient * array[index], zero coefficients left out; None if nothing is left."""
        total = None
        for coefficient, pointer in terms:
            if coefficient == 0.0:
                continue
            value = self.load(pointer, index, kind)
            factor = self.constant(coefficient, kind)
            total = self.builder.fmul(factor, value) if total is None else self.fma(factor, value, total)
        return total

    def for_components(self, body: Callable[[Any, Any], None]) -> None:
        """Run `body(index, kind)` so that every component is covered once."""
        builder = self.builder
        if self.n is not None and self.n <= UNROLL:
            for m in range(self.n):
                body(ir.Constant(word, m), self.element)
            return
        if self.element != double:
            with cgutils.for_range(builder, self.length) as loop:
                body(loop.index, self.element)
            return
        quads = builder.and_(self.length, ir.Constant(word, -QUAD))
        with cgutils.for_range_slice(builder, ir.Constant(word, 0), quads, ir.Constant(word, QUAD), inc=True) as (i, _):
            body(i, ir.VectorType(double, QUAD))
        with cgutils.for_range_slice(builder, quads, self.length, ir.Constant(word, 1), inc=True) as (i, _):
            body(i, double)
