"""Load curves read from files: one form for all of them, checked once; what is left out is noted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FEWEST = 5  # epochs; as `fit_chain` wants
HALF = 0.5  # a history without numbers at more than this share of the epochs is left out as a whole


@dataclass(frozen=True, eq=False)
class LoadCurves:
    """Load curves of the seeds of one setting, ready for `mechanics.fit.fit_chain`.

    Attributes
    ----------
    load_curves : ndarray, shape (seeds, m, layers)
        D_l at m epochs.
    epochs : ndarray, shape (m,)
    end : ndarray, shape (seeds, m), or None
        Load of the pulled end.
    seeds : tuple of str
        What the histories are called.
    source : str
        What the file is, in words.
    last : {"auto", "block", "end"}
        What the last layer is, as far as the file says.
    settings : tuple of dict of str to str
        What each history was made with, by name; histories of one fit must agree.
    setting : str
        What tells the chosen setting from the others of the file, in words.
    notes : tuple of str
        What was left out, in sentences.
    """

    load_curves: Array
    epochs: Array
    end: Array | None
    seeds: tuple[str, ...]
    source: str
    last: Literal["auto", "block", "end"] = "auto"
    settings: tuple[dict[str, str], ...] = ()
    setting: str = ""
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        """Number of load curves' points, the input's among them."""
        return self.load_curves.shape[2]

    def of(self, keep: Sequence[int]) -> "LoadCurves":
        """The histories at these places."""
        return replace(
            self,
            load_curves=self.load_curves[list(keep)],
            end=None if self.end is None else self.end[list(keep)],
            seeds=tuple(self.seeds[i] for i in keep),
            settings=tuple(self.settings[i] for i in keep) if self.settings else (),
        )


def checked(found: LoadCurves, where: str) -> LoadCurves:
    """The curves without histories and epochs that hold no numbers; ValueError where too little is left."""
    D, ts = found.load_curves, found.epochs
    if D.ndim != 3 or not D.size:
        raise ValueError(f"{where}: load_curves must be (seeds, epochs, layers), but have shape {D.shape}.")
    if ts.shape != D.shape[1:2]:
        raise ValueError(f"{where}: there must be a time for each of {D.shape[1]} curves, but epochs have {ts.shape}.")
    if found.end is not None and found.end.shape != D.shape[:2]:
        raise ValueError(f"{where}: end must have shape {D.shape[:2]} (seeds, epochs), but has {found.end.shape}.")
    if not np.isfinite(ts).all():
        raise ValueError(f"{where}: every epoch must be a number, but those of rows {_some(~np.isfinite(ts))} are not.")
    if (np.diff(ts) <= 0).any():
        i = int(np.flatnonzero(np.diff(ts) <= 0)[0])
        raise ValueError(f"{where}: epochs must increase, but {ts[i + 1]:g} follows {ts[i]:g}; sort the file by epoch.")
    notes = list(found.notes)
    good = np.asarray(np.isfinite(D).all(axis=2))
    if found.end is not None:
        good = good & np.isfinite(found.end)
    lost = np.asarray(good.mean(axis=1) < HALF)
    if lost.all():
        raise ValueError(f"{where}: no history has numbers at half of the epochs or more.")
    if lost.any():
        names = ", ".join(found.seeds[i] for i in np.flatnonzero(lost))
        notes.append(f"Left out, as they hold no numbers at more than half of the epochs: seeds {names}.")
        found, good = found.of(np.flatnonzero(~lost).tolist()), good[~lost]
    keep = good.all(axis=0)
    if not keep.all():
        shown = ", ".join(f"{t:g}" for t in ts[~keep][:8]) + (", ..." if (~keep).sum() > 8 else "")
        count = "1 epoch" if (~keep).sum() == 1 else f"{int((~keep).sum())} epochs"
        notes.append(f"Left out, as a load is not a number there: {count} ({shown}).")
    if keep.sum() < FEWEST:
        raise ValueError(
            f"{where}: a fit needs {FEWEST} epochs with numbers for all layers, but {int(keep.sum())} of {len(ts)} "
            "have them."
        )
    return replace(
        found,
        load_curves=np.ascontiguousarray(found.load_curves[:, keep]),
        epochs=ts[keep],
        end=None if found.end is None else np.ascontiguousarray(found.end[:, keep]),
        notes=tuple(notes),
    )


def _some(bad: NDArray[np.bool_]) -> str:
    return ", ".join(str(i) for i in np.flatnonzero(bad)[:5])
