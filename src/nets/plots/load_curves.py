"""Load curves of a training run, coloured by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MeasuredRun(Protocol):
    """What a picture of a run needs; `nets.History` has it."""

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Measured epochs, shape (m,)."""
        ...

    @property
    def load_curves(self) -> NDArray[np.float64]:
        """D_l at these epochs, shape (m, layers)."""
        ...

    @property
    def status(self) -> str:
        """How the run ended."""
        ...


def plot_load_curves(
    history: MeasuredRun, ax: "Axes | None" = None, *, epochs: Sequence[int] | None = None, colorbar: bool = True
) -> "Axes":
    """Draw D_l against l, early epochs light and the last one dark; dashed: equal loads on all layers.

    Parameters
    ----------
    history : History
        Of `nets.train`.
    ax : Axes, optional
        A new figure's by default.
    epochs : sequence of int, optional
        Which measured epochs to draw; about ten, evenly spaced in log(1 + epoch), by default.
    colorbar : bool
        Whether to explain the colours beside the axes.

    Returns
    -------
    Axes
        With the curves.

    Raises
    ------
    ValueError
        If nothing was measured, or an epoch was not.
    """
    if len(history.epochs) == 0:
        raise ValueError(f"history has no measurement to draw; its status is {history.status!r}.")
    chosen = np.asarray(_spread(history.epochs) if epochs is None else list(epochs), dtype=np.int64)
    absent = np.setdiff1d(chosen, history.epochs)
    if len(absent):
        raise ValueError(f"epochs must be among the measured ones, but {absent.tolist()} are not.")
    import matplotlib.pyplot as plt
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import SymLogNorm

    if ax is None:
        _, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
    last = int(history.epochs[-1])
    norm = SymLogNorm(linthresh=1, vmin=0, vmax=max(last, 1))
    colours = ScalarMappable(norm, plt.get_cmap("viridis_r"))
    l = np.arange(history.load_curves.shape[1])
    for epoch in chosen:
        curve = history.load_curves[np.flatnonzero(history.epochs == epoch)[0]]
        final = epoch == last
        ax.plot(l, curve, color=colours.to_rgba(epoch), lw=2 if final else 1.2, marker="o", ms=4 if final else 2.5)
    end = history.load_curves[-1]
    ax.plot(l[[0, -1]], end[[0, -1]], "k--", lw=1, label="equal loads")
    ax.set(xlabel="layer $l$", ylabel="load $D_l$")
    ax.set_xticks(l if len(l) <= 12 else l[:: len(l) // 10])
    ax.legend(frameon=False)
    if colorbar and last > 0:
        bar = ax.figure.colorbar(colours, ax=ax, label="epoch", ticks=_decades(last))
        bar.ax.set_yticklabels([str(tick) for tick in _decades(last)])
    return ax


def _spread(epochs: np.ndarray, count: int = 10) -> np.ndarray:
    """About `count` of the epochs with the first and the last, even in log(1 + epoch)."""
    wanted = np.linspace(np.log1p(epochs[0]), np.log1p(epochs[-1]), count)
    nearest = np.abs(np.log1p(epochs)[:, None] - wanted).argmin(0)
    return epochs[np.unique(nearest)]


def _decades(last: int) -> list[int]:
    return [0, *(10**i for i in range(len(str(last))) if 10**i <= last)]
