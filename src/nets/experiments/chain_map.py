"""Mechanics maps: a spring-block chain fitted to the networks of every cell of a noise-nonlinearity diagram.

"Nonlinearity is friction, noise is noise" (Shi, Pan, Dokmanic, "A spring-block theory of feature learning", PRL
(2025), arXiv:2407.19353) in numbers: effective friction mu_eff/k, end Y, rate k, mean friction and noise of the fitted
chain over the knob and the slope, with standard errors and with what the data leave open.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanics.fit.result import ESTIMATES

from ..data import Digits, load_mnist10
from ..ensembles import MLPConfig
from ..ensembles.plan import Mode
from .diagram import Array, Noise, checked_axes
from .map_fits import Pull, fit_cells, summarise_networks
from .map_networks import log_spaced_epochs, train_along
from .map_predict import METHODS, Method, predict_curves
from .map_regression import MapRegression, regress
from .map_score import HeldOut, LeaveOut, held_out

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

QUANTITIES = (*ESTIMATES, "mu_eff_over_k_rest", "Y_rest", "curvature", "test_accuracy")


@dataclass(frozen=True, eq=False)
class MechanicsMap:
    """Chains fitted over a noise knob and the slope of the nonlinearity; make it with `mechanics_map`.

    Attributes
    ----------
    cells : xarray.Dataset
        Over (level, slope), the first axis named like the knob. For each of Y, mu_eff_over_k, k,
        mean_friction_over_k, noise_over_k and tau: the value, `_se`, `_low` and `_high` (95 % interval, possibly
        infinite) and `_identified` (1 or 0); rmse, r_squared, residual_in_seed_spread, converged, histories and pull
        (0 fixed, 1 ramped, 2 measured); Y_rest and mu_eff_over_k_rest of the final curves alone, curvature and
        test_accuracy, each with `_se` over seeds; load_curve and load_curve_sd (.., layer); fitted (.., epoch, layer);
        finished (networks) and status (1 fitted, 2 refused, 0 not done).
    networks : xarray.Dataset
        Every network: load_curves (level, slope, seed, epoch, layer), output_load, by_batch, curvature,
        test_accuracy, train_accuracy, status.
    noise : str
        The knob.
    pull : str
        What was asked of `fit_chain`.
    """

    cells: "xr.Dataset"
    networks: "xr.Dataset"
    noise: str
    pull: str

    @property
    def axes(self) -> dict[str, Array]:
        """The knob's levels and the slopes, by name."""
        return {name: np.asarray(self.cells[name].values, dtype=float) for name in (self.noise, "slope")}

    def values(self, quantity: str) -> Array:
        """A quantity over (levels, slopes); nan in cells without a fit."""
        return np.asarray(self.cells[self._known(quantity)].values, dtype=float)

    def stderr(self, quantity: str) -> Array:
        """Its standard errors; infinite where the data do not determine it."""
        return np.asarray(self.cells[f"{self._known(quantity)}_se"].values, dtype=float)

    def identified(self, quantity: str) -> NDArray[np.bool_]:
        """Where the data determine it, (levels, slopes); measured quantities wherever a network finished."""
        if f"{self._known(quantity)}_identified" in self.cells:
            return np.asarray(self.cells[f"{quantity}_identified"].values == 1)
        return np.isfinite(self.values(quantity))

    def to_xarray(self) -> "xr.Dataset":
        """`cells`, with the knob and the pull among the attributes."""
        return self.cells.assign_attrs(noise=self.noise, pull=self.pull)

    def refit(
        self, pull: Pull, *, out: str | os.PathLike[str] | None = None, workers: int | None = None
    ) -> "MechanicsMap":
        """The map of the same networks with another pull; `out` is the folder of a store for the fits."""
        fits = fit_cells(self.networks, pull, out=out, workers=workers)
        return replace(self, cells=fits.merge(summarise_networks(self.networks)), pull=pull)

    def regress(self, quantities: Sequence[str] | None = None) -> MapRegression:
        """Effects of knob and slope on fitted quantities, with intervals; see `nets.experiments.map_regression`.

        Parameters
        ----------
        quantities : sequence of str, optional
            Estimates, "mu_eff_over_k_rest", "Y_rest", "curvature", "test_accuracy"; by default all of them (tau only
            where the pull is ramped).
        """
        if quantities is None:
            quantities = [name for name in QUANTITIES if name != "tau" or np.isfinite(self.values("tau")).any()]
        return regress({name: self._measured(name) for name in quantities}, self.axes)

    def predict(self, level: ArrayLike, slope: ArrayLike, *, method: Method = "chain") -> Array:
        """Load curve of a setting between the cells.

        Parameters
        ----------
        level, slope : float or array_like
            Inside the diagram; they broadcast.
        method : {"chain", "rest", "curves", "nearest"}
            "chain": equilibrium (8) of the interpolated Y and mu_eff/k of the fits to the training; "rest": of those of
            the final curves; "curves": the load curves interpolated layer by layer; "nearest": that of the nearest
            cell.

        Returns
        -------
        ndarray, shape (..., layers)

        Raises
        ------
        ValueError
            If a setting lies outside the diagram, or too few cells are known for an interpolation.
        """
        return predict_curves(self.cells, self.noise, level, slope, method)

    def score(self, leave_out: LeaveOut = "cell", *, methods: Sequence[Method] = METHODS) -> HeldOut:
        """Errors of predicted load curves of cells that were left out, beside the spread between seeds.

        Parameters
        ----------
        leave_out : {"cell", "level", "alternate"}
            One cell after the other, all cells of one level after the other, or every second level at once.
        methods : sequence of {"chain", "rest", "curves", "nearest"}
        """
        return held_out(self.cells, self.noise, leave_out, methods)

    def plot(
        self, quantity: str = "mu_eff_over_k", ax: "Axes | None" = None, *, kind: Literal["lines", "map"] = "lines"
    ) -> "Axes":
        """Draw a quantity: lines over the knob, one a slope, with 95 % intervals; or a map with values and errors."""
        from ..plots.mechanics_map import plot_map, plot_map_lines

        return (plot_map if kind == "map" else plot_map_lines)(self, quantity, ax)

    def _measured(self, quantity: str) -> tuple[Array, Array, NDArray[np.bool_]]:
        return self.values(quantity), self.stderr(quantity), self.identified(quantity)

    def _known(self, quantity: str) -> str:
        if quantity not in QUANTITIES:
            raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, but is {quantity!r}.")
        return quantity


