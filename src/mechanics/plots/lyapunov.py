"""Pictures of Lyapunov spectra: the spectrum, how it converged, and attractors over a parameter."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..lyapunov import LyapunovSpectrum

TWO_ERRORS = 2.0


def plot_spectrum(spectrum: "LyapunovSpectrum", ax: "Axes | None" = None, **style: Any) -> "Axes":
    """Exponents by rank, with two standard errors.

    Parameters
    ----------
    spectrum : LyapunovSpectrum
        From `mechanics.lyapunov.lyapunov_spectrum`.
    ax : matplotlib Axes, optional
        Made if not given.
    **style
        Passed to `errorbar`.
    """
    ax = axes_or_new(ax)
    ranks = np.arange(1, len(spectrum.exponents) + 1)
    options = {"fmt": "o", "markersize": 4, "linewidth": 1.0, **style}
    ax.axhline(0.0, color="k", linestyle="--", linewidth=1.0)
    ax.errorbar(ranks, spectrum.exponents, yerr=TWO_ERRORS * spectrum.stderr, **options)
    per = "iteration" if spectrum.job.is_map else "unit time"
    ax.set(xlabel="rank $j$", ylabel=rf"exponent $\lambda_j$ per {per}")
    ax.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    return ax


def plot_convergence(spectrum: "LyapunovSpectrum", ax: "Axes | None" = None, most: int = 8) -> "Axes":
    """Running means over the averaging time, with the band of two final standard errors.

    Parameters
    ----------
    spectrum : LyapunovSpectrum
        From `mechanics.lyapunov.lyapunov_spectrum`.
    ax : matplotlib Axes, optional
        Made if not given.
    most : int
        Exponents shown, from the largest.
    """
    from matplotlib import colormaps

    ax = axes_or_new(ax)
    count = min(most, len(spectrum.exponents))
    for j, colour in enumerate(colormaps["viridis"](np.linspace(0.0, 0.85, count))):
        ax.plot(spectrum.times, spectrum.history[:, j], color=colour, linewidth=1.2, label=rf"$\lambda_{{{j + 1}}}$")
        middle, error = spectrum.exponents[j], TWO_ERRORS * spectrum.stderr[j]
        ax.axhspan(middle - error, middle + error, color=colour, alpha=0.2, linewidth=0)
    ax.set_xscale("log")
    ax.set(xlabel="iterations" if spectrum.job.is_map else "averaging time $T$", ylabel=r"running mean of $\lambda_j$")
    ax.legend(frameon=False, ncols=max(1, count // 4))
    return ax


def plot_bifurcation(
    values: ArrayLike, orbits: Sequence[NDArray[np.float64]], ax: "Axes | None" = None, **style: Any
) -> "Axes":
    """Long-run values of one component over a parameter.

    Parameters
    ----------
    values : array_like, shape (m,)
        The parameter.
    orbits : sequence of m arrays
        From `mechanics.lyapunov.bifurcation_diagram`.
    ax : matplotlib Axes, optional
        Made if not given.
    **style
        Passed to `plot`.
    """
    ax = axes_or_new(ax)
    x = np.repeat(np.asarray(values, dtype=float), [len(orbit) for orbit in orbits])
    options = {"color": "k", "marker": ",", "linestyle": "none", "alpha": 0.3, "rasterized": True, **style}
    ax.plot(x, np.concatenate([np.asarray(orbit) for orbit in orbits]), **options)
    ax.set(xlabel="parameter", ylabel="long-run values")
    return ax
