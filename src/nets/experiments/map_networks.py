"""Networks of a diagram with their load curves along training: what the fits of a mechanics map are made to.

As in `phase_diagram` each cell trains its networks from the seeds that all cells share; here the load curves of about
forty epochs are kept, spaced by their logarithm, with the loads of the logits.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mechanics.chain import curvature

from ..data import Digits
from ..ensembles import MLPConfig, train_ensemble
from ..ensembles.plan import Mode
from .diagram import Array, Noise, configured_cells, sweep_networks

if TYPE_CHECKING:
    import xarray as xr

MEASURED = 40  # epochs: fits of 40 take a second, and the fast beginning is resolved


def log_spaced_epochs(epochs: int, count: int = MEASURED) -> NDArray[np.int64]:
    """0 and about `count` epochs up to the last, spaced by their logarithm as far as whole numbers can be."""
    wanted = np.geomspace(1, max(epochs, 1), max(count, 2)).round()
    return np.unique([0, *wanted[wanted <= epochs], epochs]).astype(np.int64)


def train_along(
    noise: Noise,
    axes: dict[str, Array],
    seeds: int | Sequence[int],
    *,
    base: MLPConfig,
    data: Digits,
    epochs: int,
    measured: NDArray[np.int64],
    width: int,
    depth: int,
    mode: Mode,
    out: str | os.PathLike[str] | None,
    workers: int | None,
    resume: bool,
    progress: bool,
) -> "xr.Dataset":
    """Train every network of the diagram; arguments as in `mechanics_map`, checked there.

    Returns
    -------
    xarray.Dataset
        load_curves (level, slope, seed, epoch, layer), output_load (.., epoch), by_batch (.., epoch): 1 where
        BatchNorm took the statistics of the data; curvature, test_accuracy, train_accuracy and status
        (level, slope, seed). A network whose numbers stop being finite is a failed run.
    """
    runs = sweep_networks(
        _train_cells,
        axes,
        {"load_curves": ("epoch", "layer"), "output_load": ("epoch",), "by_batch": ("epoch",)},
        {
            "noise": noise, "base": base, "data": data, "epochs": epochs, "measured": measured.tolist(),
            "width": width, "depth": depth, "mode": mode,
        },
        seeds=seeds,
        out=out,
        workers=workers,
        resume=resume,
        progress=progress,
    )  # fmt: skip
    return runs.assign_coords(epoch=measured)


def _train_cells(
    cells: dict[str, Array],
    seeds: NDArray[np.int64],
    *,
    noise: Noise,
    base: MLPConfig,
    data: Digits,
    epochs: int,
    measured: list[int],
    width: int,
    depth: int,
    mode: Mode,
) -> dict[str, Array]:
    """Measurements of a block of networks; nan where one failed."""
    configs = configured_cells(base, noise, cells, seeds)
    found = train_ensemble(
        configs, data, epochs=epochs, width=width, depth=depth, measure_every=measured, test_every=[epochs],
        mode=mode, threads=1,
    )  # fmt: skip
    D = np.where(found.finished[:, None, None], found.load_curves, np.nan)
    bend = np.full(len(D), np.nan)
    for i in np.flatnonzero(np.isfinite(D[:, -1]).all(axis=1)):  # one by one: bits must not depend on the block
        bend[i] = curvature(D[i, -1])
    return {
        "load_curves": D, "output_load": found.output_load, "by_batch": found.by_batch.astype(float),
        "curvature": bend, "test_accuracy": found.test_accuracy[:, -1], "train_accuracy": found.train_accuracy[:, -1],
    }  # fmt: skip
