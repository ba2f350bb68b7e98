"""Toy models of how two trainings part, with predictions: linear SGD, shear, a product of layers, descent on a quartic.

Distances are those of two copies; where the batch is the same for both it is common noise, and the logarithm of their
distance grows by the Lyapunov exponent. Copies with batches of their own: `mechanics.systems.divergence_noise`.
Hoogland, "Scaling laws of path dependence" (2022), asks which law each mechanism leaves behind.
"""

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gammaln

from .map_system import MapSystem, make_map
from .system import System, Vector, make_system

RTOL = 1e-9  # of the quadratures; absolute near a zero of the exponent


class LinearSGD(NamedTuple):
    """Learning rate, and standard deviation of an entry of a sample."""

    eta: float
    s: float


def linear_sgd(n, w, z, p, out):  # type: ignore[no-untyped-def]
    """W - eta x (x . w), x = s z: the gradient of (x . w)^2/2 on a batch of one sample."""
    inner = 0.0
    for i in range(len(w)):
        inner += z[i] * w[i]
    step = p.eta * p.s * p.s * inner
    for i in range(len(w)):
        out[i] = w[i] - step * z[i]


def linear_sgd_map(d: int = 10, eta: float = 0.1, s: float = 1.0) -> MapSystem:
    """Linear regression by SGD with batch size 1 on Gaussian inputs; both copies see the same samples.

    It starts, and stays, at the solution 0: tangent vectors obey the same equation, and no state over- or underflows.
    """
    return make_map(
        "linear SGD",
        linear_sgd,
        np.zeros(_dimension(d)),
        LinearSGD(float(eta), float(s)),
        reference="Hoogland (2022); stability as in Chemnitz, Engel, arXiv:2407.20209.",
        noises=d,
        exponents=[linear_sgd_exponent(d, eta, s)],
        tolerance=1e-8,
        source="quadrature over one step: directions of the samples are isotropic.",
    )


def linear_sgd_exponent(d: int, eta: float, s: float = 1.0) -> float:
    """Largest exponent per step, (1/2) E ln(1 - 2 a z^2 + a^2 z^2 (z^2 + q)), a = eta s^2.

    Parameters
    ----------
    d : int
        Number of weights.
    eta, s : float
        Learning rate; standard deviation of an entry of a sample.

    Notes
    -----
    z = x . u is the sample along the distance u, a standard normal; q, a chi-square with d - 1 degrees of freedom, is
    the rest of |x|^2. Samples are isotropic, so that steps are independent whatever u has become; the argument is
    (1 - a z^2)^2 + a^2 z^2 q. This sign decides whether SGD settles in a minimum: Chemnitz, Engel, arXiv:2407.20209.
    """
    a, free = _positive("eta s^2", eta * s * s), _dimension(d) - 1
    # q = v^2: its density is 2 v^(free - 1) exp(-v^2/2) / (2^(free/2) Gamma(free/2))
    scale = math.log(2.0) - 0.5 * free * math.log(2.0) - float(gammaln(0.5 * free)) if free else 0.0

    def along(z: float) -> float:
        """E over q, times the density of |z|."""
        head, tail = (1.0 - a * z * z) ** 2, (a * z) ** 2
        density = math.sqrt(2.0 / math.pi) * math.exp(-0.5 * z * z)
        if not free:
            return density * math.log(head) if head else 0.0
        top = math.sqrt(free)
        power = float(free - 1)

        def f(v: float) -> float:
            inside = head + tail * v * v
            if inside == 0.0 or (v == 0.0 and power):
                return 0.0
            weight = power * math.log(v) if power else 0.0
            return math.log(inside) * math.exp(scale + weight - 0.5 * v * v)

        parts = ((max(0.0, top - 9.0), top), (top, top + 9.0))  # beyond, the weight is below 1e-17
        return density * sum(quad(f, *part, epsabs=RTOL, epsrel=RTOL)[0] for part in parts)

    kink = 1.0 / math.sqrt(a)  # where a step could forget the distance along the sample
    ends = [0.0, *([kink] if kink < 9.0 else []), 9.0]
    return 0.5 * sum(float(quad(along, *piece, epsabs=RTOL, epsrel=RTOL, limit=200)[0]) for piece in pairwise(ends))


def linear_sgd_mean_square(d: int, eta: float, s: float = 1.0) -> float:
    """Factor by which E |d|^2 grows in a step: 1 - 2 eta s^2 + (d + 2) eta^2 s^4, from the moments of z^2 and q."""
    a = eta * s * s
    return 1.0 - 2.0 * a + (_dimension(d) + 2.0) * a * a


def linear_sgd_limits(d: int, s: float = 1.0) -> tuple[float, float]:
    """Learning rates at which the mean square, and at which typical copies, stop converging.

    Returns
    -------
    mean_square, almost_sure : float
        2/((d + 2) s^2), and the zero of `linear_sgd_exponent`: later, for E ln < ln E. Between the two almost every
        copy converges while the mean square diverges, through ever fewer of them.
    """
    first = 2.0 / (_dimension(d) + 2.0)
    last = 2.0 * first
    while linear_sgd_exponent(d, last) < 0.0:
        last *= 2.0
    return first / s**2, float(brentq(lambda a: linear_sgd_exponent(d, a), first, last, xtol=1e-12)) / s**2


class Shear(NamedTuple):
    """Displacement per step and speed."""

    a: float


