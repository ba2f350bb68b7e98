"""Number types for many members at once: `Lanes(width)` holds a float64 of each member, `Mask(width)` a truth value.

    y: Array(Lanes(8), 1, "C")       y[i] is component i of eight members

A drift written for one member in scalar style, compiled for such arrays, runs eight members: each operation becomes one
on a vector `<8 x double>`, which LLVM splits into registers of the machine. Nothing is left to a loop vectoriser, so it
works for any state size, and every operation is elementwise IEEE arithmetic: the bits of the scalar run.

In memory the members of a component lie side by side, aligned like single floats, so that arrays of float64 can be read
as arrays of lanes. Numbers become lanes wherever the two meet (`2 * y[0]`, `dy[0] = 1.0`).
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.core.typeconv import Conversion
from numba.extending import lower_cast, register_model

WIDTH = 8  # members in a vector by default: two AVX2 registers, which hides most of the latency of an operation
ALIGNMENT = 8  # bytes; rows of float64 arrays start anywhere


class Lanes(types.Type):
    """`width` members' float64 side by side.

    Parameters
    ----------
    width : int
        Number of members; a power of two suits the registers.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(f"Lanes({width})")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Any real number or truth value is broadcast."""
        return Conversion.safe if is_real(other) else None

    def unify(self, typingctx: Any, other: Any) -> Any:
        """A variable that is a number on one path and lanes on another is lanes."""
        return self if is_real(other) else None


class Mask(types.Type):
    """`width` members' truth values: what comparing lanes gives. It cannot steer an `if`, only a selection."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(f"Mask({width})")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """One truth value is broadcast."""
        return Conversion.safe if isinstance(other, types.Boolean) else None

    def unify(self, typingctx: Any, other: Any) -> Any:
        """A variable that is a truth value on one path and a mask on another is a mask."""
        return self if isinstance(other, types.Boolean) else None


def is_real(t: Any) -> bool:
    """Whether a numba type is a single real number or truth value."""
    return isinstance(t, (types.Float, types.Integer, types.Boolean))


@register_model(Lanes)
class LanesModel(PrimitiveModel):
    """A vector of doubles; loads and stores assume the alignment of one double."""

    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.DoubleType(), fe_type.width))

    def get_data_type(self) -> Any:
        """The vector in a packed record: a bare vector would demand 64-byte alignment wherever it is stored."""
        return ir.LiteralStructType([self.get_value_type()], packed=True)

    def as_data(self, builder: Any, value: Any) -> Any:
        """Wrap the vector; LLVM stores it whole."""
        return builder.insert_value(ir.Constant(self.get_data_type(), ir.Undefined), value, 0)

    def from_data(self, builder: Any, value: Any) -> Any:
        """Unwrap the vector."""
        return builder.extract_value(value, 0)

    def load_from_data_pointer(self, builder: Any, ptr: Any, align: int | None = None) -> Any:
        """One vector load."""
        pointer = builder.bitcast(ptr, self.get_value_type().as_pointer())
        return builder.load(pointer, align=ALIGNMENT if align is None else align)


@register_model(Mask)
class MaskModel(PrimitiveModel):
    """A vector of bits, which stays in the comparison's registers."""

    def __init__(self, dmm: Any, fe_type: Mask) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.width))


def splat(builder: Any, value: Any, width: int) -> Any:
    """A vector with `value` in every lane; a constant stays one."""
    vector = ir.VectorType(value.type, width)
    if isinstance(value, ir.Constant) and value.constant is not ir.Undefined:
        return ir.Constant(vector, [value] * width)
    alone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), width), [ir.IntType(32)(0)] * width)
    return builder.shuffle_vector(alone, ir.Constant(vector, ir.Undefined), mask)


@lower_cast(types.Float, Lanes)
@lower_cast(types.Integer, Lanes)
@lower_cast(types.Boolean, Lanes)
def _number_to_lanes(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return splat(builder, context.cast(builder, value, fromty, types.float64), toty.width)


@lower_cast(types.IntegerLiteral, Lanes)
@lower_cast(types.BooleanLiteral, Lanes)
def _literal_to_lanes(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    number = context.get_constant(types.float64, float(fromty.literal_value))
    return splat(builder, number, toty.width)


@lower_cast(types.Boolean, Mask)
def _boolean_to_mask(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return splat(builder, value, toty.width)
