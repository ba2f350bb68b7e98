"""Load curves in Zarr stores, as xarray writes them: the names of the npz files, with dimensions.

load_curves ([seed | model], epoch, layer);  epoch a coordinate (or `epochs` a variable);  end ([..], epoch), optional
"""

from pathlib import Path
from typing import TYPE_CHECKING

from .arrays import ENDS, Settings, from_arrays, short
from .curves import LoadCurves

if TYPE_CHECKING:
    import xarray as xr


def read_store(folder: Path) -> LoadCurves:
    """The load curves of a Zarr store; needs the extra `sweep`."""
    try:
        import xarray as xr
        import zarr  # noqa: F401  xarray's own message names no remedy
    except ImportError:
        raise ImportError(
            "Zarr stores need xarray and zarr; install them with: pip install 'mechanet[sweep]'"
        ) from None
    try:
        dataset = xr.open_zarr(folder, consolidated=None)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} is not a Zarr store that xarray can read: {error}") from None
    if "load_curves" not in dataset:
        held = ", ".join(map(str, dataset.data_vars)) or "no variables"
        raise ValueError(f"{folder} holds {held}; wanted is load_curves (seed, epoch, layer), and end.")
    curves = dataset["load_curves"]
    rows = next((str(name) for name in ("seed", "model") if name in curves.dims), None)
    wanted = ([rows] if rows else []) + ["epoch", "layer"]
    if set(curves.dims) != set(wanted):
        raise ValueError(
            f"{folder}: load_curves must have the dimensions seed (or model), epoch and layer, but has "
            f"{', '.join(map(str, curves.dims))}; select one setting first."
        )
    epochs = next((dataset[name] for name in ("epochs", "epoch") if name in dataset.variables), None)
    if epochs is None:
        raise ValueError(f"{folder} does not say its epochs: give the dimension epoch its coordinate.")
    arrays = {"load_curves": curves.transpose(*wanted).values, "epochs": epochs.values}
    for name in ENDS:
        if name in dataset:
            arrays[name] = dataset[name].transpose(*wanted[:-1]).values
    seeds, settings = _names(dataset, rows)
    return from_arrays(arrays, str(folder), "a Zarr store", seeds, settings)


def _names(dataset: "xr.Dataset", rows: str | None) -> tuple[tuple[str, ...], Settings]:
    """What the histories are called, and their coordinates."""
    if rows is None:
        return (), ()
    about = {str(n): v.values for n, v in dataset.coords.items() if v.dims == (rows,) and n not in ("seed", rows)}
    count = dataset.sizes[rows]
    seeds = dataset["seed"].values if "seed" in dataset.coords else range(count)
    settings = tuple({n: short(v[i].item()) for n, v in about.items()} for i in range(count))
    return tuple(map(str, seeds)), settings
