"""Chaotic maps with known Lyapunov exponents: `from mechanics.systems.maps import HENON`."""

import math
from typing import NamedTuple

import numpy as np

from .lattices import doubling_lattice_map, logistic_lattice_map
from .map_system import MapSystem, make_map

_SPROTT = "Sprott, Chaos and Time-Series Analysis (2003)"
TWO_PI = 2.0 * math.pi
ALIVE = 2.0**-40  # noise that feeds new digits to the doubling map; far below any cell of a histogram
GOLDEN = math.log((3.0 + math.sqrt(5.0)) / 2.0)


class Logistic(NamedTuple):
    """Growth."""

    r: float


def logistic(n, x, p, out):  # type: ignore[no-untyped-def]
    """R x (1 - x)."""
    out[0] = p.r * x[0] * (1.0 - x[0])


def _logistic_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = p.r * (1.0 - 2.0 * x[0])


def doubling(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """2 x mod 1, kept alive: binary digits run out after 53 doublings, so 2^-40 z brings new ones."""
    y = 2.0 * x[0] + ALIVE * z[0]
    out[0] = y - np.floor(y)


def cat(n, x, p, out):  # type: ignore[no-untyped-def]
    """(2 x + y, x + y) mod 1."""
    a, b = 2.0 * x[0] + x[1], x[0] + x[1]
    out[0] = a - math.floor(a)
    out[1] = b - math.floor(b)


def _cat_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 2.0, 1.0
    J[1, 0], J[1, 1] = 1.0, 1.0


class Henon(NamedTuple):
    """Bend and contraction."""

    a: float
    b: float


def henon(n, x, p, out):  # type: ignore[no-untyped-def]
    """(1 - a x^2 + y, b x)."""
    u = x[0]
    out[0] = 1.0 - p.a * u * u + x[1]
    out[1] = p.b * u


def _henon_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = -2.0 * p.a * x[0], 1.0
    J[1, 0], J[1, 1] = p.b, 0.0


def generalised_henon(n, x, p, out):  # type: ignore[no-untyped-def]
    """(a - y^2 - b z, x, y): hyperchaos in three dimensions."""
    u, v = x[0], x[1]
    out[0] = p.a - v * v - p.b * x[2]
    out[1] = u
    out[2] = v


def _generalised_henon_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1], J[0, 2] = 0.0, -2.0 * x[1], -p.b
    J[1, 0], J[1, 1], J[1, 2] = 1.0, 0.0, 0.0
    J[2, 0], J[2, 1], J[2, 2] = 0.0, 1.0, 0.0


def towel(n, x, p, out):  # type: ignore[no-untyped-def]
    """The folded-towel map, Rossler 1979: a logistic map that drives two more."""
    u, v, w = x[0], x[1], x[2]
    out[0] = 3.8 * u * (1.0 - u) - 0.05 * (v + 0.35) * (1.0 - 2.0 * w)
    out[1] = 0.1 * ((v + 0.35) * (1.0 - 2.0 * w) - 1.0) * (1.0 - 1.9 * u)
    out[2] = 3.78 * w * (1.0 - w) + 0.2 * v


def _towel_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    u, v, w = x[0], x[1], x[2]
    fold = (v + 0.35) * (1.0 - 2.0 * w)
    J[0, 0] = 3.8 * (1.0 - 2.0 * u)
    J[0, 1] = -0.05 * (1.0 - 2.0 * w)
    J[0, 2] = 0.1 * (v + 0.35)
    J[1, 0] = -0.19 * (fold - 1.0)
    J[1, 1] = 0.1 * (1.0 - 2.0 * w) * (1.0 - 1.9 * u)
    J[1, 2] = -0.2 * (v + 0.35) * (1.0 - 1.9 * u)
    J[2, 0], J[2, 1], J[2, 2] = 0.0, 0.2, 3.78 * (1.0 - 2.0 * w)


class Ikeda(NamedTuple):
    """Loss of a round trip; the phase is 0.4 - 6/(1 + |z|^2)."""

    u: float


def ikeda(n, x, p, out):  # type: ignore[no-untyped-def]
    """z -> 1 + u z exp(i (0.4 - 6/(1 + |z|^2)))."""
    a, b = x[0], x[1]
    phase = 0.4 - 6.0 / (1.0 + a * a + b * b)
    c, s = math.cos(phase), math.sin(phase)
    out[0] = 1.0 + p.u * (a * c - b * s)
    out[1] = p.u * (a * s + b * c)


def _ikeda_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    a, b = x[0], x[1]
    q = 1.0 + a * a + b * b
    phase = 0.4 - 6.0 / q
    c, s = math.cos(phase), math.sin(phase)
    pa, pb = 12.0 * a / (q * q), 12.0 * b / (q * q)
    J[0, 0] = p.u * (c - (a * s + b * c) * pa)
    J[0, 1] = p.u * (-s - (a * s + b * c) * pb)
    J[1, 0] = p.u * (s + (a * c - b * s) * pa)
    J[1, 1] = p.u * (c + (a * c - b * s) * pb)


class Kick(NamedTuple):
    """Strength of the kick."""

    K: float


def standard(n, x, p, out):  # type: ignore[no-untyped-def]
    """P' = p + K sin(theta), theta' = theta + p', both mod 2 pi; x = (theta, p)."""
    momentum = x[1] + p.K * math.sin(x[0])
    angle = x[0] + momentum
    out[0] = angle - TWO_PI * math.floor(angle / TWO_PI)
    out[1] = momentum - TWO_PI * math.floor(momentum / TWO_PI)


