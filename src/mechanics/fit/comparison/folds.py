"""What is held out: blocks of consecutive epochs, single layers, single histories. The first curve is always kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Array, ChainData, spread_of

HeldOut = Literal["epochs", "layers", "seeds"]
BLOCKS = 5  # of consecutive epochs; the last one is foretold, the others are bridged
WORDS = {
    "epochs": "epochs between others",
    "last epochs": "the last epochs",
    "layers": "layers between others",
    "last layer": "the last layer",
    "seeds": "histories not fitted",
}


@dataclass(frozen=True)
class Fold:
    """Data to fit, and what is foretold: entries (m, blocks) of the mean history, or of one history `seed`."""

    kind: str
    data: ChainData
    entries: NDArray[np.bool_]
    seed: int | None = None


def make_folds(data: ChainData, kinds: str | Sequence[str], parameters: int) -> tuple[list[Fold], list[str]]:
    """Folds of the kinds asked for, and a sentence for each kind that the data are too few for.

    Parameters
    ----------
    data : ChainData
    kinds : sequence of {"epochs", "layers", "seeds"}, or one of them
    parameters : int
        Most parameters of a candidate whose coefficients do not belong to single epochs.
    """
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    unknown = [kind for kind in kinds if kind not in ("epochs", "layers", "seeds")]
    if unknown:
        raise ValueError(f"held_out must hold 'epochs', 'layers' and 'seeds' only, but holds {unknown}.")
    folds, notes = [], []
    for kind, make in (("epochs", _epochs), ("layers", _layers), ("seeds", _seeds)):
        if kind in kinds:
            made, note = make(data, parameters)
            folds += made
            notes += [note] if note else []
    return folds, notes


def _epochs(data: ChainData, parameters: int) -> tuple[list[Fold], str]:
    later = np.flatnonzero(data.measured[1:].any(axis=1)) + 1
    blocks = [block for block in np.array_split(later, min(BLOCKS, len(later) // 2)) if len(block)]
    if len(blocks) < 2 or _left(data, [_rows(data, block) for block in blocks]) <= parameters:
        return [], f"No epochs were held out: {len(later)} epochs after the first are too few."
    return [
        Fold("last epochs" if i == len(blocks) - 1 else "epochs", data.hidden(_rows(data, block)), _rows(data, block))
        for i, block in enumerate(blocks)
    ], ""


def _layers(data: ChainData, parameters: int) -> tuple[list[Fold], str]:
    seen = np.flatnonzero(data.measured[1:].any(axis=0))
    hidden = [np.broadcast_to(np.arange(data.x.shape[-1]) == l, data.measured.shape) for l in seen]
    if len(seen) < 3 or _left(data, hidden) <= parameters:
        return [], f"No layer was held out: {len(seen)} measured layers after the input are too few."
    return [
        Fold("last layer" if l == seen[-1] else "layers", data.hidden(mask), _after_start(data, mask))
        for l, mask in zip(seen, hidden, strict=True)
    ], ""


def _seeds(data: ChainData, parameters: int) -> tuple[list[Fold], str]:
    S = data.histories
    if S < 3:
        return [], f"No history was held out: that takes at least 3, and there {'is 1' if S == 1 else f'are {S}'}."
    folds = []
    for s in range(S):
        rest = data.chosen(np.array([i for i in range(S) if i != s]))
        entries = _after_start(data, np.isfinite(data.x[s]))
        if not np.isfinite(rest.x).any(axis=(0, 2)).all() or int(rest.measured[1:].sum()) <= parameters:
            return [], "No history was held out: without one of them whole epochs, or too many entries, are missing."
        if entries.any():
            folds.append(Fold("seeds", rest, entries, s))
    return folds, ""


def _rows(data: ChainData, block: NDArray[np.int64]) -> NDArray[np.bool_]:
    rows = np.zeros(data.measured.shape, dtype=bool)
    rows[block] = data.measured[block]
    return rows


def _after_start(data: ChainData, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    entries = mask & data.measured
    entries[0] = False
    return entries


def _left(data: ChainData, masks: list[NDArray[np.bool_]]) -> int:
    """Fewest entries after the first curve that stay to be fitted."""
    return min(int((data.measured & ~mask)[1:].sum()) for mask in masks)


def unit_of(data: ChainData, spread: Array | None) -> float | None:
    """Root mean square spread of one history; None where it is not known or vanishes."""
    known = spread_of(data.x) if spread is None and data.histories > 1 else spread
    if known is None or not np.isfinite(known).any() or not np.nanmax(known) > 0:
        return None
    return float(np.sqrt(np.nanmean(known**2)))
