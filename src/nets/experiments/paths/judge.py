"""Verdicts on hypotheses: effect, 95 % interval, and where it lies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from .effects import MissingRunError, Sample
from .hypotheses import Hypothesis
from .records import NO_INTERVAL, LengthRow, Verdict
from .spread import FEW, Array, Spread, hierarchical_interval, spread_of, t_interval

NOT_A_NUMBER = 0.05  # share of resamples without a number above which nothing is decided
SHARES = (0.2, 0.5)  # of all steps, besides all of them; among the recorded ones


def judge(
    hypothesis: Hypothesis, samples: Sample | Sequence[Sample], *, copies: int, resamples: int, seed: int
) -> Verdict:
    """Verdict on one hypothesis.

    Parameters
    ----------
    hypothesis : Hypothesis
    samples : Sample or sequence of Sample
        Runs of one baseline, or of each; the effect is the mean of theirs. Baselines that lack a run are left out.
    copies, resamples, seed : int
        Copies are resampled, the same ones in all settings of a baseline.

    Returns
    -------
    Verdict
        With one baseline the interval is that of perturbations of this training, not of all trainings; with several it
        is Student's over baselines, from `spread.FEW` of them on the percentiles of a hierarchical bootstrap.
    """
    given = [samples] if isinstance(samples, Sample) else list(samples)
    present, effects, remark = [], [], ""
    for sample in given:
        try:
            effects.append(hypothesis.effect(sample))
            present.append(sample)
        except MissingRunError as missing:
            remark = str(missing)
    found = np.array(effects)
    effect = float(found.mean()) if len(found) else np.nan
    interval = bootstrap = NO_INTERVAL
    spread = Spread(np.nan, np.nan)
    method = "copies" if len(found) < 2 else "t" if len(found) < FEW else "hierarchical"
    if present:
        remark = f"{len(found)} of {len(given)} baselines: {remark}" if remark else ""
        drawn = np.stack([_resampled(hypothesis, s, copies, resamples, seed + b) for b, s in enumerate(present)])
        lost = float((~np.isfinite(drawn)).mean()) if drawn.size else 0.0
        if len(found) < 2 and copies < 3:
            remark = "fewer than 3 copies: no interval"
        elif not np.isfinite(found).all() or lost > NOT_A_NUMBER:
            remark = "the quantity is not defined for these curves (a slope that is not positive)"
        else:
            if resamples > 1 and copies > 1:
                spread, bootstrap = spread_of(found, drawn, copies), _percentiles(drawn, seed)
            interval = t_interval(found) if method == "t" else bootstrap
    return Verdict(
        hypothesis.key, hypothesis.statement, hypothesis.source, hypothesis.quantity, hypothesis.claim,
        hypothesis.low, hypothesis.high, effect, interval, copies, decide(interval, hypothesis.low, hypothesis.high),
        remark, tuple(map(float, found)), *spread, method, bootstrap,
    )  # fmt: skip


def decide(interval: tuple[float, float], low: float, high: float) -> str:
    """The verdict: the whole interval within the limits, outside them, or neither."""
    if not np.isfinite(interval).all():
        return "open"
    if low <= interval[0] and interval[1] <= high:
        return "supported"
    return "not supported" if interval[1] < low or interval[0] > high else "open"


def judge_all(
    hypotheses: Iterable[Hypothesis], samples: Sample | Sequence[Sample], *, copies: int, resamples: int, seed: int
) -> tuple[Verdict, ...]:
    """Verdicts in the order of the hypotheses."""
    return tuple(judge(h, samples, copies=copies, resamples=resamples, seed=seed) for h in hypotheses)


def judge_lengths(
    hypotheses: Iterable[Hypothesis],
    samples: Sequence[Sample],
    after_all: Iterable[Verdict],
    *,
    copies: int,
    resamples: int,
    seed: int,
) -> tuple[LengthRow, ...]:
    """Verdicts after shares of the steps, beside those after all; resamples only where the method needs them."""
    if len(samples) > 1 and len(samples) < FEW:
        resamples = 0
    rows = []
    for h, whole in zip(hypotheses, after_all, strict=True):
        found = [
            judge(h, [replace(s, share=share) for s in samples], copies=copies, resamples=resamples, seed=seed)
            for share in SHARES
        ]
        found.append(whole)
        columns = (tuple(getattr(v, name) for v in found) for name in ("effect", "interval", "verdict"))
        rows.append(LengthRow(h.key, (*SHARES, 1.0), *columns))
    return tuple(rows)


def _resampled(hypothesis: Hypothesis, sample: Sample, copies: int, resamples: int, seed: int) -> Array:
    """Effects of resampled copies, shape (resamples,)."""
    rng = np.random.default_rng(seed)
    drawn = np.full(resamples, np.nan)
    for i in range(resamples):
        try:
            drawn[i] = hypothesis.effect(replace(sample, rows=rng.integers(0, copies, copies)))
        except MissingRunError:  # only failed copies were drawn
            continue
    return drawn


def _percentiles(drawn: Array, seed: int) -> tuple[float, float]:
    if len(drawn) > 1:
        return hierarchical_interval(drawn, seed)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
