"""What the training of an ensemble leaves behind: load curves, accuracies and losses of every network."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mechanics.files import read_npz, write_npz

from ..training.stopping import Stop
from .config import SCHEDULED, MLPConfig, config_from
from .layout import Layout, fill_model

if TYPE_CHECKING:
    import xarray

    from ..models import MLP

Array = NDArray[np.float64]
FORMAT = "mechanet ensemble of networks 1"
ARRAYS = (
    "epochs", "load_curves", "output_load", "losses", "train_accuracy", "test_accuracy", "by_batch", "epochs_done",
    "failed_epoch", "failed_layer", "stopped_epoch", "parameters", "running", "weights",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Histories:
    """Records of an ensemble, in the order of its configs.

    Attributes
    ----------
    epochs : ndarray of int64, shape (m,)
        Epochs after which was measured; 0 is before training.
    load_curves : ndarray, shape (models, m, layers)
        D_l on the training data, natural log, as in `History`; nan after a failure.
    output_load : ndarray, shape (models, m)
        D of the logits.
    losses : ndarray, shape (models, epochs)
        Mean cross-entropy over each epoch's batches, in training mode, with noise and dropout.
    train_accuracy, test_accuracy : ndarray, shape (models, m)
        Fractions, on clean data with true labels; the test accuracy is nan where it was not asked for.
    by_batch : ndarray of bool, shape (models, m)
        Whether BatchNorm took the statistics of the data ("batch") or the running ones ("eval").
    epochs_done, failed_epoch, failed_layer : ndarray of int64, shape (models,)
        Progress; where numbers stopped being finite, else -1 (layer `depth` is the logits).
    stopped_epoch : ndarray of int64, shape (models,)
        After which epoch `stop` ended training, else -1. Measurements of later epochs repeat the one made there.
    parameters, running : ndarray, shapes (models, P) and (models, R)
        Final weights and running statistics; empty unless recorded. `model(i)` makes a network of them.
    weights : ndarray, shape (models, m, P)
        Weights at every measurement; empty unless recorded.
    configs : tuple of MLPConfig
    settings : dict
        Sizes, data, backend and versions, as JSON can hold them.
    seconds : float
        Wall time of the call that returned this.
    """

    epochs: NDArray[np.int64]
    load_curves: Array
    output_load: Array
    losses: Array
    train_accuracy: Array
    test_accuracy: Array
    by_batch: NDArray[np.bool_]
    epochs_done: NDArray[np.int64]
    failed_epoch: NDArray[np.int64]
    failed_layer: NDArray[np.int64]
    stopped_epoch: NDArray[np.int64]
    parameters: NDArray[np.floating]
    running: NDArray[np.floating]
    weights: NDArray[np.floating]
    configs: tuple[MLPConfig, ...]
    settings: dict[str, Any]
    seconds: float = field(default=0.0)

    def __len__(self) -> int:
        return len(self.configs)

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which networks did all epochs, or were done before by `stop`."""
        all_epochs = self.epochs_done == self.losses.shape[1]
        done: NDArray[np.bool_] = (self.failed_epoch < 0) & (all_epochs | (self.stopped_epoch >= 0))
        return done

    @property
    def status(self) -> tuple[str, ...]:
        """How each network ended: "finished", or a sentence that says when and why."""
        return tuple(self._status(i) for i in range(len(self)))

    def _status(self, i: int) -> str:
        depth = self.settings["depth"]
        if self.failed_epoch[i] >= 0:
            layer = "the logits" if self.failed_layer[i] == depth else f"layer {self.failed_layer[i]}"
            return f"numbers of {layer} became infinite or nan in epoch {self.failed_epoch[i]}; lower lr or the noise"
        if self.stopped_epoch[i] >= 0:
            reason = Stop(**self.settings["stop"]).reason(self.losses[i, : self.stopped_epoch[i]])
            return f"stopped after epoch {self.stopped_epoch[i]}: {reason}"
        if self.epochs_done[i] < self.losses.shape[1]:
            return f"interrupted after epoch {self.epochs_done[i]}"
        return "finished"

    def model(self, i: int) -> "MLP":
        """Network i as it was at the end, a torch module.

        Raises
        ------
        ValueError
            If the final networks were not recorded.
        """
        from ..models import MLP

        if not self.parameters.size:
            raise ValueError('the final networks were not recorded; train with record=("networks",).')
        config, layout = (
            self.configs[i],
            Layout(**{k: self.settings[k] for k in ("inputs", "width", "depth", "classes")}),
        )
        dropout = config.schedules(self.losses.shape[1])["dropout"] if self.losses.shape[1] else np.zeros(1)
        model = MLP(
            **layout.described(), slope=config.slope, dropout=float(dropout[self.epochs_done[i] - 1]), seed=config.seed
        )
        fill_model(
            model.double() if self.parameters.dtype == np.float64 else model, self.parameters[i], self.running[i]
        )
        return model

    def save(self, path: str | Path) -> Path:
        """Write to an npz file; a reader sees the old file or the whole new one. Returns its path."""
        about = {
            "format": FORMAT, "settings": self.settings, "seconds": self.seconds,
            "configs": [config.described(self.losses.shape[1]) for config in self.configs],
        }  # fmt: skip
        return write_npz(path, about=np.array(json.dumps(about)), **{name: getattr(self, name) for name in ARRAYS})

    @classmethod
    def load(cls, path: str | Path) -> "Histories":
        """Read what `save` wrote; schedules that were functions come back as numbers.

        Raises
        ------
        ValueError
            If the file is something else.
        """
        about, arrays = read_npz(path, FORMAT, "a saved Histories")
        configs = tuple(config_from(c) for c in about["configs"])
        arrays.setdefault("stopped_epoch", np.full(len(configs), -1))  # files from before `stop`
        return cls(**arrays, configs=configs, settings=about["settings"], seconds=about["seconds"])

    def to_xarray(self) -> "xarray.Dataset":
        """Measurements as a labelled dataset, the configs' numbers as coordinates (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        epochs = self.losses.shape[1]
        coords: dict[str, Any] = {
            "epoch": self.epochs,
            "layer": np.arange(self.load_curves.shape[2]),
            "trained_epoch": np.arange(1, epochs + 1),
        }
        for name in ("seed", "slope", "label_corruption"):
            coords[name] = ("model", [getattr(c, name) for c in self.configs])
        n = self.settings["examples"]
        sizes = [c.batch_sizes(max(epochs, 1), n) for c in self.configs]
        coords["batch_size"] = ("model", [int(of_epochs[-1]) for of_epochs in sizes])
        coords["optimiser"] = ("model", [type(c.optimiser).__name__ for c in self.configs])
        if epochs:
            schedules = [c.schedules(epochs) for c in self.configs]
            for name in SCHEDULED:  # as of batch_size, the last value of a schedule
                coords[name] = ("model", [float(s[name][-1]) for s in schedules])
        measured = ("model", "epoch")
        return xarray.Dataset(
            {
                "load_curves": ((*measured, "layer"), self.load_curves),
                "output_load": (measured, self.output_load),
                "train_accuracy": (measured, self.train_accuracy),
                "test_accuracy": (measured, self.test_accuracy),
                "losses": (("model", "trained_epoch"), self.losses),
                "finished": ("model", self.finished),
                "stopped_epoch": ("model", self.stopped_epoch),
            },
            coords=coords,
            attrs={name: str(value) for name, value in self.settings.items()},
        )
