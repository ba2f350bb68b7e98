"""A least-squares fit of trajectories in plain sentences: how it ended, how well it fits, what to distrust."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from .result import Estimate
from .trajectories import Trajectories

Array = NDArray[np.float64]
POOR = 0.5  # explained share of the variance of a component below which the curve has lost the data
CHAOTIC = 1e4  # separation of neighbouring states over the series beyond which no single curve can follow it
FEW = 20  # residuals from which their correlation is judged


def status_of(best: Any, near: int, starts: int, failed: int, failures: dict[str, int]) -> str:
    """How the searches ended."""
    said = [f"{near} of {starts} searches ended in the best minimum."]
    if not best.success:
        said.insert(0, "The search used up its evaluations before it settled: give a better start, or bounds.")
    if failed:
        said.append(f"{failed} starts could not be solved ({'; '.join(failures)})")
    return " ".join(said)


def verdict_of(
    estimates: dict[str, Estimate], flat: list[str], data: Trajectories, fitted: list[Array], residuals: list[Array],
    status: str, near: int, starts: int, shooting: Any, rss: float, free: int, known_noise: bool, by_differences: bool,
    separation: float,
) -> str:  # fmt: skip
    """All of it."""
    said = ["; ".join(f"{name} = {e}" for name, e in estimates.items()) + "."]
    said += [f"Not identifiable: {words}." for words in flat]
    worst, column = _least_explained(data, fitted)
    said.append(f"The model explains at least {100.0 * worst:.4g} % of the variance of each observed component.")
    r1, limit = _memory(residuals)
    if worst < POOR:
        said.append(
            f"It has lost component {column} of the data: probably a local minimum, as long oscillating or chaotic "
            "series make them; give shooting= (pieces shorter than a period), better starts, or fewer data first."
        )
        if separation > CHAOTIC:
            said.append(
                f"Neighbouring initial states separate by a factor {separation:.1g} over the series: give pieces of it "
                'as several trajectories with y0="fit".'
            )
    elif r1 > limit:
        said.append(
            f"Neighbouring residuals are correlated (r = {r1:.2f}): the model misses something, or the errors are not "
            "independent, and the intervals are too narrow."
        )
    if near == 1 and starts > 2 and not (shooting and worst > POOR):
        said.append("Only one search ended in the best minimum: a better one may exist; give more starts.")
    if known_noise:
        chance = float(chi2.sf(rss, free))
        said.append(f"Chi-square {rss:.4g} on {free} degrees of freedom, p = {chance:.2g}.")
        if chance < 0.001:
            said.append("The misfit is larger than the stated errors allow.")
    if by_differences:
        said.append("The drift could not be differentiated as it is written; derivatives are differences of solves.")
    return " ".join([*said, status])


def _least_explained(data: Trajectories, fitted: list[Array]) -> tuple[float, int]:
    shares = []
    for k in range(data.columns):
        off = np.concatenate([(y[:, k] - f[:, k])[w[:, k] > 0]
                              for y, f, w in zip(data.ys, fitted, data.weights, strict=True)])  # fmt: skip
        own = np.concatenate([y[w[:, k] > 0, k] for y, w in zip(data.ys, data.weights, strict=True)])
        spread = float(((own - own.mean()) ** 2).sum()) if len(own) else 0.0
        shares.append(1.0 - float(off @ off) / spread if spread > 0.0 else 1.0)
    return max(0.0, min(shares)), int(np.argmin(shares))


def _memory(residuals: list[Array]) -> tuple[float, float]:
    """Correlation of neighbouring residuals of a component, and the largest that independent ones would have."""
    top, power, pairs = 0.0, 0.0, 0
    for r in residuals:
        both = np.isfinite(r[1:]) & np.isfinite(r[:-1])
        top += float((np.where(both, r[1:], 0.0) * np.where(both, r[:-1], 0.0)).sum())
        power += 0.5 * float((np.where(both, r[1:], 0.0) ** 2 + np.where(both, r[:-1], 0.0) ** 2).sum())
        pairs += int(both.sum())
    if pairs < FEW or power == 0.0:
        return 0.0, 1.0
    return top / power, 3.0 / float(np.sqrt(pairs))
