"""Load curves of settings between the cells of a mechanics map.

A chain at rest is the parabola (8) of Shi, Pan, Dokmanic, arXiv:2407.19353:

    D_l = D_0 - l Y/L + (mu_eff/2k) l (L - l),    l = 0 .. L - 1,  the end L hidden behind the last layer

D_0, Y and mu_eff/k are interpolated over the diagram by a thin-plate spline through all cells, in coordinates that run
from 0 to 1 (`map_axes`); the same spline through the load curves themselves, layer by layer, is the rival that knows no
mechanics, and the nearest cell's curve the one that knows nothing.
"""

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .diagram import Array
from .map_axes import unit_coordinates

if TYPE_CHECKING:
    import xarray as xr

Method = Literal["chain", "rest", "curves", "nearest"]
METHODS: tuple[Method, ...] = get_args(Method)
PARAMETERS = {"chain": ("Y", "mu_eff_over_k"), "rest": ("Y_rest", "mu_eff_over_k_rest")}


def predict_curves(cells: "xr.Dataset", noise: str, level: ArrayLike, slope: ArrayLike, method: Method) -> Array:
    """Load curves (..., layers) at settings inside the diagram; arguments as in `MechanicsMap.predict`."""
    axes = {name: np.asarray(cells[name].values, dtype=float) for name in (noise, "slope")}
    wanted = np.broadcast_arrays(np.asarray(level, dtype=float), np.asarray(slope, dtype=float))
    for (name, known), values in zip(axes.items(), wanted, strict=True):
        outside = ~((values >= known.min()) & (values <= known.max()))
        if outside.any():
            raise ValueError(
                f"{name} must lie in {known.min():g} .. {known.max():g}, the range of the map, but holds "
                f"{values[outside].flat[0]:g}; a map interpolates and does not extrapolate."
            )
    where = np.stack([unit_coordinates(name, axes[name], v) for name, v in zip(axes, wanted, strict=True)], axis=-1)
    found = predict_from(cells, np.ones(cells["curvature"].shape, dtype=bool), where.reshape(-1, 2), noise, method)
    return found.reshape(*wanted[0].shape, -1)


def predict_from(cells: "xr.Dataset", known: NDArray[np.bool_], where: Array, noise: str, method: Method) -> Array:
    """Curves (n, layers) at unit coordinates `where` (n, 2), from the cells that are `known` (levels, slopes)."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, but is {method!r}.")
    curves = cells["load_curve"].values
    table = chain_parameters(cells, method) if method in PARAMETERS else curves
    good = known & np.isfinite(table).all(axis=-1)
    points = cell_coordinates(cells, noise)[good]
    if not len(points):
        raise ValueError(f"no cell has what method {method!r} needs; see `cells.status`.")
    if method == "nearest":
        distance = ((where[:, None] - points) ** 2).sum(axis=-1)
        return np.asarray(table[good][distance.argmin(axis=1)])
    found = thin_plate(points, table[good], where)
    return found if method == "curves" else rest_curves(found, curves.shape[-1])


def chain_parameters(cells: "xr.Dataset", method: str) -> Array:
    """D_0, Y and mu_eff/k of every cell, (levels, slopes, 3); nan where a fit does not determine them."""
    Y, bend = PARAMETERS[method]
    table = np.stack([cells["load_curve"].values[..., 0], cells[Y].values, cells[bend].values], axis=-1)
    if method == "chain":
        open_ = (cells[f"{Y}_identified"].values != 1) | (cells[f"{bend}_identified"].values != 1)
        table[open_] = np.nan
    return table


def rest_curves(parameters: Array, layers: int) -> Array:
    """Load curves (..., layers) of chains at rest, equation (8), from D_0, Y and mu_eff/k (..., 3)."""
    D0, Y, bend = np.moveaxis(parameters[..., None, :], -1, 0)
    l = np.arange(layers)
    return np.asarray(D0 - l * Y / layers + bend / 2 * l * (layers - l))


def cell_coordinates(cells: "xr.Dataset", noise: str) -> Array:
    """Unit coordinates of the cells, (levels, slopes, 2)."""
    axes = [unit_coordinates(name, cells[name].values, cells[name].values) for name in (noise, "slope")]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def thin_plate(points: Array, values: Array, where: Array) -> Array:
    """Thin-plate spline with a plane, exact at the points (n, 2); an axis of one value is left out."""
    from scipy.interpolate import RBFInterpolator

    live = np.ptp(points, axis=0) > 0
    needed = int(live.sum()) + 1
    if np.linalg.matrix_rank(np.c_[np.ones(len(points)), points[:, live]]) < needed:
        raise ValueError(
            f"{len(points)} known cells span no plane over the diagram; use a larger diagram, or method='nearest'."
        )
    if not live.any():
        return np.repeat(values[:1], len(where), axis=0)
    spline = RBFInterpolator(points[:, live], values, kernel="thin_plate_spline", degree=1)
    return np.asarray(spline(where[:, live]))
