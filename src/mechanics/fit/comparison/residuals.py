"""Where a misfit sits: which layers lie above and below at early, middle and late epochs, and how it hangs together.

All p values are taken over histories, whose residuals have the same correlations as their mean: Student's t of the mean
residual of a patch (a layer in a third of the epochs), corrected for the number of patches by Holm's method; and of
the correlation of neighbouring epochs or layers in the mean's residuals against those of single deviations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from ..data import Array
from .lack_of_fit import Replicates

LEVEL = 0.05
WHEN = ("early", "middle", "late")


@dataclass(frozen=True)
class Patch:
    """Epochs `when` and a layer where the mean residual differs from 0: its sign, and p corrected for all patches."""

    when: str
    layer: int
    sign: int
    p_value: float


@dataclass(frozen=True)
class Structure:
    """Patches with a misfit; correlation of neighbouring epochs and layers with p against that of the scatter."""

    patches: tuple[Patch, ...]
    epochs_correlation: float
    epochs_p_value: float
    layers_correlation: float
    layers_p_value: float

    def in_words(self) -> str:
        """A sentence on the patches, or that there are none."""
        if not self.patches:
            return "No layer lies off at early, middle or late epochs by more than the histories scatter."
        said = []
        for when in WHEN:
            parts = []
            for sign, word in ((1, "further"), (-1, "less far")):
                layers = [patch.layer for patch in self.patches if patch.when == when and patch.sign == sign]
                if layers:
                    parts.append(f"layer{'s' if len(layers) > 1 else ''} {_runs(layers)} {word}")
            if parts:
                said.append(f"at {when} epochs {' and '.join(parts)}")
        worst = min(patch.p_value for patch in self.patches)
        return f"The data have moved, compared with the fit, {'; '.join(said)} (smallest corrected p = {worst:.2g})."


def structure(found: Replicates) -> Structure:
    """Patches and correlations of the residuals."""
    R = found.residuals
    S = len(R)
    rows = np.flatnonzero(found.used.any(axis=1))
    cells, values = [], []
    for when, part in zip(WHEN, np.array_split(rows, 3), strict=True):
        for j in range(R.shape[2]):
            inside = part[found.used[part, j]]
            if len(inside):
                cells.append((when, j + 1))
                values.append(R[:, inside, j].mean(axis=1))
    z = np.array(values)
    error = z.std(axis=1, ddof=1) / np.sqrt(S)
    scale = float(np.abs(R).max())
    t = z.mean(axis=1) / np.maximum(error, 1e-12 * scale)
    p = _holm(2 * student.sf(np.abs(t), S - 1))
    kept = [
        Patch(when, layer, int(np.sign(t[i])), float(p[i])) for i, (when, layer) in enumerate(cells) if p[i] < LEVEL
    ]
    mean = R.mean(axis=0)
    epochs = _against(_neighbours(mean, found.used, 0), [_neighbours(r - mean, found.used, 0) for r in R])
    layers = _against(_neighbours(mean, found.used, 1), [_neighbours(r - mean, found.used, 1) for r in R])
    return Structure(tuple(kept), *epochs, *layers)


def _neighbours(r: Array, used: NDArray[np.bool_], axis: int) -> float:
    a, b = (r[1:], r[:-1]) if axis == 0 else (r[:, 1:], r[:, :-1])
    both = (used[1:] & used[:-1]) if axis == 0 else (used[:, 1:] & used[:, :-1])
    size = np.sqrt((a[both] ** 2).sum() * (b[both] ** 2).sum())
    return float((a[both] * b[both]).sum() / size) if size > 0 else 0.0


def _against(value: float, others: list[float]) -> tuple[float, float]:
    """A correlation, and p of it among those of the single deviations (Fisher's z, one more draw of the same law)."""
    z = np.arctanh(np.clip([value, *others], -0.999999, 0.999999))
    S = len(others)
    sd = z[1:].std(ddof=1) * np.sqrt(1 + 1 / S)
    if sd <= 0:
        return value, 1.0
    return value, float(2 * student.sf(abs(z[0] - z[1:].mean()) / sd, S - 1))


def _holm(p: Array) -> Array:
    order = np.argsort(p)
    out = np.empty(len(p))
    out[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return out


def _runs(layers: list[int]) -> str:
    """1, 2, 3, 6 as "1-3, 6"."""
    parts: list[list[int]] = []
    for l in layers:
        if parts and l == parts[-1][-1] + 1:
            parts[-1].append(l)
        else:
            parts.append([l])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
