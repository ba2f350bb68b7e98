"""Curves of divergence before and after rescaling by a hyperparameter, and the power law between the two."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..perturb.scaling import Scaling


def plot_scaling(found: "Scaling", ax: "Axes | None" = None, *, name: str = "x", quantity: str = "slope") -> "Axes":
    """Draw a quantity against a hyperparameter with 95 % intervals, and the fitted power law as a dashed line.

    Parameters
    ----------
    found : Scaling
        Of `nets.perturb.fit_scaling`.
    ax : Axes, optional
        A new figure's by default.
    name, quantity : str
        Labels.

    Returns
    -------
    Axes
        Both axes logarithmic.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.3), layout="constrained")
    order = np.argsort(found.x)
    x, values = found.x[order], found.values[order]
    errors = np.abs(found.intervals[order].T - values)
    ax.errorbar(x, values, errors, marker="o", ls="none", capsize=2)
    low, high = found.interval
    ax.plot(
        x, found.predict(x), "k--", lw=1, label=rf"power ${found.exponent:.2f}$ $[{low:.2f}, {high:.2f}]$ (95 %)"
    )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel=name, ylabel=quantity)
    ax.legend(frameon=False, fontsize=8)
    return ax


def plot_collapse(
    x: ArrayLike,
    t: Sequence[ArrayLike],
    curves: Sequence[ArrayLike],
    ax: "Axes | None" = None,
    *,
    time_power: float = 1.0,
    distance_power: float = 0.0,
    name: str = "x",
) -> "Axes":
    """Draw mean curves d x^-b against t x^a, one colour for each setting; powers of 0 draw them as they are.

    Parameters
    ----------
    x : array_like, shape (settings,)
    t, curves : sequences of array_like, shapes (m,) and (copies, m)
        Of each setting.
    ax : Axes, optional
        A new figure's by default.
    time_power, distance_power : float
        a and b.
    name : str
        Of x, in the legend and labels.

    Returns
    -------
    Axes
        Both axes logarithmic.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(4.4, 3.3), layout="constrained")
    settings = np.asarray(x, dtype=float)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(settings)))
    for k in np.argsort(settings):
        times = np.asarray(t[k], dtype=float) * settings[k] ** time_power
        d = np.atleast_2d(curves[k]).mean(0) * settings[k] ** -distance_power
        good = (times > 0) & (d > 0)
        ax.plot(times[good], d[good], color=colours[np.argsort(np.argsort(settings))[k]], label=f"{settings[k]:g}")
    scaled = _power(name, time_power), _power(name, -distance_power)
    ax.set(xscale="log", yscale="log", xlabel=f"step{scaled[0]}", ylabel=f"distance{scaled[1]}")
    ax.legend(title=name, frameon=False, fontsize=8)
    return ax


def _power(name: str, power: float) -> str:
    return "" if power == 0 else f" x {name}" if power == 1 else f" x {name}^{power:g}"
