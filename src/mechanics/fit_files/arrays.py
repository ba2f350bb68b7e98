"""Load curves in npz files: plain arrays, saved runs of a chain, saved trainings of networks.

    load_curves (seeds, epochs, layers) or (epochs, layers);  epochs (m,);  end (seeds, epochs) or (epochs,), optional

`nets` is not imported: of its files only the arrays and the JSON that names their settings are read.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..chain import load_run
from .curves import LoadCurves

ENDS = ("end", "output_load")  # by the names of plain files and of saved trainings
Settings = tuple[dict[str, str], ...]
NOT_SETTINGS = ("run_hash",)  # of a saved training: differs with its seed
ENSEMBLE = "mechanet ensemble of networks 1"
CHAIN = "mechanet-chain-run/1"


def read_arrays(file: Path) -> LoadCurves:
    """The load curves of an npz file."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} is not an npz file of plain arrays: {error}") from None
    form = _json(arrays.get("about")).get("format")
    if form == CHAIN:
        run = load_run(file)
        members = tuple(map(str, run.members))
        return LoadCurves(run.load_curve, run.ts, None, members, "a saved run of a chain", "end")
    missing = [name for name in ("load_curves", "epochs") if name not in arrays]
    if missing:
        raise ValueError(
            f"{file} holds {', '.join(arrays)}; wanted are load_curves and epochs (and end), or a saved run."
        )
    about = _json(arrays.get("about")) if form == ENSEMBLE else {}
    header = _json(arrays.get("header"))
    source = "arrays"
    seeds: tuple[str, ...] = ()
    settings: Settings = ()
    if form == ENSEMBLE:
        source, seeds, settings = _ensemble(about["configs"])
    elif "settings" in header:
        source, (seeds, settings) = "a saved training", _training(header["settings"])
    return from_arrays(arrays, f"{file}", source, seeds, settings)


def from_arrays(
    arrays: dict[str, Any], where: str, source: str, seeds: tuple[str, ...] = (), settings: Settings = ()
) -> LoadCurves:
    """Plain arrays by name, with or without an axis of seeds."""
    D = _numbers(arrays["load_curves"], where, "load_curves")
    D = D[None] if D.ndim == 2 else D
    if D.ndim != 3:
        raise ValueError(f"{where}: load_curves must be (seeds, epochs, layers) or (epochs, layers), not {D.shape}.")
    name = next((name for name in ENDS if name in arrays), None)
    end = None if name is None else _numbers(arrays[name], where, name)
    if end is not None and end.ndim == 1:
        end = np.broadcast_to(end, D.shape[:2]) if end.shape == D.shape[1:2] else end[None]
    last: Any = "block" if end is not None else "auto"
    epochs = _numbers(arrays["epochs"], where, "epochs")
    return LoadCurves(D, epochs, end, seeds or tuple(map(str, range(len(D)))), source, last, settings)


def _ensemble(configs: list[dict[str, Any]]) -> tuple[str, tuple[str, ...], Settings]:
    """Seeds of the networks of an ensemble, and what else their configs hold."""
    settings = tuple({k: short(v) for k, v in c.items() if k not in ("seed", "data_seed")} for c in configs)
    return "a saved ensemble of networks", tuple(str(c["seed"]) for c in configs), settings


def _training(settings: dict[str, Any]) -> tuple[tuple[str, ...], Settings]:
    seed = str(settings.get("seed", 0))
    rest = {k: short(v) for k, v in settings.items() if "seed" not in k and k not in NOT_SETTINGS}
    return (seed,), (rest,)


def short(value: Any) -> str:
    """A setting in few characters."""
    if isinstance(value, dict):
        return ", ".join(f"{k}={short(v)}" for k, v in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _json(text: Any) -> dict[str, Any]:
    """The JSON record of a file of ours; empty where there is none."""
    if text is None or np.asarray(text).dtype.kind != "U":
        return {}
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(values: Any, where: str, name: str) -> Any:
    found = np.asarray(values)
    if found.dtype.kind not in "fiu":
        raise ValueError(f"{where}: {name} must be numbers, but its type is {found.dtype}.")
    return found.astype(float)
