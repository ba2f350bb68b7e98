"""Elementary functions for numbers and lanes, with the same bits for both, and what they replace in a user's function.

    sin, cos, tan, exp, log, power, ...      kernels without branches, of the machine's arithmetic alone
    erf, gamma, asinh, ...                   the C library, lane by lane

Each is a numba intrinsic that takes float64, whole numbers or lanes; for anything else (arrays, complex numbers,
float32) it is the function that it replaces. `REPLACED` maps `math.sin`, `numpy.sin`, ... to them; `adopt` puts them
in place.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.core.errors import TypingError
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from . import (
    dual_functions,
    functions_arc,
    functions_exp,
    functions_hyperbolic,
    functions_log,
    functions_simple,
    functions_trig,
)
from .dual_operators import dual_among, whole_power
from .dual_type import Dual
from .functions_number import Number
from .lane_operators import lane_by_lane, widest
from .lane_type import Lanes, Mask

MOST_PRODUCTS = 64  # integer powers up to here are products; numba's own limit is 65536, with a loop beyond
REPLACED: dict[Any, tuple[Any, int]] = {}  # the function users write -> (ours, number of arguments)


def elementary(kernel: Callable[..., Number], *originals: Any, gives_mask: bool = False) -> Any:
    """An intrinsic that runs `kernel` on numbers and lanes, and is the first of `originals` for other types.

    Parameters
    ----------
    kernel : function
        Of one or two `Number`s.
    *originals
        Functions of `math` and `numpy` that it replaces.
    gives_mask : bool
        The kernel returns truth values.
    """
    return _intrinsic(kernel.__name__, kernel.__code__.co_argcount, originals, kernel, gives_mask)


def by_lane(*originals: Any) -> Any:
    """An intrinsic for a function of one number that has no kernel here: the original one, lane by lane."""
    return _intrinsic(originals[0].__name__, 1, originals, None, False)


def _intrinsic(
    name: str, inputs: int, originals: tuple[Any, ...], kernel: Callable[..., Number] | None, gives_mask: bool
) -> Any:
    def resolve(typingctx: Any, args: tuple[Any, ...]) -> Any:
        if dual_functions.known(name) and dual_among(args) is not None:
            return _of_duals(typingctx, name, originals[0], args, gives_mask)
        number: Any = widest(args)
        if number is None and all(a == types.float64 or isinstance(a, types.Integer) for a in args):
            number = types.float64
        if number is None or (kernel is None and number == types.float64):
            return next(filter(None, (_original(typingctx, o, args) for o in originals)), None)
        result = number if not gives_mask else Mask(number.width) if isinstance(number, Lanes) else types.boolean

        def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
            if kernel is not None:
                return kernel(*(Number(builder, v) for v in values)).value
            function = typingctx.resolve_value_type(originals[0])
            wanted = typingctx.resolve_function_type(function, (types.float64,), {})  # makes the overload, if it is one
            scalar = context.get_function(function, wanted)
            return lane_by_lane(builder, lambda lane: scalar(builder, lane), values)

        return signature(result, *(number,) * inputs), codegen

    if inputs == 1:

        def typed1(typingctx, x):  # type: ignore[no-untyped-def]
            return resolve(typingctx, (x,))

        typed: Any = typed1
    else:

        def typed2(typingctx, x, y):  # type: ignore[no-untyped-def]
            return resolve(typingctx, (x, y))

        typed = typed2
    typed.__name__ = name
    typed.__doc__ = kernel.__doc__ if kernel is not None else f"{originals[0].__module__}.{name}."
    ours = intrinsic(typed)
    for original in originals:
        REPLACED[original] = ours, inputs
    return ours


def _of_duals(typingctx: Any, name: str, original: Any, args: tuple[Any, ...], gives_mask: bool) -> Any:
    """Typing and lowering of a function for duals."""
    reals = tuple(a if isinstance(a, Dual) else types.float64 for a in args)

    def codegen(context: Any, builder: Any, _: Any, values: Any) -> Any:
        def scalar(value: Any) -> Any:
            function = typingctx.resolve_value_type(original)
            wanted = typingctx.resolve_function_type(function, (types.float64,), {})
            return context.get_function(function, wanted)(builder, (value,))

        return dual_functions.call(name, builder, values, scalar)

    return signature(types.boolean if gives_mask else dual_among(args), *reals), codegen


def _original(typingctx: Any, original: Any, args: tuple[Any, ...]) -> Any:
    """Typing and lowering of the replaced function for these types; None where it does not take them."""
    function_type = typingctx.resolve_value_type(original)
    try:
        sig = typingctx.resolve_function_type(function_type, args, {})
    except TypingError:
        return None
    if sig is None:
        return None

    def codegen(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return context.get_function(function_type, sig)(builder, values)

    return signature(sig.return_type, *sig.args), codegen


sin = elementary(functions_trig.sin, math.sin, np.sin)
cos = elementary(functions_trig.cos, math.cos, np.cos)
tan = elementary(functions_trig.tan, math.tan, np.tan)
exp = elementary(functions_exp.exp, math.exp, np.exp)
log = elementary(functions_exp.log, math.log, np.log)
log1p = elementary(functions_log.log1p, math.log1p, np.log1p)
log2 = elementary(functions_log.log2, math.log2, np.log2)
log10 = elementary(functions_log.log10, math.log10, np.log10)
expm1 = elementary(functions_hyperbolic.expm1, math.expm1, np.expm1)
sinh = elementary(functions_hyperbolic.sinh, math.sinh, np.sinh)
cosh = elementary(functions_hyperbolic.cosh, math.cosh, np.cosh)
tanh = elementary(functions_hyperbolic.tanh, math.tanh, np.tanh)
asin = elementary(functions_arc.asin, math.asin, np.arcsin)
acos = elementary(functions_arc.acos, math.acos, np.arccos)
atan = elementary(functions_arc.atan, math.atan, np.arctan)
atan2 = elementary(functions_arc.atan2, math.atan2, np.arctan2)
hypot = elementary(functions_arc.hypot, math.hypot, np.hypot)
sqrt = elementary(functions_simple.sqrt, math.sqrt, np.sqrt)
fabs = elementary(functions_simple.fabs, math.fabs, np.abs, np.fabs)
floor = elementary(functions_simple.floor, np.floor)
ceil = elementary(functions_simple.ceil, np.ceil)
trunc = elementary(functions_simple.trunc, np.trunc)
rint = elementary(functions_simple.rint, np.rint)
sign = elementary(functions_simple.sign, np.sign)
square = elementary(functions_simple.square, np.square)
copysign = elementary(functions_simple.copysign, math.copysign, np.copysign)
minimum = elementary(functions_simple.minimum, np.minimum)
maximum = elementary(functions_simple.maximum, np.maximum)
asinh = by_lane(math.asinh, np.arcsinh)
acosh = by_lane(math.acosh, np.arccosh)
atanh = by_lane(math.atanh, np.arctanh)
erf = by_lane(math.erf)
erfc = by_lane(math.erfc)
gamma = by_lane(math.gamma)
lgamma = by_lane(math.lgamma)
cbrt = by_lane(np.cbrt)
exp2 = by_lane(np.exp2)
isnan = elementary(functions_simple.isnan, math.isnan, np.isnan, gives_mask=True)
isinf = elementary(functions_simple.isinf, math.isinf, np.isinf, gives_mask=True)
isfinite = elementary(functions_simple.isfinite, math.isfinite, np.isfinite, gives_mask=True)


@intrinsic(prefer_literal=True)
def power(typingctx, x, y):  # type: ignore[no-untyped-def]
    """x ** y. A constant whole y gives numba's products, one division for y < 0; whole numbers as y likewise."""
    if dual_among((x, y)) is not None:
        return _power_of_duals(x, y)
    number = widest((x, y)) or types.float64
    if isinstance(y, types.IntegerLiteral) and (x == number) and abs(y.literal_value) <= MOST_PRODUCTS:
        return number(x, y), _products(y.literal_value)
    reals = (x == number or isinstance(x, types.Integer)) and (y == number or y == types.float64)
    if isinstance(y, types.Integer) or not reals:
        return _original(typingctx, operator.pow, (types.unliteral(x), types.unliteral(y)))

    def codegen(context, builder, sig, values):  # type: ignore[no-untyped-def]
        return functions_exp.power(*(Number(builder, v) for v in values)).value

    return number(number, number), codegen


