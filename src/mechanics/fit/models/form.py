"""What a named model of the chain is: its extra parameters, and the force law they make.

The parameters of the uniform chain come first in every model; an extension adds one. A law is written once, in
numpy: its derivatives by the parameters are taken by complex steps (exact to rounding), which the tangent flow needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...chain.mean_field_law import MeanLaw
from ...chain.mean_field_variation import LawChange

Values = Mapping[str, Any]  # parameters by name: real numbers, or complex columns (P, 1), one row a derivative
COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Extra:
    """A parameter that an extension adds.

    Parameters
    ----------
    name, theta : str
        For users; inside the fit, where lengths are over the largest displacement and times in epochs.
    kind : {"length", "log length", "log ratio", "log time"}
        How theta becomes the estimate: times the unit of D, or its exponential.
    bounds, trials : callable
        From (shortest interval, span of the epochs): lower and upper bound of theta; values that the scan tries.
    meaning : str
        In words, for the verdict.
    """

    name: str
    theta: str
    kind: Literal["length", "log length", "log ratio", "log time"]
    bounds: Callable[[float, float], tuple[float, float]]
    trials: Callable[[float, float], tuple[float, ...]]
    meaning: str


@dataclass(frozen=True)
class ChainForm:
    """A named model: `law(values, blocks)` takes theta by name, lengths over the largest displacement.

    `least_noise` is the lower bound of the noise, over k and the largest displacement.
    """

    name: str
    law: Callable[[Values, int], MeanLaw]
    extras: tuple[Extra, ...]
    words: str
    least_noise: float = 1e-4

    def __reduce__(self) -> tuple[Callable[[str], "ChainForm"], tuple[str]]:
        """A form travels to another process as its name: its functions need not."""
        return _named, (self.name,)

    def law_and_change(
        self, values: dict[str, float], names: tuple[str, ...], blocks: int
    ) -> tuple[MeanLaw, LawChange]:
        """The law and its derivative by the parameters `names`."""
        rows = np.eye(len(names)) * COMPLEX_STEP
        moved = values | {name: values[name] + 1j * row[:, None] for name, row in zip(names, rows, strict=True)}
        changed = self.law(moved, blocks)
        P = len(names)
        k, right, left = (_column(changed[i], P, size) for i, size in enumerate((blocks + 1, blocks, blocks)))
        s, reach, mass = (_column(changed[i], P, 1)[:, 0] for i in (3, 5, 6))
        return _real(changed), LawChange(k, right, left, s, reach, mass)

    def real_law(self, values: Values, blocks: int) -> MeanLaw:
        """The law as the flow takes it."""
        return _real(self.law(values, blocks))


def uniform_law(v: Values, blocks: int, bend: Any = None, stiffness: Any = 1.0, **others: Any) -> MeanLaw:
    """Law of a chain whose bend mu_eff,l/k and relative stiffness k_j/k may vary; others as in `MeanLaw`.

    With c = sqrt(mu_right mu_left)/k in place of the mean friction sqrt(bend^2 + c^2) both thresholds are positive.
    """
    k, c = np.exp(v["log k"]), np.exp(v["log c"])
    a = np.asarray(v["mu_eff/k"] if bend is None else bend) * np.ones(blocks)
    size = np.where(a.real >= 0, a, -a)
    big = np.sqrt(a * a + c * c) + size
    small = c * c / big  # mean - |a| without the difference
    right, left = np.where(a.real >= 0, big, small), np.where(a.real >= 0, small, big)
    return MeanLaw(k * stiffness * np.ones(blocks + 1), k * right, k * left, k * np.exp(v["log s"]), **others)


def _named(name: str) -> ChainForm:
    from . import MODELS

    return MODELS[name]


def _column(part: Any, count: int, size: int) -> Any:
    """Derivatives (count, size) of a part of the law from its complex steps."""
    column = np.zeros((count, size))
    if np.iscomplexobj(part):
        column[:] = part.imag / COMPLEX_STEP
    return column


def _real(law: MeanLaw) -> MeanLaw:
    """The law itself; rows of complex steps have the same real part."""
    k, right, left = (np.ascontiguousarray(np.atleast_2d(part)[0].real, dtype=float) for part in law[:3])
    s, noise_decay, reach, mass = (float(np.ravel(part)[0].real) for part in law[3:])
    return MeanLaw(k, right, left, s, noise_decay, reach, mass)
