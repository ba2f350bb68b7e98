"""Phase diagrams of networks: curvature as colour, load curves in it, lines of equal test accuracy."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.plots import plot_phase_diagram

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..experiments.diagram import NetworkDiagram

LOGARITHMIC = ("lr", "batch_size")
NAMES = {
    "dropout": "dropout $p$",
    "lr": r"$\log_{10}$ learning rate",
    "batch_size": r"$-\log_{10}$ batch size",
    "noise": "label and input noise",
    "label_noise": "label noise",
    "input_noise": "input noise",
    "weight_decay": "weight decay",
}


class _Shown(NamedTuple):
    """A diagram on the axes of the picture."""

    axes: dict[str, NDArray[np.float64]]
    curvature: NDArray[np.float64]
    load_curves: NDArray[np.float64]

    def theory(self) -> NDArray[np.float64]:
        return np.full_like(self.curvature, np.nan)


def plot_diagram(diagram: "NetworkDiagram", ax: "Axes | None" = None, *, insets: int = 3) -> "Axes":
    """Draw curvature over noise (upwards) and nonlinearity (to the right), with contours of test accuracy.

    Parameters
    ----------
    diagram : NetworkDiagram
        Of `nets.experiments.phase_diagram`.
    ax : Axes, optional
        A new figure's by default.
    insets : int
        Load curves along each axis; 0 for none.

    Returns
    -------
    Axes
        Blue: concave, lazy; red: convex, active; solid line: curvature zero; dotted: equal accuracy; star: the best.

    Notes
    -----
    Noise grows upwards and nonlinearity to the right, as in the paper: the axes are -log10 of the batch size and
    1 - slope.
    """
    level = diagram.axes[diagram.noise]
    if diagram.noise in LOGARITHMIC:
        level = np.log10(level) * (-1 if diagram.noise == "batch_size" else 1)
    nonlinearity = 1 - diagram.axes["slope"]
    up, right = np.argsort(level), np.argsort(nonlinearity)
    cells = np.ix_(up, right)
    shown = _Shown(
        axes={NAMES[diagram.noise]: level[up], r"nonlinearity $1 - \alpha$": nonlinearity[right]},
        curvature=diagram.curvature[cells],
        load_curves=(diagram.load_curves - diagram.load_curves[..., -1:])[cells],  # insets measure from the last layer
    )
    ax = plot_phase_diagram(shown, ax, theory=False, insets=insets)
    accuracy = diagram.accuracy[cells]
    if min(accuracy.shape) > 1 and np.isfinite(accuracy).all():
        lines = ax.contour(nonlinearity[right], level[up], accuracy, 6, colors="black", linewidths=0.6, linestyles=":")
        ax.clabel(lines, fontsize=6, fmt="%.3f")
    if np.isfinite(accuracy).any():
        i, j = np.unravel_index(np.nanargmax(accuracy), accuracy.shape)
        ax.plot(nonlinearity[right][j], level[up][i], marker="*", ms=10, mfc="gold", mec="black", ls="none")
    return ax
