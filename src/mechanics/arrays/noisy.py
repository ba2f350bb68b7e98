"""Steps of methods for stochastic equations on arrays; formulas and sources are in `methods.stochastic`.

What a step leaves to the next one is its number, which names the noise. Nothing is interpolated.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.noisy_steps import SQRT3, folded, padded
from ..methods.stochastic import Difference, PredictorCorrector, Roessler
from .framework import Framework
from .normals import Normals
from .step import Slope, Step

FAMILIES = (PredictorCorrector, Difference, Roessler)


class NoisyStep(Step):
    """What the families have in common; drift(t, y) and diffusion(t, y) on arrays.

    Attributes
    ----------
    general : bool
        Whether g has a last axis more than y, one for each Brownian motion.
    """

    def __init__(self, framework: Framework, drift: Slope, diffusion: Slope, normals: Normals, general: bool) -> None:
        self.framework, self.drift, self.diffusion, self.normals = framework, drift, diffusion, normals
        self.general = general
        self.nodes = np.array([0.0, 1.0])

    def begin(self, t: Any, y: Any) -> tuple[Any, Any]:
        """The slope at the start of a run, and the number of the first step."""
        return self.drift(t, y), 0

    def attempt(self, times: Sequence[Any], dt: Any, y: Any, k: Any) -> tuple[Any, Any]:
        """y1, and the number of the next step."""
        z, area = self.normals(k)
        return self.moved(times, dt, math.sqrt(dt), y, z, area), k + 1

    @abstractmethod
    def moved(self, times: Sequence[Any], dt: float, root: float, y: Any, z: Any, area: Any) -> Any:
        """y1; root is the square root of dt, z and area are normals."""

    def _kick(self, t: Any, y: Any, z: Any) -> Any:
        """The diffusion times normals."""
        g = self.diffusion(t, y)
        return (g * z).sum(-1) if self.general else g * z


class PredictorCorrectorStep(NoisyStep):
    """Euler-Maruyama, Euler-Heun, Heun."""

    def __init__(self, data: PredictorCorrector, *pieces: Any) -> None:
        super().__init__(*pieces)
        self.data = data

    def moved(self, times: Sequence[Any], dt: float, root: float, y: Any, z: Any, area: Any) -> Any:
        """See `PredictorCorrector`."""
        a, b, c = self.data.a, self.data.b, self.data.c
        f, kick = self.framework.own(self.drift(times[0], y)), self._kick(times[0], y, z)
        if b == 0.0 and c == 0.0:
            return y + dt * f + root * kick
        Y = y + a * dt * f + root * kick
        if b > 0.0:
            f = (1.0 - b) * f + b * self.drift(times[1], Y)
        return y + dt * f + root * ((1.0 - c) * kick + c * self._kick(times[1], Y, z))


class DifferenceStep(NoisyStep):
    """Milstein's method without derivatives."""

    def __init__(self, data: Difference, *pieces: Any) -> None:
        super().__init__(*pieces)

    def moved(self, times: Sequence[Any], dt: float, root: float, y: Any, z: Any, area: Any) -> Any:
        """See `Difference`."""
        f, g = self.framework.own(self.drift(times[0], y)), self.framework.own(self.diffusion(times[0], y))
        start = y + dt * f
        G = self.diffusion(times[0], start + root * g)
        return start + root * (g * z + 0.5 * (G - g) * (z * z - 1.0))


class RoesslerStep(NoisyStep):
    """Methods of strong order 1.5."""

    def __init__(self, data: Roessler, *pieces: Any) -> None:
        super().__init__(*pieces)
        self.data, self.s = data, len(data.alpha)
        self.A0, self.A1, self.alpha = folded(data)
        self.B0, self.B1 = padded(data.B0, self.s), padded(data.B1, self.s)
        self.drifts = [any(row[i] for row in (*self.A0, *self.A1, self.alpha)) for i in range(self.s)]
        self.nodes = np.array([*data.c0, *data.c1])

    def moved(self, times: Sequence[Any], dt: float, root: float, y: Any, z: Any, area: Any) -> Any:
        """See `Roessler`."""
        data, own = self.data, self.framework.own
        integral = 0.5 * (z + area / SQRT3)
        F: list[Any] = []
        G: list[Any] = []
        for i in range(self.s):
            H = self._moved(y, ((dt, self.A0[i], F), (root * integral, self.B0[i], G)))
            F.append(own(self.drift(times[i], H)) if self.drifts[i] else None)
            H = self._moved(y, ((dt, self.A1[i], F), (root, self.B1[i], G)))
            G.append(own(self.diffusion(times[self.s + i], H)))
        noise = (
            (root * z, data.beta1, G),
            (root * 0.5 * (z * z - 1.0), data.beta2, G),
            (root * integral, data.beta3, G),
            (root * z * (z * z - 3.0) / 6.0, data.beta4, G),
        )
        return self._moved(y, ((dt, self.alpha, F), *noise))

    @staticmethod
    def _moved(y: Any, terms: Sequence[tuple[Any, Sequence[float], Sequence[Any]]]) -> Any:
        """Y and factors times weighted sums."""
        for factor, weights, arrays in terms:
            total = None
            for w, x in zip(weights, arrays, strict=False):
                if w != 0.0:
                    total = w * x if total is None else total + w * x
            if total is not None:
                y = y + factor * total
        return y


def noisy_step_of(data: Any, *pieces: Any) -> NoisyStep:
    """The step of one method; pieces are those of `NoisyStep`."""
    family = {PredictorCorrector: PredictorCorrectorStep, Difference: DifferenceStep, Roessler: RoesslerStep}
    step: NoisyStep = family[type(data)](data, *pieces)
    return step