def _standard_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    c = p.K * math.cos(x[0])
    J[0, 0], J[0, 1] = 1.0 + c, 1.0
    J[1, 0], J[1, 1] = c, 1.0


def gaussian_product(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """A x with a new matrix A of independent standard normals at each iteration."""
    d = len(x)
    for i in range(d):
        total = 0.0
        for j in range(d):
            total += z[i * d + j] * x[j]
        out[i] = total


def random_fibonacci(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """(a + s b, a) with a random sign s."""
    a, b = x[0], x[1]
    out[0] = a + b if z[0] > 0.0 else a - b
    out[1] = a


def gaussian_product_map(d: int = 5) -> MapSystem:
    """Products of d x d matrices of standard normals: exponents (ln 2 + digamma((d - i + 1)/2))/2.

    It starts, and stays, at the fixed point 0: the state would overflow, tangent vectors are renormalised.
    """
    from scipy.special import digamma

    if d < 1:
        raise ValueError(f"d must be at least 1, but is {d}.")
    return make_map(
        "Gaussian products",
        gaussian_product,
        np.zeros(d),
        reference="Newman, Commun. Math. Phys. 103 (1986) 121-126.",
        noises=d * d,
        exponents=0.5 * (math.log(2.0) + digamma((d - np.arange(d)) / 2.0)),
        source="Newman (1986); Forrester, arXiv:1206.2001: exact.",
    )


LOGISTIC = make_map(
    "logistic",
    logistic,
    [0.3],
    Logistic(4.0),
    reference="May, Nature 261 (1976) 459-467.",
    jacobian=_logistic_jacobian,
    exponents=[math.log(2.0)],
    source="conjugate to the tent map: exact.",
)
DOUBLING = make_map(
    "doubling",
    doubling,
    [0.1234567],
    reference="Renyi, Acta Math. Acad. Sci. Hung. 8 (1957) 477-493.",
    noises=1,
    exponents=[math.log(2.0)],
    source="constant slope: exact.",
)
CAT = make_map(
    "cat",
    cat,
    [0.1, 0.2],
    reference="Arnold, Avez, Ergodic Problems of Classical Mechanics (1968).",
    jacobian=_cat_jacobian,
    exponents=[GOLDEN, -GOLDEN],
    source="eigenvalues of a constant matrix: exact.",
)
HENON = make_map(
    "Henon",
    henon,
    [0.1, 0.1],
    Henon(1.4, 0.3),
    reference="Henon, Commun. Math. Phys. 50 (1976) 69-77.",
    jacobian=_henon_jacobian,
    exponents=[0.41922, -1.62319],
    tolerance=2e-4,
    source=f"{_SPROTT}, appendix A; recomputed .41928(4), -1.62326(4).",
)
GENERALISED_HENON = make_map(
    "generalised Henon",
    generalised_henon,
    [1.0, 0.1, 0.0],
    Henon(1.9, 0.03),
    reference="Baier, Klein, Phys. Lett. A 151 (1990) 281-284.",
    jacobian=_generalised_henon_jacobian,
    exponents=[0.2747, 0.2563, -4.0376],
    tolerance=1e-3,
    source=f"computed over 2e6 iterations; {_SPROTT} has .276, .257, -4.040.",
)
TOWEL = make_map(
    "folded towel",
    towel,
    [0.085, -0.121, 0.075],
    reference="Rossler, Phys. Lett. A 71 (1979) 155-157.",
    jacobian=_towel_jacobian,
    exponents=[0.43055, 0.37759, -3.30136],
    tolerance=1e-3,
    source="computed.",
)
IKEDA = make_map(
    "Ikeda",
    ikeda,
    [0.1, 0.1],
    Ikeda(0.9),
    reference="Ikeda, Opt. Commun. 30 (1979) 257-261; Hammel, Jones, Moloney, J. Opt. Soc. Am. B 2 (1985) 552-564.",
    jacobian=_ikeda_jacobian,
    exponents=[0.50773, -0.71845],
    tolerance=1e-3,
    source="computed; their sum is 2 ln u, exactly.",
)
STANDARD = make_map(
    "standard",
    standard,
    [0.5, 0.3],
    Kick(6.0),
    reference="Chirikov, Phys. Rep. 52 (1979) 263-379, (2.1.13).",
    jacobian=_standard_jacobian,
    exponents=[1.13672, -1.13672],
    tolerance=8e-4,
    source="computed over 2e7 iterations; Chirikov's ln(K/2) is 1.0986.",
)
RANDOM_FIBONACCI = make_map(
    "random Fibonacci",
    random_fibonacci,
    [0.0, 0.0],  # the fixed point: the sequence itself overflows after 5700 steps
    reference="Viswanath, Math. Comput. 69 (2000) 1131-1155.",
    noises=1,
    exponents=[0.1239755988, -0.1239755988],
    tolerance=1e-10,
    source="Viswanath (2000): ln 1.13198824...; the determinant is +-1.",
)
DOUBLING_LATTICE = doubling_lattice_map()
LOGISTIC_LATTICE = logistic_lattice_map()
GAUSSIAN_PRODUCTS = gaussian_product_map()


def all_maps() -> tuple[MapSystem, ...]:
    """Every record of this file."""
    return tuple(m for m in globals().values() if isinstance(m, MapSystem))
