"""Which knob moves which mechanical quantity: linear regressions of fitted quantities on the settings, with intervals.

For a quantity q (its logarithm where it is a rate or a strength) in the cells i of a diagram

    q_i = b_0 + b_1 u_i + b_2 v_i + b_3 u_i v_i + t z_i + e_i,      e_i of the known standard error s_i, z_i ~ N(0, 1)

with u, v from -1/2 to 1/2 over the knob and the slope (`map_axes`): b_1 is the change of q over the knob's whole range
in the middle of the slopes, b_3 how much more it changes from one end of the slopes to the other. The scatter t about
the plane is that of Paule and Mandel, sum_i r_i^2 / (s_i^2 + t^2) = n - p, so that small errors of few seeds cannot
outweigh the plane's own misfit; then weighted least squares, cov b = (X^T W X)^{-1} with W = 1/(s^2 + t^2), and
Student's t with n - p degrees of freedom (a random-effects meta-regression).

R. C. Paule, J. Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377-385; S. G. Thompson, S. J. Sharp, Stat. Med. 18 (1999)
2693-2708.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .diagram import Array
from .map_axes import unit_coordinates

LOGARITHMS = ("k", "mean_friction_over_k", "noise_over_k", "tau")  # positive, known to a factor
NAMES = {
    "Y": "the end Y", "mu_eff_over_k": "effective friction mu_eff/k", "k": "the rate k",
    "mean_friction_over_k": "mean friction/k", "noise_over_k": "noise/k", "tau": "the build-up time tau",
    "mu_eff_over_k_rest": "mu_eff/k of the final curves", "Y_rest": "Y of the final curves",
    "curvature": "the curvature", "test_accuracy": "the test accuracy",
}  # fmt: skip
LEVEL = 0.95


@dataclass(frozen=True)
class Effect:
    """A coefficient with its standard error and 95 % interval, in the quantity's unit (e-folds of a logarithm)."""

    value: float
    stderr: float
    interval: tuple[float, float]

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes zero, else 0."""
        return 1 if self.interval[0] > 0 else -1 if self.interval[1] < 0 else 0


@dataclass(frozen=True)
class QuantityRegression:
    """The regression of one quantity.

    Attributes
    ----------
    quantity : str
    effects : dict of str to Effect
        By the names of the knob and "slope" (change over the whole range, at the middle of the other), and
        "interaction" where both vary and enough cells are known. Empty where too few cells are.
    logarithm : bool
        Whether the logarithm of the quantity was fitted.
    cells, of : int
        Cells used (those where the quantity is identified), and all.
    scatter : float
        t: standard deviation of the cells about the plane beyond their own errors.
    ranges : dict of str to (float, float)
        Least and largest value of each axis.
    note : str
        Why there is no regression; empty where there is one.
    """

    quantity: str
    effects: dict[str, Effect]
    logarithm: bool
    cells: int
    of: int
    scatter: float
    ranges: dict[str, tuple[float, float]]
    note: str = ""

    @property
    def sentences(self) -> list[str]:
        """What the regression supports, in plain words."""
        what = NAMES[self.quantity]
        if self.note:
            return [f"{what[0].upper()}{what[1:]}: {self.note}."]
        return [self._sentence(name, what) for name in self.ranges if name in self.effects] + self._interaction(what)

    def _sentence(self, name: str, what: str) -> str:
        e, (low, high) = self.effects[name], self.ranges[name]
        size = _shown(e, self.logarithm)
        known = "" if self.cells == self.of else f" ({self.cells} of {self.of} cells)"
        start = f"{name} from {low:g} to {high:g}"
        if e.sign == 0:
            return f"{start}: no effect on {what} beyond its error, {size}{known}."
        verb = "raises" if e.sign > 0 else "lowers"
        return f"{start} {verb} {what}: {size}{known}."

    def _interaction(self, what: str) -> list[str]:
        e = self.effects.get("interaction")
        if e is None or e.sign == 0:
            return []
        knob, (low, high) = next(iter(self.ranges)), self.ranges["slope"]
        at_ends = [self.effects[knob].value + side * e.value for side in (-0.5, 0.5)]
        factor = np.exp if self.logarithm else np.asarray
        shown = [f"{factor(v):.3g}" if self.logarithm else f"{v:+.3g}" for v in at_ends]
        unit = "by the factor" if self.logarithm else "by"
        return [
            f"The effect of {knob} on {what} depends on the slope: {unit} {shown[0]} at slope {low:g}, {shown[1]} at "
            f"slope {high:g} (difference {_shown(e, self.logarithm)})."
        ]


@dataclass(frozen=True)
class MapRegression:
    """Regressions of a map's quantities, by name; printing it prints the sentences they support."""

    quantities: dict[str, QuantityRegression]

    def __getitem__(self, quantity: str) -> QuantityRegression:
        return self.quantities[quantity]

    @property
    def sentences(self) -> list[str]:
        """All of them, quantity by quantity."""
        return [line for one in self.quantities.values() for line in one.sentences]

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def regress(measured: Mapping[str, tuple[Array, Array, NDArray[np.bool_]]], axes: Mapping[str, Array]) -> MapRegression:
    """Regressions of quantities, each (value, standard error, identified) over (levels, slopes).

    Raises
    ------
    ValueError
        If no axis has two values.
    """
    live = [name for name, values in axes.items() if np.ptp(values) > 0]
    if not live:
        raise ValueError("a regression needs an axis with two values or more; give more levels or slopes.")
    grids = np.meshgrid(*(unit_coordinates(name, v, v) - 0.5 for name, v in axes.items()), indexing="ij")
    ranges = {name: (float(axes[name].min()), float(axes[name].max())) for name in live}
    columns = {name: grid for name, grid in zip(axes, grids, strict=True) if name in live}
    if len(live) == 2:
        columns["interaction"] = grids[0] * grids[1]
    return MapRegression({name: _one(name, *values, columns, ranges) for name, values in measured.items()})


