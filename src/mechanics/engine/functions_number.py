"""A number that writes LLVM instructions: kernels of elementary functions are ordinary formulas over it.

    def cube(x):                 x: Number, a double or a vector of doubles
        return x * x * x         emits two multiplications

A kernel runs once, while the caller is compiled, and leaves its instructions in the caller: the same ones for one
member and for many, so the same bits, and no type inference to wait for. Arithmetic is that of the machine, every
operation rounded; a fused multiply-add is one only where `fma` is written. Words (`bits`) wrap around; truth values
combine with & | ~.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from .lane_operators import vector_intrinsic

DOUBLE, WORD = ir.DoubleType(), ir.IntType(64)
MAGIC = 1.5 * 2.0**52  # added to |x| < 2^51, leaves x rounded to even in the low bits


class Number:
    """An LLVM value (double, 64-bit word or truth value; or a vector of these) with Python's operators."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @property
    def element(self) -> Any:
        """LLVM type of one lane."""
        t = self.value.type
        return t.element if isinstance(t, ir.VectorType) else t

    def like(self, element: Any) -> Any:
        """LLVM type with these elements and as many lanes."""
        t = self.value.type
        return ir.VectorType(element, t.count) if isinstance(t, ir.VectorType) else element

    def constant(self, number: float | int | bool, element: Any = None) -> Number:
        """The same number in every lane."""
        t = self.like(self.element if element is None else element)
        if isinstance(t, ir.VectorType):
            return Number(self.builder, ir.Constant(t, [t.element(number)] * t.count))
        return Number(self.builder, t(number))

    def lift(self, other: Number | float | int) -> Any:
        """LLVM value of a number or constant."""
        return other.value if isinstance(other, Number) else self.constant(other).value

    def _emit(self, name: str, other: Number | float | int, *, swap: bool = False) -> Number:
        a, b = self.value, self.lift(other)
        return Number(self.builder, getattr(self.builder, name)(*((b, a) if swap else (a, b))))

    def _arithmetic(self, name: str, other: Any, *, swap: bool = False) -> Number:
        return self._emit(name if self.element == WORD else f"f{name}", other, swap=swap)

    def __add__(self, other: Any) -> Number:
        return self._arithmetic("add", other)

    def __radd__(self, other: Any) -> Number:
        return self._arithmetic("add", other, swap=True)

    def __sub__(self, other: Any) -> Number:
        return self._arithmetic("sub", other)

    def __rsub__(self, other: Any) -> Number:
        return self._arithmetic("sub", other, swap=True)

    def __mul__(self, other: Any) -> Number:
        return self._arithmetic("mul", other)

    def __rmul__(self, other: Any) -> Number:
        return self._arithmetic("mul", other, swap=True)

    def __truediv__(self, other: Any) -> Number:
        return self._emit("fdiv", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self._emit("fdiv", other, swap=True)

    def __neg__(self) -> Number:
        return Number(self.builder, self.builder.fneg(self.value))

    def __and__(self, other: Any) -> Number:
        return self._emit("and_", other)

    def __or__(self, other: Any) -> Number:
        return self._emit("or_", other)

    def __xor__(self, other: Any) -> Number:
        return self._emit("xor", other)

    def __invert__(self) -> Number:
        return Number(self.builder, self.builder.not_(self.value))

    def __lshift__(self, count: int) -> Number:
        return self._emit("shl", count)

    def __rshift__(self, count: int) -> Number:
        return self._emit("lshr", count)

    def _compare(self, sign: str, other: Any, ordered: bool = True) -> Number:
        if self.element == WORD:
            return Number(self.builder, self.builder.icmp_unsigned(sign, self.value, self.lift(other)))
        compare = self.builder.fcmp_ordered if ordered else self.builder.fcmp_unordered
        return Number(self.builder, compare(sign, self.value, self.lift(other)))

    def __lt__(self, other: Any) -> Number:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Number:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Number:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Number:
        return self._compare(">=", other)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", other, ordered=False)

    __hash__ = None  # type: ignore[assignment]  # equality is an instruction


def fma(a: Number, b: Number | float, c: Number | float) -> Number:
    """a b + c, rounded once."""
    return Number(a.builder, vector_intrinsic(a.builder, "fma", a.value, a.lift(b), a.lift(c)))


def sqrt(x: Number) -> Number:
    """Square root, correctly rounded."""
    return Number(x.builder, vector_intrinsic(x.builder, "sqrt", x.value))


def magnitude(x: Number) -> Number:
    """|x|."""
    return Number(x.builder, vector_intrinsic(x.builder, "fabs", x.value))


def with_sign(x: Number, sign: Number) -> Number:
    """|x| with the sign of the other, zeros and NaN included."""
    return Number(x.builder, vector_intrinsic(x.builder, "copysign", x.value, sign.value))


def rounded(x: Number, how: str = "rint") -> Number:
    """x as a whole number: "rint" (half to even), "floor", "ceil" or "trunc"."""
    return Number(x.builder, vector_intrinsic(x.builder, how, x.value))


def select(mask: Number, a: Number | float, b: Number | float) -> Number:
    """a where mask, else b."""
    one = a if isinstance(a, Number) else b
    if not isinstance(one, Number):
        one = mask.constant(0.0, DOUBLE)
    return Number(mask.builder, mask.builder.select(mask.value, one.lift(a), one.lift(b)))


def bits(x: Number) -> Number:
    """The 64 bits of a float."""
    return Number(x.builder, x.builder.bitcast(x.value, x.like(WORD)))


def number(word: Number) -> Number:
    """The float with these 64 bits."""
    return Number(word.builder, word.builder.bitcast(word.value, word.like(DOUBLE)))


def polynomial(x: Number, coefficients: tuple[float, ...]) -> Number:
    """c[0] x^n + ... + c[n] by Horner's rule, fused."""
    result: Any = x.constant(coefficients[0])
    for c in coefficients[1:]:
        result = fma(result, x, c)
    return result


def estrin(x: Number, coefficients: tuple[float, ...]) -> Number:
    """c[0] x^n + ... + c[n] by Estrin's scheme, fused: shorter chains of dependent operations than Horner's."""
    terms: list[Any] = [x.constant(c) for c in reversed(coefficients)]
    while len(terms) > 1:
        pairs = [fma(high, x, low) for low, high in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + ([terms[-1]] if len(terms) % 2 else [])
        x = x * x
    return terms[0]


def two_sum(a: Number, b: Number) -> tuple[Number, Number]:
    """a + b rounded, and what rounding lost (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def fast_two_sum(a: Number, b: Number) -> tuple[Number, Number]:
    """a + b rounded, and what rounding lost, for |a| >= |b| or a = 0 (Dekker)."""
    s = a + b
    return s, b - (s - a)


def two_product(a: Number, b: Number | float) -> tuple[Number, Number]:
    """a b rounded, and what rounding lost."""
    p = a * b
    return p, fma(a, b, -p)
