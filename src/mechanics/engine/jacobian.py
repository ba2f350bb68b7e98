"""J = df/dy and df/dt at a point: from the user's function, or by forward differences of the drift.

    fill(drift, t, y, p, f, J, y1, work, rtol, atol)       J, stored as `linear` says; f is the drift at (t, y)
    time_slope(drift, t, dt, y, p, f, out)                 df/dt; zero where the drift does not read its t

The user's function sees J as a matrix, filled with zeros: of a banded problem only elements inside the band exist, at
the same J[i, j]. Differences move component j by sqrt(eps) (|y_j| + atol_j / rtol): what the tolerance calls its size.
Components of a banded problem that lie lower + upper + 1 apart are moved together.
These kernels are written into their callers (numba cannot cache a call that is handed a function): call them once.

References
----------
Curtis, Powell, Reid, J. Inst. Math. Appl. 13 (1974) 117-119 (columns in groups).
"""

from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .compile import kernel
from .control import greater
from .lane_select import select
from .linear import Band

ROOT_EPS = 1.4901161193847656e-08  # 2^-26: the increment with the least error, for a drift of smooth scale |y|
FLOOR = 1e-3  # atol / rtol where rtol is zero

if DISABLE_JIT:
    import numpy as np

    def matrix_view(J: Any, n: int, row: int, first: int) -> Any:
        """Element (i, j) at `first` + i `row` + j of the flat array."""
        return np.lib.stride_tricks.as_strided(J[first:], (n, n), (8 * row, 8))

else:

    @intrinsic
    def matrix_view(typingctx, J, n, row, first):  # type: ignore[no-untyped-def]
        """A flat array as an n x n matrix: element (i, j) at `first` + i `row` + j."""
        result = types.Array(J.dtype, 2, "A")

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            source = context.make_array(signature.args[0])(context, builder, args[0])
            view = context.make_array(result)(context, builder)
            _, n, row, first = args
            size = ir.Constant(n.type, context.get_abi_sizeof(context.get_data_type(J.dtype)))
            populate_array(
                view,
                data=builder.gep(source.data, [first]),
                shape=cgutils.pack_array(builder, [n, n]),
                strides=cgutils.pack_array(builder, [builder.mul(row, size), size]),
                itemsize=size,
                meminfo=None,
            )
            return view._getvalue()

        return result(J, types.intp, types.intp, types.intp), codegen


def make_jacobian(jacobian: Any, band: Band | None) -> Any:
    """Kernel `fill` for the user's function, or for differences where there is none."""
    if jacobian is not None:
        return _given(jacobian, band)
    return _dense_differences() if band is None else _banded_differences(*band)


def drifts_in_jacobian(jacobian: Any, band: Band | None, n: int) -> int:
    """Evaluations of the drift that one `fill` costs."""
    if jacobian is not None:
        return 0
    return n if band is None else min(n, band[0] + band[1] + 1)


@cache
def make_time_slope(autonomous: bool) -> Any:
    """Kernel `time_slope`."""
    if autonomous:

        @kernel
        def no_slope(drift, t, dt, y, p, f, out):  # type: ignore[no-untyped-def]
            for m in range(len(y)):
                out[m] = 0.0

        return no_slope

    @kernel
    def time_slope(drift, t, dt, y, p, f, out):  # type: ignore[no-untyped-def]
        # between the scale of the step, on which f varies, and the rounding of t; never beyond the step
        scale = (abs(dt) * greater(abs(dt), abs(t))) ** 0.5
        moved = t + select(dt < 0.0, -ROOT_EPS, ROOT_EPS) * scale
        drift(moved, y, p, out)
        factor = 1.0 / (moved - t)
        for m in range(len(y)):
            out[m] = (out[m] - f[m]) * factor

    return time_slope


def _given(jacobian: Any, band: Band | None) -> Any:
    @kernel
    def dense(drift, t, y, p, f, J, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        for i in range(n * n):
            J[i] = 0.0
        jacobian(t, y, p, matrix_view(J, n, n, 0))

    if band is None:
        return dense
    lower, reach = band[0], band[0] + band[1]

    @kernel
    def banded(drift, t, y, p, f, J, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
        for i in range(len(J)):
            J[i] = 0.0
        jacobian(t, y, p, matrix_view(J, len(y), reach, lower))

    return banded


@kernel
def increment(y, floor, rtol):  # type: ignore[no-untyped-def]
    """How far a component is moved: exact, positive, and never zero."""
    size = abs(y) + select(rtol > 0.0, floor / rtol, FLOOR)
    moved = y + ROOT_EPS * select(size > 0.0, size, 1.0)
    return moved - y


@cache
def _dense_differences() -> Any:
    @kernel
    def differences(drift, t, y, p, f, J, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            y1[m] = y[m]
        for j in range(n):
            step = increment(y[j], atol[j], rtol)
            y1[j] = y[j] + step
            drift(t, y1, p, work)
            y1[j] = y[j]
            factor = 1.0 / step
            for i in range(n):
                J[i * n + j] = (work[i] - f[i]) * factor

    return differences


@cache
def _banded_differences(lower: int, upper: int) -> Any:
    width = lower + upper + 1

    @kernel
    def differences(drift, t, y, p, f, J, y1, work, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        for i in range(len(J)):
            J[i] = 0.0
        for m in range(n):
            y1[m] = y[m]
        for group in range(min(width, n)):
            for j in range(group, n, width):
                y1[j] = y[j] + increment(y[j], atol[j], rtol)
            drift(t, y1, p, work)
            for j in range(group, n, width):
                factor = 1.0 / (y1[j] - y[j])
                y1[j] = y[j]
                for i in range(max(0, j - upper), min(n, j + lower + 1)):
                    J[i * width + j - i + lower] = (work[i] - f[i]) * factor

    return differences
