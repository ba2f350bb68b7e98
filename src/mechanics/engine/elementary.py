"""Elementary operations that give the same bits in a vector lane, in a scalar loop, and on every machine."""

from numba import types
from numba.core import config
from numba.extending import intrinsic

if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def fma(a: float, b: float, c: float) -> float:
        """a b + c; rounded twice in this uncompiled form (at most 1 ulp of the product away)."""
        return a * b + c

else:

    @intrinsic
    def fma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
        """a b + c, rounded once: a hardware instruction, and the same result where it has to be emulated."""
        if not all(t == types.float64 for t in (a, b, c)):
            return None

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.fma(*args)

        return types.float64(a, b, c), codegen
