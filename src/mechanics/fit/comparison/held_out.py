"""Errors of foretold curves, fold by fold, with standard errors of a score and of the difference of two.

Where a kind of score has several folds, their scatter is the error. A single fold (the last epochs, the last layer)
has the scatter over histories instead: the score against the mean of all of them but one (a delete-one jackknife).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import Array, ChainData
from .candidate import Candidate, Fitted, mean_start
from .folds import Fold


@dataclass(frozen=True)
class HeldOutScore:
    """How far off a candidate is where it was not fitted.

    Parameters
    ----------
    value : float
        Mean over the folds of the root mean square error, in units of the seed spread (of D where that is unknown);
        inf where a prediction failed.
    stderr : float
        Over folds, or over histories where there is one fold; NaN where neither are several.
    folds : ndarray, shape (folds,)
        The errors of all folds.
    jackknife : ndarray, shape (histories,)
        One fold only: its error against the mean of all histories but one; empty otherwise.
    """

    value: float
    stderr: float
    folds: Array
    jackknife: Array

    def minus(self, other: "HeldOutScore") -> tuple[float, float]:
        """Difference of two candidates' scores and its standard error, fold paired with fold."""
        error = _error(self.folds - other.folds, self.jackknife - other.jackknife)
        return self.value - other.value, error


def scored(
    candidate: Candidate, fitted: Fitted, folds: Sequence[Fold], data: ChainData, unit: float, *, warm: bool = True
) -> dict[str, HeldOutScore]:
    """Scores by kind; each fold is fitted anew, from the full fit's parameters unless `warm` is False."""
    errors: dict[str, list[float]] = {}
    jackknives: dict[str, list[Array]] = {}
    for fold in folds:
        again = candidate.fit(fold.data, fitted.theta if warm else None)
        if fold.seed is None:
            curve, target = again.curve, data.mean[0]
            jackknife = _without_each(curve, fold, data) if data.histories > 1 else np.zeros(0)
        else:
            start, end = mean_start(data.chosen(np.array([fold.seed])))
            curve, target = candidate.predict(again.theta, start, end), data.x[fold.seed]
            jackknife = np.zeros(0)
        errors.setdefault(fold.kind, []).append(_rms((curve - target)[fold.entries]) / unit)
        jackknives.setdefault(fold.kind, []).append(jackknife / unit)
    return {kind: _score(np.array(errors[kind]), jackknives[kind]) for kind in errors}


def _score(folds: Array, jackknives: list[Array]) -> HeldOutScore:
    jackknife = jackknives[0] if len(folds) == 1 else np.zeros(0)
    return HeldOutScore(float(folds.mean()), _error(folds, jackknife), folds, jackknife)


def _error(folds: Array, jackknife: Array) -> float:
    if not np.isfinite(folds).all():
        return float("nan")
    if len(folds) > 1:
        return float(folds.std(ddof=1) / np.sqrt(len(folds)))
    S = len(jackknife)
    return float(np.sqrt((S - 1) * jackknife.var())) if S > 1 else float("nan")


def _without_each(curve: Array, fold: Fold, data: ChainData) -> Array:
    out = []
    for s in range(data.histories):
        r = (curve - data.without(s)[0])[fold.entries]
        out.append(_rms(r[np.isfinite(r)]) if np.isfinite(curve).all() else np.inf)
    return np.array(out)


def _rms(r: Array) -> float:
    return float(np.sqrt(np.mean(r**2))) if len(r) and np.isfinite(r).all() else float("inf")
