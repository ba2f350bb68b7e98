"""The diffusion of a problem inside a step: g z for each structure of the noise.

    kick(t, y, p, z, G, out)      out_i = g_i z_i (diagonal, additive), g_i z_0 (scalar), sum_j g_ij z_j (general)
    pick(z, m), area(z, m, n)     the Brownian normal of component m, and the second one that belongs to it

G is room for the diffusion, `vectors` times the length of y.
"""

from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .compile import inlined
from .noise_source import Draws
from .parts import Parts


class Terms(NamedTuple):
    """Kernels for one problem; `pick` and `area` only where g is one number for each component."""

    kick: Any
    pick: Any
    area: Any
    vectors: int  # of n numbers that G needs


if DISABLE_JIT:

    def as_matrix(array: Any, start: int, n: int, m: int) -> Any:
        """n m numbers of an array as an (n, m) matrix, the same memory."""
        return array[start : start + n * m].reshape(n, m)

else:

    @intrinsic
    def as_matrix(typingctx, array, start, n, m):  # type: ignore[no-untyped-def]
        """n m numbers of an array from `start` on as an (n, m) matrix, the same memory."""
        result = types.Array(array.dtype, 2, "C")

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            source = context.make_array(array)(context, builder, args[0])
            view = context.make_array(result)(context, builder)
            size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array.dtype)))
            populate_array(
                view,
                data=builder.gep(source.data, [args[1]]),
                shape=cgutils.pack_array(builder, [args[2], args[3]]),
                strides=cgutils.pack_array(builder, [builder.mul(args[3], size), size]),
                itemsize=size,
                meminfo=None,
            )
            return view._getvalue()

        return result(array, types.intp, types.intp, types.intp), codegen


@inlined
def _own(z, m):  # type: ignore[no-untyped-def]
    return z[m]


@inlined
def _shared(z, m):  # type: ignore[no-untyped-def]
    return z[0]


@inlined
def _own_area(z, m, n):  # type: ignore[no-untyped-def]
    return z[n + m]


@inlined
def _shared_area(z, m, n):  # type: ignore[no-untyped-def]
    return z[1]


_made: dict[Parts, Terms] = {}


def terms_of(parts: Parts) -> Terms:
    """Kernels for the diffusion and the structure of the noise in `parts`."""
    if parts not in _made:
        _made[parts] = _general(parts) if parts.noise == "general" else _single(parts)
    return _made[parts]


def _single(parts: Parts) -> Terms:
    diffusion = parts.diffusion
    shared = parts.noise == "scalar"
    pick = _shared if shared else _own

    @inlined
    def kick(t, y, p, z, G, out):  # type: ignore[no-untyped-def]
        diffusion(t, y, p, G)
        for m in range(len(y)):
            out[m] = G[m] * pick(z, m)

    return Terms(kick, pick, _shared_area if shared else _own_area, 1)


def _general(parts: Parts) -> Terms:
    diffusion, noises = parts.diffusion, parts.noises or 1

    @inlined
    def kick(t, y, p, z, G, out):  # type: ignore[no-untyped-def]
        g = as_matrix(G, 0, len(y), noises)
        diffusion(t, y, p, g)
        for m in range(len(y)):
            total = g[m, 0] * z[0]
            for j in range(1, noises):
                total += g[m, j] * z[j]
            out[m] = total

    return Terms(kick, None, None, noises)


def draws_of(parts: Parts, each: int = 1, more: int = 0, areas: bool = False) -> Draws:
    """`each` normals for every Brownian motion, and `more` for the whole step."""
    noises = parts.noises

    @inlined
    def own(n):  # type: ignore[no-untyped-def]
        return n

    @inlined
    def stated(n):  # type: ignore[no-untyped-def]
        return noises

    wieners = own if noises is None else stated

    @inlined
    def count(n):  # type: ignore[no-untyped-def]
        return each * wieners(n) + more

    return Draws(wieners, count, areas)
