"""Working memory of a kernel: on the stack where its size is known and small, else on the heap.

Stack arrays whose address stays in the function are taken apart into registers by LLVM; heap arrays never are.
"""

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .compile import kernel

STACK = 64  # components of a state beyond which its working memory goes to the heap


@cache
def workspace(n: int | None, vectors: int, more: int = 0, squares: int = 0) -> Any:
    """Kernel `make(n) -> float64 array` of squares * n^2 + vectors * n + more elements; n=None leaves n open."""
    if n is None:

        @kernel
        def on_heap(length):  # type: ignore[no-untyped-def]
            return np.empty(length * length * squares + length * vectors + more)

        return on_heap
    size = n * n * squares + n * vectors + more
    return (lambda length: np.empty(size)) if DISABLE_JIT else _on_stack(size)


@cache
def _on_stack(size: int) -> Any:
    array_type = types.Array(types.float64, 1, "C")
    word = ir.IntType(64)

    @intrinsic
    def on_stack(typingctx, length):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            memory = cgutils.alloca_once(builder, ir.DoubleType(), size=size)
            array = context.make_array(array_type)(context, builder)
            shape = cgutils.pack_array(builder, [ir.Constant(word, size)])
            strides = cgutils.pack_array(builder, [ir.Constant(word, 8)])
            populate_array(array, memory, shape, strides, ir.Constant(word, 8), None)
            return array._getvalue()

        return array_type(length), codegen

    return on_stack
