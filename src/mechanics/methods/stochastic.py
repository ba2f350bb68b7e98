"""Coefficients of methods for stochastic equations; the type of the record names the family of steps.

dy = f(t, y) dt + g(t, y) dW. dW = sqrt(dt) z, with a normal z for every Brownian motion and step.
"""

from dataclasses import dataclass
from typing import ClassVar

SINGLE = frozenset({"diagonal", "additive", "scalar"})
EVERY = SINGLE | {"general"}
Row = tuple[float, ...]


@dataclass(frozen=True)
class Stochastic:
    """What all have in common: no interpolant, because a path between two steps is unknown.

    Attributes
    ----------
    noises : frozenset of str
        Structures of noise that the method solves.
    """

    kind: ClassVar[str] = "stochastic"
    dense_order: ClassVar[int] = 0
    degree: ClassVar[int] = 0

    any_diagonal: ClassVar[bool] = False  # whether g[i] of diagonal noise may depend on other components than y[i]

    noises: frozenset[str]


@dataclass(frozen=True)
class PredictorCorrector(Stochastic):
    """Y = y + a f dt + g dW;   y1 = y + ((1 - b) f + b f(t + dt, Y)) dt + ((1 - c) g + c g(t + dt, Y)) dW.

    Attributes
    ----------
    any_diagonal : bool
        Whether g[i] of diagonal noise may depend on other components than y[i].
    a, b, c : float
        The drift in the predictor; the weights of drift and noise at its end.
    """

    any_diagonal: ClassVar[bool] = True

    a: float
    b: float
    c: float


@dataclass(frozen=True)
class Difference(Stochastic):
    """y1 = y + f dt + g dW + (g(t, Y) - g) (dW^2 - dt) / (2 sqrt dt),   Y = y + f dt + g sqrt dt."""


@dataclass(frozen=True)
class WeakSecond(Stochastic):
    """Platen's explicit weak scheme of order 2; its formulas are in `engine.platen`."""


@dataclass(frozen=True)
class DriftImplicit(Stochastic):
    """y1 = y + f(t + dt, y1) dt + g dW."""

    any_diagonal: ClassVar[bool] = True


@dataclass(frozen=True)
class Roessler(Stochastic):
    """Stochastic Runge-Kutta method of strong order 1.5; it needs time integrals of the Brownian motions (`areas`).

    H_i = y + dt sum_j A0_ij f(t + c0_j dt, H_j) + I10/dt sum_j B0_ij g(t + c1_j dt, G_j)
    G_i = y + dt sum_j A1_ij f(t + c0_j dt, H_j) + sqrt dt sum_j B1_ij g(t + c1_j dt, G_j)
    y1  = y + dt sum_i alpha_i f(t + c0_i dt, H_i)
            + sum_i (beta1_i I1 + beta2_i I11 / sqrt dt + beta3_i I10 / dt + beta4_i I111 / dt) g(t + c1_i dt, G_i)

    I1 = dW, I11 = (I1^2 - dt) / 2, I111 = (I1^3 - 3 dt I1) / 6, and I10 the time integral of W - W(t) over the step.
    Rows of A0, A1, B0, B1 have the entries below the diagonal.

    References
    ----------
    Roessler, SIAM J. Numer. Anal. 48 (2010) 922-952, (6.4) for SRI and (6.8) for SRA methods.
    """

    areas: ClassVar[bool] = True

    A0: tuple[Row, ...]
    B0: tuple[Row, ...]
    A1: tuple[Row, ...]
    B1: tuple[Row, ...]
    alpha: Row
    c0: Row
    c1: Row
    beta1: Row
    beta2: Row
    beta3: Row
    beta4: Row
