"""Noise-nonlinearity phase diagrams of networks: load curves over a noise knob, the slope and seeds.

Each cell trains its networks from the seeds 0, 1, ... that all cells share; what is kept of a network is its final load
curve, the curvature of that, its accuracies and its loss. Shi, Pan, Dokmanic, "A spring-block theory of feature
learning", PRL (2025), arXiv:2407.19353, Figure 1 and the diagrams of its supplement (S4-S8): concave load curves below,
convex ones above, and the best test accuracy where they are straight.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanics import sweep
from mechanics.chain import curvature
from mechanics.checks import finite_numbers, whole_numbers

from ..data import Digits, load_mnist10
from ..ensembles import MLPConfig, train_ensemble

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Noise = Literal["dropout", "lr", "batch_size", "noise", "label_noise", "input_noise", "weight_decay"]
OUTPUTS = ("load_curve", "curvature", "curvature_ends", "test_accuracy", "train_accuracy", "loss")


@dataclass(frozen=True, eq=False)
class NetworkDiagram:
    """Load curves of networks over a noise knob and the slope of the nonlinearity.

    Attributes
    ----------
    runs : xarray.Dataset
        Every network: load_curve (level, slope, seed, layer), curvature, curvature_ends, test_accuracy,
        train_accuracy, loss and status (level, slope, seed); the first axis has the knob's name.
    noise : str
        The knob.
    """

    runs: "xr.Dataset"
    noise: str

    @property
    def axes(self) -> dict[str, Array]:
        """The knob's levels and the slopes, by name."""
        return {name: np.asarray(self.runs[name].values, dtype=float) for name in (self.noise, "slope")}

    @property
    def curvature(self) -> Array:
        """Mean over seeds, (levels, slopes); convex > 0 > concave. nan in cells without a finished network."""
        return self._mean("curvature")

    @property
    def curvature_se(self) -> Array:
        """Standard error of the mean over seeds, (levels, slopes)."""
        return self._error("curvature")

    @property
    def accuracy(self) -> Array:
        """Test accuracy, mean over seeds, (levels, slopes)."""
        return self._mean("test_accuracy")

    @property
    def accuracy_se(self) -> Array:
        """Its standard error."""
        return self._error("test_accuracy")

    @property
    def load_curves(self) -> Array:
        """Mean load curves, (levels, slopes, layers)."""
        return self._mean("load_curve")

    def to_xarray(self) -> "xr.Dataset":
        """Means and standard errors over the seeds, labelled."""
        means = self.runs[list(OUTPUTS)].mean("seed", keep_attrs=True)
        count = self.runs[list(OUTPUTS)].count("seed")
        errors = self.runs[list(OUTPUTS)].std("seed", ddof=1) / count**0.5
        return means.assign({f"{name}_se": errors[name] for name in OUTPUTS})

    def plot(self, ax: "Axes | None" = None, *, insets: int = 3) -> "Axes":
        """Curvature as colour, load curves in it, and lines of equal test accuracy (Figure 1 of the paper)."""
        from ..plots.diagram import plot_diagram

        return plot_diagram(self, ax, insets=insets)

    def _mean(self, name: str) -> Array:
        return np.asarray(self.runs[name].mean("seed").values, dtype=float)

    def _error(self, name: str) -> Array:
        runs = self.runs[name]
        return np.asarray((runs.std("seed", ddof=1) / runs.count("seed") ** 0.5).values, dtype=float)


def phase_diagram(
    noise: Noise,
    levels: ArrayLike,
    slopes: ArrayLike,
    seeds: int | Sequence[int] = 10,
    *,
    data: Digits | None = None,
    epochs: int = 100,
    config: MLPConfig | None = None,
    width: int = 100,
    depth: int = 8,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    resume: bool = True,
    progress: bool = True,
) -> NetworkDiagram:
    """Train networks at every level of a noise knob, every slope and seed, and measure their load curves.

    Parameters
    ----------
    noise : {"dropout", "lr", "batch_size", "noise", "label_noise", "input_noise", "weight_decay"}
        The knob; "noise" is label and input noise together, as in the paper.
    levels : array_like, shape (a,)
        Its values.
    slopes : array_like, shape (b,)
        Slopes of the leaky ReLU: 0 is the ReLU, 1 a linear network.
    seeds : int or sequence of int
        Networks of each cell.
    data : Digits, optional
        The packaged 10 x 10 MNIST by default.
    epochs : int
        Passes over the data.
    config : MLPConfig, optional
        Everything else; by default Adam with lr = 1e-3 and full batches, as in the paper.
    width, depth : int
        As in `MLP`.
    out : path, optional
        Folder of a Zarr store, written cell by cell; a later call with the same arguments goes on with it.
    workers : int, optional
        Threads; default: one for each processor. No number depends on it.
    resume, progress : bool
        As in `mechanics.sweep`.

    Returns
    -------
    NetworkDiagram

    Raises
    ------
    ValueError
        If the knob is unknown, a level or slope out of range, or depth below 3, before anything is trained; if no
        network at all could be trained.
    TypeError
        If `data` or `config` are of another type.

    Notes
    -----
    A network whose numbers stop being finite counts as failed; its cell's means are over the others.
    """
    base = MLPConfig() if config is None else config
    if not isinstance(base, MLPConfig):
        raise TypeError(f"config must be an MLPConfig, but is a {type(base).__name__}.")
    if not (data is None or isinstance(data, Digits)):
        raise TypeError(f"data must be Digits, but is a {type(data).__name__}.")
    whole_numbers(epochs=(epochs, 1), width=(width, 1), depth=(depth, 3))  # a curvature takes three layers
    axes = checked_axes(base, noise, levels, slopes)
    runs = sweep_networks(
        _train_cells,
        axes,
        {"load_curve": ("layer",)},
        {
            "noise": noise, "base": base, "data": load_mnist10() if data is None else data,
            "epochs": epochs, "width": width, "depth": depth,
        },
        seeds=seeds,
        out=out,
        workers=workers,
        resume=resume,
        progress=progress,
    )  # fmt: skip
    return NetworkDiagram(runs=runs, noise=noise)


