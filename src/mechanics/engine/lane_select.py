"""Choosing, testing and taking apart lanes: the same names work on single numbers, so kernels are written once.

select(mask, a, b)      a where mask, else b; no branch
any_lane(mask), all_lanes(mask)
extract(v, i), insert(v, i, x), broadcast(x, width)
is_lanes(v)             known while compiling, so `if is_lanes(y[0]):` costs nothing
"""

from typing import Any

from llvmlite import ir
from numba.core import config, types
from numba.core.errors import TypingError
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from .lane_operators import widest
from .lane_type import Lanes, Mask, is_real

if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def select(mask: Any, a: Any, b: Any) -> Any:
        """a where mask, else b."""
        return a if mask else b

    def any_lane(mask: Any) -> bool:
        """Whether any member's truth value is set."""
        return bool(mask)

    def all_lanes(mask: Any) -> bool:
        """Whether all members' truth values are set."""
        return bool(mask)

    def extract(v: Any, i: int) -> Any:
        """Member i's number."""
        return v

    def insert(v: Any, i: int, x: Any) -> Any:
        """v with member i's number replaced."""
        return x

    def broadcast(x: Any, width: int) -> Any:
        """x for every member."""
        return x

else:

    @intrinsic
    def select(typingctx, mask, a, b):  # type: ignore[no-untyped-def]
        """a where mask, else b; `mask` is a Mask or one truth value. Both a and b are evaluated."""
        chosen = _common(typingctx, mask, a, b)
        if chosen is None:
            return None
        # a scalar condition stays scalar: LLVM selects whole vectors by it
        condition = mask if isinstance(mask, Mask) else types.boolean

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            return builder.select(*args)

        return signature(chosen, condition, chosen, chosen), codegen

    def _common(typingctx: Any, mask: Any, a: Any, b: Any) -> Any:
        if not isinstance(mask, (Mask, types.Boolean)):
            return None
        if isinstance(a, (Mask, types.Boolean)) and isinstance(b, (Mask, types.Boolean)):
            masks = {m for m in (mask, a, b) if isinstance(m, Mask)}
            return (masks.pop() if masks else types.boolean) if len(masks) <= 1 else None
        if isinstance(mask, Mask):
            wanted = Lanes(mask.width)
            return wanted if all(is_real(v) or v == wanted for v in (a, b)) else None
        if lanes := widest((a, b)):
            return lanes
        return typingctx.unify_types(types.unliteral(a), types.unliteral(b)) if is_real(a) and is_real(b) else None

    def _reduction(name: str) -> Any:
        def typed(typingctx, mask):  # type: ignore[no-untyped-def]
            if not isinstance(mask, (Mask, types.Boolean)):
                return None

            def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
                if not isinstance(mask, Mask):
                    return args[0]
                bits = builder.bitcast(args[0], ir.IntType(mask.width))
                if name == "any":
                    return builder.icmp_unsigned("!=", bits, bits.type(0))
                return builder.icmp_unsigned("==", bits, bits.type(2**mask.width - 1))

            return types.boolean(mask if isinstance(mask, Mask) else types.boolean), codegen

        typed.__name__ = f"{name}_lanes"
        typed.__doc__ = f"Whether {name} member's truth value is set (a single one: itself)."
        return intrinsic(typed)

    any_lane = _reduction("any")
    all_lanes = _reduction("all")

    @intrinsic
    def extract(typingctx, v, i):  # type: ignore[no-untyped-def]
        """Member i's number or truth value; of a single one, itself."""
        if not isinstance(i, types.Integer):
            return None
        element = types.float64 if isinstance(v, Lanes) else types.boolean if isinstance(v, Mask) else v

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            return builder.extract_element(*args) if isinstance(v, (Lanes, Mask)) else args[0]

        return element(v, types.intp), codegen

    @intrinsic
    def insert(typingctx, v, i, x):  # type: ignore[no-untyped-def]
        """v with member i's number replaced by x."""
        if not (isinstance(v, Lanes) and isinstance(i, types.Integer) and is_real(x)):
            return None

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            return builder.insert_element(args[0], args[2], args[1])

        return v(v, types.intp, types.float64), codegen

    @intrinsic(prefer_literal=True)
    def broadcast(typingctx, x, width):  # type: ignore[no-untyped-def]
        """x for every member; the width is a compile-time constant (1: a float64)."""
        lanes = lanes_of(width)
        if not is_real(x) and x != lanes:
            return None

        def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
            return args[0]

        return lanes(lanes, width), codegen

    def lanes_of(width: Any) -> Any:
        """The numba type for a constant number of members: float64 for one.

        Raises
        ------
        TypingError
            If the width is not known while compiling.
        """
        if not isinstance(width, types.IntegerLiteral) or width.literal_value < 1:
            raise TypingError(f"the width of lanes must be a positive constant, but is {width}; bind it as a global.")
        return types.float64 if width.literal_value == 1 else Lanes(width.literal_value)
