"""How well a fitted chain foretells networks that were not used in its fit."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..as_json import plain
from ..data import Array, chain_data
from ..model import ChainModel
from ..models import MODELS
from ..request import spread_over_seeds, theta_of
from ..result import ESTIMATES, ChainFit
from .candidate import mean_start
from .folds import unit_of


@dataclass(frozen=True)
class PredictionScore:
    """Errors of a chain on histories that it was not fitted to, after their first curve.

    Parameters
    ----------
    rmse : float
        Of their mean history, in units of D.
    in_spread : float or None
        rmse over their root mean square spread; None where that is unknown. Chance alone makes 1/sqrt(histories) of a
        perfect chain.
    per_history : ndarray, shape (histories,)
        Root mean square error of each, foretold from its own first curve, in units of D. Chance makes one spread.
    r_squared : float
        Share of the variance of the mean history that is foretold; negative where its mean would do better.
    foretold : ndarray, shape (m, n)
        Displacements x_l = D_0 - D_l of the mean history, l = 0 .. n - 1.
    verdict : str
    """

    rmse: float
    in_spread: float | None
    per_history: Array
    r_squared: float
    foretold: Array
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        record: dict[str, Any] = plain(self)
        return record

    def __str__(self) -> str:
        return self.verdict


def predict_score(
    fit: ChainFit,
    load_curves: ArrayLike,
    epochs: ArrayLike,
    *,
    end: ArrayLike | None = None,
    last: Literal["auto", "block", "end"] = "auto",
    seed_spread: ArrayLike | float | None = None,
) -> PredictionScore:
    """Score a fitted chain on other networks: nothing is fitted again.

    Parameters
    ----------
    fit : ChainFit
        From `fit_chain`.
    load_curves, epochs, end, last, seed_spread
        Of the other networks, as in `fit_chain`. Their first curve is taken as measured, and the clock of a ramp starts
        with it; their epochs need not be those of the fit. A measured pull needs their end.

    Returns
    -------
    PredictionScore

    Raises
    ------
    ValueError
        As `fit_chain`, if the networks have another number of layers, or the fit's pull is measured and no end given.
    TypeError
        If `fit` is no ChainFit.
    RuntimeError
        If the chain cannot be integrated from these first curves.
    """
    if not isinstance(fit, ChainFit):
        raise TypeError(f"fit must be a ChainFit, the result of fit_chain, but is a {type(fit).__name__}.")
    data = chain_data(load_curves, epochs, end, last)
    blocks = fit.fitted.shape[1] - 1
    if data.x.shape[-1] != blocks:
        raise ValueError(f"fit has {blocks} moving blocks, but load_curves show {data.x.shape[-1]}; they must agree.")
    if fit.pull == "measured" and data.end is None:
        raise ValueError("the fit's pull is measured, so that its predictions need end=, the load of the pulled end.")
    model = ChainModel.of(data, fit.pull, MODELS[fit.model])  # type: ignore[arg-type]  # a Pull, kept as str
    values = {name: getattr(fit, name).value for name in ESTIMATES}
    values |= {name: found.value for name, found in fit.extension.items()}
    theta = theta_of(model, values)
    curve = model.curve(theta, *mean_start(data))
    if not np.isfinite(curve).all():
        raise RuntimeError("the fitted chain could not be integrated from the first of these load curves.")
    seen = data.measured.copy()
    seen[0] = False
    x = data.mean[0]
    error = (curve - x)[seen]
    rmse = float(np.sqrt(np.mean(error**2)))
    each = []
    for s in range(data.histories):
        one = model.curve(theta, *mean_start(data.chosen(np.array([s])))) - data.x[s]
        each.append(float(np.sqrt(np.nanmean(one[1:] ** 2))))
    unit = unit_of(data, spread_over_seeds(data, seed_spread))
    r_squared = float(1 - np.sum(error**2) / np.sum((x[seen] - x[seen].mean()) ** 2))
    return PredictionScore(
        rmse=rmse,
        in_spread=None if unit is None else rmse / unit,
        per_history=np.array(each),
        r_squared=r_squared,
        foretold=np.concatenate([np.zeros((len(curve), 1)), curve], axis=1),
        verdict=_words(rmse, None if unit is None else rmse / unit, r_squared, data.histories),
    )


def _words(rmse: float, in_spread: float | None, r_squared: float, histories: int) -> str:
    seeds = f"{histories} histories" if histories > 1 else "1 history"
    words = f"Of {seeds} not fitted the chain foretells {100 * r_squared:.4g} % of the variance, off by {rmse:.3g}"
    if in_spread is None:
        return f"{words}."
    return f"{words}, {in_spread:.2g} of their spread; of a perfect chain chance makes {histories**-0.5:.2g}."
