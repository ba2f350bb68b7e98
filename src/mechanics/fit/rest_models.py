"""Rest states of the named chains in closed form, in parameters without constraints: what a final load curve can show.

Every spring carries a tension T_j, and at rest under noise each block T_{j+1} - T_j = mu_eff,l (in units of k):

    uniform             (8)  x_l = l Y/L - (mu_eff/2k) l (L - l)
    noiseless           (7) with the first L - L' blocks stuck at 0, L' = min(L, floor((1 + sqrt(1 + 8 Y k/mu))/2))
    layered_friction    mu_eff,l linear in l: a cubic
    layered_stiffness   x_l = sum of T_j/k_j
    saturating          x_l = sum of a atanh(T_j/a), with T_1/a = tanh p, T_L/a = tanh q: no p, q leaves its domain

Curves take complex parameters, so that derivatives are complex steps: exact to rounding. Equations of Shi, Pan,
Dokmanic, arXiv:2407.19353; the stuck blocks are those of `mechanics.chain.rest`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..chain.rest import moving_springs, parabola
from .data import Array
from .models import MODELS, Extra
from .models.form import COMPLEX_STEP
from .models.layered_friction import along

STEEPEST = 8.0  # |p|, |q|: tensions within 2e-7 of what a spring can carry


@dataclass(frozen=True)
class RestForm:
    """A rest state x_1 .. x_L (the end included) of L springs, in units of the largest displacement.

    Parameters
    ----------
    name, words : str
    curve : callable
        (theta, L) -> x_1 .. x_L.
    report : callable
        (theta, L) -> Y, mu_eff/k, and the extension's parameter (its logarithm where the kind says so).
    starts : callable
        (Y, mu_eff/k of the best parabola, L) -> list of theta to start from.
    bounds : array_like, shape (2, p)
    extras : tuple of Extra
    """

    name: str
    words: str
    curve: Callable[[Any, int], Any]
    report: Callable[[Any, int], Any]
    starts: Callable[[float, float, int], list[Array]]
    bounds: Any
    extras: tuple[Extra, ...]

    def jacobian(self, of: Callable[[Any, int], Any], theta: Array, springs: int) -> Array:
        """Derivative of `curve` or `report` by theta."""
        moved = [of(theta + 1j * COMPLEX_STEP * direction, springs) for direction in np.eye(len(theta))]
        return np.stack([np.imag(m) / COMPLEX_STEP for m in moved], axis=-1)

    def fit(self, x: Array, known: NDArray[np.intp], springs: int) -> tuple[Array, bool]:
        """Least-squares theta for the measured places `known` of x_1 .. x_L, and whether the search settled."""
        columns = np.stack([parabola(springs, 1.0, 0.0), parabola(springs, 0.0, 1.0)], axis=1)[1:]
        Y, a = np.linalg.lstsq(columns[known], x[known], rcond=None)[0]
        done = [
            least_squares(
                lambda theta: self.curve(theta, springs)[known] - x[known],
                start,
                lambda theta: self.jacobian(self.curve, theta, springs)[known],
                self.bounds,
                xtol=1e-12,
                ftol=1e-12,
                gtol=1e-12,
            )
            for start in self.starts(float(Y), float(a), springs)
        ]
        best = min(done, key=lambda d: float(d.cost))
        return best.x, bool(best.status > 0)


def _parabola(theta: Any, springs: int) -> Any:
    return parabola(springs, theta[0], theta[1])[1:]


def _reported(theta: Any, springs: int) -> Any:
    return theta


def _stuck(theta: Any, springs: int) -> Any:
    moving = moving_springs(springs, max(float(np.real(theta[0])), 0.0), float(np.real(theta[1])))
    x = np.zeros(springs, dtype=np.asarray(theta).dtype)
    x[springs - moving :] = _parabola(theta, moving)
    return x


def _stuck_starts(Y: float, a: float, springs: int) -> list[Array]:
    """One inside each cone L'(L'-1) mu/k < 2 Y < (L'+1) L' mu/k; the curve is linear in each."""
    bends = [2 * Y / (m * m) for m in range(1, springs)] + [max(a, 0.0), 0.5 * Y / springs**2]
    return [np.array([Y, min(bend, 9.0)]) for bend in bends]


def _cubic(theta: Any, springs: int) -> Any:
    L = springs
    laplacian = np.eye(L - 1, k=1) + np.eye(L - 1, k=-1) - 2 * np.eye(L - 1)
    sag = np.linalg.solve(laplacian, along(L - 1))  # second differences `along`, zero ends
    return _parabola(theta, L) + theta[2] * np.r_[sag, 0.0]


def _tensioned(theta: Any, springs: int) -> Any:
    j = np.arange(1, springs + 1)
    softness = np.exp(-theta[2] * (j - 0.5 * (springs + 1)) / (springs - 1))
    first = (theta[0] - theta[1] * np.sum((j - 1) * softness)) / np.sum(softness)
    return np.cumsum((first + (j - 1) * theta[1]) * softness)


def _saturated(theta: Any, springs: int) -> Any:
    share = np.arange(springs) / (springs - 1)
    level = np.tanh(theta[0]) * (1 - share) + np.tanh(theta[1]) * share
    return np.cumsum(np.exp(theta[2]) * 0.5 * np.log((1 + level) / (1 - level)))


def _saturated_report(theta: Any, springs: int) -> Any:
    bend = np.exp(theta[2]) * (np.tanh(theta[1]) - np.tanh(theta[0])) / (springs - 1)
    return np.stack([_saturated(theta, springs)[-1], bend, theta[2]])


def _saturated_starts(Y: float, a: float, springs: int) -> list[Array]:
    first, last = Y / springs - a * (springs - 1) / 2, Y / springs + a * (springs - 1) / 2
    reaches = (3.0, 0.3, 0.1)
    return [np.array([*np.clip(np.array([first, last]) / reach, -3, 3), np.log(reach)]) for reach in reaches]


WIDE = [-10.0, 10.0]
NOISELESS = RestForm(
    "noiseless",
    "A chain without noise, pulled from rest.",
    _stuck,
    _reported,
    _stuck_starts,
    np.array([[-10.0, 0.0], [10.0, 10.0]]),
    (),
)
REST_MODELS = {
    form.name: form
    for form in (
        RestForm(
            "uniform",
            MODELS["uniform"].words,
            _parabola,
            _reported,
            lambda Y, a, L: [np.array([Y, a])],
            np.array([WIDE, WIDE]).T,
            (),
        ),
        NOISELESS,
        RestForm(
            "layered_friction",
            MODELS["layered_friction"].words,
            _cubic,
            _reported,
            lambda Y, a, L: [np.array([Y, a, 0.0])],
            np.array([WIDE, WIDE, WIDE]).T,
            MODELS["layered_friction"].extras,
        ),
        RestForm(
            "layered_stiffness",
            MODELS["layered_stiffness"].words,
            _tensioned,
            _reported,
            lambda Y, a, L: [np.array([Y, a, g]) for g in (0.0, -1.0, 1.0)],
            np.array([WIDE, WIDE, [np.log(1e-3), np.log(1e3)]]).T,
            MODELS["layered_stiffness"].extras,
        ),
        RestForm(
            "saturating",
            MODELS["saturating"].words,
            _saturated,
            _saturated_report,
            _saturated_starts,
            np.array([[-STEEPEST, STEEPEST], [-STEEPEST, STEEPEST], [np.log(0.01), np.log(30.0)]]).T,
            MODELS["saturating"].extras,
        ),
    )
}
