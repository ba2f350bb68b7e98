"""Covariant Lyapunov vectors of a training: directions that its steps carry into themselves.

    C_{n-1} = R_n^{-1} C_n / lengths backward from a random triangle,   W_n = Q_n C_n

Ginelli, Poggi, Turchi, Chate, Livi, Politi, PRL 99 (2007) 130601.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mechanics.lyapunov import CovariantVectors
from mechanics.noise import normals

from .run import Kept, State
from .step import Block

if TYPE_CHECKING:
    from .result import TrainingSpectrum

Array = NDArray[np.float64]
STEPS = 100  # of the default window after a run
MOST = 2**31  # bytes of frames
TRIANGLE = 2  # step index of the draw of the triangle


def covariant_vectors(
    spectrum: "TrainingSpectrum", time: float | None = None, *, transient: float | None = None, seed: int | None = None
) -> CovariantVectors:
    """Covariant vectors over a window of a training.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        Made with keep=True: the window begins at step 0, and no step is made again. Otherwise the training goes on from
        the end of the run, with an orthonormalisation each step or as the run has them.
    time : float, optional
        Steps of the window; two thirds of what is kept, or 100 steps after the run.
    transient : float, optional
        Steps after the window in which the backward pass converges, as exp(-gap of the exponents x steps); what else is
        kept, or half of the window.
    seed : int, optional
        Of the triangle that the backward pass starts with; that of the run by default.

    Returns
    -------
    mechanics.lyapunov.CovariantVectors
        Vectors in the coordinates of the run ("weights" as "scaled"); states are weights and memories as they are.

    Raises
    ------
    ValueError
        If the run diverged, a vector vanished, too little is kept, or memory would exceed 2 GiB.

    Notes
    -----
    Vectors of equal exponents, such as those of the band of zeros, span a space that is covariant as a whole; each of
    them is arbitrary in it.
    """
    if spectrum.divergence is not None:
        raise ValueError("The training has diverged: there are no covariant vectors.")
    if spectrum.kept and spectrum.kept_from is not None:
        start, kept = spectrum.kept_from, spectrum.kept
        last = kept[-1].n - start.n
        window = 2 * last / 3 if time is None else float(time)
        until = last if transient is None else window + float(transient)
        if not 0 < window < until <= last:
            raise ValueError(
                f"a window of {window:g} steps with {until - window:g} after it does not lie within the {last} steps "
                "that are kept."
            )
    else:
        window = STEPS if time is None else float(time)
        until = 1.5 * window if transient is None else window + float(transient)
        start, kept = spectrum.end, _gone_on(spectrum, int(np.ceil(until)))
    kept = tuple(row for row in kept if row.n - start.n <= until)
    return _backward(spectrum, start, kept, window, spectrum.job.seed if seed is None else seed)


def check_room(n: int, k: int, frames: int) -> None:
    """Raise ValueError if so many frames of k vectors would not fit."""
    if 8 * frames * (n * k + n + k * k) > MOST:
        raise ValueError(
            f"{frames} frames of {n} x {k} numbers need more than {MOST / 2**30:.0f} GiB; take fewer steps or vectors."
        )


def _gone_on(spectrum: "TrainingSpectrum", steps: int) -> tuple[Kept, ...]:
    from .follow import follow

    blocks = -(-steps // spectrum.per_block)
    check_room(spectrum.job.n, spectrum.job.k, blocks * spectrum.per_block)
    longer = follow(replace(spectrum, wanted=()), blocks, keep=True)
    if longer.divergence is not None:
        raise ValueError(f"The training diverged at step {longer.divergence}, within the window.")
    return longer.kept


def _backward(
    spectrum: "TrainingSpectrum", start: State, kept: tuple[Kept, ...], window: float, seed: int
) -> CovariantVectors:
    k, n = spectrum.job.k, spectrum.job.n
    if any(row.found.lost.any() for row in kept):
        raise ValueError("A vector vanished within the window, and has no direction. Give a smaller k.")
    check_room(n, k, len(kept))
    inside = sum(row.n - start.n <= window for row in kept)
    if inside < 1:
        raise ValueError(f"no orthonormalisation lies within the window of {window:g} steps; make it longer.")
    C = np.triu(np.stack([normals(seed, j, TRIANGLE, np.arange(k)) for j in range(k)]))
    C /= np.linalg.norm(C, axis=0)
    steps = np.array([start.n, *(row.n for row in kept)])
    vectors, states = np.empty((inside + 1, n, k)), np.empty((inside + 1, n))
    growth, defect, later = np.empty((inside, k)), 0.0, C
    for m in range(len(kept), -1, -1):  # C belongs to frame m
        if m <= inside:
            Q, at = (start.Q, start.at) if m == 0 else (kept[m - 1].found.Q, kept[m - 1].at)
            vectors[m] = _whole(Q).T @ C
            states[m] = _whole((at.w, *at.memory))
            if m < inside:
                carried = kept[m].found.R @ C
                carried /= np.linalg.norm(carried, axis=0)
                defect = max(defect, float(np.abs(carried - later).max()))
        if m == 0:
            break
        later = C
        C = solve_triangular(kept[m - 1].found.R, C)
        lengths = np.linalg.norm(C, axis=0)
        C = C / lengths
        if m <= inside:
            growth[m - 1] = -np.log(lengths) / (steps[m] - steps[m - 1])
    order = spectrum.order
    spans = np.diff(steps[: inside + 1])[:, None]
    mean = (growth * spans).sum(axis=0) / spans.sum()
    return CovariantVectors(
        steps[: inside + 1].astype(float), states, vectors[:, :, order], mean[order], growth[:, order], defect
    )


def _whole(parts: Block) -> Array:
    joined: Array = torch.cat(parts, dim=-1).double().cpu().numpy()
    return joined
