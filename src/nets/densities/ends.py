"""End points of training over initial weights x batch orders x settings: train the design and split its variance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from mechanics.checks import whole_numbers

from ._blocks import Array
from .crossed import Components, crossed_components
from .levels import LevelEffect, level_effect
from .outputs import final_logits

if TYPE_CHECKING:
    from ..data import Digits
    from ..ensembles import MLPConfig

QUANTITIES = ("accuracy", "loss", "logits", "weights")


@dataclass(frozen=True, eq=False)
class EndPoints:
    """Ends of all trainings of a crossed design; axes are (settings, initial weights, batch orders, ...).

    Attributes
    ----------
    settings : tuple of str
        Names of the settings.
    accuracy, loss : ndarray, shape (K, I, J)
        On the test data, in "eval"; the loss is the mean cross-entropy in nats.
    logits : ndarray, shape (K, I, J, N classes)
        Of the test images, centred over classes.
    weights : ndarray, shape (K, I, J, P)
        Order as in `Histories.parameters`. Not aligned: hidden units of two initial weights are in any order.
    init_seeds, order_seeds : tuple of int
    level : float
        Confidence of the intervals.
    """

    settings: tuple[str, ...]
    accuracy: Array
    loss: Array
    logits: Array
    weights: Array
    init_seeds: tuple[int, ...]
    order_seeds: tuple[int, ...]
    level: float

    @cached_property
    def components(self) -> dict[str, dict[str, Components]]:
        """Variance components, by setting and then by quantity: accuracy, loss, logits, weights."""
        return {
            name: {q: crossed_components(getattr(self, q)[k], level=self.level) for q in QUANTITIES}
            for k, name in enumerate(self.settings)
        }

    @cached_property
    def effects(self) -> dict[str, LevelEffect]:
        """Variance between settings by quantity; empty with one setting."""
        return {q: level_effect(getattr(self, q)) for q in QUANTITIES} if len(self.settings) > 1 else {}


def end_points(
    data: "Digits",
    base: "MLPConfig | None" = None,
    *,
    epochs: int,
    inits: int = 6,
    orders: int = 6,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    probe: int | None = None,
    seed: int = 0,
    level: float = 0.95,
    **training: Any,
) -> EndPoints:
    """Train every combination of initial weights, batch orders and settings, and keep where they end.

    Parameters
    ----------
    data : Digits
    base : MLPConfig, optional
        What all trainings share. Its seeds are replaced.
    epochs : int
    inits, orders : int
        Numbers of initial weights and of batch orders (with their masks and noises), at least 3.
    settings : mapping of str to mapping, optional
        Fields of `MLPConfig` by the name of the setting, such as {"lr 0.1": {"lr": 0.1}}; by default `base` alone.
    probe : int, optional
        Logits and loss are those of so many first test images; all by default.
    seed : int
        Initial weights have the seeds seed, seed + 1, ...; batch orders go on from there.
    level : float
        Confidence of the intervals.
    **training
        Of `train_ensemble`: width, depth, backend, dtype, threads, checkpoint, ...

    Returns
    -------
    EndPoints

    Raises
    ------
    ValueError
        If the design is too small, or a training diverged or was interrupted: a hole would bias the components.

    Notes
    -----
    All I J K networks are held at once. Trainings are deterministic given both seeds, so that nothing repeats within a
    cell, and the interaction of both causes is all of "rest". With all examples in each batch and no dropout the order
    changes only rounding, which chaotic training may still blow up.
    """
    from ..ensembles import MLPConfig, train_ensemble

    whole_numbers(inits=(inits, 3), orders=(orders, 3), seed=(seed, 0))
    n = len(data.y_test)
    probe = n if probe is None else probe
    whole_numbers(probe=(probe, 2))
    if probe > n:
        raise ValueError(f"probe must be at most the number of test images, {n}, but is {probe}.")
    reserved = {"record", "measure_every", "test_every"} & set(training)
    if reserved:
        raise ValueError(f"end_points chooses {', '.join(sorted(reserved))} itself; leave it out.")
    named = {"base": {}} if settings is None else dict(settings)
    if not named:
        raise ValueError("settings must name at least one setting; leave it out for the base alone.")
    first, second = tuple(range(seed, seed + inits)), tuple(range(seed + inits, seed + inits + orders))
    common = MLPConfig() if base is None else base
    configs = [
        replace(common, **{**fields, "seed": i, "data_seed": j})
        for fields in named.values()
        for i in first
        for j in second
    ]
    found = train_ensemble(
        configs, data, epochs=epochs, record=("networks",), measure_every=[epochs], test_every=[epochs], **training
    )
    if not found.finished.all():
        bad = int(np.flatnonzero(~found.finished)[0])
        raise ValueError(
            f"{int((~found.finished).sum())} of {len(found)} trainings did not finish; {configs[bad]}: "
            f"{found.status[bad]}. A crossed design needs all of them."
        )
    shape = (len(named), inits, orders)
    logits: Array = final_logits(found, data.x_test[:probe])
    right = np.take_along_axis(log_softmax(logits, axis=-1), data.y_test[None, :probe, None], axis=-1)
    return EndPoints(
        tuple(named),
        found.test_accuracy[:, -1].reshape(shape),
        -right.mean(axis=(1, 2)).reshape(shape),
        logits.reshape(*shape, -1),
        found.parameters.reshape(*shape, -1),  # type: ignore[arg-type] # in the precision of training
        first,
        second,
        level,
    )


def settings_of(field: str, values: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Settings for `end_points` that differ in one field: settings_of("lr", [0.1, 0.3])."""
    return {
        f"{field} {value:g}" if isinstance(value, float) else f"{field} {value}": {field: value} for value in values
    }
