"""What a training run leaves behind: load curves, accuracies and losses, epoch by epoch."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mechanics.files import write_npz

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = 1  # of the saved file; raise it when the meaning of a field changes
ARRAYS = ("epochs", "load_curves", "output_load", "train_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True, eq=False)
class History:
    """Record of one training run, measured m times.

    Attributes
    ----------
    epochs : ndarray of int64, shape (m,)
        Epochs after which was measured; 0 is before training.
    load_curves : ndarray, shape (m, layers)
        D_l on the training data, natural log; l = 0 (after the input's BatchNorm) .. last hidden activation, before
        its dropout. The logits are not in it.
    output_load : ndarray, shape (m,)
        D of the logits.
    train_loss : ndarray, shape (epochs done,)
        Mean cross-entropy over each epoch's batches, in training mode, with noise and dropout.
    train_accuracy, test_accuracy : ndarray, shape (m,)
        Fractions, on clean data.
    settings : dict
        Everything that determines the run, as JSON can hold it.
    status : str
        "finished", or a sentence that says why and when training ended before its last epoch.
    records : dict of str to ndarray
        What each recorder returned, stacked over the m measurements.
    """

    epochs: NDArray[np.int64]
    load_curves: NDArray[np.float64]
    output_load: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    train_accuracy: NDArray[np.float64]
    test_accuracy: NDArray[np.float64]
    settings: dict[str, Any]
    status: str
    records: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether all epochs were done, or `stop` ended training before."""
        return self.status == "finished" or self.status.startswith("stopped after")

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.status.startswith("interrupted")

    def save(self, path: str | Path) -> Path:
        """Write to an npz file; a reader sees the old file or the whole new one.

        Returns
        -------
        Path
            Of the file; the suffix .npz is added if there is none.

        Raises
        ------
        ValueError
            If a record is not an array of numbers, booleans or text.
        """
        for name, record in self.records.items():
            if record.dtype.hasobject:
                raise ValueError(f"record {name!r} holds Python objects, which are not saved; return numbers instead.")
        arrays = {name: getattr(self, name) for name in ARRAYS}
        arrays |= {f"record.{name}": record for name, record in self.records.items()}
        header = json.dumps({"format": FORMAT, "settings": self.settings, "status": self.status})
        return write_npz(path, header=np.array(header), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is not a saved history, or one of a later version.
        """
        with np.load(path, allow_pickle=False) as npz:
            missing = {"header", *ARRAYS} - set(npz.files)
            if missing:
                raise ValueError(f"{path} is not a saved History: it lacks {', '.join(sorted(missing))}.")
            header = json.loads(str(npz["header"]))
            if header["format"] > FORMAT:
                raise ValueError(f"{path} has format {header['format']}, but this version reads up to {FORMAT}.")
            records = {name.removeprefix("record."): npz[name] for name in npz.files if name.startswith("record.")}
            arrays = {name: npz[name] for name in ARRAYS}
        return cls(**arrays, settings=header["settings"], status=header["status"], records=records)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Load curves over the epochs; see `nets.plots.plot_load_curves`."""
        from ..plots import plot_load_curves

        return plot_load_curves(self, ax=ax)
