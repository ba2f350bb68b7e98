"""What the training of a Leaky ResNet leaves behind."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanics.files import read_npz, write_npz

FORM = "mechanet leaky history 1"
ARRAYS = ("epochs", "mse", "penalty", "test_error", "rho")
COLLAPSED = 0.95  # of the objective without weights

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeakyHistory:
    """Record of one training run, measured m times.

    Attributes
    ----------
    epochs : ndarray of int64, shape (m,)
        Epochs after which was measured, iterations of the polish counted as epochs; 0 is before training.
    mse : ndarray, shape (m,)
        C = (1/N) |Y - f(X)|_F^2 of the training data, summed over the outputs.
    penalty : ndarray, shape (m,)
        lam/(2 Lt) sum_l rho_l |W_l|_F^2.
    test_error : ndarray, shape (m,)
        C of the test data; nan without any.
    rho : ndarray, shape (m, layers)
        Steps.
    settings : dict
        Everything that determines the run, as JSON can hold it.
    status : str
        "finished", or a sentence that says why and when it stopped.
    records : dict of str to ndarray
        What each recorder returned, stacked over the m measurements.
    """

    epochs: NDArray[np.int64]
    mse: Array
    penalty: Array
    test_error: Array
    rho: Array
    settings: dict[str, Any]
    status: str
    records: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether all epochs were done."""
        return self.status == "finished"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.status.startswith("interrupted")

    @property
    def objective(self) -> Array:
        """mse + penalty with the effective lam, shape (m,)."""
        return self.mse + self.penalty

    @property
    def collapsed(self) -> bool:
        """Whether the weights ended worth nothing: 95 % of the objective at W = 0. Start from a smaller Lt or lam."""
        return bool(self.objective[-1] >= COLLAPSED * self.settings["error_without_weights"])

    def save(self, path: str | Path) -> Path:
        """Write to an npz file; a reader sees the old file or the whole new one. Returns the file's path."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        for name, record in self.records.items():
            if record.dtype.hasobject:
                raise ValueError(f"record {name!r} holds Python objects, which are not saved; return numbers instead.")
            arrays[f"record.{name}"] = record
        about = json.dumps({"format": FORM, "settings": self.settings, "status": self.status})
        return write_npz(path, about=np.array(about), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "LeakyHistory":
        """Read what `save` wrote; raises ValueError for any other file."""
        about, arrays = read_npz(path, FORM, "the history of a Leaky ResNet")
        records = {name.removeprefix("record."): a for name, a in arrays.items() if name.startswith("record.")}
        own = {name: arrays[name] for name in ARRAYS}
        return cls(**own, settings=about["settings"], status=about["status"], records=records)
