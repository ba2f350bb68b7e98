"""Fit of the spring-block chain's mean field to measured load curves.

    x_l(t) = D_0(t) - D_l(t),    dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s xi),    x_0 = 0

with the far end pulled to a fixed, a ramped or the measured position. Equations (5)-(6) of Shi, Pan, Dokmanic,
arXiv:2407.19353, averaged in closed form (`mechanics.chain.MeanField`); x at the first epoch is taken as measured.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .data import Array, ChainData, chain_data
from .estimates import estimates
from .model import ChainModel, Pull
from .result import ChainFit
from .search import Found, search
from .uncertainty import effective_observations, quantify
from .verdict import verdict


def fit_chain(
    load_curves: ArrayLike,
    epochs: ArrayLike,
    *,
    pull: Literal["auto", "fixed", "ramped", "measured"] = "auto",
    end: ArrayLike | None = None,
    last: Literal["auto", "block", "end"] = "auto",
    seed_spread: ArrayLike | float | None = None,
    start: Mapping[str, float] | None = None,
) -> ChainFit:
    """Fit a spring-block chain to load curves measured over time.

    Parameters
    ----------
    load_curves : array_like, shape (m, n) or (seeds, m, n)
        D_0 .. D_{n-1} at m >= 5 epochs, of one history or of several seeds. The mean over seeds is fitted; their
        scatter gives the intervals.
    epochs : array_like, shape (m,)
        Times, increasing from any start; every epoch weighs the same, so choose the spacing (logarithmic shows the
        fast beginning). More than 200 are thinned to logarithmic spacing.
    pull : {"auto", "fixed", "ramped", "measured"}
        What the far end does: at Y from the start; approaching Y as 1 - e^{-t/tau}; as measured. "auto" fits all that
        the data allow and keeps the best by a corrected information criterion.
    end : array_like, shape (m,) or (seeds, m), optional
        Load of the pulled end (of a network's logits), for pull="measured".
    last : {"auto", "block", "end"}
        Whether the last column is a moving block (a network: the end is hidden behind one more spring) or the pulled
        end itself (a simulated chain, D_L = 0). "auto": the end if the column vanishes.
    seed_spread : array_like or float, optional
        Standard deviation of D over seeds, to measure residuals by; from the seeds unless given.
    start : mapping, optional
        Starting values among "Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k", "tau"; all of those
        that the pull needs. A scan finds starts unless given.

    Returns
    -------
    ChainFit

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, epochs do not increase or are too few, curves are level or rise with
        depth at the end, or the pull needs an end that is not given.

    Notes
    -----
    Parameters that the data do not determine get open intervals and `identified` False, never a tight one. The mean
    field leaves out that positions fluctuate and that a simulation takes finite steps: with dt k = 0.01 the rate comes
    out about one per cent high (docs/fitting.md).
    """
    data = chain_data(load_curves, epochs, end, last)
    pulls = _pulls(data, pull)
    founds: dict[str, Found] = {name: _search(data, name, start) for name in pulls}
    best_residuals = min(founds.values(), key=lambda f: f.sum_of_squares).residuals
    most = max(len(f.theta) for f in founds.values()) + 1
    # with hardly more observations than parameters the correction outweighs the fit itself
    observations = max(effective_observations(best_residuals), 4.0 * most)
    criteria: dict[str, float] = {name: _criterion(f, observations) for name, f in founds.items()}
    spread = _spread(data, seed_spread)
    chosen = min(criteria, key=lambda name: (not founds[name].converged, criteria[name]))
    fits = {
        name: _fit(data, found, spread, criteria if name == chosen else {name: criteria[name]}, name == chosen)
        for name, found in founds.items()
    }
    others = {name: fit for name, fit in fits.items() if name != chosen}
    return replace(fits[chosen], alternatives=others)


def _pulls(data: ChainData, pull: str) -> list[Pull]:
    if pull not in ("auto", "fixed", "ramped", "measured"):
        raise ValueError(f"pull must be 'auto', 'fixed', 'ramped' or 'measured', but is {pull!r}.")
    if pull == "measured" and data.end is None:
        raise ValueError("pull='measured' needs the load of the pulled end; give end=, or use pull='ramped'.")
    if pull == "fixed":
        return ["fixed"]
    if pull == "ramped":
        return ["ramped"]
    if pull == "measured":
        return ["measured"]
    if data.known_target is not None:
        return ["fixed"]  # the end was seen and never moved: nothing to choose
    return ["fixed", "ramped"] if data.end is None else ["fixed", "ramped", "measured"]


def _search(data: ChainData, pull: Pull, start: Mapping[str, float] | None) -> Found:
    model = ChainModel.of(data, pull)
    return search(data, model, None if start is None else _theta(model, start))


def _theta(model: ChainModel, start: Mapping[str, float]) -> Array:
    a, R = start.get("mu_eff_over_k", 0.0), model.scale
    keys = {"Y": "Y", "log k": "k", "log c": "mean_friction_over_k", "log s": "noise_over_k", "log tau": "tau"}
    missing = [keys[name] for name in model.names if name in keys and keys[name] not in start]
    if missing:
        raise ValueError(f"start must also hold {', '.join(missing)} for pull={model.pull!r}.")
    c = np.sqrt(max(start["mean_friction_over_k"] ** 2 - a**2, 0.0)) / R
    values = {
        "Y": start.get("Y", 0.0) / R,
        "mu_eff/k": a / R,
        "log k": np.log(start["k"]),
        "log c": np.log(max(c, 1e-4)),
        "log s": np.log(max(start["noise_over_k"] / R, 1e-4)),
        "log tau": np.log(start.get("tau", 1.0)),
    }
    return np.array([values[name] for name in model.names])


def _criterion(found: Found, observations: float) -> float:
    """AICc with the number of independent observations: correlated residuals must not count each by itself."""
    p = len(found.theta) + 1  # the residual variance is fitted too
    n = max(observations, p + 2.0)
    variance = max(found.sum_of_squares / found.residuals.size, 1e-300)
    return float(n * np.log(variance) + 2 * p + 2 * p * (p + 1) / (n - p - 1))


def _spread(data: ChainData, given: ArrayLike | float | None) -> Array | None:
    shape = data.x.shape[1:]
    if given is None:
        return data.x.std(axis=0, ddof=1) if data.histories > 1 else None
    spread = np.asarray(given, dtype=float)
    if not np.isfinite(spread).all() or (spread < 0).any():
        raise ValueError("seed_spread must be finite and not negative.")
    if spread.ndim and spread.shape != shape:
        if spread.shape[-1:] != (shape[1] + 1,):
            raise ValueError(f"seed_spread must be a number or match load_curves' last axes, but has {spread.shape}.")
        spread = spread[..., 1:]
    return np.ascontiguousarray(np.broadcast_to(spread, shape))


def _fit(data: ChainData, found: Found, spread: Array | None, criteria: dict[str, float], limits: bool) -> ChainFit:
    u = quantify(data, found)
    values = estimates(data, found, u, limits=limits)
    x = data.x.mean(axis=0)
    rmse = float(np.sqrt((found.residuals**2).mean()))
    r_squared = float(1 - (found.residuals**2).sum() / ((x - x.mean()) ** 2).sum())
    in_spread = None
    if spread is not None and (spread > 0).any():
        in_spread = rmse / float(np.sqrt((spread**2).mean()))
    words = verdict(
        values,
        found.model.pull,
        converged=found.converged,
        status=found.message,
        r_squared=r_squared,
        in_spread=in_spread,
        histories=data.histories,
        criteria=criteria,
        thinned=(data.thinned, len(data.ts)) if data.thinned else None,
    )
    return ChainFit(
        **values,
        pull=found.model.pull,
        epochs=data.ts,
        observed=_with_input(x),
        fitted=_with_input(found.fitted),
        residuals=_with_input(found.residuals),
        observed_spread=None if spread is None else _with_input(spread),
        rmse=rmse,
        r_squared=r_squared,
        residual_in_seed_spread=in_spread,
        singular_values=u.singular_values,
        singular_vectors=u.singular_vectors,
        parameters=found.model.names,
        identified={name: value.identified for name, value in values.items()},
        information_criterion=criteria[found.model.pull],
        alternatives={},
        histories=data.histories,
        converged=found.converged,
        status=found.message,
        verdict=words,
    )


def _with_input(x: Array) -> Array:
    """Layer 0 in front: the input, x_0 = 0."""
    return np.concatenate([np.zeros((len(x), 1)), x], axis=1)
