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

Values = Mapping[str, Any]  # parameters by name, real or complex
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
    """A named model: `law(values, blocks)` takes theta by name, lengths over the largest displacement."""

    name: str
    law: Callable[[Values, int], MeanLaw]
    extras: tuple[Extra, ...]
    words: str

    def __reduce__(self) -> tuple[Callable[[str], "ChainForm"], tuple[str]]:
        """A form travels to another process as its name: its functions need not."""
        return _named, (self.name,)

    def law_and_change(
        self, values: dict[str, float], names: tuple[str, ...], blocks: int
    ) -> tuple[MeanLaw, LawChange]:
        """The law and its derivative by the parameters `names`."""
        columns = []
        for name in names:
            moved: dict[str, complex | float] = dict(values)
            moved[name] = complex(values[name], COMPLEX_STEP)
            changed = self.law(moved, blocks)
            columns.append([np.imag(np.asarray(part)) / COMPLEX_STEP for part in changed])
        law = _real(self.law(values, blocks))
        k, right, left, s, _, reach, mass = zip(*columns, strict=True)
        rows = [np.array([np.broadcast_to(c, blocks + 1) for c in k])]
        rows += [np.array([np.broadcast_to(c, blocks) for c in each]) for each in (right, left)]
        return law, LawChange(*rows, *(np.array(each, dtype=float) for each in (s, reach, mass)))

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


def _real(law: MeanLaw) -> MeanLaw:
    k, right, left = (np.ascontiguousarray(np.real(part), dtype=float) for part in law[:3])
    s, noise_decay, reach, mass = (float(np.real(part)) for part in law[3:])
    return MeanLaw(k, right, left, s, noise_decay, reach, mass)
