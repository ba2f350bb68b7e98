"""Which block slips when, and to which side: a map of blocks over time."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..chain import ChainRun, ExactFlow

COLOURS = ("#3b6fb6", "#e8e6e1", "#c8553d")  # left, stuck, right


def plot_modes(
    source: "ExactFlow | ChainRun", ax: "Axes | None" = None, *, member: int = 0, until: float | None = None
) -> "Axes":
    """Draw the modes of the blocks over time: slips right, stuck, slips left.

    Parameters
    ----------
    source : ExactFlow or ChainRun
        Modes of an exact flow, from event to event; or the signs of a run's displacements from one saved state to the
        next (save every step to see single slips).
    ax : Axes, optional
        Where to draw; a new figure unless given.
    member : int
        Which member of a run, counted from 0.
    until : float, optional
        Last time drawn; the end of a run, or of a flow, or half as long again as its last event.

    Returns
    -------
    Axes
        Time to the right, blocks 1 .. L-1 upwards.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    from ..chain import ExactFlow

    edges, modes = _from_flow(source, until) if isinstance(source, ExactFlow) else _from_run(source, member, until)
    ax = axes_or_new(ax)
    blocks = np.arange(modes.shape[1] + 1) + 0.5
    ax.pcolormesh(edges, blocks, modes.T, cmap=ListedColormap(COLOURS), vmin=-1.5, vmax=1.5, rasterized=True)
    ax.set(xlabel="time $t$", ylabel="block $l$", xlim=(edges[0], edges[-1]))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    names = [Patch(color=c, label=n) for c, n in zip(COLOURS, ("slips left", "stuck", "slips right"), strict=True)]
    ax.legend(handles=names[::-1], frameon=False, fontsize="small", ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def _from_flow(flow: "ExactFlow", until: float | None) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    times = np.array([state.t for state in flow.pieces])
    end = flow.t1 if until is None else until
    if not np.isfinite(end):
        last = times[-1] - flow.t0
        end = flow.t0 + (1.5 * last if last > 0 else 1.0)
    kept = times < end
    return np.append(times[kept], end), np.stack([state.modes for state in flow.pieces])[kept]


def _from_run(run: "ChainRun", member: int, until: float | None) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    if len(run.ts) < 2:
        raise ValueError("A map of modes needs at least two saved states; simulate with save_every=1.")
    kept = len(run.ts) if until is None else max(2, int(np.searchsorted(run.ts, until, side="right")))
    return run.ts[:kept], np.sign(np.diff(run.x[member, :kept, 1:-1], axis=0)).astype(np.int8)
