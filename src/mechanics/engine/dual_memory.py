"""Duals in memory: arrays on the stack, and float64 arrays read as arrays of duals.

Y = as_duals(block, width)        (..., n, width) of float64 as (..., n) of duals, the same memory
y = duals_of(row, n, width)       n width float64 of a row as n duals, the same memory
y = stack_duals(n, width)         n duals on the stack
number(d)                         the number without its derivatives; a float64 as it is
"""

from typing import Any

from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .dual_type import Dual, value_of
from .lane_memory import stack_of, view_of


def _dual(width: Any) -> Dual:
    if not isinstance(width, types.IntegerLiteral):
        raise TypingError(f"the width of duals must be a constant, but is {width}; bind it as a global.")
    return Dual(width.literal_value)


@intrinsic(prefer_literal=True)
def as_duals(typingctx, array, width):  # type: ignore[no-untyped-def]
    """A C-contiguous float64 array whose last dimension is `width`, as an array of duals without that dimension."""
    return view_of(array, width, _dual(width))


@intrinsic(prefer_literal=True)
def duals_of(typingctx, row, n, width):  # type: ignore[no-untyped-def]
    """The first n width elements of a flat float64 array as n duals; bounds are not checked."""
    result = types.Array(_dual(width), 1, "C")

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        source = context.make_array(sig.args[0])(context, builder, args[0])
        view = context.make_array(result)(context, builder)
        data = context.get_data_type(result.dtype)
        size = context.get_constant(types.intp, context.get_abi_sizeof(data))
        populate_array(
            view,
            data=builder.bitcast(source.data, data.as_pointer()),
            shape=[args[1]],
            strides=[size],
            itemsize=size,
            meminfo=None,
        )
        return view._getvalue()

    return result(row, types.intp, width), codegen


@intrinsic(prefer_literal=True)
def stack_duals(typingctx, n, width):  # type: ignore[no-untyped-def]
    """An array of n duals on the stack."""
    return stack_of(_dual(width), n, (n, width))


@intrinsic
def number(typingctx, dual):  # type: ignore[no-untyped-def]
    """The number of a dual; a number as it is."""
    if isinstance(dual, Dual):
        return types.float64(dual), lambda context, builder, sig, args: value_of(builder, args[0])
    return types.float64(types.float64), lambda context, builder, sig, args: args[0]
