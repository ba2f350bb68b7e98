"""Parts of a flat array as arrays: what a slice is, without the checks that take numba long to compile."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

if DISABLE_JIT:

    def part(array: Any, start: int, length: int) -> Any:
        """array[start : start + length]."""
        return array[start : start + length]

else:

    @intrinsic
    def part(typingctx, array, start, length):  # type: ignore[no-untyped-def]
        """array[start : start + length], unchecked; the array must outlive it."""
        result = types.Array(array.dtype, 1, "C")

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            source = context.make_array(signature.args[0])(context, builder, args[0])
            view = context.make_array(result)(context, builder)
            size = ir.Constant(ir.IntType(64), context.get_abi_sizeof(context.get_data_type(array.dtype)))
            populate_array(
                view,
                data=builder.gep(source.data, [args[1]]),
                shape=cgutils.pack_array(builder, [args[2]]),
                strides=cgutils.pack_array(builder, [size]),
                itemsize=size,
                meminfo=None,
            )
            return view._getvalue()

        return result(array, types.intp, types.intp), codegen
