"""Load curves during training, and the spring-block chain that was fitted to them beside it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mechanics.plots.animation import zigzag

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

    from mechanics.fit import ChainFit

    from ..training import History

FRAMES = 40


def animate_training(
    histories: Mapping[str, Sequence["History"]],
    fits: Mapping[str, "ChainFit"],
    path: str | os.PathLike[str] | None = None,
    *,
    frames: int = FRAMES,
    fps: int = 8,
    dpi: int = 70,
) -> "FuncAnimation":
    """Animate load curves (left) and fitted chains (right), a row for each setting, and save it if a path is given.

    Parameters
    ----------
    histories : mapping of str to sequence of History
        By label; each row shows the mean over its runs.
    fits : mapping of str to ChainFit
        Chains fitted to them, by the same labels.
    path : path, optional
        A .gif, written by pillow.
    frames : int
        Pictures; spread evenly over the fitted epochs, which are spaced by their logarithm.
    fps, dpi : int
        Pictures a second and pixels an inch.

    Returns
    -------
    FuncAnimation
        Left: loads of the network and, dashed, of the chain. Right: the blocks of the chain at x_l = D_0 - D_l, above
        crosses at the network's; the bar is the measured load of the logits, which pulls.

    Raises
    ------
    ValueError
        If the labels differ, a fit's epochs were not measured, or the file is no .gif.
    """
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    if set(histories) != set(fits) or not fits:
        raise ValueError(f"histories and fits must have the same labels, but have {[*histories]} and {[*fits]}.")
    if frames < 1:
        raise ValueError(f"frames must be at least 1, but is {frames}.")
    if path is not None and Path(path).suffix.lower() != ".gif":
        raise ValueError(f"The animation is saved as .gif, not {Path(path).name!r}.")
    fig, axes = plt.subplots(len(fits), 2, figsize=(7, 1.8 * len(fits) + 0.4), layout="constrained", squeeze=False)
    rows = [_Row(label, histories[label], fits[label], *pair) for (label, pair) in zip(fits, axes, strict=True)]
    axes[-1, 0].set_xlabel("layer $l$")
    axes[-1, 1].set_xlabel("position $x_l = D_0 - D_l$")

    def draw(frame: int) -> list[Any]:
        return [artist for row in rows for artist in row.draw(frame / max(frames - 1, 1))]

    animation = FuncAnimation(fig, draw, frames=frames, interval=1000 / fps, blit=False)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        animation.save(os.fspath(path), writer=PillowWriter(fps=fps), dpi=dpi)
        plt.close(fig)
    return animation


class _Row:
    """Artists of one setting."""

    def __init__(self, label: str, runs: Sequence["History"], fit: "ChainFit", left: Any, right: Any) -> None:
        at = np.searchsorted(runs[0].epochs, fit.epochs)
        if at.max() >= len(runs[0].epochs) or not np.array_equal(runs[0].epochs[at], fit.epochs):
            raise ValueError(f"the chain of {label!r} was fitted at epochs that its histories do not have.")
        self.epochs = fit.epochs
        self.D = np.mean([run.load_curves[at] for run in runs], axis=0)
        self.end = self.D[:, 0] - np.mean([run.output_load[at] for run in runs], axis=0)
        self.network = self.D[:, :1] - self.D
        self.chain = fit.fitted
        both = np.concatenate([self.D, self.D[:, :1] - self.chain])
        margin = 0.06 * np.ptp(both)
        left.set(
            ylabel="load $D_l$", ylim=(both.min() - margin, both.max() + margin), xlim=(-0.3, self.D.shape[1] - 0.7)
        )
        left.set_title(label, fontsize="medium", loc="left")
        reach = np.concatenate([self.network.ravel(), self.chain.ravel(), self.end])
        margin = 0.05 * np.ptp(reach)
        right.set(xlim=(reach.min() - margin, reach.max() + margin), ylim=(-0.8, 0.8), yticks=[])
        (self.measured,) = left.plot([], [], "o-", ms=4, color="C0", label="network")
        (self.fitted,) = left.plot([], [], "k--", lw=1, label="chain")
        left.legend(frameon=False, fontsize=7, loc="lower left")
        self.clock = left.text(0.98, 0.95, "", transform=left.transAxes, ha="right", va="top", fontsize=8)
        (self.springs,) = right.plot([], [], color="0.4", lw=0.8)
        (self.blocks,) = right.plot([], [], "s", color="C0", ms=8)
        (self.ends,) = right.plot([], [], "|", color="black", ms=20, mew=2)
        (self.crosses,) = right.plot([], [], "x", color="0.2", ms=5)

    def draw(self, part: float) -> list[Any]:
        """Show the epoch that lies this part of the way through the fitted ones."""
        i = round(part * (len(self.epochs) - 1))
        l = np.arange(self.D.shape[1])
        x = np.append(self.chain[i], self.end[i])
        self.measured.set_data(l, self.D[i])
        self.fitted.set_data(l, self.D[i, 0] - self.chain[i])
        self.clock.set_text(f"epoch {self.epochs[i]:g}")
        self.springs.set_data(*zigzag(x))
        self.blocks.set_data(x[1:-1], np.zeros(len(x) - 2))
        self.ends.set_data(x[[0, -1]], [0.0, 0.0])
        self.crosses.set_data(self.network[i], np.full(len(l), -0.5))
        return [self.measured, self.fitted, self.clock, self.springs, self.blocks, self.ends, self.crosses]
