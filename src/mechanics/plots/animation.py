"""A chain in motion: blocks and springs above, the load curve below."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation

    from ..chain import ChainRun, ExactFlow

FRAMES = 100
COILS = 6  # of a spring


def animate_chain(
    source: "ChainRun | ExactFlow",
    path: str | os.PathLike[str] | None = None,
    *,
    member: int = 0,
    ts: ArrayLike | None = None,
    frames: int = FRAMES,
    fps: int = 20,
    dpi: int = 90,
) -> "FuncAnimation":
    """Animate a chain, and save the animation if a path is given.

    Parameters
    ----------
    source : ChainRun or ExactFlow
        A run with saved states, or an exact flow.
    path : path, optional
        A .gif (written by pillow), or a .mp4 where the program ffmpeg is installed.
    member : int
        Which member of a run, counted from 0.
    ts : array_like, optional
        Times of the frames (nearest saved states of a run); spread evenly unless given.
    frames : int
        Number of frames, where ts is not given.
    fps, dpi : int
        Frames a second and pixels an inch.

    Returns
    -------
    FuncAnimation

    Raises
    ------
    ValueError
        If the file's suffix is neither .gif nor .mp4.
    RuntimeError
        If a .mp4 is wanted without ffmpeg.
    """
    import matplotlib.pyplot as plt
    from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter

    times, x = _states(source, member, ts, frames)
    writer: Any = None
    if path is not None:
        suffix = Path(path).suffix.lower()
        if suffix not in (".gif", ".mp4"):
            raise ValueError(f"An animation is saved as .gif or .mp4, not {Path(path).name!r}.")
        if suffix == ".mp4" and not FFMpegWriter.isAvailable():
            raise RuntimeError("Saving .mp4 needs the program ffmpeg, which was not found; save a .gif instead.")
        writer = PillowWriter(fps=fps) if suffix == ".gif" else FFMpegWriter(fps=fps)
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5, 3.4), height_ratios=[1, 2], layout="constrained")
    low, high = x.min(), x.max()
    margin = 0.05 * (high - low or 1.0)
    top.set(xlim=(low - margin, high + margin), ylim=(-1, 1), yticks=[], xlabel="position $x_l$")
    top.axhline(-0.35, color="0.6", lw=0.8)
    load = x[:, -1:] - x
    bottom.set(
        xlim=(-0.2, x.shape[1] - 0.8), xlabel="layer $l$", ylabel="load $D_l$",
        ylim=(min(load.min(), 0) - 0.05 * np.ptp(load), load.max() + 0.05 * np.ptp(load)),
    )  # fmt: skip
    (springs,) = top.plot([], [], color="0.4", lw=0.8)
    (blocks,) = top.plot([], [], "s", color="C0", ms=9)
    (ends,) = top.plot([], [], "|", color="black", ms=22, mew=2)
    (curve,) = bottom.plot([], [], "o-", ms=4, color="C0")
    clock = bottom.text(0.98, 0.92, "", transform=bottom.transAxes, ha="right", va="top")

    def draw(frame: int) -> tuple[Any, ...]:
        state = x[frame]
        springs.set_data(*zigzag(state))
        blocks.set_data(state[1:-1], np.zeros(len(state) - 2))
        ends.set_data(state[[0, -1]], [0.0, 0.0])
        curve.set_data(np.arange(len(state)), load[frame])
        clock.set_text(f"$t = {times[frame]:.3g}$")
        return springs, blocks, ends, curve, clock

    animation = FuncAnimation(fig, draw, frames=len(times), interval=1000 / fps, blit=False)
    if writer is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)  # type: ignore[arg-type]
        animation.save(os.fspath(path), writer=writer, dpi=dpi)  # type: ignore[arg-type]
        plt.close(fig)
    return animation


def _states(
    source: Any, member: int, ts: ArrayLike | None, frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if frames < 1:
        raise ValueError(f"frames must be at least 1, but is {frames}.")
    if hasattr(source, "pieces"):
        last = source.pieces[-1].t
        end = source.t1 if np.isfinite(source.t1) else source.t0 + max(2.0 * (last - source.t0), 1.0)
        times = np.linspace(source.t0, end, frames) if ts is None else np.atleast_1d(np.asarray(ts, dtype=float))
        return times, source(times)
    if ts is None:
        rows = np.unique(np.linspace(0, len(source.ts) - 1, frames).round().astype(int))
    else:
        wanted = np.atleast_1d(np.asarray(ts, dtype=float))
        rows = np.array([int(np.argmin(np.abs(source.ts - t))) for t in wanted])
    return source.ts[rows], source.x[member, rows]


def zigzag(state: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of springs between neighbouring positions."""
    part = np.linspace(0, 1, 2 * COILS + 1)
    height = np.zeros(len(part))
    height[1:-1:2], height[2:-1:2] = 0.18, -0.18
    across = state[:-1, None] + np.diff(state)[:, None] * part
    return across.ravel(), np.tile(height, len(state) - 1)
