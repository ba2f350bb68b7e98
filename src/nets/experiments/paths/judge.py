"""Verdicts on hypotheses: effect, 95 % interval by a bootstrap over copies, and where it lies."""

from collections.abc import Iterable

import numpy as np

from .effects import MissingRunError, Sample
from .hypotheses import Hypothesis
from .records import Verdict

NOT_A_NUMBER = 0.05  # share of resamples without a number above which nothing is decided


def judge(hypothesis: Hypothesis, sample: Sample, *, copies: int, resamples: int, seed: int) -> Verdict:
    """Verdict on one hypothesis.

    Copies are resampled, the same ones in all settings. They share one baseline: the interval is that of perturbations
    of this training, not of all trainings.
    """
    effect, interval, remark = np.nan, (np.nan, np.nan), ""
    try:
        effect = hypothesis.effect(sample)
        rng = np.random.default_rng(seed)
        drawn = np.full(resamples, np.nan)
        for i in range(resamples):
            rows = rng.integers(0, copies, copies)
            drawn[i] = hypothesis.effect(Sample(sample.settings, sample.runs, rows))
        lost = float((~np.isfinite(drawn)).mean())
        if copies < 3:
            remark = "fewer than 3 copies: no interval"
        elif not np.isfinite(effect) or lost > NOT_A_NUMBER:
            remark = "the quantity is not defined for these curves (a slope that is not positive)"
        else:
            low, high = np.nanpercentile(drawn, [2.5, 97.5])
            interval = float(low), float(high)
    except MissingRunError as missing:
        remark = str(missing)
    verdict = decide(interval, hypothesis.low, hypothesis.high)
    return Verdict(
        hypothesis.key, hypothesis.statement, hypothesis.source, hypothesis.quantity, hypothesis.claim,
        hypothesis.low, hypothesis.high, float(effect), interval, copies, verdict, remark,
    )  # fmt: skip


def decide(interval: tuple[float, float], low: float, high: float) -> str:
    """The verdict: the whole interval within the limits, outside them, or neither."""
    if not np.isfinite(interval).all():
        return "open"
    if low <= interval[0] and interval[1] <= high:
        return "supported"
    return "not supported" if interval[1] < low or interval[0] > high else "open"


def judge_all(
    hypotheses: Iterable[Hypothesis], sample: Sample, *, copies: int, resamples: int, seed: int
) -> tuple[Verdict, ...]:
    """Verdicts in the order of the hypotheses."""
    return tuple(judge(h, sample, copies=copies, resamples=resamples, seed=seed) for h in hypotheses)
