"""Numbers that carry derivatives: `Dual(width)` holds a float64 and its change along width - 1 directions.

    y: Array(Dual(4), 1, "C")        y[i] is component i of a state (first) and of three tangent vectors

A drift written for numbers, compiled for such arrays, gives the drift and its derivative along all directions at once:
the derivative of the very formula that is computed, sparse where the formula is, through loops and branches (a branch
is taken as the number says). In memory and in registers a dual is a vector of `width` doubles, as `Lanes` are, so that
whatever adds multiples of states works on both.

Griewank, Walther, Evaluating Derivatives, 2nd ed. (SIAM 2008), chapter 3.2 (the vector forward mode).
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typeconv import Conversion
from numba.extending import lower_cast, register_model

from .lane_type import LanesModel, is_real

I32 = ir.IntType(32)


class Dual(types.Type):
    """A number and its derivatives along `width` - 1 directions.

    Parameters
    ----------
    width : int
        Doubles in all; a power of two suits the registers.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(f"Dual({width})")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Any real number is constant: its derivatives are zero."""
        return Conversion.safe if is_real(other) else None

    def unify(self, typingctx: Any, other: Any) -> Any:
        """A variable that is a number on one path and a dual on another is a dual."""
        return self if is_real(other) else None


@register_model(Dual)
class DualModel(LanesModel):
    """A vector of doubles, stored as lanes are."""


def value_of(builder: Any, dual: Any) -> Any:
    """The number itself."""
    return builder.extract_element(dual, I32(0))


def with_value(builder: Any, dual: Any, value: Any) -> Any:
    """The derivatives of `dual` with another number."""
    return builder.insert_element(dual, value, I32(0))


def constant_dual(builder: Any, value: Any, width: int) -> Any:
    """A number whose derivatives are zero."""
    zero = ir.Constant(ir.VectorType(ir.DoubleType(), width), [0.0] * width)
    return builder.insert_element(zero, value, I32(0))


@lower_cast(types.Float, Dual)
@lower_cast(types.Integer, Dual)
@lower_cast(types.Boolean, Dual)
def _number_to_dual(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return constant_dual(builder, context.cast(builder, value, fromty, types.float64), toty.width)


@lower_cast(types.IntegerLiteral, Dual)
@lower_cast(types.BooleanLiteral, Dual)
def _literal_to_dual(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return constant_dual(builder, context.get_constant(types.float64, float(fromty.literal_value)), toty.width)
