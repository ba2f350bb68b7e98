"""The mean-field chain as a curve with parameters, in the combinations that data can determine.

Positions determine the ratios to k only, and k as the one rate. Inside the fit, with R the largest displacement:

    Y/R            target                                        (pull fixed or ramped, unless the end is known)
    mu_eff/(k R)   (mu_right - mu_left)/2k, the bend of (8)
    log k          rate, 1/epoch
    log c          c = sqrt(mu_right mu_left)/(k R), so that mean friction is sqrt(mu_eff^2 + c^2) >= |mu_eff|
    log s          noise s/(k R)
    log tau        build-up of the target, y(t) = y_0 + (Y - y_0)(1 - e^{-(t - t_0)/tau})     (pull ramped)

With c in place of the mean friction both thresholds are positive for any parameters: no constraint couples two of them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..chain.mean_field_flow import DONE, NO_RAMP, MeanLaw, Ramp, flow
from .data import Array, ChainData

Pull = Literal["fixed", "ramped", "measured"]

RTOL = 1e-7  # of the integration: noise of 1e-4 in a derivative with step 1e-3
STEP = 1e-3  # of the difference quotients, in units of R or e-folds
FAST = 1e3  # k up to FAST / shortest interval: even the slowest mode (0.15 k) is over between two epochs


@dataclass(frozen=True)
class ChainModel:
    """Curve x(t; theta) for one kind of pull, on the times and in the units of the data."""

    ts: Array
    blocks: int
    scale: float
    pull: Pull
    known_target: float | None

    @classmethod
    def of(cls, data: ChainData, pull: Pull) -> "ChainModel":
        """The model on the data's times; a known end replaces Y in the fixed pull."""
        known = data.known_target if pull == "fixed" else None
        return cls(data.ts, data.x.shape[-1], data.scale, pull, known)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters in the order of theta."""
        target = () if self.pull == "measured" or self.known_target is not None else ("Y",)
        ramp = ("log tau",) if self.pull == "ramped" else ()
        return (*target, "mu_eff/k", "log k", "log c", "log s", *ramp)

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of theta: generous, so that a parameter that meets one is undetermined."""
        span, shortest = self.ts[-1] - self.ts[0], np.diff(self.ts).min()
        table = {
            "Y": (-10.0, 10.0),
            "mu_eff/k": (-2.0, 2.0),
            "log k": (np.log(1e-3 / span), np.log(FAST / shortest)),
            "log c": (np.log(1e-4), np.log(3.0)),
            "log s": (np.log(1e-4), np.log(10.0)),
            "log tau": (np.log(1e-3 * shortest), np.log(30 * span)),
        }
        low, high = zip(*(table[name] for name in self.names), strict=True)
        return np.array(low), np.array(high)

    def law(self, theta: Array) -> MeanLaw:
        """Parameters of the force law, in units of R."""
        v = dict(zip(self.names, theta, strict=True))
        k, c, a = np.exp(v["log k"]), np.exp(v["log c"]), v["mu_eff/k"]
        mean = np.hypot(a, c)
        big = mean + abs(a)
        small = c * c / big  # mean - |a| without the difference
        right, left = (big, small) if a >= 0 else (small, big)
        return MeanLaw(float(k), float(k * right), float(k * left), float(k * np.exp(v["log s"])), 0.0)

    def curve(self, theta: Array, x0: Array, end: Array | None) -> Array:
        """Positions (m, blocks) from x0 (blocks,), all in the data's unit; NaN where the integration fails."""
        R, ts = self.scale, self.ts
        ys, ramp = self._pull(theta, x0, end)
        blocks, status, _ = flow(ts, ys, x0 / R, self.law(theta), ramp, rtol=RTOL, max_steps=20_000)
        return R * blocks if status == DONE else np.full_like(blocks, np.nan)

    def end(self, theta: Array, x0: Array, end: Array | None) -> Array:
        """Position (m,) of the pulled end, in the data's unit."""
        ys, ramp = self._pull(theta, x0, end)
        return self.scale * (ys + ramp.height * -np.expm1(-(self.ts - ramp.start) / ramp.tau))

    def _pull(self, theta: Array, x0: Array, end: Array | None) -> tuple[Array, Ramp]:
        R, ts = self.scale, self.ts
        v = dict(zip(self.names, theta, strict=True))
        ramp = NO_RAMP
        if self.pull == "measured":
            assert end is not None  # fit_chain offers this pull only with an end
            ys = end / R
        elif self.pull == "fixed":
            target = self.known_target / R if self.known_target is not None else v["Y"]
            ys = np.full(len(ts), float(target))
        else:
            # without a measured end the ramp starts on the straight line through the first curve
            y0 = (end[0] if end is not None else x0[-1] * (self.blocks + 1) / self.blocks) / R
            ys = np.full(len(ts), float(y0))
            ramp = Ramp(float(v["Y"] - y0), float(np.exp(v["log tau"])), float(ts[0]))
        return ys, ramp

    def jacobian(self, theta: Array, x0: Array, end: Array | None, *, central: bool = False) -> Array:
        """Derivative of the curve / R by theta, shape (m blocks, p); one-sided at the bounds."""
        low, high = self.bounds()
        base = None if central else self.curve(theta, x0, end)
        J = np.empty((len(self.ts) * self.blocks, len(theta)))
        for i in range(len(theta)):
            up, down = theta.copy(), theta.copy()
            up[i] = min(theta[i] + STEP, high[i])
            if central or up[i] == theta[i]:
                down[i] = max(theta[i] - STEP, low[i])
            lower = base if base is not None and down[i] == theta[i] else self.curve(down, x0, end)
            J[:, i] = (self.curve(up, x0, end) - lower).ravel() / (self.scale * (up[i] - down[i]))
        return J
