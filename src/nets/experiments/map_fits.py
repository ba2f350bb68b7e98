"""A spring-block chain fitted to the networks of each cell of a diagram, and what is known of their final curves.

Two fits of equation (8), x_l = l Y/L - (mu_eff/2k) l (L - l), of Shi, Pan, Dokmanic, arXiv:2407.19353: the chain to the
whole training (`mechanics.fit.fit_chain`), and the parabola alone to the final load curve of each seed (linear least
squares; `Y_rest`, `mu_eff_over_k_rest`).
"""

import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mechanics import sweep
from mechanics.fit import fit_chain
from mechanics.fit.result import ESTIMATES

from .diagram import Array

if TYPE_CHECKING:
    import xarray as xr

Pull = Literal["auto", "fixed", "ramped", "measured"]
PULLS = ("fixed", "ramped", "measured")  # a cell's `pull` is the place in this list
NUMBERS = ("rmse", "r_squared", "residual_in_seed_spread")


def fit_cells(
    networks: "xr.Dataset",
    pull: Pull,
    *,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    resume: bool = True,
    progress: bool = False,
) -> "xr.Dataset":
    """Fit the chain to every cell of `train_along`'s networks; cells whose curves cannot be fitted count as failed.

    Returns
    -------
    xarray.Dataset
        For each estimate of `ChainFit`: its value, `_se`, `_low`, `_high` (95 %) and `_identified` (level, slope);
        rmse, r_squared, residual_in_seed_spread, converged, pull and histories (level, slope); fitted (level, slope,
        epoch, layer), the chain's displacements; status (1 fitted, 2 refused), and messages in the attributes.
    """
    noise = str(networks["curvature"].dims[0])
    axes = {name: np.asarray(networks[name].values, dtype=float) for name in (noise, "slope")}
    fits = sweep(
        _fit_cell,
        axes,
        seeds=1,
        out=out,
        workers=workers,
        resume=resume,
        progress=progress,
        parameters={
            "axes": {name: values.tolist() for name, values in axes.items()},
            "load_curves": networks["load_curves"].values,
            "output_load": networks["output_load"].values,
            "epochs": networks["epoch"].values.astype(float),
            "pull": pull,
        },
        dims={"fitted": ("epoch", "layer")},
        allow_nan=True,
        by_seed=True,
    )
    return fits.isel(seed=0, drop=True).assign_coords(epoch=networks["epoch"])


def _fit_cell(
    cell: dict[str, float],
    seed: int,
    *,
    axes: dict[str, list[float]],
    load_curves: Array,
    output_load: Array,
    epochs: Array,
    pull: Pull,
) -> dict[str, Any]:
    place = tuple(values.index(cell[name]) for name, values in axes.items())
    curves, end = load_curves[place], output_load[place]
    good = np.isfinite(curves).all(axis=(1, 2)) & np.isfinite(end).all(axis=1)
    if not good.any():
        raise ValueError("no network of this cell was trained to the end")
    fit = fit_chain(
        curves[good], epochs, pull=pull, end=end[good] if pull in ("auto", "measured") else None, last="block"
    )
    found: dict[str, Any] = {}
    for name in ESTIMATES:
        e = getattr(fit, name)
        found |= {name: e.value, f"{name}_se": e.stderr, f"{name}_low": e.interval[0], f"{name}_high": e.interval[1]}
        found[f"{name}_identified"] = e.identified
    for name in NUMBERS:
        value = getattr(fit, name)
        found[name] = np.nan if value is None else value
    return {
        **found, "converged": fit.converged, "pull": PULLS.index(fit.pull), "histories": fit.histories,
        "fitted": fit.fitted,
    }  # fmt: skip


def summarise_networks(networks: "xr.Dataset") -> "xr.Dataset":
    """Means over the seeds of each cell with standard errors (`_se`): curvature, accuracy, the final curve's parabola.

    `load_curve` and `load_curve_sd` (level, slope, layer) are the mean final curve and its standard deviation over
    seeds; `finished` counts the networks.
    """
    final = networks["load_curves"].isel(epoch=-1, drop=True)
    Y, bend = rest_parabola(final.values)
    seedwise = networks[["curvature", "test_accuracy"]].assign(
        Y_rest=(networks["curvature"].dims, Y), mu_eff_over_k_rest=(networks["curvature"].dims, bend)
    )
    count = seedwise.count("seed")
    means = seedwise.mean("seed")
    errors = seedwise.std("seed", ddof=1) / count**0.5
    summary = means.assign({f"{name}_se": errors[name] for name in seedwise.data_vars})
    return summary.assign(
        load_curve=final.mean("seed"),
        load_curve_sd=final.std("seed", ddof=1),
        finished=count["curvature"],
    )


def rest_parabola(load_curves: Array) -> tuple[Array, Array]:
    """Y and mu_eff/k of the parabola (8) that fits final load curves (..., layers) best; the end is hidden behind them.

    Least squares over l = 1 .. layers - 1 of x_l = D_0 - D_l = Y l/L - (mu_eff/k) l (L - l)/2 with L = layers.
    """
    layers = load_curves.shape[-1]
    l = np.arange(1, layers)
    design = np.stack([l / layers, -l * (layers - l) / 2], axis=1)
    x = load_curves[..., :1] - load_curves[..., 1:]
    Y, bend = np.moveaxis(x @ np.linalg.pinv(design).T, -1, 0)
    return Y, bend