def _one(
    quantity: str,
    value: Array,
    error: Array,
    identified: NDArray[np.bool_],
    columns: dict[str, Array],
    ranges: dict[str, tuple[float, float]],
) -> QuantityRegression:
    logarithm = quantity in LOGARITHMS
    good = identified & np.isfinite(value) & ~(logarithm & (value <= 0))
    n, of = int(good.sum()), value.size
    q = np.log(value[good]) if logarithm else value[good]
    s = error[good] / np.abs(value[good]) if logarithm else error[good]
    s = np.where(np.isfinite(s), s, 0.0)  # a single seed: the scatter about the plane is all there is
    names = list(columns)
    if n < len(names) + 3:  # a plane alone, then
        names = [name for name in names if name != "interaction"]
    X = np.stack([np.ones(n), *(columns[name][good] for name in names)], axis=1)
    if n < X.shape[1] + 2 or np.linalg.matrix_rank(X) < X.shape[1]:
        note = f"not determined by these data, which identify it in {n} of {of} cells"
        return QuantityRegression(quantity, {}, logarithm, n, of, np.nan, ranges, note)
    b, cov, t = random_effects(X, q, s)
    from scipy.stats import t as student

    half = student.ppf(0.5 + LEVEL / 2, n - X.shape[1]) * np.sqrt(np.diag(cov))
    effects = {
        name: Effect(float(b[i]), float(np.sqrt(cov[i, i])), (float(b[i] - half[i]), float(b[i] + half[i])))
        for i, name in enumerate(names, start=1)
    }
    return QuantityRegression(quantity, effects, logarithm, n, of, t, ranges)


def random_effects(X: Array, q: Array, s: Array) -> tuple[Array, Array, float]:
    """Coefficients (p,), their covariance and the scatter t about the plane; X (n, p), q and its errors s (n,).

    t = 0 where the errors alone explain the scatter; the covariance is then scaled down by no factor.
    """
    from scipy.optimize import brentq

    n, p = X.shape

    def solved(t2: float) -> tuple[Array, Array, float]:
        w = 1 / np.maximum(s**2 + t2, 1e-300)
        root = np.sqrt(w)
        b: Array = np.asarray(np.linalg.lstsq(X * root[:, None], q * root, rcond=None)[0], dtype=float)
        return b, w, float((w * (q - X @ b) ** 2).sum() - (n - p))

    top = float(((q - X @ np.linalg.lstsq(X, q, rcond=None)[0]) ** 2).sum() / (n - p)) + 1e-300
    least = 1e-12 * top if (s <= 0).any() else 0.0  # errors of zero would weigh infinitely
    if solved(least)[2] <= 0:
        t2 = least
    else:
        while solved(top)[2] > 0:
            top *= 4
        t2 = float(brentq(lambda v: solved(v)[2], least, top))
    b, w, _ = solved(t2)
    return b, np.asarray(np.linalg.inv((X * w[:, None]).T @ X), dtype=float), math.sqrt(t2)


def _shown(e: Effect, logarithm: bool) -> str:
    low, high = e.interval
    if logarithm:
        return f"factor {np.exp(e.value):.3g} [{np.exp(low):.3g}, {np.exp(high):.3g}]"
    return f"{e.value:+.3g} [{low:+.3g}, {high:+.3g}]"
