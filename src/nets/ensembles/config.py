"""One network of an ensemble and how it is trained: a frozen record."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.noise import seed_word

from .optimisers import KINDS, Adam, Optimiser, described, from_description

Schedule = float | Sequence[float] | NDArray[np.float64] | Callable[[int], float]
BatchSize = int | None | Sequence[int] | NDArray[np.int64] | Callable[[int], int]
SCHEDULED = ("lr", "dropout", "weight_decay", "label_noise", "input_noise")


@dataclass(frozen=True)
class MLPConfig:
    """A network with BatchNorm and its training; the sizes are those of the whole ensemble.

    Parameters
    ----------
    seed : int
        Of the initial weights (those of `MLP(seed=seed)`) and of all that is random in training.
    slope : float
        Of the leaky ReLU for negative numbers: 0 is the ReLU, 1 a linear network.
    dropout : float or schedule
        Probability of zero after each activation, in [0, 1).
    lr : float or schedule
        Learning rate, positive.
    batch_size : int or schedule, optional
        Examples a step; all of them by default.
    weight_decay : float or schedule
        Of all parameters, as PyTorch's optimisers do it.
    optimiser : Adam, AdamW, SGD, RMSProp or SGLD
    label_noise : float or schedule
        In [0, 1]: floor(label_noise * B) labels of each batch are drawn anew over all classes, some to the true one.
    input_noise : float or schedule
        Standard deviation of Gaussian noise added to each batch, in units of that of all numbers of x_train.
    label_corruption : float
        In [0, 1]: this fraction of the training labels is drawn anew before training and stays so. Loads and accuracies
        are measured with the true labels.
    data_seed : int, optional
        Of order, masks and noises, if it is to differ from `seed`.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range.

    Notes
    -----
    A schedule is an array with a number for each epoch, or a function of the number of epochs done (0 at first).
    """

    seed: int = 0
    slope: float = 0.0
    dropout: Schedule = 0.0
    lr: Schedule = 1e-3
    batch_size: BatchSize = None
    weight_decay: Schedule = 0.0
    optimiser: Optimiser = field(default_factory=Adam)
    label_noise: Schedule = 0.0
    input_noise: Schedule = 0.0
    label_corruption: float = 0.0
    data_seed: int | None = None

    def __post_init__(self) -> None:
        for seed in (self.seed, self.seed if self.data_seed is None else self.data_seed):
            if int(seed_word(seed)) >= 2**63:
                raise ValueError(f"seed must be below 2^63, but is {seed}; torch takes no larger one.")
        if not math.isfinite(self.slope):
            raise ValueError(f"slope must be finite, but is {self.slope}; 0 is the ReLU, 1 a linear network.")
        if not 0 <= self.label_corruption <= 1:
            raise ValueError(f"label_corruption must lie in [0, 1], but is {self.label_corruption}.")
        if not isinstance(self.optimiser, KINDS):
            raise TypeError(
                "optimiser must be SGD(), Adam(), AdamW(), RMSProp() or SGLD(...) of nets.ensembles, but is "
                f"{self.optimiser!r}."
            )
        if not callable(self.batch_size) and np.ndim(self.batch_size) > 0:  # type: ignore[arg-type]
            object.__setattr__(self, "batch_size", tuple(np.asarray(self.batch_size).ravel().tolist()))
        for name in SCHEDULED:
            value = getattr(self, name)
            if callable(value):
                continue
            values = np.asarray(value, dtype=np.float64)
            check_values(name, np.atleast_1d(values))
            object.__setattr__(self, name, float(values) if values.ndim == 0 else tuple(values.ravel().tolist()))

    @property
    def noise_seed(self) -> int:
        """Seed of order, masks and noises."""
        return self.seed if self.data_seed is None else self.data_seed

    def schedules(self, epochs: int) -> dict[str, NDArray[np.float64]]:
        """The numbers of every epoch, by name, shape (epochs,)."""
        return {name: _over_epochs(name, getattr(self, name), epochs) for name in SCHEDULED}

    def batch_sizes(self, epochs: int, n: int) -> NDArray[np.int64]:
        """Examples a step in every epoch, of n examples, shape (epochs,).

        Raises
        ------
        ValueError
            If one is not a whole number in 2 .. n, or a schedule does not have a number for each epoch.
        """
        size = self.batch_size
        if size is None or (np.ndim(size) == 0 and not callable(size)):  # type: ignore[arg-type]
            return np.full(epochs, _checked_size(n if size is None else size, n, ""), dtype=np.int64)
        listed = [size(epoch) for epoch in range(epochs)] if callable(size) else list(size)  # type: ignore[arg-type]
        if len(listed) != epochs:
            raise ValueError(f"must have a number for each of the {epochs} epochs, but has {len(listed)}.")
        sizes = [_checked_size(size, n, f" at epoch {epoch}") for epoch, size in enumerate(listed)]
        return np.array(sizes, dtype=np.int64)

    def described(self, epochs: int) -> dict[str, Any]:
        """The record as JSON can hold it; schedules as numbers or lists of them."""
        about = {name: value for name, value in asdict(self).items() if name not in SCHEDULED}
        about["optimiser"] = described(self.optimiser)
        if callable(self.batch_size):
            about["batch_size"] = [int(self.batch_size(epoch)) for epoch in range(epochs)]
        for name, values in self.schedules(epochs).items():
            constant = not callable(getattr(self, name)) and np.ndim(getattr(self, name)) == 0
            about[name] = float(getattr(self, name)) if constant else values.tolist()
        return about


def config_from(about: dict[str, Any]) -> MLPConfig:
    """The record that `MLPConfig.described` told of."""
    return MLPConfig(**{**about, "optimiser": from_description(about["optimiser"])})


def check_values(name: str, values: NDArray[np.float64]) -> None:
    """Raise ValueError unless all values of a scheduled quantity are in its range."""
    good, wanted = {
        "lr": (values > 0, "positive and finite"),
        "dropout": ((values >= 0) & (values < 1), "in [0, 1); 1 would pass nothing on"),
        "weight_decay": (values >= 0, "finite and not negative"),
        "label_noise": ((values >= 0) & (values <= 1), "in [0, 1]; it is the redrawn fraction"),
        "input_noise": (values >= 0, "finite and not negative"),
    }[name]
    bad = np.flatnonzero(~(good & np.isfinite(values)))
    if len(bad):
        where = f" at epoch {bad[0]}" if len(values) > 1 else ""
        raise ValueError(f"{name} must be {wanted}; but it is {values[bad[0]]}{where}.")


def _checked_size(size: Any, n: int, where: str) -> int:
    if (
        isinstance(size, bool)
        or not isinstance(size, (int, float, np.number))
        or int(size) != size
        or not 2 <= size <= n
    ):
        raise ValueError(
            f"must be a whole number in 2 .. {n} (the training examples; BatchNorm has no variance of 1), but is "
            f"{size!r}{where}; None takes all of them."
        )
    return int(size)


def _over_epochs(name: str, value: Schedule, epochs: int) -> NDArray[np.float64]:
    if callable(value):
        values = np.array([float(value(epoch)) for epoch in range(epochs)], dtype=np.float64)
    else:
        values = np.asarray(value, dtype=np.float64)
        if values.ndim == 0:
            return np.full(epochs, float(values))
    if values.shape != (epochs,):
        raise ValueError(f"{name} must have a number for each of the {epochs} epochs, but has shape {values.shape}.")
    check_values(name, values)
    return values
