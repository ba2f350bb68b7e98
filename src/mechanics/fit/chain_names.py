"""The parameters of a chain fit under the names and in the units that users see."""

import numpy as np

from .data import Array
from .model import ChainModel

NAMES = {
    "Y": "Y",
    "mu_eff/k": "mu_eff_over_k",
    "log k": "k",
    "log c": "mean_friction_over_k",
    "log s": "noise_over_k",
    "log tau": "tau",
}
LENGTHS = ("Y", "mu_eff/k", "log c", "log s")


def user_names(model: ChainModel) -> tuple[str, ...]:
    """Names of what was fitted, in the order of theta."""
    extras = {extra.theta: extra.name for extra in model.form.extras}
    return tuple((NAMES | extras)[name] for name in model.names)


def is_factor(model: ChainModel, i: int) -> bool:
    """Whether a parameter is a positive number, of which theta holds the logarithm."""
    kinds = {extra.theta: extra.kind != "length" for extra in model.form.extras}
    name = model.names[i]
    return kinds[name] if name in kinds else name.startswith("log ")


def unit(model: ChainModel, i: int) -> float:
    """What theta, or its exponential, is multiplied by."""
    kinds = {extra.theta: extra.kind in ("length", "log length") for extra in model.form.extras}
    name = model.names[i]
    return model.scale if kinds.get(name, name in LENGTHS) else 1.0


def in_units(model: ChainModel, i: int, z: Array) -> Array:
    """Values of one coordinate as users see them; with log b in the place of log c, the mean friction."""
    return unit(model, i) * (np.exp(z) if is_factor(model, i) else z)


def with_mean_friction(model: ChainModel, thetas: Array) -> Array:
    """Rows (n, d) of theta with the logarithm of the mean friction in the place of log c."""
    out = np.array(thetas, dtype=float)
    a, c = model.names.index("mu_eff/k"), model.names.index("log c")
    out[:, c] = np.log(np.hypot(out[:, a], np.exp(out[:, c])))
    return out


def named_place(model: ChainModel, name: str) -> int:
    """Place of a named estimate among the fitted parameters.

    Raises
    ------
    ValueError
        If there is no such estimate, or this fit did not search for it.
    """
    names = user_names(model)
    if name in names:
        return names.index(name)
    why = ""
    if name == "Y":
        why = " Y was measured, not fitted, under this pull."
    elif name == "tau":
        why = " tau belongs to the ramped pull."
    raise ValueError(f"name must be one of {', '.join(names)}, but is {name!r}.{why}")
