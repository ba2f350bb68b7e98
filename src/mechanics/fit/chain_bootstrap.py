"""Bootstrap of a chain fit: whole histories drawn again, or one history's fluctuations drawn anew."""

from dataclasses import replace

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from ..checks import whole_numbers
from ..progress import progress_bar
from .chain_names import in_units, is_factor, user_names, with_mean_friction
from .chain_objective import ChainObjective
from .data import Array, ChainData
from .model import ChainModel
from .result import Estimate
from .search import Found
from .source import Source
from .trajectory_fit import Bootstrap
from .uncertainty import NEAR_BOUND

FEW = 5  # seeds: four of them make 35 different draws, five 126
TAIL = 0.025


def redrawn(data: ChainData, found: Found, root: Array, rng: np.random.Generator) -> ChainData:
    """Histories drawn with replacement; of one, the fitted curve with deviations of the covariance root^T root."""
    if data.histories > 1:
        return data.chosen(rng.integers(0, data.histories, data.histories))
    deviation = (root.T @ rng.standard_normal(len(root))).reshape(found.fitted.shape)
    weight = np.where(data.measured, data.root_weight, 1.0)
    x = np.where(data.measured, found.fitted + data.scale * deviation / weight, np.nan)
    return replace(data, x=x[None], unit=data.scale)


def bootstrap_chain(source: Source, estimates: dict[str, Estimate], n: int, seed: int, progress: bool) -> Bootstrap:
    """n fits to data drawn again, in users' units; what the fit leaves open stays open."""
    whole_numbers(n=(n, 2), seed=(seed, 0))
    model, theta = source.found.model, source.found.theta
    objective = ChainObjective(source)
    rows: list[Array] = []
    stopped = False
    with progress_bar(0.0, float(n), progress, "fit") as tell:
        try:
            for i in range(n):
                rng = np.random.default_rng(np.random.SeedSequence((seed, i)))
                rows.append(objective.replicate(theta, rng))
                if tell is not None:
                    tell(float(i + 1))
        except KeyboardInterrupt:
            if len(rows) < 2:
                raise
            stopped = True
    drawn = np.array(rows)
    there = np.isfinite(drawn).all(axis=1)
    if there.sum() < 2:
        raise ValueError("No fit to data drawn again succeeded; look at status first.")
    S, dof = source.data.histories, source.scatter[1]
    lost = float(np.sqrt(S / (S - 1))) if S > 1 else 1.0
    stretch = lost * float(student.ppf(1 - TAIL, dof) / norm.ppf(1 - TAIL))
    note = _note(S, stretch) + (f" Stopped by Ctrl-C after {len(rows)} of {n} fits." if stopped else "")
    made = _summary(model, theta, drawn[there], lost, stretch, int((~there).sum()), note)
    return _open(made, estimates)


def _open(made: Bootstrap, estimates: dict[str, Estimate]) -> Bootstrap:
    """Along a flat valley each search stays near the fit it began at: the scatter of the draws measures nothing."""
    names = [name for name in made.names if np.isinf(estimates[name].stderr)]
    if not names:
        return made
    stderr = made.stderr | dict.fromkeys(names, np.inf)
    wider = {
        name: (
            min(made.intervals[name][0], estimates[name].interval[0]),
            max(made.intervals[name][1], estimates[name].interval[1]),
        )
        for name in names
    }
    note = f"{made.note} The fit leaves open {', '.join(names)}: draws stay near it, so look at `profile`."
    return made._replace(stderr=stderr, intervals=made.intervals | wider, note=note)


def _summary(
    model: ChainModel, theta: Array, drawn: Array, lost: float, stretch: float, failed: int, note: str
) -> Bootstrap:
    best, z = with_mean_friction(model, theta[None])[0], with_mean_friction(model, drawn)
    names, (low, high) = user_names(model), model.bounds()
    stderr, intervals = {}, {}
    for i, name in enumerate(names):
        # log c at its lower bound leaves the mean friction |mu_eff|, which is no bound of it
        bounded = model.names[i] != "log c"
        ends = best[i] + stretch * (np.quantile(z[:, i], [TAIL, 1 - TAIL]) - best[i])
        if bounded and (z[:, i] < low[i] + NEAR_BOUND).mean() > TAIL:
            ends[0] = -np.inf
        if bounded and (z[:, i] > high[i] - NEAR_BOUND).mean() > TAIL:
            ends[1] = np.inf
        a, b = in_units(model, i, ends)
        intervals[name] = (float(a), float(b))
        size = float(
            in_units(model, i, best[i : i + 1])[0] if is_factor(model, i) else in_units(model, i, np.ones(1))[0]
        )
        stderr[name] = size * lost * float(z[:, i].std(ddof=1))
    values = np.column_stack([in_units(model, i, z[:, i]) for i in range(len(names))])
    return Bootstrap(names, values, stderr, intervals, failed, note)


def _note(S: int, stretch: float) -> str:
    if S == 1:
        return (
            "One history: the fitted chain's own fluctuations were drawn, which takes residuals as noise and not as "
            f"misfit; percentiles are stretched by {stretch:.2f} for the few degrees of freedom."
        )
    note = f"Whole histories were drawn from {S}; percentiles are stretched by {stretch:.2f} for so few."
    if S < FEW:
        note += f" {S} histories make few different draws: take the interval as rough, and `profile` beside it."
    return note
