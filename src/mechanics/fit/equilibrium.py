"""Fit of a chain at rest to final load curves: target and bend, without rates or noise.

    x_l = D_0 - D_l = l Y/L - (mu_eff/2k) l (L - l)                                          (8)

and the rest states of the other models (`rest_models`). Several curves (seeds): the mean is fitted, and the scatter of
the linearised moves of the parameters, one seed left out at a time, gives the standard errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from ..chain.rest import moving_springs
from ..checks import real_numbers
from .data import SAME, Array, first_of_each, positions, spread_of
from .equilibrium_result import EquilibriumFit, where_seven_holds
from .estimates import factor_estimate, length_estimate
from .rest_models import REST_MODELS, RestForm
from .result import Estimate
from .uncertainty import FLAT, LEVEL
from .verdict import bend_in_words, goodness_in_words


@dataclass(frozen=True)
class _Curves:
    """Places x_1 .. x_L (S, L) over the largest displacement; the last is NaN where the end was not measured."""

    x: Array
    scale: float
    shown: int  # places that the data have columns for

    @property
    def mean(self) -> Array:
        mean: Array = np.nanmean(self.x[:, self.known], axis=0)
        full = np.full(self.springs, np.nan)
        full[self.known] = mean
        return full

    @property
    def known(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.isfinite(self.x).any(axis=0))

    @property
    def springs(self) -> int:
        return self.x.shape[1]


def fit_equilibrium(
    load_curves: ArrayLike,
    *,
    model: str | Sequence[str] = "uniform",
    end: ArrayLike | None = None,
    last: Literal["auto", "block", "end"] = "auto",
) -> EquilibriumFit:
    """Fit a spring-block chain at rest to final load curves.

    Parameters
    ----------
    load_curves : array_like, shape (n,) or (seeds, n)
        D_0 .. D_{n-1} of one network or of several seeds; NaN where a layer was not measured.
    model : str or sequence of str
        "uniform", (8); "noiseless", (7) with the blocks that friction holds at the input; "layered_friction",
        "layered_stiffness", "saturating". Of several the best is kept by a corrected information criterion; "auto"
        tries all that the number of layers allows.
    end : float or array_like, shape (seeds,), optional
        Load of the pulled end (of the logits): one more place that the chain must pass through.
    last : {"auto", "block", "end"}
        Whether the last column is a moving block or the pulled end itself; "auto": the end if the column vanishes.

    Returns
    -------
    EquilibriumFit

    Raises
    ------
    ValueError
        If shapes disagree, values are infinite, D_0 is missing, fewer layers are measured than a model needs, curves
        are level or rise with depth, or a model is not known ("second_order" rests where "uniform" does).

    Notes
    -----
    With one curve the standard errors are those of independent residuals; what the model cannot follow is not that, so
    they are approximate. "saturating" and the layered models are told apart by the shape of the misfit only: look at
    `residuals`, and prefer `fit_chain`, which sees the whole training.

    References
    ----------
    Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, equations (7)-(8).
    """
    curves, notes = _curves(load_curves, end, last)
    names = _names(model, curves)
    fits = {name: _fit(curves, REST_MODELS[name], notes) for name in names}
    chosen = min(fits, key=lambda name: (not fits[name].converged, fits[name].information_criterion))
    best, others = fits[chosen], {name: fit for name, fit in fits.items() if name != chosen}
    if not others:
        return best
    second = min(others, key=lambda name: others[name].information_criterion)
    gap = others[second].information_criterion - best.information_criterion
    words = f"{best.verdict} Next best: {second} (AICc {gap:.1f} more)."
    return replace(best, alternatives=others, verdict=words)


def _curves(load_curves: ArrayLike, end: ArrayLike | None, last: str) -> tuple[_Curves, tuple[str, ...]]:
    D = real_numbers("load_curves", load_curves)
    if D.ndim not in (1, 2):
        raise ValueError(f"load_curves must be (layers,) or (seeds, layers), but has shape {D.shape}.")
    D = np.atleast_2d(D)
    if np.isinf(D).any():
        raise ValueError("load_curves must be finite or NaN (not measured), but hold an infinity; leave it out.")
    if not np.isfinite(D[:, 0]).all():
        raise ValueError("load_curves must hold D_0 in every curve: displacements are D_0 - D_l. Leave the others out.")
    load = None
    if end is not None:
        load = real_numbers("end", end)
        if load.shape not in ((), (len(D),)):
            raise ValueError(f"end must be a number or have shape ({len(D)},), one load a curve, but has {load.shape}.")
        load = np.broadcast_to(load, (len(D),))[:, None]
    notes = []
    own = first_of_each(D if load is None else np.concatenate([D, load], axis=1))
    if len(own) < len(D):
        notes.append(SAME.format(len(D) - len(own), len(D)))
        D, load = D[own], None if load is None else load[own]
    x, pulled, _ = positions(D[:, None], load, last)
    hidden = np.full((len(D), 1), np.nan) if pulled is None else pulled
    places = np.concatenate([x[:, 0], hidden], axis=1)
    scale = float(np.nanmax(np.abs(places)))
    if scale <= 1e-12 * max(float(np.nanmax(np.abs(D))), 1e-300):
        raise ValueError("load_curves are level: no layer separates more than the first, so there is no chain to fit.")
    known = np.flatnonzero(np.isfinite(places).any(axis=0))
    deepest = float(np.nanmean(places[:, known[-1]]))
    if deepest <= 0:
        raise ValueError(
            f"load_curves rise with depth (D_0 - D_last = {deepest:.3g}): nothing was pulled. Order layers from input "
            "(D_0) to output, or check that D is a load (small = separated)."
        )
    missing = [str(l + 1) for l in range(x.shape[-1]) if l not in known]
    if missing:
        notes.append(f"Not measured: layer{'s' if len(missing) > 1 else ''} {', '.join(missing)}.")
    return _Curves(places / scale, scale, D.shape[1] - 1), tuple(notes)


def _names(model: str | Sequence[str], curves: _Curves) -> list[str]:
    def fits_in(name: str) -> bool:
        return len(curves.known) > REST_MODELS[name].bounds.shape[1] + 2

    names = [model] if isinstance(model, str) else list(model)
    if model == "auto":
        names = [name for name in REST_MODELS if fits_in(name)] or ["uniform"]
    if "second_order" in names:
        raise ValueError("model 'second_order' rests where 'uniform' does, (8); fit 'uniform', or use fit_chain.")
    unknown = [name for name in names if name not in REST_MODELS]
    if unknown or not names:
        known = ", ".join(map(repr, REST_MODELS))
        raise ValueError(f"model must be 'auto', or one or several of {known}, but is {model!r}.")
    for name in names:
        size = REST_MODELS[name].bounds.shape[1]
        if len(curves.known) <= size or (len(names) > 1 and not fits_in(name)):
            needed = f"{size + 3} to be compared with others" if len(names) > 1 else str(size + 1)
            raise ValueError(
                f"load_curves show {len(curves.known)} measured displacements, but model {name!r} has {size} "
                f"parameters and needs {needed}; add layers, or choose a smaller model."
            )
    return list(dict.fromkeys(names))


def _fit(curves: _Curves, form: RestForm, notes: tuple[str, ...]) -> EquilibriumFit:
    x, known, L, R = curves.mean, curves.known, curves.springs, curves.scale
    theta, converged = form.fit(x, known, L)
    fitted = np.real(form.curve(theta, L))
    residuals = x - fitted
    covariance, dof = _covariance(curves, form, theta)
    G = form.jacobian(form.report, theta, L)
    quantile = float(student.ppf(0.5 + LEVEL / 2, dof))
    open_ = ~np.isfinite(np.diag(covariance))
    errors = np.sqrt(np.diag(G @ np.where(np.isfinite(covariance), covariance, 0.0) @ G.T))
    errors[(np.abs(G[:, open_]) > 0).any(axis=1)] = np.inf
    values = np.real(form.report(theta, L))
    Y, bend = (
        length_estimate(float(v * R), float(e * R), quantile, R) for v, e in zip(values[:2], errors[:2], strict=True)
    )
    if form.name == "noiseless" and theta[1] < 1e-9:
        bend = Estimate(0.0, np.inf, (0.0, np.inf), False, "at its lower bound 0: the curve is not concave")
    extension = {
        extra.name: length_estimate(float(value * R), float(error * R), quantile, R)
        if extra.kind == "length"
        else factor_estimate(float(np.exp(value)) * (R if extra.kind == "log length" else 1.0), float(error), quantile)
        for extra, value, error in zip(form.extras, values[2:], errors[2:], strict=True)
    }
    spread = None
    if len(curves.x) > 1:
        spread = np.r_[0.0, R * spread_of(curves.x[:, : curves.shown])]
    rmse = float(R * np.sqrt(np.mean(residuals[known] ** 2)))
    in_spread = None
    if spread is not None and np.nanmax(spread) > 0:
        in_spread = rmse / float(np.sqrt(np.nanmean(spread[1:] ** 2)))
    r_squared = float(1 - np.sum(residuals[known] ** 2) / np.sum((x[known] - x[known].mean()) ** 2))
    stuck = L - moving_springs(L, max(Y.value, 0.0), bend.value)
    words = _verdict(form, Y, bend, extension, notes, converged)
    words += [where_seven_holds(form.name, stuck, L, bend.value)] if form.name in ("uniform", "noiseless") else []
    words.append(goodness_in_words(r_squared, in_spread))
    words.append(
        f"95 % intervals from the scatter of {len(curves.x)} curves."
        if len(curves.x) > 1
        else "Intervals are approximate: the residuals of one curve are taken as independent errors."
    )
    estimates = {"Y": Y, "mu_eff_over_k": bend} | extension
    return EquilibriumFit(
        Y=Y,
        mu_eff_over_k=bend,
        extension=extension,
        model=form.name,
        springs=L,
        stuck_blocks=stuck,
        observed=np.r_[0.0, R * x[: curves.shown]],
        fitted=np.r_[0.0, R * fitted[: curves.shown]],
        residuals=np.r_[0.0, R * residuals[: curves.shown]],
        observed_spread=spread,
        rmse=rmse,
        r_squared=r_squared,
        residual_in_seed_spread=in_spread,
        identified={name: estimate.identified for name, estimate in estimates.items()},
        information_criterion=_criterion(len(known), len(theta) + 1, rmse),
        alternatives={},
        histories=len(curves.x),
        converged=converged,
        verdict=" ".join(words),
    )


def _covariance(curves: _Curves, form: RestForm, theta: Array) -> tuple[Array, float]:
    """Of theta, and degrees of freedom; inf on the diagonal where the curve does not move."""
    known, S = curves.known, len(curves.x)
    J = form.jacobian(form.curve, theta, curves.springs)[known]
    U, values, Vt = np.linalg.svd(J, full_matrices=False)
    keep = values > FLAT * values[0]
    inverse = (Vt[keep].T / values[keep]) @ U[:, keep].T
    fitted = np.real(form.curve(theta, curves.springs))[known]
    if S == 1:
        residual = curves.mean[known] - fitted
        dof = max(len(known) - len(theta), 1)
        covariance = (residual @ residual) / dof * inverse @ inverse.T
    else:
        moves = np.empty((S, len(theta)))
        for s in range(S):
            others = np.delete(curves.x, s, axis=0)[:, known]
            seen = np.isfinite(others).any(axis=0)
            move = np.zeros(len(known))
            move[seen] = np.nanmean(others[:, seen], axis=0) - fitted[seen]
            moves[s] = inverse @ move
        moves -= moves.mean(axis=0)
        covariance, dof = (S - 1) / S * moves.T @ moves, S - 1
    flat = (np.abs(Vt[~keep]) > 0.1).any(axis=0)
    covariance[flat, flat] = np.inf
    return covariance, float(dof)


def _criterion(n: int, p: int, rmse: float) -> float:
    """AICc of n independent residuals and p parameters, their variance among them; infinite where n is too small."""
    if n - p - 1 <= 0:
        return np.inf
    return float(2 * n * np.log(max(rmse, 1e-300)) + 2 * p + 2 * p * (p + 1) / (n - p - 1))


def _verdict(
    form: RestForm,
    Y: Estimate,
    bend: Estimate,
    extension: dict[str, Estimate],
    notes: tuple[str, ...],
    converged: bool,
) -> list[str]:
    said = [] if converged else ["The fit did not settle."]
    said += [*notes, form.words, f"Target Y = {Y}.", bend_in_words(bend)]
    if extension:
        found = ", ".join(f"{extra.meaning}: {extension[extra.name]}" for extra in form.extras)
        said.append(f"{found[:1].upper()}{found[1:]}.")
    return said
