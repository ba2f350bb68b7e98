"""Lanes in memory: arrays on the stack, and float64 arrays read as arrays of lanes.

    y = stack_lanes(n, width)          Array(Lanes(width), 1, "C") of n components (width 1: float64)
    x = stack_floats(n)                n float64
    Y = as_lanes(block, width)         (..., n, width) of float64 as (..., n) of lanes, the same memory
    v = load_lanes(row, j, width)      members j, ..., j + width - 1 of a row
    store_lanes(row, j, v)

A stack array costs nothing and never aliases another, so that LLVM keeps its elements in registers. It lives until the
function that asked for it returns, and asking in a loop gives the same memory again; it holds rubbish at first. n and
the width are compile-time constants: literals, or globals that `compile_bound` binds.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .lane_type import ALIGNMENT, Lanes

STACK_ALIGNMENT = 32  # one AVX register

if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def stack_lanes(n: int, width: int) -> Any:
        """n numbers: uncompiled code runs one member at a time."""
        return np.empty(n)

    def stack_floats(n: int) -> Any:
        """n numbers."""
        return np.empty(n)

    def as_lanes(array: Any, width: int) -> Any:
        """The only member of each component."""
        return array[..., 0]

    def load_lanes(row: Any, j: int, width: int) -> Any:
        """Member j."""
        return row[j]

    def store_lanes(row: Any, j: int, v: Any) -> None:
        """Put member j."""
        row[j] = v

else:
    from .lane_select import lanes_of

    @intrinsic(prefer_literal=True)
    def stack_lanes(typingctx, n, width):  # type: ignore[no-untyped-def]
        """An array of n lanes (floats for width 1) on the stack."""
        return stack_of(lanes_of(width), n, (n, width))

    @intrinsic(prefer_literal=True)
    def stack_floats(typingctx, n):  # type: ignore[no-untyped-def]
        """An array of n floats on the stack."""
        return stack_of(types.float64, n, (n,))

    def stack_of(element: Any, n: Any, arguments: Any) -> Any:
        """Typing and lowering of an array of n elements on the stack."""
        array_type = types.Array(element, 1, "C")
        if not isinstance(n, types.IntegerLiteral) or n.literal_value < 0:
            raise TypingError(f"the length of a stack array must be a constant >= 0, but is {n}; bind it as a global.")
        length = n.literal_value

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            data = context.get_data_type(array_type.dtype)
            with builder.goto_entry_block():
                memory = builder.alloca(ir.ArrayType(data, max(length, 1)))
                memory.align = STACK_ALIGNMENT
            array = context.make_array(array_type)(context, builder)
            itemsize = context.get_abi_sizeof(data)
            populate_array(
                array,
                data=builder.bitcast(memory, data.as_pointer()),
                shape=[context.get_constant(types.intp, length)],
                strides=[context.get_constant(types.intp, itemsize)],
                itemsize=context.get_constant(types.intp, itemsize),
                meminfo=None,
            )
            return array._getvalue()

        return signature(array_type, *arguments), codegen

    @intrinsic(prefer_literal=True)
    def as_lanes(typingctx, array, width):  # type: ignore[no-untyped-def]
        """A C-contiguous float64 array whose last dimension is `width`, as an array of lanes without that dimension.

        That the last dimension has this length is not checked.
        """
        return view_of(array, width, lanes_of(width))

    def view_of(array: Any, width: Any, element: Any) -> Any:
        """Typing and lowering of a float64 array as an array of vectors of its last dimension."""
        if not isinstance(array, types.Array) or array.dtype != types.float64 or array.layout != "C" or array.ndim < 2:
            raise TypingError(f"as_lanes takes a C-contiguous float64 array of two dimensions or more, not {array}.")
        result = types.Array(element, array.ndim - 1, "C")

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            source = context.make_array(array)(context, builder, args[0])
            view = context.make_array(result)(context, builder)
            data = context.get_data_type(element)
            populate_array(
                view,
                data=builder.bitcast(source.data, data.as_pointer()),
                shape=cgutils.unpack_tuple(builder, source.shape)[:-1],
                strides=cgutils.unpack_tuple(builder, source.strides)[:-1],
                itemsize=context.get_constant(types.intp, context.get_abi_sizeof(data)),
                meminfo=source.meminfo,
                parent=source.parent,
            )
            return impl_ret_borrowed(context, builder, result, view._getvalue())

        return result(array, width), codegen

    @intrinsic(prefer_literal=True)
    def load_lanes(typingctx, row, j, width):  # type: ignore[no-untyped-def]
        """Elements j, ..., j + width - 1 of a C-contiguous float64 array (flat index, not checked)."""
        lanes = lanes_of(width)
        if not _is_row(row) or not isinstance(j, types.Integer):
            return None

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            pointer = _pointer(context, builder, row, args[0], args[1], context.get_value_type(lanes))
            return builder.load(pointer, align=ALIGNMENT)

        return lanes(row, types.intp, width), codegen

    @intrinsic
    def store_lanes(typingctx, row, j, v):  # type: ignore[no-untyped-def]
        """Put lanes (or one float) into elements j, j + 1, ... of a C-contiguous float64 array (not checked)."""
        if not _is_row(row) or not isinstance(j, types.Integer) or not isinstance(v, (Lanes, types.Float)):
            return None

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            pointer = _pointer(context, builder, row, args[0], args[1], args[2].type)
            builder.store(args[2], pointer, align=ALIGNMENT)
            return context.get_dummy_value()

        return types.none(row, types.intp, v), codegen

    def _is_row(row: Any) -> bool:
        return isinstance(row, types.Array) and row.dtype == types.float64 and row.layout == "C"

    def _pointer(context: Any, builder: Any, array_type: Any, array: Any, j: Any, value: Any) -> Any:
        data = context.make_array(array_type)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [j]), value.as_pointer())
