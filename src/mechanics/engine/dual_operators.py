"""What Python's operators do with duals: the float64 operation on the number, the chain rule on its derivatives.

    (a, a') + (b, b') = (a + b, a' + b')           (a, a') (b, b') = (a b, a b' + b a')
    (a, a') / (b, b') = (q, (a' - q b') / b), q = a / b

The number has the bits that the same formula has without derivatives. Comparisons look at the number alone.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from .dual_type import Dual, constant_dual, value_of, with_value
from .lane_operators import vector_intrinsic
from .lane_type import is_real, splat


def dual_among(args: tuple[Any, ...]) -> Dual | None:
    """The type of duals among arguments that are duals or numbers; None if there is none, or anything else."""
    duals = {a for a in args if isinstance(a, Dual)}
    others = [a for a in args if not isinstance(a, Dual)]
    return duals.pop() if len(duals) == 1 and all(is_real(a) for a in others) else None


def spread(builder: Any, number: Any, like: Any) -> Any:
    """A float64 in every place of a vector like this one."""
    return splat(builder, number, like.type.count)


def chain(builder: Any, x: Any, value: Any, slope: Any) -> Any:
    """f(x) from f and f' at its number."""
    return with_value(builder, builder.fmul(spread(builder, slope, x), x), value)


def add(builder: Any, a: Any, b: Any) -> Any:
    """a + b; either may be a number."""
    if a.type == b.type:
        return builder.fadd(a, b)
    dual, number = (a, b) if isinstance(a.type, ir.VectorType) else (b, a)
    return with_value(builder, dual, builder.fadd(value_of(builder, dual), number))


def subtract(builder: Any, a: Any, b: Any) -> Any:
    """a - b; either may be a number."""
    if a.type == b.type:
        return builder.fsub(a, b)
    if isinstance(a.type, ir.VectorType):
        return with_value(builder, a, builder.fsub(value_of(builder, a), b))
    return builder.fsub(constant_dual(builder, a, b.type.count), b)


def multiply(builder: Any, a: Any, b: Any) -> Any:
    """A product; either may be a number."""
    if a.type != b.type:
        dual, number = (a, b) if isinstance(a.type, ir.VectorType) else (b, a)
        return builder.fmul(spread(builder, number, dual), dual)
    first, second = value_of(builder, a), value_of(builder, b)
    rest = builder.fmul(spread(builder, second, a), a)
    both = vector_intrinsic(builder, "fma", spread(builder, first, b), b, rest)
    return with_value(builder, both, builder.fmul(first, second))