def _power_of_duals(x: Any, y: Any) -> Any:
    dual = dual_among((x, y))
    if isinstance(y, types.IntegerLiteral) and abs(y.literal_value) <= MOST_PRODUCTS:
        exponent = y.literal_value
        emit = dual_functions.negative_power if exponent < 0 else whole_power
        return dual(x, y), lambda context, builder, sig, values: emit(builder, values[0], exponent)  # type: ignore[misc]
    reals = [t if isinstance(t, Dual) else types.float64 for t in (x, y)]
    return dual(*reals), lambda context, builder, sig, values: dual_functions.call("power", builder, values)  # type: ignore[misc]


def _products(exponent: int) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        value = Number(builder, values[0])
        result, left = value.constant(1.0), abs(exponent)
        while left:
            if left & 1:
                result = result * value
            left >>= 1
            value = value * value
        return (1.0 / result if exponent < 0 else result).value

    return codegen


def _half_power(twice: int) -> Any:
    def typed(typingctx, x):  # type: ignore[no-untyped-def]
        if isinstance(x, Dual):
            return x(x), lambda context, builder, sig, values: dual_functions.half_power(builder, values[0], twice)
        number = x if isinstance(x, Lanes) else types.float64
        if x == number or isinstance(x, types.Integer):

            def codegen(context, builder, sig, values):  # type: ignore[no-untyped-def]
                return functions_exp.half_power(Number(builder, values[0]), twice).value

            return number(number), codegen
        found = _original(typingctx, operator.pow, (x, types.float64))
        if found is None:
            return None
        sig, emit = found

        def with_exponent(context, builder, _, values):  # type: ignore[no-untyped-def]
            return emit(context, builder, sig, (values[0], context.get_constant(types.float64, twice / 2)))

        return sig.return_type(sig.args[0]), with_exponent

    typed.__name__ = f"half_power_{twice}"
    return intrinsic(typed)


# x ** (twice/2): products and a square root where `power` takes a logarithm. Beyond 7/2 that costs as much.
HALF_POWERS = {twice: _half_power(twice) for twice in range(-7, 8, 2)}
