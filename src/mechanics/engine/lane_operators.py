"""What Python's operators and numeric built-ins do with lanes: the scalar float64 operation in every lane, to the bit.

Numba's own scalar rules are followed where they are peculiar: integer powers are the same products in the same order,
`min` and `max` keep the running value unless the next one compares beyond it (so NaN behaves as in Python), and what
has no vector instruction (`//`, `%`, `round`) calls the scalar operation lane by lane.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from .lane_type import Lanes, Mask, is_real

I32 = ir.IntType(32)


def widest(args: tuple[Any, ...]) -> Lanes | None:
    """The type of lanes among arguments that are lanes or numbers; None if there is none, or anything else."""
    lanes = {a for a in args if isinstance(a, Lanes)}
    others = [a for a in args if not isinstance(a, Lanes)]
    return lanes.pop() if len(lanes) == 1 and all(is_real(a) for a in others) else None


def lane_by_lane(builder: Any, scalar: Callable[[list[Any]], Any], args: list[Any]) -> Any:
    """Vector of scalar(args of one lane), for operations that have no vector form."""
    width = args[0].type.count
    result = None
    for i in range(width):
        value = scalar([builder.extract_element(a, I32(i)) for a in args])
        if result is None:
            result = ir.Constant(ir.VectorType(value.type, width), ir.Undefined)
        result = builder.insert_element(result, value, I32(i))
    return result


def vector_intrinsic(builder: Any, name: str, *args: Any) -> Any:
    """Call `llvm.<name>` on scalars or vectors, all of one type."""
    t = args[0].type
    suffix = f"v{t.count}f64" if isinstance(t, ir.VectorType) else "f64"
    function = builder.module.declare_intrinsic(f"llvm.{name}.{suffix}", fnty=ir.FunctionType(t, [t] * len(args)))
    return builder.call(function, args)


def _elementwise(op: Any, emit: Any, inputs: int, result: Callable[[Lanes], Any] = lambda lanes: lanes) -> None:
    """Type `op` for `inputs` numbers (0: two or more), one of them lanes; lower it by emit(context, builder, args)."""

    @infer_global(op)
    class Elementwise(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            lanes = widest(args)
            if lanes is None or kws or (len(args) != inputs if inputs else len(args) < 2):
                return None
            return signature(result(lanes), *(lanes,) * len(args))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(context, builder, args)

    lower_builtin(op, *(Lanes,) * inputs if inputs else (Lanes, types.VarArg(Lanes)))(lower)


def _scalar_call(op: Any) -> Any:
    def emit(context: Any, builder: Any, args: Any) -> Any:
        sig = signature(types.float64, *(types.float64,) * len(args))
        scalar = context.get_function(op, sig)
        return lane_by_lane(builder, lambda lane: scalar(builder, lane), args)

    return emit


def _binary(name: str) -> Any:
    return lambda context, builder, args: getattr(builder, name)(*args)


_op: Any
for _op, _inplace, _name in (
    (operator.add, operator.iadd, "fadd"),
    (operator.sub, operator.isub, "fsub"),
    (operator.mul, operator.imul, "fmul"),
    (operator.truediv, operator.itruediv, "fdiv"),
):
    _elementwise(_op, _binary(_name), 2)
    _elementwise(_inplace, _binary(_name), 2)

for _op, _inplace in ((operator.mod, operator.imod), (operator.floordiv, operator.ifloordiv)):
    _elementwise(_op, _scalar_call(_op), 2)
    _elementwise(_inplace, _scalar_call(_op), 2)


def _compare(sign: str, ordered: bool) -> Any:
    if ordered:
        return lambda context, builder, args: builder.fcmp_ordered(sign, *args)
    return lambda context, builder, args: builder.fcmp_unordered(sign, *args)


for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _elementwise(_op, _compare(_sign, _sign != "!="), 2, lambda lanes: Mask(lanes.width))


def _negate(context: Any, builder: Any, args: Any) -> Any:
    minus_zero = ir.Constant(args[0].type, [ir.DoubleType()(-0.0)] * args[0].type.count)
    return builder.fsub(minus_zero, args[0])  # as numba negates a float64


def _intrinsic(name: str) -> Any:
    return lambda context, builder, args: vector_intrinsic(builder, name, *args)


_elementwise(operator.neg, _negate, 1)
_elementwise(operator.pos, lambda context, builder, args: args[0], 1)
for _op, _name in ((abs, "fabs"), (math.fabs, "fabs"), (math.sqrt, "sqrt")):
    _elementwise(_op, _intrinsic(_name), 1)
_elementwise(math.copysign, _intrinsic("copysign"), 2)


def extremum(builder: Any, sign: str, args: Any) -> Any:
    """Python's min ("<") or max (">"): the running value yields only to one that compares beyond it."""
    running = args[0]
    for value in args[1:]:
        running = builder.select(builder.fcmp_ordered(sign, value, running), value, running)
    return running


