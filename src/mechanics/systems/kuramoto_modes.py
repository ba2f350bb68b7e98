"""The Kuramoto-Sivashinsky equation as a map of its Fourier coefficients: one ETDRK4 step, in plain loops.

    x = (Re v_1, Im v_1, Re v_2, ...),   v' = l v - (i q/2) F[u^2],   l = q^2 - q^4

The numbers of `kuramoto_sivashinsky(...).step` without its transforms: the modes that are kept are few, and sums over
them can be differentiated, so that `lyapunov_spectrum` finds the exponents of the scheme. The mean of u, which is
constant, is not a component: it would count as one more zero.
Cox, Matthews, J. Comput. Phys. 176 (2002) 430, (26)-(29).
"""

import math
from typing import NamedTuple

import numpy as np

from .kuramoto_sivashinsky import EXPONENTS_22, kuramoto_sivashinsky
from .map_system import MapSystem, make_map
from .system import Vector

_DING = "Ding, Chate, Cvitanovic, Siminos, Takeuchi, Phys. Rev. Lett. 117 (2016) 024101"


class Modes(NamedTuple):
    """Coefficients of the scheme for the K modes that are kept, and the transforms (points, K)."""

    q: Vector
    whole: Vector
    half: Vector
    f0: Vector
    f1: Vector
    f2: Vector
    f3: Vector
    cos: Vector
    sin: Vector


def _square(v, p, out):  # type: ignore[no-untyped-def]
    """F of -u u_x."""
    points, count = p.cos.shape
    for m in range(2 * count):
        out[m] = 0.0 * v[0]
    for j in range(points):
        u = 0.0 * v[0]
        for k in range(count):
            u += v[2 * k] * p.cos[j, k] - v[2 * k + 1] * p.sin[j, k]
        u = u * (2.0 / points)
        w = -0.5 * u * u
        for k in range(count):
            out[2 * k] += w * p.sin[j, k]
            out[2 * k + 1] += w * p.cos[j, k]
    for k in range(count):
        out[2 * k] *= p.q[k]
        out[2 * k + 1] *= p.q[k]


def modes_step(n, x, p, out):  # type: ignore[no-untyped-def]
    """One step, Cox and Matthews (26)-(29)."""
    a, b, c = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    nv, na, nb, nc = np.empty_like(x), np.empty_like(x), np.empty_like(x), np.empty_like(x)
    size = len(x)
    _square(x, p, nv)
    for m in range(size):
        a[m] = p.half[m // 2] * x[m] + p.f0[m // 2] * nv[m]
    _square(a, p, na)
    for m in range(size):
        b[m] = p.half[m // 2] * x[m] + p.f0[m // 2] * na[m]
    _square(b, p, nb)
    for m in range(size):
        c[m] = p.half[m // 2] * a[m] + p.f0[m // 2] * (2.0 * nb[m] - nv[m])
    _square(c, p, nc)
    for m in range(size):
        k = m // 2
        out[m] = p.whole[k] * x[m] + p.f1[k] * nv[m] + p.f2[k] * (na[m] + nb[m]) + p.f3[k] * nc[m]


def kuramoto_sivashinsky_map(length: float = 22.0, points: int = 48, dt: float = 0.1, seed: int = 0) -> MapSystem:
    """One step on a ring of this length; exponents are per step: divide by dt for those per unit time.

    Parameters
    ----------
    length, points, dt
        As for `kuramoto_sivashinsky`.
    seed : int
        Of the phases of the smooth start.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    scheme = kuramoto_sivashinsky(length, points, dt)
    kept = np.flatnonzero(scheme._keep)
    angles = 2.0 * math.pi * np.outer(np.arange(points), kept) / points
    f0, f1, f2, f3 = (f[kept] for f in scheme._f)
    p = Modes(
        scheme._q[kept].imag.copy(), scheme._whole[kept], scheme._half[kept], f0, f1, f2, f3, np.cos(angles),
        np.sin(angles),
    )  # fmt: skip
    v = np.fft.rfft(scheme.start(seed))[kept]
    known = length == 22.0
    return make_map(
        f"Kuramoto-Sivashinsky, L = {length:g}",
        modes_step,
        np.stack([v.real, v.imag], axis=1).ravel(),
        p,
        reference="Kuramoto, Tsuzuki, Prog. Theor. Phys. 55 (1976) 356; Sivashinsky, Acta Astronaut. 4 (1977) 1177.",
        exponents=[dt * l for l in EXPONENTS_22] if known else [],
        tolerance=0.003 * dt if known else 0.0,
        source=_DING if known else "",
    )
