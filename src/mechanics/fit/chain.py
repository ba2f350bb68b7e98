"""Fit of a spring-block chain's mean field to measured load curves.

    x_l(t) = D_0(t) - D_l(t),    dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s xi),    x_0 = 0

with the far end pulled to a fixed, a ramped or the measured position. Equations (5)-(6) of Shi, Pan, Dokmanic,
arXiv:2407.19353, averaged in closed form (`mechanics.chain.MeanField`), or an extension of them (`models`); x at the
first epoch is taken as measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .data import Array, ChainData, chain_data
from .estimates import estimates
from .model import ChainModel
from .request import Label, check_enough, forms_of, least_spread, pulls_of, spread_over_seeds, theta_of
from .result import ChainFit
from .search import Found, search
from .source import Source
from .uncertainty import effective_observations, quantify
from .verdict import verdict


def fit_chain(
    load_curves: ArrayLike,
    epochs: ArrayLike,
    *,
    model: str | Sequence[str] = "uniform",
    pull: Literal["auto", "fixed", "ramped", "measured"] = "auto",
    end: ArrayLike | None = None,
    last: Literal["auto", "block", "end"] = "auto",
    weights: Literal["equal", "spread"] = "equal",
    seed_spread: ArrayLike | float | None = None,
    start: Mapping[str, float] | None = None,
) -> ChainFit:
    """Fit a spring-block chain to load curves measured over time.

    Parameters
    ----------
    load_curves : array_like, shape (m, n) or (seeds, m, n)
        D_0 .. D_{n-1} at m >= 5 epochs, of one history or of several seeds; NaN where not measured (single entries,
        or whole layers). The mean over seeds is fitted; their scatter gives the intervals.
    epochs : array_like, shape (m,)
        Times, increasing from any start; every epoch weighs the same, so choose the spacing (logarithmic shows the
        fast beginning). More than 200 are thinned to logarithmic spacing.
    model : str or sequence of str
        "uniform" (equal blocks and springs), "layered_friction", "layered_stiffness", "saturating", "second_order"
        (docs/fit_models.md). Of several the best is kept by a corrected information criterion; "auto" tries all.
    pull : {"auto", "fixed", "ramped", "measured"}
        What the far end does: at Y from the start; approaching Y as 1 - e^{-t/tau}; as measured. "auto" fits all that
        the data allow and keeps the best by the same criterion.
    end : array_like, shape (m,) or (seeds, m), optional
        Load of the pulled end (of a network's logits), for pull="measured".
    last : {"auto", "block", "end"}
        Whether the last column is a moving block (a network: the end is hidden behind one more spring) or the pulled
        end itself (a simulated chain, D_L = 0). "auto": the end if the column vanishes.
    weights : {"equal", "spread"}
        Every entry the same, or 1/max(sd, floor)^2 with its standard deviation over seeds and, as floor, half the root
        mean square of all of them.
    seed_spread : array_like or float, optional
        Standard deviation of D over seeds, to measure residuals (and weights) by; from the seeds unless given.
    start : mapping, optional
        Starting values among "Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k", "tau" and the names in
        `extension`; all of those that model and pull need. A scan finds starts unless given.

    Returns
    -------
    ChainFit

    Raises
    ------
    ValueError
        If shapes disagree, values are infinite, epochs do not increase or are too few, fewer entries are measured than
        there are parameters, curves are level or rise with depth at the end, a model is not known, the pull needs an
        end that is not given, or weights need a spread that is not known.

    Notes
    -----
    Parameters that the data do not determine get open intervals and `identified` False, never a tight one. The mean
    field leaves out that positions fluctuate and that a simulation takes finite steps: with dt k = 0.01 the rate comes
    out about one per cent high (docs/fitting.md).
    """
    data = chain_data(load_curves, epochs, end, last)
    forms = forms_of(model)
    spread = spread_over_seeds(data, seed_spread)
    floor = None
    if weights == "spread":
        floor = least_spread(spread)
        data = data.weighted_by(spread, floor)  # type: ignore[arg-type]  # _floor has refused None
    elif weights != "equal":
        raise ValueError(f"weights must be 'equal' or 'spread', but is {weights!r}.")
    models = {(form.name, kind): ChainModel.of(data, kind, form) for form in forms for kind in pulls_of(data, pull)}
    check_enough(data, models)
    founds = {
        label: search(data, tried, None if start is None else theta_of(tried, start)) for label, tried in models.items()
    }
    best_residuals = min(founds.values(), key=lambda f: f.sum_of_squares).weighed.reshape(data.measured.shape)
    most = max(len(f.theta) for f in founds.values()) + 1
    # with hardly more observations than parameters the correction outweighs the fit itself
    observations = max(effective_observations(best_residuals), 4.0 * most)
    criteria = {label: _criterion(data, f, observations) for label, f in founds.items()}
    several = len(forms) > 1
    # between models an unsettled search is no reason to refuse the better one: it could only become better still
    chosen = min(criteria, key=lambda label: (not several and not founds[label].converged, criteria[label]))
    fits = {
        label: _fit(data, found, spread, floor, criteria[label], _named(criteria, several) if label == chosen else None)
        for label, found in founds.items()
    }
    others = {_name(label, several): fit for label, fit in fits.items() if label != chosen}
    return replace(fits[chosen], alternatives=others)


def _name(label: Label, several: bool) -> str:
    return f"{label[0]}, {label[1]}" if several else label[1]


def _named(criteria: Mapping[Label, float], several: bool) -> dict[str, float]:
    return {_name(label, several): value for label, value in criteria.items()}


def _criterion(data: ChainData, found: Found, observations: float) -> float:
    """AICc with the number of independent observations: correlated residuals must not count each by itself."""
    p = len(found.theta) + 1  # the residual variance is fitted too
    n = max(observations, p + 2.0)
    variance = max(found.sum_of_squares / int(data.measured.sum()), 1e-300)
    return float(n * np.log(variance) + 2 * p + 2 * p * (p + 1) / (n - p - 1))


def _fit(
    data: ChainData,
    found: Found,
    spread: Array | None,
    floor: float | None,
    criterion: float,
    criteria: dict[str, float] | None,
) -> ChainFit:
    """The result of one search; `criteria` of all that were tried are given to the best."""
    u = quantify(data, found)
    values, extension = estimates(data, found, u, limits=criteria is not None)
    x = np.where(data.measured, data.mean[0], np.nan)
    residuals = np.where(data.measured, found.residuals, np.nan)
    rmse = float(np.sqrt(np.nanmean(residuals**2)))
    r_squared = float(1 - np.nansum(residuals**2) / np.nansum((x - np.nanmean(x)) ** 2))
    in_spread = None
    if spread is not None and (spread > 0).any():
        in_spread = rmse / float(np.sqrt(np.nanmean(spread**2)))
    words = verdict(
        values,
        found.model.pull,
        form=found.model.form,
        extension=extension,
        converged=found.converged,
        status=found.message,
        r_squared=r_squared,
        in_spread=in_spread,
        histories=data.histories,
        criteria=criteria or {},
        notes=data.notes,
        floor=floor,
    )
    return ChainFit(
        **values,
        pull=found.model.pull,
        epochs=data.ts,
        observed=_with_input(x),
        fitted=_with_input(found.fitted),
        residuals=_with_input(residuals),
        observed_spread=None if spread is None else _with_input(spread),
        rmse=rmse,
        r_squared=r_squared,
        residual_in_seed_spread=in_spread,
        singular_values=u.singular_values,
        singular_vectors=u.singular_vectors,
        parameters=found.model.names,
        identified={name: value.identified for name, value in (values | extension).items()},
        information_criterion=criterion,
        alternatives={},
        histories=data.histories,
        converged=found.converged,
        status=found.message,
        verdict=words,
        model=found.model.form.name,
        extension=extension,
        weights="equal" if floor is None else "spread",
        missing=int((~data.measured).sum()),
        source=Source(data, found),
    )


def _with_input(x: Array) -> Array:
    """Layer 0 in front: the input, x_0 = 0."""
    return np.concatenate([np.zeros((len(x), 1)), x], axis=1)
