"""Does a network look like the chain, better than a curve would? Candidates fitted, foretelling, tested and ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..data import Array, ChainData, chain_data
from ..request import least_spread, spread_over_seeds
from .candidate import Candidate, Fitted, label
from .candidates import candidates_of
from .criteria import criteria, observations_of
from .folds import Fold, make_folds, unit_of
from .held_out import HeldOutScore, scored
from .lack_of_fit import lack_of_fit, replicates
from .residuals import structure
from .result import ModelComparison, ModelScore
from .words import verdict_of

Kind = Literal["epochs", "layers", "seeds"]


def compare_models(
    load_curves: ArrayLike,
    epochs: ArrayLike,
    *,
    models: str | Sequence[str] = "all",
    pull: str | Sequence[str] = "all",
    end: ArrayLike | None = None,
    last: Literal["auto", "block", "end"] = "auto",
    weights: Literal["equal", "spread"] = "equal",
    seed_spread: ArrayLike | float | None = None,
    held_out: Literal["epochs", "layers", "seeds"] | Sequence[Literal["epochs", "layers", "seeds"]] = (
        "epochs",
        "layers",
        "seeds",
    ),
) -> ModelComparison:
    """Compare chains with plain curves that know nothing of springs, where they were fitted and where they were not.

    Parameters
    ----------
    load_curves, epochs, end, last, weights, seed_spread
        As in `fit_chain`; NaN where not measured.
    models : "all", "chains", "curves", a name or a sequence of names
        Chains: "uniform", "layered_friction", "layered_stiffness", "saturating", "second_order". Curves: "line",
        "parabola", "exponential" over the layers, each with every time course that the data allow: "relaxing" (from
        the first curve to its end as 1 - e^{-t/tau}), "measured" (driven by the measured end), "free" (coefficients of
        its own at every epoch).
    pull : "all", "fixed", "ramped", "measured", or a sequence of them
        Of the chains; "all" that the data allow.
    held_out : sequence of {"epochs", "layers", "seeds"}, or one of them
        What is foretold: five blocks of consecutive epochs, of which the last has a score of its own; single layers,
        the last with a score of its own; single histories, from their own first curve.

    Returns
    -------
    ModelComparison

    Raises
    ------
    ValueError
        As `fit_chain`, and if a model, pull or kind of `held_out` is not known, or the same is named twice.

    Notes
    -----
    Every candidate is given the first curve as measured, and only later entries are scored. A measured pull or course
    is given the end's load at all epochs, also at those held out, and of histories held out. Weights and the unit of
    errors come from all histories. There is no randomness. docs/fit_verdict.md has the formulas.
    """
    data = chain_data(load_curves, epochs, end, last)
    spread = spread_over_seeds(data, seed_spread)
    if weights == "spread":
        data = data.weighted_by(spread, least_spread(spread))  # type: ignore[arg-type]  # least_spread has refused None
    elif weights != "equal":
        raise ValueError(f"weights must be 'equal' or 'spread', but is {weights!r}.")
    candidates = candidates_of(data, models, pull)
    counts = [c.parameters(data) for c in candidates if not c.free]
    folds, notes = make_folds(data, held_out, max(counts, default=0))
    unit = unit_of(data, spread)
    fits = [(candidate, candidate.fit(data)) for candidate in candidates]
    known = [pair for pair in fits if not pair[0].free] or fits
    reference = min(known, key=lambda pair: _mean_square(pair[1], data))
    counted, used = observations_of(np.where(data.measured, data.mean[0] - reference[1].curve, 0.0)[1:], counts)
    entries = [_scored(candidate, fitted, folds, data, unit, used) for candidate, fitted in fits]
    by_score = bool(folds)
    entries.sort(key=lambda e: (e.row.total if by_score else e.row.aicc, e.row.parameters))
    gain = _warm_start_gain(entries, folds)
    rows = tuple(e.row for e in entries)
    notes = [*data.notes, *notes]
    if unit is None:
        notes.append(
            "Errors are in units of D: the spread of a history is not known. Give several seeds or seed_spread."
        )
    words = verdict_of(
        rows, data=data, counted=counted, observations=used, reference=label(reference[0]), unit=unit, notes=notes,
        gain=gain,
    )  # fmt: skip
    return ModelComparison(
        rows=rows,
        epochs=data.ts,
        unit=unit,
        observations=used,
        reference=label(reference[0]),
        histories=data.histories,
        notes=tuple(notes),
        warm_start_gain=gain,
        verdict=words,
    )


@dataclass(frozen=True)
class _Entry:
    candidate: Candidate
    fitted: Fitted
    row: ModelScore


def _scored(
    candidate: Candidate, fitted: Fitted, folds: list[Fold], data: ChainData, unit: float | None, observations: float
) -> _Entry:
    x = np.where(data.measured, data.mean[0], np.nan)
    residuals = x - fitted.curve
    later = residuals[1:][data.measured[1:]]
    seen = x[1:][data.measured[1:]]
    rmse = float(np.sqrt(np.mean(later**2))) if np.isfinite(later).all() else float("inf")
    parameters = candidate.parameters(data)
    aicc, bic = criteria(_mean_square(fitted, data), parameters, observations)
    held = scored(candidate, fitted, folds, data, unit or 1.0)
    again = replicates(candidate, fitted, data)
    row = ModelScore(
        name=candidate.name,
        course=candidate.course,
        family=candidate.family,
        sees_end=candidate.sees_end,
        parameters=parameters,
        rmse=rmse,
        r_squared=float(1 - np.sum(later**2) / np.sum((seen - seen.mean()) ** 2)),
        in_spread=None if unit is None else rmse / unit,
        aicc=aicc,
        bic=bic,
        held_out=held,
        total=_total(held),
        lack_of_fit=None if again is None else lack_of_fit(again),
        structure=None if again is None else structure(again),
        converged=fitted.converged,
        status=fitted.status,
        fitted=_with_input(fitted.curve),
        residuals=_with_input(residuals),
    )
    return _Entry(candidate, fitted, row)


def _total(held: dict[str, HeldOutScore]) -> float:
    return float(np.sqrt(np.mean([score.value**2 for score in held.values()]))) if held else float("nan")


def _mean_square(fitted: Fitted, data: ChainData) -> float:
    """Of the residuals after the first curve, in squared units of D; inf for a failed fit."""
    r = data.weighed(data.mean[0] - fitted.curve).reshape(data.measured.shape)[1:] * data.scale
    mean = float((r**2).sum() / max(int(data.measured[1:].sum()), 1))
    return mean if np.isfinite(mean) else float("inf")


def _warm_start_gain(entries: list[_Entry], folds: list[Fold]) -> float | None:
    """Largest part of a sum of squares that a cold scan takes off the best chain's fits without some epochs."""
    chains = [e for e in entries if e.row.family == "chain"]
    without = [fold for fold in folds if "epochs" in fold.kind]
    if not chains or not without:
        return None
    best = chains[0]
    gains = []
    for fold in without:
        warm = _mean_square(best.candidate.fit(fold.data, best.fitted.theta), fold.data)
        cold = _mean_square(best.candidate.fit(fold.data), fold.data)
        gains.append(1 - cold / warm if warm > 0 else 0.0)
    return float(max(gains))


def _with_input(x: Array) -> Array:
    """Layer 0 in front: the input, x_0 = 0."""
    return np.concatenate([np.zeros((len(x), 1)), x], axis=1)