def mechanics_map(
    noise: Noise,
    levels: ArrayLike,
    slopes: ArrayLike,
    seeds: int | Sequence[int] = 5,
    *,
    data: Digits | None = None,
    epochs: int = 100,
    measured: Sequence[int] | None = None,
    pull: Pull = "measured",
    config: MLPConfig | None = None,
    width: int = 100,
    depth: int = 8,
    mode: Mode = "auto",
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    resume: bool = True,
    progress: bool = True,
) -> MechanicsMap:
    """Train networks over a noise knob and the slope, measure load curves along training, fit a chain to each cell.

    Parameters
    ----------
    noise : {"dropout", "lr", "batch_size", "noise", "label_noise", "input_noise", "weight_decay"}
        The knob; "noise" is label and input noise together.
    levels, slopes : array_like, shapes (a,), (b,)
        Its values; slopes of the leaky ReLU (0 is the ReLU, 1 a linear network).
    seeds : int or sequence of int
        Networks of each cell; at least 2 for standard errors that come from their scatter.
    data : Digits, optional
        The packaged 10 x 10 MNIST by default.
    epochs : int
        Passes over the data.
    measured : sequence of int, optional
        Epochs of the load curves, 5 to 200 with the last one; by default 0 and about forty, spaced by their logarithm.
    pull : {"measured", "ramped", "fixed", "auto"}
        What pulls the chain, as in `fit_chain`: by default the measured load of the logits, in every cell the same, so
        that cells can be compared.
    config, width, depth
        As in `phase_diagram`.
    mode : {"auto", "eval", "batch"}
        Statistics of BatchNorm in the measurements, as in `train_ensemble`. "auto" measures by the statistics of the
        data until the running ones can be trusted (with fewer than 10 steps an epoch: always), since the early running
        ones say nothing.
    out : path, optional
        Folder for two Zarr stores, `networks` and `fits-<pull>`, written cell by cell; the same call goes on with them.
    workers : int, optional
        Threads; default: one for each processor. No number depends on it.
    resume, progress : bool
        As in `mechanics.sweep`.

    Returns
    -------
    MechanicsMap
        After Ctrl-C it holds what is done; fits of an unfinished diagram are not stored.

    Raises
    ------
    ValueError
        If the knob is unknown, a level, slope or epoch out of range, or a number of another sweep lies in `out`.
    """
    base = MLPConfig() if config is None else config
    axes = checked_axes(base, noise, levels, slopes)
    if pull not in ("auto", "fixed", "ramped", "measured"):
        raise ValueError(f"pull must be 'measured', 'ramped', 'fixed' or 'auto', but is {pull!r}.")
    at = log_spaced_epochs(epochs) if measured is None else np.unique([*measured, epochs]).astype(np.int64)
    if not 5 <= len(at) <= 200 or at[0] < 0 or at[-1] > epochs:
        raise ValueError(
            f"measured must be 5 to 200 epochs in 0 .. {epochs}, the last one included, but they are {len(at)} in "
            f"{at[0]} .. {at[-1]}; a fit needs 5 to tell a rate from a rest state."
        )
    folder = None if out is None else Path(out)
    networks = train_along(
        noise, axes, seeds, base=base, data=load_mnist10() if data is None else data, epochs=epochs, measured=at,
        width=width, depth=depth, mode=mode, out=None if folder is None else folder / "networks", workers=workers,
        resume=resume, progress=progress,
    )  # fmt: skip
    complete = bool((networks["status"] > 0).all())
    fits = fit_cells(
        networks, pull, out=folder / f"fits-{pull}" if folder is not None and complete else None, workers=workers,
        resume=resume, progress=progress,
    )  # fmt: skip
    return MechanicsMap(fits.merge(summarise_networks(networks)), networks, noise, pull)
