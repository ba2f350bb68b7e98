"""Figures of trained Leaky ResNets: ranks over depth, spectra and energies over layers, errors and paths by steps.

After figures 1 to 3 of Jacot and Kaiser, arXiv:2405.17573. Most functions take histories of
`nets.experiments.leaky_runs`, with what was measured at their end among the records.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mechanics.plots.axes import axes_or_new

from .leaky_numbers import errors_by_steps, paired_gains, plane_of_paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..training import LeakyHistory

COLOURS = {"equidistant": "#3a7bd5", "irregular": "#d9822b", "adaptive": "#2a9d6f"}
MARKERS = {"equidistant": "o", "irregular": "s", "adaptive": "^"}
ROUNDING = 1e-6  # of the largest singular value, in single precision
LEADING = 8  # singular values of a spectrum that are drawn


def plot_ranks(histories: Sequence["LeakyHistory"], rank: int | None = None, ax: "Axes | None" = None) -> "Axes":
    """Estimates of the bottleneck rank against Lt; bars of -2H/Lt run from its least to its largest layer.

    Open markers are networks whose largest `cons` exceeds 1e-2: their Hamiltonian is not that of a geodesic.
    """
    ax = axes_or_new(ax, (4.6, 3.4))
    Lt = np.array([h.settings["Lt"] for h in histories])
    H = [-2 * h.records["H"] / t for h, t in zip(histories, Lt, strict=True)]
    stable = [np.median(-2 * h.records["stable_H"]) / t for h, t in zip(histories, Lt, strict=True)]
    middle = np.array([np.median(h) for h in H])
    ends = np.array([[m - h.min(), h.max() - m] for h, m in zip(H, middle, strict=True)]).T
    critical = np.array([h.records["cons"].max() < 1e-2 for h in histories])
    ax.errorbar(Lt, middle, ends, color="C0", fmt="-", lw=1.2, capsize=2, zorder=2)
    for some, face in ((critical, "C0"), (~critical, "white")):
        ax.plot(Lt[some], middle[some], "o", ms=4.5, mec="C0", mfc=face, zorder=3)
    ax.plot([], [], "C0o-", ms=4.5, label=r"$-2H/\tilde L$, median and range")
    ax.plot(Lt, stable, "C2^:", ms=4, label="the same, stable")
    ax.plot(Lt, [h.records["stable_coi"].min() for h in histories], "C1s-", ms=4, label=r"$\min_p$ stable COI")
    if rank is not None:
        ax.axhline(rank, color="k", ls="--", lw=1, label=f"rank {rank} of the teacher")
    top = max(2.5 * (rank or 1) + 6, 4)
    ax.set(xlabel=r"effective depth $\tilde L$", ylabel="estimate of the rank", ylim=(-0.6 * top, 1.4 * top))
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_spectra(
    p: ArrayLike, spectra: ArrayLike, ax: "Axes | None" = None, *, leading: int = LEADING, steps: bool = False
) -> "Axes":
    """Singular values (m, k) at depths p (m,) on a logarithmic axis; `steps` marks the depths by grey lines."""
    import matplotlib.pyplot as plt

    ax = axes_or_new(ax, (4.6, 3.4))
    p, s = np.asarray(p, float), np.array(spectra, float)[:, :leading]
    s[s < ROUNDING * s.max()] = np.nan  # an input of fewer dimensions than the width has no further values
    if steps:
        for depth in p:
            ax.axvline(depth, color="0.85", lw=0.8, zorder=0)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, s.shape[1]))
    for i in range(s.shape[1]):
        ax.semilogy(p, s[:, i], color=colours[i], lw=1.4, marker="o", ms=2)
    ax.set(xlabel="depth $p$", ylabel="singular values")
    ax.set_ylim(max(np.nanmax(s) * 1e-3, np.nanmin(s) * 0.7), np.nanmax(s) * 1.5)
    return ax


def plot_energies(histories: Sequence["LeakyHistory"], ax: "Axes | None" = None) -> "Axes":
    """-2H/Lt (solid) and the stable cost of identity (dotted) over p, coloured by Lt; see `plot_ranks` for H."""
    import matplotlib.pyplot as plt

    ax = axes_or_new(ax, (4.6, 3.4))
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(histories)))
    for h, colour in zip(histories, colours, strict=True):
        p, Lt = h.records["p"][:-1], h.settings["Lt"]
        ax.plot(p, -2 * h.records["H"] / Lt, color=colour, lw=1.5, label=rf"$\tilde L$ = {Lt:g}")
        ax.plot(p, h.records["stable_coi"], color=colour, lw=1.2, ls=":")
    ax.axhline(0, color="0.8", lw=0.8, zorder=0)
    ax.set_yscale("symlog", linthresh=10)
    ax.set(xlabel="depth $p$", ylabel=r"$-2H/\tilde L$ (solid), stable COI (dotted)")
    ax.legend(frameon=False, fontsize="small", ncols=2)
    return ax


def plot_test_error(histories: Sequence["LeakyHistory"], ax: "Axes | None" = None) -> "Axes":
    """Test error against the number of layers by scheme of steps; bars as in `errors_by_steps`, without the seeds."""
    ax = axes_or_new(ax, (4.6, 3.4))
    for shift, (name, (layers, mean, stderr)) in zip((-0.1, 0, 0.1), errors_by_steps(histories).items(), strict=False):
        ax.errorbar(
            np.add(layers, shift), mean, stderr, color=COLOURS[name], marker=MARKERS[name], ms=4, capsize=2, label=name
        )
    ax.set(xlabel="layers $L$", ylabel="test error $C$")
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_gains(histories: Sequence["LeakyHistory"], ax: "Axes | None" = None) -> "Axes":
    """Test error against equidistant steps of the same seed, in percent: each seed, and the mean's 95 % interval."""
    ax = axes_or_new(ax, (4.6, 3.4))
    gains = [(name, L, g) for name, L, g in paired_gains(histories) if len(g.percent)]
    layers = sorted({L for _, L, _ in gains})
    for name, L, g in gains:
        x = layers.index(L) + (-0.15 if name == "irregular" else 0.15)
        ax.plot(np.full(len(g.percent), x - 0.05), g.percent, MARKERS[name], color=COLOURS[name], ms=3.5, alpha=0.5)
        ax.errorbar(x + 0.05, g.mean, g.half_width, fmt=MARKERS[name], color=COLOURS[name], ms=5, capsize=3,
                    label=name if layers[0] == L else None)  # fmt: skip
    ax.axhline(0, color="k", ls="--", lw=1, label="equidistant")
    ax.set_xticks(range(len(layers)), [str(L) for L in layers])
    ax.set(xlabel="layers $L$", ylabel="change of the test error in %")
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_path_plane(paths: Mapping[str, Any], ax: "Axes | None" = None) -> "Axes":
    """Paths A (m, w, N) by name in the plane of their two leading principal components together; dots are layers."""
    ax = axes_or_new(ax, (4.6, 3.4))
    points, share = plane_of_paths(list(paths.values()))
    for (name, _), xy in zip(paths.items(), points, strict=True):
        colour, marker = COLOURS.get(name), MARKERS.get(name, "o")
        ax.plot(*xy.T, color=colour, marker=marker, ms=3.5, lw=1.2, label=name)
    ax.annotate("$p=0$", points[0][0], textcoords="offset points", xytext=(6, 4))
    ax.set(xlabel=f"first component ({share[0]:.0%})", ylabel=f"second component ({share[1]:.0%})")
    ax.legend(frameon=False, fontsize="small")
    return ax


def animate_spectra(histories: Sequence["LeakyHistory"], path: Any, *, fps: int = 3, dpi: int = 90) -> Any:
    """Spectra of A over p as Lt grows, one frame a history, saved as .gif; returns the FuncAnimation."""
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    fig, ax = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
    spectra = [h.records["spectra_A"][:, :LEADING] for h in histories]
    top = max(s.max() for s in spectra)

    def draw(i: int) -> list[Any]:
        ax.clear()
        plot_spectra(histories[i].records["p"], spectra[i], ax)
        ax.set(ylim=(top * 1e-4, top * 1.5), title=rf"$\tilde L$ = {histories[i].settings['Lt']:g}")
        return []

    animation = FuncAnimation(fig, draw, frames=len(histories))
    animation.save(path, writer=PillowWriter(fps=fps), dpi=dpi)
    plt.close(fig)
    return animation