def sweep_networks(
    train_cells: Callable[..., dict[str, Array]],
    axes: dict[str, Array],
    dims: dict[str, tuple[str, ...]],
    parameters: dict[str, Any],
    *,
    seeds: int | Sequence[int],
    out: str | os.PathLike[str] | None,
    workers: int | None,
    resume: bool,
    progress: bool,
) -> "xr.Dataset":
    """Train the networks of a diagram in blocks that share their seeds; `dims` of what `train_cells` returns.

    Raises
    ------
    ValueError
        If no network at all could be trained.
    """
    runs = sweep(
        train_cells, axes, seeds=seeds, out=out, workers=workers, resume=resume, progress=progress, vectorised=True,
        parameters=parameters, dims=dims, by_seed=True,
    )  # fmt: skip
    if "curvature" not in runs:
        raise ValueError(f"No network was trained. {_why(runs)}")
    return runs


def _why(runs: "xr.Dataset") -> str:
    """Why a sweep has no result, from what it says of itself."""
    failures = json.loads(runs.attrs.get("failures", "{}"))
    if not failures:
        return f"The sweep is {runs.attrs.get('status', 'incomplete')}; call again to go on."
    where, error = next(iter(failures.items()))
    return f"The first failed at {where}: {error}"


def _train_cells(
    cells: dict[str, Array],
    seeds: NDArray[np.int64],
    *,
    noise: Noise,
    base: MLPConfig,
    data: Digits,
    epochs: int,
    width: int,
    depth: int,
) -> dict[str, Array]:
    """Final measurements of a block of networks; nan where one failed."""
    configs = configured_cells(base, noise, cells, seeds)
    found = train_ensemble(
        configs, data, epochs=epochs, width=width, depth=depth, measure_every=max(epochs, 1), threads=1
    )
    D = found.load_curves[:, -1]
    good = np.isfinite(D).all(axis=1) & found.finished
    bend, ends = np.full(len(D), np.nan), np.full(len(D), np.nan)
    for i in np.flatnonzero(good):  # one by one: the bits of a product of matrices depend on how many rows it has
        bend[i], ends[i] = curvature(D[i]), curvature(D[i], kind="ends")
    return {
        "load_curve": D, "curvature": bend, "curvature_ends": ends, "test_accuracy": found.test_accuracy[:, -1],
        "train_accuracy": found.train_accuracy[:, -1],
        "loss": found.losses[:, -1] if epochs else np.full(len(D), np.nan),
    }  # fmt: skip


def checked_axes(base: MLPConfig, noise: Noise, levels: ArrayLike, slopes: ArrayLike) -> dict[str, Array]:
    """Axes of a diagram by name; ValueError for an unknown knob, or a level or slope that no network can have."""
    if noise not in get_args(Noise):
        raise ValueError(f"noise must be one of {', '.join(get_args(Noise))}, but is {noise!r}.")
    axes = {
        name: np.atleast_1d(finite_numbers(said, values))
        for name, said, values in ((noise, "levels", levels), ("slope", "slopes", slopes))
    }
    for name, values in axes.items():
        if values.ndim != 1:
            raise ValueError(f"values of {name} must be in one row, but have shape {values.shape}.")
    for level in axes[noise]:
        for slope in axes["slope"]:
            configured(base, noise, float(level), float(slope), 0)
    return axes


def configured_cells(
    base: MLPConfig, noise: Noise, cells: dict[str, Array], seeds: NDArray[np.int64]
) -> list[MLPConfig]:
    """The records of a block of networks, one for each entry of `seeds` and of the axes in `cells`."""
    return [
        configured(base, noise, float(level), float(slope), int(seed))
        for level, slope, seed in zip(cells[noise], cells["slope"], seeds, strict=True)
    ]


def configured(base: MLPConfig, noise: Noise, level: float, slope: float, seed: int) -> MLPConfig:
    """The record of one network of a cell."""
    if noise == "noise":
        return replace(base, slope=slope, seed=seed, label_noise=level, input_noise=level)
    if noise == "batch_size":
        if level != int(level):
            raise ValueError(f"batch_size must be a whole number, but is {level}.")
        return replace(base, slope=slope, seed=seed, batch_size=int(level))
    knob: dict[str, Any] = {noise: level}
    return replace(base, slope=slope, seed=seed, **knob)
