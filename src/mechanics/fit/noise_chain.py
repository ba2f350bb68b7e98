"""The chain that is simulated to refine a fit: scaled parameters, and positions of an ensemble at the data's epochs.

    Y/R,  mu_right/(k R),  mu_left/(k R),  log k,  log s/(k R),  log tau

R is the largest displacement. The thresholds are parameters by themselves (not their sum and difference): where blocks
never slide back, mu_left alone is what the data leave open.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..chain import Drive, MeanField, SpringChain, proceed
from .noise_data import Array, Histories
from .result import ChainFit

BOUNDS = {
    "Y": (-10.0, 10.0),
    "mu_right": (0.0, 3.0),
    "mu_left": (0.0, 3.0),
    "log k": (-20.0, np.inf),
    "log s": (np.log(1e-4), np.log(10.0)),
    "log tau": (-20.0, 20.0),
}
WIDTHS = {"Y": 0.01, "log k": 0.05, "log s": 0.05, "log tau": 0.05}  # of the difference quotients
FRICTION_WIDTH = 0.1  # of the mean friction: less drowns in the kinks of stick and slip
LEAST_WIDTH = 2e-3
STUCK = 3.0  # standard deviations of the noise
KNOWN_SPREAD = {"Y": 1.0, "mu_right": 1.0, "mu_left": 1.0}  # error beyond which a parameter is open, in units of R
OPEN_FACTOR = 3.0  # the same for logarithms: a factor of 20
PIECES = 8  # straight pieces of a ramp between two epochs


@dataclass(frozen=True)
class NoiseChain:
    """Chains with the data's epochs, starts and pull, for any parameters theta."""

    data: Histories
    dt: float
    dynamics: str
    mass: float
    seed: int
    threads: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters in the order of theta."""
        target = () if self.data.pull == "measured" or self.data.target_known else ("Y",)
        ramp = ("log tau",) if self.data.pull == "ramped" else ()
        return (*target, "mu_right", "mu_left", "log k", "log s", *ramp)

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds; the rate stays where the explicit step is stable."""
        low, high = (np.array(side) for side in zip(*(BOUNDS[name] for name in self.names), strict=True))
        fastest = 0.45 / self.dt if self.dynamics == "overdamped" else 0.45 * self.mass / self.dt**2
        high[self.names.index("log k")] = np.log(fastest)
        return low, high

    def widths(self, theta: Array) -> Array:
        """Steps of the difference quotients: wide enough for the kinks of stick and slip."""
        v = dict(zip(self.names, theta, strict=True))
        friction = max(FRICTION_WIDTH * 0.5 * (v["mu_right"] + v["mu_left"]), LEAST_WIDTH)
        return np.array([WIDTHS.get(name, friction) for name in self.names])

    def far(self, theta: Array) -> dict[int, float]:
        """By index, thresholds at which nothing slides that way any more."""
        v = dict(zip(self.names, theta, strict=True))
        more = v["mu_right"] + v["mu_left"] + STUCK * np.exp(v["log s"])
        return {self.names.index(side): v[side] + more for side in ("mu_right", "mu_left")}

    def open_beyond(self) -> Array:
        """Standard error of each parameter from which on it counts as open."""
        return np.array([KNOWN_SPREAD.get(name, OPEN_FACTOR) for name in self.names])

    def start(self, fit: ChainFit) -> Array:
        """Theta of a mean-field fit, inside the bounds."""
        R, a, b = self.data.scale, fit.mu_eff_over_k.value, fit.mean_friction_over_k.value
        b = max(b, abs(a))
        values = {
            "Y": fit.Y.value / R,
            "mu_right": (b + a) / R,
            "mu_left": (b - a) / R,
            "log k": np.log(fit.k.value),
            "log s": np.log(max(fit.noise_over_k.value / R, 1e-4)),
            "log tau": np.log(fit.tau.value) if self.data.pull == "ramped" else 0.0,
        }
        low, high = self.bounds()
        return np.clip(np.array([values[name] for name in self.names]), low, high)

    def chain(self, theta: Array) -> SpringChain:
        """The chain in the data's units, its end driven unless the target is fixed."""
        v = self._values(theta)
        drive = None if self.data.pull == "fixed" else Drive(*self._pull(v))
        inertia = {} if self.dynamics == "overdamped" else {"gamma": 1.0, "mass": self.mass}
        return SpringChain(
            blocks=self.data.blocks,
            k=v["k"],
            mu_right=v["mu_right"],
            mu_left=v["mu_left"],
            target=v["Y"],
            eps_bar=v["s"],
            dynamics=self.dynamics,  # type: ignore[arg-type]
            drive=drive,
            **inertia,  # type: ignore[arg-type]
        )

    def mean_path(self, theta: Array) -> Array:
        """Positions (m, n) of the overdamped mean field from the mean of the starts."""
        v, data = self._values(theta), self.data
        law = MeanField(data.blocks, v["k"], v["mu_right"], v["mu_left"], v["Y"], v["s"])
        times, positions = self._pull(v)
        ends = None if data.pull == "fixed" else lambda t: float(np.interp(t, times, positions))
        return law.solve(data.ts - data.ts[0], data.x[:, 0].mean(axis=0), ends)[:, 1:-1]

    def _values(self, theta: Array) -> dict[str, float]:
        """Parameters in the data's units; Y is the last position of a measured end."""
        v = dict(zip(self.names, theta, strict=True))
        R, k = self.data.scale, float(np.exp(v["log k"]))
        return {
            "Y": float(v["Y"] * R) if "Y" in v else self.data.last_end,
            "k": k,
            "mu_right": float(k * R * v["mu_right"]),
            "mu_left": float(k * R * v["mu_left"]),
            "s": float(k * R * np.exp(v["log s"])),
            "tau": float(np.exp(v.get("log tau", 0.0))),
        }

    def _pull(self, v: dict[str, float]) -> tuple[Array, Array]:
        """Times since the first epoch and positions of the end."""
        data = self.data
        ts = data.ts - data.ts[0]
        if data.pull == "fixed":
            return ts[:1], np.array([v["Y"]])
        if data.pull == "measured":
            assert data.end is not None  # Histories.of asks for it
            return ts, data.end
        fine = np.interp(np.arange(PIECES * (len(ts) - 1) + 1) / PIECES, np.arange(len(ts)), ts)
        n = data.blocks
        # as in the mean-field fit: without a measured end the ramp starts on the line through the first curve
        y0 = float(data.end[0] if data.end is not None else data.x[:, 0, -1].mean() * (n + 1) / n)
        return fine, y0 - (v["Y"] - y0) * np.expm1(-fine / v["tau"])

    def simulate(self, theta: Array, groups: int, first: int = 0) -> Array:
        """Positions (groups, H, m, n) of the groups first, first + 1, ... of the seed.

        History h of a group starts where history h of the data starts. The same groups meet the same noise at any
        theta.
        """
        data = self.data
        H = len(data.x)
        starts = np.tile(data.x[:, 0], (groups, 1))
        run = self.chain(theta).simulate(
            0, self.dt, seed=self.seed, members=groups * H, first_member=first * H, x0=starts, threads=self.threads
        )
        out = np.empty((groups * H, len(data.ts), data.blocks))
        out[:, 0] = starts
        for i, steps in enumerate(np.diff(steps_of(data.ts, self.dt)), start=1):
            run = proceed(run, int(steps), threads=self.threads)
            out[:, i] = run.x[:, -1, 1:-1]
        return out.reshape(groups, H, *out.shape[1:])


def steps_of(ts: Array, dt: float) -> NDArray[np.int64]:
    """Step at which each epoch is reached.

    Raises
    ------
    ValueError
        If two epochs fall on one step.
    """
    steps = np.round((ts - ts[0]) / dt).astype(np.int64)
    if (np.diff(steps) < 1).any():
        i = int(np.flatnonzero(np.diff(steps) < 1)[0])
        raise ValueError(f"dt={dt} does not separate the epochs {ts[i]:g} and {ts[i + 1]:g}; use a smaller dt.")
    return steps
