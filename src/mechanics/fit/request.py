"""What a fit of chains is asked for: models, pulls, starting values and spreads, checked and in the fit's own units."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import finite_number, real_numbers
from .data import Array, ChainData, spread_of
from .model import ChainModel, Pull
from .models import MODELS, ChainForm
from .result import ESTIMATES

FLOOR = 0.5  # of the root mean square spread: seeds that agree by chance must not outweigh the rest
Label = tuple[str, Pull]


def forms_of(model: str | Sequence[str]) -> list[ChainForm]:
    """Models by name, one or several; "auto" is all of them."""
    names = (list(MODELS) if model == "auto" else [model]) if isinstance(model, str) else list(model)
    unknown = [name for name in names if name not in MODELS]
    if unknown or not names:
        known = ", ".join(map(repr, MODELS))
        raise ValueError(f"model must be 'auto', or one or several of {known}, but is {model!r}.")
    return [MODELS[name] for name in dict.fromkeys(names)]


def pulls_of(data: ChainData, pull: str) -> list[Pull]:
    """Pulls to try: the one that is given, or with "auto" all that the data allow."""
    if pull not in ("auto", "fixed", "ramped", "measured"):
        raise ValueError(f"pull must be 'auto', 'fixed', 'ramped' or 'measured', but is {pull!r}.")
    if pull == "measured" and data.end is None:
        raise ValueError("pull='measured' needs the load of the pulled end; give end=, or use pull='ramped'.")
    if pull == "fixed":
        return ["fixed"]
    if pull == "ramped":
        return ["ramped"]
    if pull == "measured":
        return ["measured"]
    if data.known_target is not None:
        return ["fixed"]  # the end was seen and never moved: nothing to choose
    return ["fixed", "ramped"] if data.end is None else ["fixed", "ramped", "measured"]


def check_enough(data: ChainData, models: Mapping[Label, ChainModel]) -> None:
    """Raise ValueError where fewer displacements are measured after the start than a model has parameters."""
    count = int(data.measured[1:].sum())
    for (name, kind), tried in models.items():
        if count <= len(tried.names):
            raise ValueError(
                f"load_curves hold {count} measured displacements after the first epoch, but model {name!r} with pull "
                f"{kind!r} has {len(tried.names)} parameters; add epochs or layers, or choose a smaller model or a "
                "fixed pull."
            )


def spread_over_seeds(data: ChainData, given: ArrayLike | float | None) -> Array | None:
    """Standard deviation (m, blocks) over seeds: the one given, or that of the histories; None for a single one."""
    shape = data.x.shape[1:]
    if given is None:
        return spread_of(data.x) if data.histories > 1 else None
    spread = real_numbers("seed_spread", given)
    if not np.isfinite(spread).all() or (spread < 0).any():
        raise ValueError("seed_spread must be finite and not negative.")
    if spread.ndim and spread.shape != shape:
        if spread.shape[-1:] != (shape[1] + 1,):
            raise ValueError(f"seed_spread must be a number or match load_curves' last axes, but has {spread.shape}.")
        spread = spread[..., 1:]
    return np.ascontiguousarray(np.broadcast_to(spread, shape))


def least_spread(spread: Array | None) -> float:
    """Least standard deviation that a weight is made of."""
    if spread is None or not np.isfinite(spread).any() or not np.nanmax(spread) > 0:
        raise ValueError("weights='spread' needs the scatter of several seeds, or seed_spread; give one of them.")
    return float(FLOOR * np.sqrt(np.nanmean(spread[1:] ** 2)))


def theta_of(model: ChainModel, start: Mapping[str, float]) -> Array:
    """Starting values in the order and the units of theta."""
    a, R = start.get("mu_eff_over_k", 0.0), model.scale
    keys = {"Y": "Y", "log k": "k", "log c": "mean_friction_over_k", "log s": "noise_over_k", "log tau": "tau"}
    keys |= {extra.theta: extra.name for extra in model.form.extras}
    extras = [extra.name for form in MODELS.values() for extra in form.extras]
    unknown = set(start) - {*ESTIMATES, *extras}
    if unknown:
        raise ValueError(
            f"start holds {', '.join(map(repr, sorted(unknown)))}, but may hold {', '.join((*ESTIMATES, *extras))}."
        )
    missing = [keys[name] for name in model.names if name in keys and keys[name] not in start]
    if missing:
        raise ValueError(f"start must also hold {', '.join(missing)} for pull={model.pull!r}.")
    for name in [keys[name] for name in model.names if name in keys]:
        lengths = {"Y", *(extra.name for extra in model.form.extras if extra.kind == "length")}
        value, strength = finite_number(f"start[{name!r}]", start[name]), name.endswith("_over_k")
        if name not in lengths and (value < 0 or (value == 0 and not strength)):
            raise ValueError(f"start[{name!r}] must be {'at least 0' if strength else 'positive'}, but is {value:g}.")
    c = np.sqrt(max(start["mean_friction_over_k"] ** 2 - a**2, 0.0)) / R
    values = {
        "Y": start.get("Y", 0.0) / R,
        "mu_eff/k": a / R,
        "log k": np.log(start["k"]),
        "log c": np.log(max(c, 1e-4)),
        "log s": np.log(max(start["noise_over_k"] / R, 1e-4)),
        "log tau": np.log(start.get("tau", 1.0)),
    }
    for extra in model.form.extras:
        given = start[extra.name] / (R if extra.kind in ("length", "log length") else 1.0)
        values[extra.theta] = given if extra.kind == "length" else np.log(given)
    return np.array([values[name] for name in model.names])
