"""Parameters that differ between members, read from the rows of a group of lanes.

A field that differs is lanes in the kernel's record; what all members share stays as it is.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numpy.typing import NDArray

from .compile import inlined

Array = NDArray[np.float64]


class Varied(NamedTuple):
    """What the lane engine needs to know about parameters."""

    shared: Any  # the record that all members see where nothing differs
    rows: Array  # (members, k), or (1, 0)
    layout: Hashable  # None, "number", "array", or for each field "shared", "number" or its length


def reader(varied: Varied, start: int) -> Any:
    """Kernel `parameters(p, row)` for values that begin at row `start` of a group."""
    if varied.layout is None:
        return _all_shared
    if varied.layout == "number":
        return _number(start)
    if varied.layout == "array":
        return _array(start, start + varied.rows.shape[1])
    return _record(type(varied.shared), varied.layout, start)


@inlined
def _all_shared(p, row):  # type: ignore[no-untyped-def]
    return p


def _number(start: int) -> Any:
    @inlined
    def number(p, row):  # type: ignore[no-untyped-def]
        return row[start]

    return number


def _array(start: int, stop: int) -> Any:
    @inlined
    def array(p, row):  # type: ignore[no-untyped-def]
        return row[start:stop]

    return array


def _record(kind: Any, layout: Any, start: int) -> Any:
    places, position = [], start
    for field in layout:
        length = 0 if field == "shared" else 1 if field == "number" else field
        places.append((field, position, length))
        position += length
    where = tuple(places)
    if DISABLE_JIT:

        def plain(p: Any, row: Any) -> Any:
            values = [
                p[i] if field == "shared" else row[at] if field == "number" else row[at : at + length]
                for i, (field, at, length) in enumerate(where)
            ]
            return kind(*values) if hasattr(kind, "_fields") else tuple(values)

        return plain

    @intrinsic
    def record(typingctx, p, row):  # type: ignore[no-untyped-def]
        members = [
            p.types[i] if field == "shared" else row.dtype if field == "number" else row
            for i, (field, _, _) in enumerate(where)
        ]
        result = types.NamedTuple(members, kind) if hasattr(kind, "_fields") else types.Tuple(members)

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            source = context.make_array(row)(context, builder, args[1])
            values = []
            for i, (field, at, length) in enumerate(where):
                if field == "shared":
                    values.append(builder.extract_value(args[0], i))
                    continue
                pointer = builder.gep(source.data, [context.get_constant(types.intp, at)])
                if field == "number":
                    values.append(context.unpack_value(builder, row.dtype, pointer))
                else:
                    part = context.make_array(row)(context, builder, args[1])
                    part.data = pointer
                    part.shape = context.make_tuple(
                        builder, types.UniTuple(types.intp, 1), [context.get_constant(types.intp, length)]
                    )
                    part.nitems = context.get_constant(types.intp, length)
                    values.append(part._getvalue())
            # arrays among the values belong to the caller: numba counts the record as another owner
            return impl_ret_borrowed(context, builder, result, context.make_tuple(builder, result, values))

        return result(p, row), codegen

    return record
