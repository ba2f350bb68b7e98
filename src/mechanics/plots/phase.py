"""Phase diagrams of chains: curvature as a map, load curves in it, the lines where curvature vanishes."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Diagram(Protocol):
    """What a picture of a phase diagram needs; `PhaseDiagram` has it."""

    @property
    def axes(self) -> Mapping[str, NDArray[Any]]:
        """Values along each axis, by name."""
        ...

    @property
    def curvature(self) -> NDArray[np.float64]:
        """Over the axes."""
        ...

    @property
    def load_curves(self) -> NDArray[np.float64]:
        """Over the axes, layers last."""
        ...

    def theory(self) -> NDArray[np.float64]:
        """Curvature that is expected, of the shape of `curvature`; asked for with `theory=True`."""
        ...


OUTLIER = 3.0  # times what nine cells of ten stay below
NAMES = {
    "eps_bar": r"noise $\bar\epsilon$",
    "eps": r"noise $\epsilon$",
    "mu_right": r"friction $\mu_\rightarrow$",
    "mu_left": r"friction $\mu_\leftarrow$",
    "k": "stiffness $k$",
    "dt": r"step $\Delta t$",
    "blocks": "blocks",
    "gamma": r"damping $\gamma$",
}


def plot_phase_diagram(
    diagram: "Diagram", ax: "Axes | None" = None, *, theory: bool = True, insets: int = 3, colorbar: bool = True
) -> "Axes":
    """Draw the curvature of load curves over two parameters: blue concave, red convex.

    Parameters
    ----------
    diagram : PhaseDiagram
        Over two numeric axes (`diagram.sel(...)` takes the others away); the first is drawn upwards.
    ax : Axes, optional
        Where to draw; a new figure unless given.
    theory : bool
        Draw where the mean field's load curve is straight at the same time (dashed), where it is known.
    insets : int
        Load curves drawn into the map: this number along each axis; 0 for none.
    colorbar : bool
        Draw the scale.

    Returns
    -------
    Axes
        Solid line: curvature zero in the simulation.
    """
    numeric = [name for name, axis in diagram.axes.items() if axis.dtype.kind != "U"]
    if len(diagram.axes) != 2 or len(numeric) != 2:
        raise ValueError(
            f"A map needs two numeric axes, but the diagram has {', '.join(diagram.axes)}; choose values of the others "
            "with diagram.sel(name=value)."
        )
    ax = axes_or_new(ax)
    (y_name, y), (x_name, x) = diagram.axes.items()
    bend = diagram.curvature
    size, beyond = _range(np.abs(bend[np.isfinite(bend)]))
    image = ax.pcolormesh(x, y, bend, cmap="RdBu_r", vmin=-size, vmax=size, shading="nearest", rasterized=True)
    if min(bend.shape) > 1:
        _zero(ax, x, y, bend, colors="black", linewidths=1.2)
        if theory:
            _zero(ax, x, y, diagram.theory(), colors="black", linewidths=1.2, linestyles="dashed")
    if insets:
        _draw_curves(diagram, ax, insets)
    ax.set(xlabel=NAMES.get(x_name, x_name), ylabel=NAMES.get(y_name, y_name))
    if colorbar:
        ax.figure.colorbar(
            image, ax=ax, extend="both" if beyond else "neither", label="curvature (concave < 0 < convex)"
        )
    return ax


def _zero(ax: "Axes", x: Any, y: Any, values: Any, **line: Any) -> None:
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() < 0 < finite.max():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # masked cells
            ax.contour(x, y, np.ma.masked_invalid(values), levels=[0.0], **line)


def _draw_curves(diagram: "Diagram", ax: "Axes", count: int) -> None:
    """Small load curves at cells spread over the map, each scaled to its own drop."""
    (_, y), (_, x) = diagram.axes.items()
    curves = diagram.load_curves
    width, height = (x.max() - x.min()) * 0.2 / max(count - 1, 1), (y.max() - y.min()) * 0.2 / max(count - 1, 1)
    for i in np.unique(np.linspace(0, len(y) - 1, count + 2).round().astype(int)[1:-1]):
        for j in np.unique(np.linspace(0, len(x) - 1, count + 2).round().astype(int)[1:-1]):
            curve = curves[i, j][np.isfinite(curves[i, j])]
            if curve.size:
                s = np.linspace(-1, 1, curve.size)
                drop = curve[0] if curve[0] != 0 else 1.0
                ax.plot(
                    x[j] + width * s, y[i] + height * (2 * curve / drop - 1), color="black", lw=0.9, marker=".", ms=2.5
                )


def _range(sizes: NDArray[np.float64]) -> tuple[float, bool]:
    """Curvature at the ends of the colours, and whether cells lie beyond: a few wild ones must not pale the rest."""
    if not sizes.size:
        return 1.0, False
    most, usual = float(sizes.max()), float(np.quantile(sizes, 0.9))
    return (usual, True) if most > OUTLIER * usual > 0 else (most or 1.0, False)
