"""What the exponents of a training say, as a sentence.

A training is a transient: growth at its beginning is no chaos, and after it the top of the spectrum is a band of zeros
(directions along which the loss is flat), which finite-time exponents approach as ln T / T. The last half of the run is
looked at alone, with the rule of `mechanics.lyapunov`: |l| < 5 se + 10 / T is zero.

diverged          no exponents
transient growth  copies part at first by more than GROWTH, then no longer
chaotic           the largest exponent is positive over the last half
still growing     positive over the last half, but the run is too short to tell it from zero
neutral           the largest is zero: a band of neutral directions
contracting       the largest is negative
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mechanics.lyapunov.statistics import ROUNDING, grouped, statistics, with_drift
from mechanics.lyapunov.verdict import ZERO_ERRORS, ZERO_TIMES, Verdict, is_zero

if TYPE_CHECKING:
    from .result import TrainingSpectrum

Array = NDArray[np.float64]
GROWTH = 1.0  # nats: a factor of e is worth telling
WINDOWS = 8  # in which the fastest growth is sought
FEWEST = 16  # blocks


def judged(spectrum: "TrainingSpectrum") -> Verdict:
    """The verdict on a training."""
    verdict = _judged(spectrum)
    remarks = []
    if spectrum.interrupted:
        remarks.append(f"interrupted after {spectrum.step} steps; proceed(total) goes on")
    still = spectrum.training.rule.memories and _never_moved(spectrum)
    if still:
        remarks.append(f"{still} weights have never had a gradient: their directions are neutral")
    return verdict._replace(text="; ".join([verdict.text, *remarks]))


def _judged(spectrum: "TrainingSpectrum") -> Verdict:
    if spectrum.divergence is not None:
        return Verdict(
            f"diverged at step {spectrum.divergence}: {spectrum.reason}; the exponents are invalid (blocks before that "
            f"step are kept in `blocks`). A smaller lr keeps the training bounded", False,
        )  # fmt: skip
    blocks = spectrum.blocks
    if len(blocks) < FEWEST:
        return Verdict(f"not converged: only {len(blocks)} blocks; run at least {FEWEST} of them", False)
    late = blocks[len(blocks) // 2 :]
    T = len(late) * spectrum.block_time
    found = statistics(late)
    stderr = with_drift(np.sqrt(found.stderr**2 + ROUNDING**2), late)
    mean, zero = found.mean, is_zero(found.mean, stderr, T)
    top = int(np.argmax(mean))
    burst = _burst(spectrum)
    lead = f"{mean[top]:+.2g} +- {stderr[top]:.1g} per step over the last {T:.0f} steps"
    within = ZERO_ERRORS * stderr[top] + ZERO_TIMES / T
    band = f"{int(zero.sum())} of {len(zero)} exponents cannot be told from zero, the band of neutral directions"
    if not zero[top]:
        if mean[top] > 0:
            text = f"chaotic over the last half: the largest exponent is {lead}"
            return Verdict(text, bool(stderr[top] <= spectrum.rtol * mean[top]))
        settled = bool(stderr[top] <= spectrum.rtol * abs(mean[top]))
        return Verdict(f"contracting: the largest exponent is {lead}", settled and not burst)
    if mean[top] * T > GROWTH:
        return Verdict(
            f"still growing: the largest exponent is {lead}, a factor of {math.exp(mean[top] * T):.3g}, which is not "
            f"told from zero (|l| < {within:.1g}); run about 4 times longer", False,
        )  # fmt: skip
    if burst:
        return Verdict(f"{burst}; then {lead}, within {within:.1g} of zero: a transient, not chaos. {band}", False)
    return Verdict(f"neutral: the largest exponent is {lead}, within {within:.1g} of zero. {band}", True)


def _burst(spectrum: "TrainingSpectrum") -> str:
    """The fastest growth of a window, if the first vector has grown by more than GROWTH at some time."""
    lead = spectrum.first
    grown = np.cumsum(lead) * spectrum.block_time
    if not grown.max() > GROWTH:
        return ""
    size = max(1, len(lead) // WINDOWS)
    windows = grouped(lead[: len(lead) // size * size, None], size)[:, 0]
    fastest, width = int(np.argmax(windows)), size * spectrum.block_time
    return (
        f"transient growth: the first vector grows at up to {windows[fastest]:+.2g} per step (steps "
        f"{fastest * width:.0f} to {(fastest + 1) * width:.0f}), by a factor of {math.exp(min(grown.max(), 700)):.3g} "
        f"until step {(int(np.argmax(grown)) + 1) * spectrum.block_time:.0f}"
    )


def _never_moved(spectrum: "TrainingSpectrum") -> int:
    memory = spectrum.end.at.memory[-1]
    return int((memory == 0).sum()) if spectrum.end.n else 0
