"""Elementary operations that give the same bits in a vector lane, in a scalar loop, and on every machine.

Nothing here calls the C library (whose `log` and `sin` neither vectorise nor agree between systems): polynomials are
evaluated by fused multiply-adds, bit patterns are moved by casts. Under NUMBA_DISABLE_JIT=1 the same names are plain
Python; only `fma` then rounds twice.
"""

import struct
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from .compile import kernel

if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def fma(a: float, b: float, c: float) -> float:
        """a b + c; rounded twice in this uncompiled form (at most 1 ulp of the product away)."""
        return a * b + c

    def bits_of(x: float) -> np.uint64:
        """The 64 bits of a float."""
        return np.uint64(struct.unpack("<Q", struct.pack("<d", x))[0])

    def float_of(bits: np.uint64) -> float:
        """The float with these 64 bits."""
        return np.float64(struct.unpack("<d", struct.pack("<Q", int(bits)))[0])

    def opaque(x: Any) -> Any:
        """x itself."""
        return x

else:
    from llvmlite import ir

    from .dual_operators import dual_among, fused
    from .dual_type import Dual
    from .lane_operators import vector_intrinsic, widest
    from .lane_type import Lanes

    @intrinsic
    def fma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
        """a b + c, rounded once: a hardware instruction, and the same result where it has to be emulated.

        Takes float64, or lanes and numbers, or duals and numbers.
        """
        dual = dual_among((a, b, c))
        if dual is not None:
            reals = [t if isinstance(t, Dual) else types.float64 for t in (a, b, c)]
            return dual(*reals), lambda context, builder, signature, args: fused(builder, *args)
        number = widest((a, b, c)) or types.float64
        if number == types.float64 and not all(t == types.float64 for t in (a, b, c)):
            return None

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return vector_intrinsic(builder, "fma", *args)

        return number(number, number, number), codegen

    @intrinsic
    def bits_of(typingctx, x):  # type: ignore[no-untyped-def]
        """The 64 bits of a float."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.bitcast(args[0], ir.IntType(64))

        return types.uint64(types.float64), codegen

    @intrinsic
    def float_of(typingctx, bits):  # type: ignore[no-untyped-def]
        """The float with these 64 bits."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.uint64), codegen

    @intrinsic
    def opaque(typingctx, x):  # type: ignore[no-untyped-def]
        """x (float64, uint64 or lanes), its value hidden from the optimiser.

        Constants that LLVM knows are rebuilt in every pass of a vectorised loop when registers run short (two
        instructions each, a third of the loop); hidden ones are spilled once and read as memory operands.
        """
        is_float = x == types.float64
        if isinstance(x, Lanes):
            return x(x), lambda context, builder, signature, args: _hide_lanes(builder, args[0])

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            word = ir.IntType(64)
            value = builder.bitcast(args[0], word) if is_float else args[0]
            nothing = ir.InlineAsm(ir.FunctionType(word, [word]), "", "=r,0", side_effect=False)
            value = builder.call(nothing, [value])
            return builder.bitcast(value, ir.DoubleType()) if is_float else value

        return x(x), codegen

    def _hide_lanes(builder: Any, value: Any) -> Any:
        # whole vectors do not fit one operand of an assembler statement: a copy in memory hides as well
        memory = cgutils.alloca_once(builder, value.type)
        builder.store(value, memory)
        nothing = ir.InlineAsm(ir.FunctionType(ir.VoidType(), [memory.type]), "", "r,~{memory}", side_effect=True)
        builder.call(nothing, [memory])
        return builder.load(memory)


@kernel
def polynomial7(c, z):  # type: ignore[no-untyped-def]
    """c[0] z^6 + ... + c[6], by Estrin's scheme: short dependency chains keep the vector units busy."""
    z2 = z * z
    z4 = z2 * z2
    high = fma(c[0], z2, fma(c[1], z, c[2]))
    low = fma(fma(c[3], z, c[4]), z2, fma(c[5], z, c[6]))
    return fma(high, z4, low)


@kernel
def opaque7(c):  # type: ignore[no-untyped-def]
    """Seven coefficients, each opaque."""
    return opaque(c[0]), opaque(c[1]), opaque(c[2]), opaque(c[3]), opaque(c[4]), opaque(c[5]), opaque(c[6])
