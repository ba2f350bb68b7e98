"""Initial weights that the caller gives: networks, or their flat vectors."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .layout import flat_parameters, flat_running
from .plan import Plan, State

Initial = ArrayLike | Sequence[Any]


def with_initial(plan: Plan, state: State, initial: Initial) -> State:
    """The state of untrained networks with other weights.

    Parameters
    ----------
    plan, state
        `state` is that of `new_state(plan, ...)`.
    initial : array (models, P), or sequence of MLP
        Flat vectors in the order of `MLP.parameters()` (see `layout`), with running statistics as they are at first; or
        one network for each config, whose running statistics are taken as well.

    Raises
    ------
    ValueError
        If the number of networks, their sizes or types do not fit the ensemble, or a weight is not finite.
    """
    networks = None if isinstance(initial, np.ndarray) or not _are_modules(initial) else list(initial)  # type: ignore[arg-type]
    if networks is None:
        parameters = np.array(initial, dtype=plan.dtype)
        running = state.running
    else:
        _check_networks(plan, networks)
        parameters = np.array([flat_parameters(m) for m in networks], dtype=plan.dtype)
        running = np.array([flat_running(m) for m in networks], dtype=plan.dtype)
    wanted = state.parameters.shape
    if parameters.shape != wanted:
        raise ValueError(
            f"initial must hold {wanted[1]} numbers for each of the {wanted[0]} networks, but has shape "
            f"{parameters.shape}."
        )
    for name, rows in (("initial", parameters), ("the running statistics of initial", running)):
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(bad):
            raise ValueError(f"{name} must be finite, but network {bad[0]} holds others.")
    return replace(state, parameters=parameters, running=running)


def digest(state: State) -> str:
    """Hash of weights and running statistics, for the identity of a run."""
    return hashlib.sha256(state.parameters.tobytes() + state.running.tobytes()).hexdigest()


def _are_modules(initial: Any) -> bool:
    from torch import nn

    return isinstance(initial, Sequence) and len(initial) > 0 and all(isinstance(m, nn.Module) for m in initial)


def _check_networks(plan: Plan, networks: list[Any]) -> None:
    """Raise ValueError unless each is an MLP of the ensemble's sizes with BatchNorm throughout."""
    from ..models import MLP

    wanted: dict[str, Any] = {**plan.layout.described(), "norm": "batch", "input_norm": True}
    for i, network in enumerate(networks):
        if type(network) is not MLP:
            raise ValueError(f"initial[{i}] must be an MLP, but is {type(network).__name__}.")
        differ = {k: network.settings[k] for k, v in wanted.items() if network.settings[k] != v}
        if differ or network.settings["init"] == "ntk":
            raise ValueError(
                f"initial[{i}] must be an MLP with {wanted} and without the ntk parametrisation, but has "
                f"{differ or network.settings['init']}."
            )