def shear(n, x, p, out):  # type: ignore[no-untyped-def]
    """(x + a v, v): what has a speed of its own drifts apart, with exponent 0."""
    out[0] = x[0] + p.a * x[1]
    out[1] = x[1]


def _shear_jacobian(n, x, p, J):  # type: ignore[no-untyped-def]
    J[0, 0], J[0, 1] = 1.0, p.a
    J[1, 0], J[1, 1] = 0.0, 1.0


def shear_map(a: float = 0.1) -> MapSystem:
    """Linear growth without chaos: both exponents are 0, and finite ones ln(a t)/t."""
    return make_map(
        "shear",
        shear,
        [0.0, 0.0],
        Shear(float(a)),
        reference="Hoogland (2022); Lichtenberg, Lieberman, Regular and Chaotic Dynamics (1992).",
        jacobian=_shear_jacobian,
        exponents=[0.0, 0.0],
        source="eigenvalues of a constant matrix: exact.",
    )


def shear_distance(t: ArrayLike, a: float, d0: float = 1.0) -> Any:
    """d0 sqrt(1 + a^2 t^2) after t steps, for copies that differ in speed only: |[[1, a t], [0, 1]] (0, d0)|."""
    return d0 * np.hypot(1.0, a * np.asarray(t, float))


class Layers(NamedTuple):
    """Drift of each layer's weight, shape (L,)."""

    rates: Any


def layers(t, y, p, dy):  # type: ignore[no-untyped-def]
    """Constant drifts: layers that part independently of each other."""
    for l in range(len(y)):
        dy[l] = p.rates[l]


def _layers_exact(t: float, y0: Vector, p: Any) -> Vector:
    return y0 + t * np.asarray(p.rates, float)


def layers_system(L: int = 4, b: float = 1.0, t1: float = 1.0) -> System:
    """Product f = y_1 ... y_L of linear layers: y_l = 1 + b t/L drifts from the reference y_l = 1."""
    return make_system(
        "product of layers",
        layers,
        np.ones(_dimension(L)),
        t1,
        Layers(np.full(L, b / L)),
        kind="linear",
        reference="Hoogland (2022): depth as the cause of exponential divergence.",
        exact=_layers_exact,
    )


def layers_growth(t: ArrayLike, b: float, L: int) -> Any:
    """|f - f'|/f' = (1 + b t/L)^L - 1: linear for one layer, e^{bt} - 1 as L grows (product of equal factors)."""
    return np.expm1(_dimension(L) * np.log1p(b * np.asarray(t, float) / L))


def layers_spread(t: ArrayLike, b: float, L: int) -> Any:
    """Standard deviation of ln f where each drift has a random sign: sqrt(L) artanh(b t/L), close to b t/sqrt(L).

    Notes
    -----
    ln(1 + u) and ln(1 - u), equally likely, have the mean ln(1 - u^2)/2 and the standard deviation artanh u; L
    independent ones add their variances. Needs b t < L.
    """
    return math.sqrt(_dimension(L)) * np.arctanh(b * np.asarray(t, float) / L)


class Descent(NamedTuple):
    """Learning rate."""

    eta: float


def quartic_descent(n, w, p, out):  # type: ignore[no-untyped-def]
    """W - eta w (w^2 - 1): gradient descent on (w^2 - 1)^2/4."""
    out[0] = w[0] - p.eta * w[0] * (w[0] * w[0] - 1.0)


def _quartic_descent_jacobian(n, w, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = 1.0 - p.eta * (3.0 * w[0] * w[0] - 1.0)


def quartic_descent_map(eta: float = 2.0) -> MapSystem:
    """The smallest chaotic training: gradient descent on (w^2 - 1)^2/4.

    It settles in a minimum for eta < 1, where the sharpness 2 is below 2/eta, and is conjugate to tripling at eta = 2.
    """
    known = quartic_descent_exponent(eta)
    return make_map(
        "descent on a quartic",
        quartic_descent,
        [0.3],
        Descent(float(eta)),
        reference="Chen, Bruna, arXiv:2206.04172; edge of stability: Cohen et al., arXiv:2103.00065.",
        jacobian=_quartic_descent_jacobian,
        exponents=[] if math.isnan(known) else [known],
        source="" if math.isnan(known) else "derivative at the minimum, or triple angle: exact.",
    )


def quartic_descent_exponent(eta: float) -> float:
    """ln |1 - 2 eta| for 0 < eta < 1, ln 3 at eta = 2; NaN where no closed form is known.

    Notes
    -----
    At the minima +-1 the derivative is 1 - 2 eta. At eta = 2 a step is 3 w - 2 w^3: w = sqrt(2) sin(theta) becomes
    sqrt(2) sin(3 theta), so that the slope is 3 in theta and the density that of the arcsine.
    """
    if eta == 2.0:
        return math.log(3.0)
    if not 0.0 < eta < 1.0:
        return math.nan
    return math.log(abs(1.0 - 2.0 * eta)) if eta != 0.5 else -math.inf


def _dimension(d: int) -> int:
    if isinstance(d, bool) or int(d) != d or d < 1:
        raise ValueError(f"a number of weights or layers must be a whole number of at least 1, but is {d!r}.")
    return int(d)


def _positive(name: str, value: float) -> float:
    if not (value > 0.0 and math.isfinite(value)):
        raise ValueError(f"{name} must be positive and finite, but is {value!r}.")
    return float(value)
