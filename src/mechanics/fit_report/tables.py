"""The tables of a fit's page: estimates with intervals, the pulls compared, directions that the data see."""

import math
from typing import Any

import numpy as np

from ..fit import ChainFit, Estimate, ModelComparison
from ..fit.models import MODELS
from ..fit.result import ESTIMATES
from ..pages.words import number

Table = dict[str, Any]
ROWS = {
    "Y": "end Y", "mu_eff_over_k": "effective friction μ_eff/k", "k": "rate k per epoch",
    "mean_friction_over_k": "mean friction/k", "noise_over_k": "noise/k", "tau": "build-up time τ, epochs",
}  # fmt: skip
SIGNED = ("Y", "mu_eff_over_k")
NAMES = {
    "Y": "Y", "mu_eff/k": "μ_eff/k", "log k": "log k", "log c": "log friction", "log s": "log noise",
    "log tau": "log τ",
}  # fmt: skip
OPEN = 1e-3  # of the largest singular value: a direction that hardly moves the curves
SHOWN = 0.2  # parts of a direction that are written out


def estimates(fit: ChainFit) -> Table:
    """Value, standard error, 95 % interval and whether the data determine it; the model's own parameters last."""
    found = {name: getattr(fit, name) for name in ESTIMATES} | fit.extension
    rows = []
    for name, e in found.items():
        if not math.isfinite(e.value):
            continue
        signed = name in SIGNED or name in _lengths(fit)
        error = _digits(e.stderr) if math.isfinite(e.stderr) else "open"
        rows.append([words_of(fit, name), _digits(e.value, signed), error, _interval(e, signed), _known(e)])
    return {"head": ["", "value", "standard error", "95 % interval", "determined by the data"], "rows": rows}


def words_of(fit: ChainFit, name: str) -> str:
    """What a row of estimates is called: the name of an extension's parameter stands before its meaning."""
    meaning = {extra.name: extra.meaning for extra in MODELS[fit.model].extras}
    return ROWS[name] if name in ROWS else f"{name.replace('_', ' ')}: {meaning[name].replace('mu_eff', 'μ_eff')}"


def silent(fit: ChainFit) -> list[str]:
    """What was fitted and is not determined by the data, in the words of the table."""
    found = {name: getattr(fit, name) for name in ESTIMATES} | fit.extension
    return [
        words_of(fit, name) for name, known in fit.identified.items() if not known and math.isfinite(found[name].value)
    ]


def _lengths(fit: ChainFit) -> list[str]:
    return [extra.name for extra in MODELS[fit.model].extras if extra.kind == "length"]


def pulls(fit: ChainFit) -> Table:
    """What the far end does, one row a pull (or model and pull) that was tried, best first."""
    several = any(", " in name for name in fit.alternatives)
    own = f"{fit.model}, {fit.pull}" if several else fit.pull
    tried = {own: fit, **fit.alternatives}
    order = sorted(tried, key=lambda name: tried[name].information_criterion)
    best = tried[order[0]].information_criterion
    rows = []
    for name in order:
        one = tried[name]
        shown = f"{name} (shown here)" if name == own else name
        bend = _digits(one.mu_eff_over_k.value, True) + ("" if one.mu_eff_over_k.identified else ", not determined")
        settled = "yes" if one.converged else "stopped early"
        criterion = number(one.information_criterion - best, 1)
        rows.append(
            [shown, criterion, number(one.r_squared), _digits(one.rmse), bend, _digits(one.Y.value, True), settled]
        )
    return {"head": ["pull", "AICc − best", "R²", "residual (rms)", "μ_eff/k", "Y", "settled"], "rows": rows}


def comparison(found: ModelComparison) -> Table:
    """One row a candidate, best first; held-out errors with their standard errors."""
    kinds = list(found.best.held_out)
    rows = []
    for row in found.rows:
        held = [row.held_out[kind] for kind in kinds]
        errors = [number(s.value) + (f" ± {s.stderr:.2g}" if math.isfinite(s.stderr) else "") for s in held]
        fitted = _digits(row.rmse if row.in_spread is None else row.in_spread)
        misfit = number(None) if row.lack_of_fit is None else f"{row.lack_of_fit.p_value:.2g}"
        criterion = number(row.aicc, 1) if math.isfinite(row.aicc) else "too many parameters"
        name = row.label.replace("_", " ")
        rows.append([name, str(row.parameters), number(row.r_squared), fitted, *errors, criterion, misfit])
    head = ["model, course", "parameters", "R²", "residual", *kinds, "AICc", "misfit p"]
    return {"head": head, "rows": rows}


def quality(fit: ChainFit, seeds: int) -> Table:
    """How well the chain follows."""
    in_spread = fit.residual_in_seed_spread
    rows = [
        ["explained (R²)", number(fit.r_squared)],
        ["residual (rms), units of D", _digits(fit.rmse)],
        ["residual in seed spreads", "one seed: not known" if in_spread is None else number(in_spread, 1)],
        ["seeds", str(seeds)],
        ["epochs fitted", str(len(fit.epochs))],
        ["search settled", "yes" if fit.converged else fit.status],
    ]
    return {"head": [], "rows": rows}


def directions(fit: ChainFit) -> Table:
    """Singular values of the Jacobian with their directions; the data hardly see those of small ones."""
    top = float(fit.singular_values[0])
    rows = []
    for value, vector in zip(fit.singular_values, np.asarray(fit.singular_vectors), strict=True):
        parts = sorted(zip(vector, fit.parameters, strict=True), key=lambda part: -abs(part[0]))
        words = [f"{number(float(v), 2, sign=True)} {NAMES.get(n, n)}" for v, n in parts if abs(v) >= SHOWN]
        rows.append([f"{value:.2g}", ", ".join(words), "hardly seen" if value < OPEN * top else "seen"])
    return {"head": ["singular value", "direction", ""], "rows": rows}


def _known(e: Estimate) -> str:
    if e.identified:
        return "yes"
    return f"no: {e.note}" if e.note else "no"


def _interval(e: Estimate, signed: bool) -> str:
    low, high = e.interval
    if not math.isfinite(low) and not math.isfinite(high):
        return "open"
    if not math.isfinite(high):
        return f"above {_digits(low, signed)}" if low > 0 or signed else "open"
    return f"{_digits(low, signed)} to {_digits(high, signed)}"


def _digits(value: float, signed: bool = False) -> str:
    """Three significant digits with a true minus sign."""
    if not math.isfinite(value):
        return number(None)
    if value and not 1e-4 <= abs(value) < 1e5:
        return f"{value:.2e}".replace("-", "\N{MINUS SIGN}")
    digits = 2 if not value else max(0, 2 - math.floor(math.log10(abs(value))))
    return number(float(value), digits, sign=signed)
