"""A mean-field chain as a curve with parameters, in the combinations that data can determine.

Positions determine the ratios to k only, and k as the one rate. Inside the fit, with R the largest displacement:

    Y/R            target                                        (pull fixed or ramped, unless the end is known)
    mu_eff/(k R)   (mu_right - mu_left)/2k, the bend of (8)
    log k          rate, 1/epoch
    log c          c = sqrt(mu_right mu_left)/(k R), so that mean friction is sqrt(mu_eff^2 + c^2) >= |mu_eff|
    log s          noise s/(k R)
    log tau        build-up of the target, y(t) = y_0 + (Y - y_0)(1 - e^{-(t - t_0)/tau})     (pull ramped)

and what the named model adds (`models`). With c in place of the mean friction both thresholds are positive for any
parameters: no constraint couples two of them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..chain.mean_field_flow import DONE, NO_RAMP, Ramp
from ..chain.mean_field_law import MeanLaw
from ..chain.mean_field_tangent import RampChange, tangent_flow
from ..chain.mean_field_variation import LawChange
from .data import Array, ChainData
from .models import ChainForm

Pull = Literal["fixed", "ramped", "measured"]

RTOL = 1e-6  # of the integration: derivatives good to 1e-5
FAST = 1e3  # k up to FAST / shortest interval: even the slowest mode (0.15 k) is over between two epochs
MOST_STEPS = 20_000


@dataclass(frozen=True)
class ChainModel:
    """Curve x(t; theta) for one model and one kind of pull, on the times and in the units of the data."""

    ts: Array
    blocks: int
    scale: float
    pull: Pull
    known_target: float | None
    form: ChainForm

    @classmethod
    def of(cls, data: ChainData, pull: Pull, form: ChainForm) -> "ChainModel":
        """The model on the data's times; a known end replaces Y in the fixed pull."""
        known = data.known_target if pull == "fixed" else None
        return cls(data.ts, data.x.shape[-1], data.scale, pull, known, form)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters in the order of theta."""
        target = () if self.pull == "measured" or self.known_target is not None else ("Y",)
        ramp = ("log tau",) if self.pull == "ramped" else ()
        return (*target, "mu_eff/k", "log k", "log c", "log s", *ramp, *(extra.theta for extra in self.form.extras))

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of theta: generous, so that a parameter that meets one is undetermined."""
        span, shortest = self.intervals()
        table = {
            "Y": (-10.0, 10.0),
            "mu_eff/k": (-2.0, 2.0),
            "log k": (np.log(1e-3 / span), np.log(FAST / shortest)),
            "log c": (np.log(1e-4), np.log(3.0)),
            "log s": (np.log(self.form.least_noise), np.log(10.0)),
            "log tau": (np.log(1e-3 * shortest), np.log(30 * span)),
        }
        table |= {extra.theta: extra.bounds(shortest, span) for extra in self.form.extras}
        low, high = zip(*(table[name] for name in self.names), strict=True)
        return np.array(low), np.array(high)

    def intervals(self) -> tuple[float, float]:
        """Span of the epochs and the shortest interval between two."""
        return float(self.ts[-1] - self.ts[0]), float(np.diff(self.ts).min())

    def law(self, theta: Array) -> MeanLaw:
        """Parameters of the force law, in units of R."""
        return self.form.real_law(self._values(theta), self.blocks)

    def curve(self, theta: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> Array:
        """Positions (m, blocks) from x0 (blocks,), all in the data's unit; NaN where the integration fails."""
        ys, ramp, _ = self._pull(self._values(theta), x0, end)
        nothing = np.zeros(0)
        none = LawChange(np.zeros((0, self.blocks + 1)), *(np.zeros((0, self.blocks)),) * 2, *(nothing,) * 3)
        law = self.law(theta)
        x, _, status, _ = tangent_flow(
            self.ts, ys, x0 / self.scale, law, ramp, law_change=none, ys_change=np.zeros((0, len(ys))),
            ramp_change=RampChange(nothing, nothing), rtol=rtol, max_steps=MOST_STEPS,
        )  # fmt: skip
        return self.scale * x if status == DONE else np.full_like(x, np.nan)

    def curve_and_jacobian(self, theta: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> tuple[Array, Array]:
        """`curve`, and the derivative of the curve / R by theta, shape (m blocks, p), by the tangent flow."""
        return self.counted(theta, x0, end, rtol)[:2]

    def counted(self, theta: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> tuple[Array, Array, int]:
        """`curve_and_jacobian`, and the steps that the integration took."""
        values, names = self._values(theta), self.names
        ys, ramp, target_change = self._pull(values, x0, end)
        law, change = self.form.law_and_change(values, names, self.blocks)
        heights, taus = np.zeros(len(names)), np.zeros(len(names))
        table = np.zeros((len(names), len(ys)))
        if "Y" in names:
            i = names.index("Y")
            table[i], heights[i] = target_change
        if "log tau" in names:
            taus[names.index("log tau")] = ramp.tau
        x, S, status, steps = tangent_flow(
            self.ts, ys, x0 / self.scale, law, ramp, law_change=change, ys_change=table,
            ramp_change=RampChange(heights, taus), rtol=rtol, max_steps=MOST_STEPS,
        )  # fmt: skip
        J = S.transpose(0, 2, 1).reshape(-1, len(names))
        if status == DONE:
            return self.scale * x, J, steps
        return np.full_like(x, np.nan), np.full_like(J, np.nan), steps

    def end(self, theta: Array, x0: Array, end: Array | None) -> Array:
        """Position (m,) of the pulled end, in the data's unit."""
        ys, ramp, _ = self._pull(self._values(theta), x0, end)
        return self.scale * (ys + ramp.height * -np.expm1(-(self.ts - ramp.start) / ramp.tau))

    def _values(self, theta: Array) -> dict[str, float]:
        return {name: float(value) for name, value in zip(self.names, theta, strict=True)}

    def _pull(self, v: dict[str, float], x0: Array, end: Array | None) -> tuple[Array, Ramp, tuple[float, float]]:
        """Table and ramp of the pull, and how the two change with Y."""
        R, ts = self.scale, self.ts
        if self.pull == "measured":
            assert end is not None  # fit_chain offers this pull only with an end
            return end / R, NO_RAMP, (0.0, 0.0)
        if self.pull == "fixed":
            target = self.known_target / R if self.known_target is not None else v["Y"]
            return np.full(len(ts), float(target)), NO_RAMP, (1.0, 0.0)
        # without a measured end the ramp starts on the straight line through the first curve
        y0 = float((end[0] if end is not None else x0[-1] * (self.blocks + 1) / self.blocks) / R)
        return np.full(len(ts), y0), Ramp(v["Y"] - y0, float(np.exp(v["log tau"])), float(ts[0])), (0.0, 1.0)
