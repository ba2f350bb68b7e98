"""Elementary functions of duals: the value that numbers have, and derivatives by the chain rule.

    call(name, builder, args)       f of duals and numbers (LLVM values), for the names of `functions`

Rules give f and its slopes as formulas over `Number`. Where a function is constant between jumps its derivative is
zero; where it has a corner, that of the side that Python's own comparison takes.
"""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from . import functions_arc, functions_exp, functions_hyperbolic, functions_log, functions_simple, functions_trig
from .dual_operators import as_dual, chain, number_in, spread
from .dual_type import value_of, with_value
from .functions_number import Number, magnitude, select
from .lane_operators import vector_intrinsic

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


def _sin(x: Number) -> tuple[Number, Any]:
    return functions_trig.sin(x), functions_trig.cos(x)


def _cos(x: Number) -> tuple[Number, Any]:
    return functions_trig.cos(x), -functions_trig.sin(x)


def _tan(x: Number) -> tuple[Number, Any]:
    value = functions_trig.tan(x)
    return value, value * value + 1.0


def _exp(x: Number) -> tuple[Number, Any]:
    value = functions_exp.exp(x)
    return value, value


def _tanh(x: Number) -> tuple[Number, Any]:
    value = functions_hyperbolic.tanh(x)
    return value, 1.0 - value * value


def _sqrt(x: Number) -> tuple[Number, Any]:
    value = functions_simple.sqrt(x)
    return value, 0.5 / value


def _asin(x: Number) -> tuple[Number, Any]:
    return functions_arc.asin(x), 1.0 / functions_simple.sqrt(1.0 - x * x)


def _acos(x: Number) -> tuple[Number, Any]:
    return functions_arc.acos(x), -1.0 / functions_simple.sqrt(1.0 - x * x)


def _fabs(x: Number) -> tuple[Number, Any]:
    return magnitude(x), select(x < 0.0, x.constant(-1.0), x.constant(1.0))


def _flat(function: Callable[[Number], Number]) -> Callable[[Number], tuple[Number, Any]]:
    return lambda x: (function(x), x.constant(0.0))


ONE: dict[str, Callable[[Number], tuple[Number, Any]]] = {
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "exp": _exp,
    "tanh": _tanh,
    "sqrt": _sqrt,
    "asin": _asin,
    "acos": _acos,
    "fabs": _fabs,
    "log": lambda x: (functions_exp.log(x), 1.0 / x),
    "log1p": lambda x: (functions_log.log1p(x), 1.0 / (x + 1.0)),
    "log2": lambda x: (functions_log.log2(x), (1.0 / math.log(2.0)) / x),
    "log10": lambda x: (functions_log.log10(x), (1.0 / math.log(10.0)) / x),
    "expm1": lambda x: (functions_hyperbolic.expm1(x), functions_exp.exp(x)),
    "sinh": lambda x: (functions_hyperbolic.sinh(x), functions_hyperbolic.cosh(x)),
    "cosh": lambda x: (functions_hyperbolic.cosh(x), functions_hyperbolic.sinh(x)),
    "atan": lambda x: (functions_arc.atan(x), 1.0 / (x * x + 1.0)),
    "square": lambda x: (x * x, x * 2.0),
    "floor": _flat(functions_simple.floor),
    "ceil": _flat(functions_simple.ceil),
    "trunc": _flat(functions_simple.trunc),
    "rint": _flat(functions_simple.rint),
    "sign": _flat(functions_simple.sign),
}
# functions without a kernel here: the slope alone, the value comes from the C library
SLOPES: dict[str, Callable[[Number], Any]] = {
    "asinh": lambda x: 1.0 / functions_simple.sqrt(x * x + 1.0),
    "acosh": lambda x: 1.0 / functions_simple.sqrt(x * x - 1.0),
    "atanh": lambda x: 1.0 / (1.0 - x * x),
    "erf": lambda x: functions_exp.exp(-(x * x)) * TWO_OVER_ROOT_PI,
    "erfc": lambda x: functions_exp.exp(-(x * x)) * -TWO_OVER_ROOT_PI,
}


def _atan2(y: Number, x: Number) -> tuple[Number, Any, Any]:
    square = y * y + x * x
    return functions_arc.atan2(y, x), x / square, -y / square


def _hypot(x: Number, y: Number) -> tuple[Number, Any, Any]:
    value = functions_arc.hypot(x, y)
    return value, x / value, y / value


def _power(x: Number, y: Number) -> tuple[Number, Any, Any]:
    value = functions_exp.power(x, y)
    return value, y * functions_exp.power(x, y - 1.0), value * functions_exp.log(x)


TWO: dict[str, Callable[[Number, Number], tuple[Number, Any, Any]]] = {
    "atan2": _atan2,
    "hypot": _hypot,
    "power": _power,
}
TESTS = {"isnan": functions_simple.isnan, "isinf": functions_simple.isinf, "isfinite": functions_simple.isfinite}
CHOICES = ("minimum", "maximum", "copysign")


def known(name: str) -> bool:
    """Whether `call` takes this name."""
    return name in ONE or name in SLOPES or name in TWO or name in TESTS or name in CHOICES


def call(name: str, builder: Any, args: Any, scalar: Any = None) -> Any:
    """A function of duals and numbers; `scalar(number)` is the value of one that has no kernel."""
    numbers = [Number(builder, number_in(builder, a)) for a in args]
    if name in TESTS:
        return TESTS[name](*numbers).value
    if name in CHOICES:
        return _choose(name, builder, args, numbers)
    if name in SLOPES:
        return chain(builder, args[0], scalar(numbers[0].value), SLOPES[name](numbers[0]).value)
    if name in ONE:
        value, slope = ONE[name](numbers[0])
        return chain(builder, args[0], value.value, slope.value)
    value, *slopes = TWO[name](*numbers)
    total = None
    for arg, slope in zip(args, slopes, strict=True):
        if isinstance(arg.type, ir.VectorType):
            factor = spread(builder, slope.value, arg)
            total = builder.fmul(factor, arg) if total is None else vector_intrinsic(builder, "fma", factor, arg, total)
    return with_value(builder, total, value.value)


def _choose(name: str, builder: Any, args: Any, numbers: Any) -> Any:
    like = next(a for a in args if isinstance(a.type, ir.VectorType))
    a, b = (as_dual(builder, x, like) for x in args)
    if name == "copysign":
        value = functions_simple.copysign(*numbers)
        same = Number(builder, value_of(builder, a)) == value
        return with_value(builder, builder.select(same.value, a, builder.fneg(a)), value.value)
    first, second = numbers
    beyond = first < second if name == "minimum" else first > second
    return builder.select((beyond | (first != first)).value, a, b)


def half_power(builder: Any, x: Any, twice: int) -> Any:
    """x ** (twice / 2)."""
    number = Number(builder, value_of(builder, x))
    value = functions_exp.half_power(number, twice)
    return chain(builder, x, value.value, (value / number * (twice / 2.0)).value)


def negative_power(builder: Any, x: Any, exponent: int) -> Any:
    """x to a constant whole power < 0: products and one division."""
    number = Number(builder, value_of(builder, x))
    result, left, square = number.constant(1.0), -exponent, number
    while left:
        if left & 1:
            result = result * square
        left >>= 1
        square = square * square
    value = 1.0 / result
    return chain(builder, x, value.value, (value / number * float(exponent)).value)