def divide(builder: Any, a: Any, b: Any) -> Any:
    """A quotient; either may be a number."""
    if not isinstance(b.type, ir.VectorType):
        return builder.fdiv(a, spread(builder, b, a))
    below = value_of(builder, b)
    if not isinstance(a.type, ir.VectorType):
        quotient = builder.fdiv(a, below)
        return chain(builder, b, quotient, builder.fneg(builder.fdiv(quotient, below)))
    quotient = builder.fdiv(value_of(builder, a), below)
    inverse = builder.fdiv(ir.Constant(below.type, 1.0), below)
    rest = vector_intrinsic(builder, "fma", spread(builder, builder.fneg(quotient), b), b, a)
    return with_value(builder, builder.fmul(rest, spread(builder, inverse, b)), quotient)


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, the number rounded once; any of them may be a number."""
    numbers = [number_in(builder, x) for x in (a, b, c)]
    value = vector_intrinsic(builder, "fma", *numbers)
    like = next(x for x in (a, b, c) if isinstance(x.type, ir.VectorType))
    total = as_dual(builder, c, like)
    for factor, x in ((numbers[1], a), (numbers[0], b)):
        if isinstance(x.type, ir.VectorType):
            total = vector_intrinsic(builder, "fma", spread(builder, factor, x), x, total)
    return with_value(builder, total, value)


def _real(t: Any) -> Any:
    return t if isinstance(t, Dual) else types.float64


def _register(op: Any, emit: Any, inputs: int, result: Any = None) -> None:
    """Type `op` for `inputs` numbers, one of them a dual; lower it by emit(context, builder, args)."""

    @infer_global(op)
    class OfDuals(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            dual = dual_among(args)
            if dual is None or kws or len(args) != inputs:
                return None
            return signature(result or dual, *map(_real, args))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(context, builder, args)

    kinds = (Dual, types.Float)
    for combination in [(Dual,)] if inputs == 1 else [(a, b) for a in kinds for b in kinds if Dual in (a, b)]:
        lower_builtin(op, *combination)(lower)


def _plain(emit: Any) -> Any:
    return lambda context, builder, args: emit(builder, *args)


_op: Any
for _op, _inplace, _emit in (
    (operator.add, operator.iadd, add),
    (operator.sub, operator.isub, subtract),
    (operator.mul, operator.imul, multiply),
    (operator.truediv, operator.itruediv, divide),
):
    _register(_op, _plain(_emit), 2)
    _register(_inplace, _plain(_emit), 2)


def number_in(builder: Any, value: Any) -> Any:
    """The number of a dual, or a number itself."""
    return value_of(builder, value) if isinstance(value.type, ir.VectorType) else value


def as_dual(builder: Any, value: Any, like: Any) -> Any:
    """A dual as it is; a number with zero derivatives."""
    return value if isinstance(value.type, ir.VectorType) else constant_dual(builder, value, like.type.count)


def _scalar(context: Any, builder: Any, op: Any, args: Any) -> Any:
    function = context.get_function(op, signature(types.float64, *(types.float64,) * len(args)))
    return function(builder, [number_in(builder, a) for a in args])


def _whole_part(op: Any) -> Any:
    def emit(context: Any, builder: Any, args: Any) -> Any:
        width = next(a.type.count for a in args if isinstance(a.type, ir.VectorType))
        return constant_dual(builder, _scalar(context, builder, op, args), width)

    return emit


def _remainder(context: Any, builder: Any, args: Any) -> Any:
    """a % b = a - floor(a / b) b."""
    a, b = args
    value = _scalar(context, builder, operator.mod, args)
    if not isinstance(b.type, ir.VectorType):
        return with_value(builder, a, value)
    whole = _scalar(context, builder, operator.floordiv, args)
    product = builder.fmul(spread(builder, whole, b), b)
    return with_value(builder, builder.fsub(as_dual(builder, a, b), product), value)


for _op, _inplace in ((operator.mod, operator.imod), (operator.floordiv, operator.ifloordiv)):
    _emit: Any = _remainder if _op is operator.mod else _whole_part(_op)  # type: ignore[no-redef]
    _register(_op, _emit, 2)
    _register(_inplace, _emit, 2)


def _compare(sign: str) -> Any:
    def emit(context: Any, builder: Any, args: Any) -> Any:
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return compare(sign, *(number_in(builder, a) for a in args))

    return emit


for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _register(_op, _compare(_sign), 2, types.boolean)


def _negate(context: Any, builder: Any, args: Any) -> Any:
    return builder.fneg(args[0])


def _magnitude(context: Any, builder: Any, args: Any) -> Any:
    x = args[0]
    number = value_of(builder, x)
    below = builder.fcmp_ordered("<", number, ir.Constant(number.type, 0.0))
    either = builder.select(below, builder.fneg(x), x)
    return with_value(builder, either, vector_intrinsic(builder, "fabs", number))


_register(operator.neg, _negate, 1)
_register(operator.pos, lambda context, builder, args: args[0], 1)
_register(abs, _magnitude, 1)
_register(bool, lambda context, builder, args: _compare("!=")(context, builder, (args[0], ir.DoubleType()(0.0))), 1,
          types.boolean)  # fmt: skip


def _extremum(op: Any, sign: str) -> None:
    """Python's min ("<") or max (">"): the running value yields only to one that compares beyond it."""

    @infer_global(op)
    class Extremum(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            dual = dual_among(args)
            return None if dual is None or kws or len(args) < 2 else signature(dual, *(dual,) * len(args))

    @lower_builtin(op, Dual, types.VarArg(Dual))
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        running = args[0]
        for value in args[1:]:
            beyond = builder.fcmp_ordered(sign, value_of(builder, value), value_of(builder, running))
            running = builder.select(beyond, value, running)
        return running


_extremum(min, "<")
_extremum(max, ">")


def whole_power(builder: Any, x: Any, exponent: int) -> Any:
    """x to a constant whole power >= 0, by numba's products."""
    number = value_of(builder, x)
    value, below = _products(builder, number, exponent), _products(builder, number, max(exponent - 1, 0))
    slope = builder.fmul(ir.Constant(number.type, float(exponent)), below)
    return chain(builder, x, value, slope)


def _products(builder: Any, value: Any, exponent: int) -> Any:
    result, left = ir.Constant(value.type, 1.0), exponent
    while left:
        if left & 1:
            result = builder.fmul(result, value)
        left >>= 1
        if left:
            value = builder.fmul(value, value)
    return result


class _Power(AbstractTemplate):
    """dual ** constant whole number >= 0; `functions.power` has the others."""

    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) != 2 or not isinstance(args[0], Dual) or kws:
            return None
        exponent = args[1]
        if isinstance(exponent, types.IntegerLiteral) and exponent.literal_value >= 0:
            return signature(args[0], args[0], exponent)
        return None


for _op in (operator.pow, operator.ipow, pow):
    infer_global(_op)(type("Power", (_Power,), {"key": _op}))

    @lower_builtin(_op, Dual, types.IntegerLiteral)
    def _lower_power(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return whole_power(builder, args[0], sig.args[1].literal_value)