_elementwise(min, lambda context, builder, args: extremum(builder, "<", args), 0)
_elementwise(max, lambda context, builder, args: extremum(builder, ">", args), 0)


@infer_global(round)
class _Round(AbstractTemplate):
    key = round

    def generic(self, args: Any, kws: Any) -> Any:
        """To a number of digits; to an integer is left to the scalar engine (lanes have no integers)."""
        if len(args) == 2 and isinstance(args[0], Lanes) and isinstance(args[1], types.Integer):
            return signature(args[0], args[0], types.int64)
        return None


@lower_builtin(round, Lanes, types.Integer)
def _lower_round(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    scalar = context.get_function(round, signature(types.float64, types.float64, types.int64))
    return lane_by_lane(builder, lambda lane: scalar(builder, (lane[0], args[1])), [args[0]])


class _Power(AbstractTemplate):
    """lanes ** integer as numba's float64 ** integer; every other power by the scalar C function, lane by lane."""

    def generic(self, args: Any, kws: Any) -> Any:
        lanes = widest(args)
        if lanes is None or len(args) != 2:
            return None
        if isinstance(args[1], types.Integer):
            return signature(lanes, lanes, types.int64)
        return signature(lanes, lanes, lanes)


def _constant_power(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    exponent = sig.args[1].literal_value
    if abs(exponent) > 0x10000:
        raise NotImplementedError  # the loop below, then
    value, one = args[0], ir.Constant(args[0].type, [ir.DoubleType()(1.0)] * args[0].type.count)
    result, left = one, abs(exponent)
    while left:
        if left & 1:
            result = builder.fmul(result, value)
        left >>= 1
        value = builder.fmul(value, value)
    return builder.fdiv(one, result) if exponent < 0 else result


def _integer_power(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    scalar = context.get_function(operator.pow, signature(types.float64, types.float64, types.int64))
    return lane_by_lane(builder, lambda lane: scalar(builder, (lane[0], args[1])), [args[0]])


def _float_power(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _scalar_call(operator.pow)(context, builder, args)


for _op in (operator.pow, operator.ipow, pow):
    infer_global(_op)(type("Power", (_Power,), {"key": _op}))
    lower_builtin(_op, Lanes, types.IntegerLiteral)(_constant_power)
    lower_builtin(_op, Lanes, types.Integer)(_integer_power)
    lower_builtin(_op, Lanes, Lanes)(_float_power)


def _logic(op: Any, name: str) -> None:
    @infer_global(op)
    class Logic(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            masks = {a for a in args if isinstance(a, Mask)}
            if len(args) != 2 or len(masks) != 1 or not all(isinstance(a, (Mask, types.Boolean)) for a in args):
                return None
            mask = masks.pop()
            return signature(mask, mask, mask)

    @lower_builtin(op, Mask, Mask)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)


for _op, _inplace, _name in (
    (operator.and_, operator.iand, "and_"),
    (operator.or_, operator.ior, "or_"),
    (operator.xor, operator.ixor, "xor"),
):
    _logic(_op, _name)
    _logic(_inplace, _name)


class _Not(AbstractTemplate):
    """`~mask`, and `not mask`, which both negate each lane (`~` of one truth value would be an integer)."""

    def generic(self, args: Any, kws: Any) -> Any:
        return signature(args[0], args[0]) if len(args) == 1 and isinstance(args[0], Mask) else None


for _op in (operator.invert, operator.not_):
    infer_global(_op)(type("Not", (_Not,), {"key": _op}))

    @lower_builtin(_op, Mask)
    def _lower_not(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.not_(args[0])
