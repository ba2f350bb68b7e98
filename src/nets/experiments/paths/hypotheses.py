"""Hypotheses as data: what is claimed, the number that tests it, and where that number must lie.

Claims of Hoogland, "Scaling laws of path dependence" (2022), unless `source` says otherwise. The limits were fixed
before the runs. A claim is supported if the whole 95 % interval lies within its limits, not supported if the whole
interval lies outside, else open.
"""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import NamedTuple

from . import effects
from .effects import Sample
from .settings import ADAPTIVE, BASELINE, START

POST = "Hoogland 2022"
SMALLEST = 0.02  # of a difference of ln growth: 2 per cent is worth telling
ALIKE = 0.1  # curves count as one if they differ by less than a tenth of their growth


class Hypothesis(NamedTuple):
    """A claim and its test."""

    key: str
    statement: str
    quantity: str
    effect: Callable[[Sample], float]
    low: float
    high: float
    source: str = POST

    @property
    def claim(self) -> str:
        """Limits in words."""
        if self.low == -inf:
            return f"below {self.high:g}"
        return f"above {self.low:g}" if self.high == inf else f"{self.low:g} to {self.high:g}"


HYPOTHESES = (
    Hypothesis(
        "lr-step", "For learning rates 0.001 to 0.1 the normalised distance follows the same curve, step by step.",
        "spread of ln d/d(0) between learning rates at the same step, over the largest ln growth",
        partial(effects.mismatch, axis="lr", low=0.001, high=0.1, time_power=0.0), -inf, ALIKE,
    ),
    Hypothesis(
        "lr-time", "For learning rates 0.001 to 0.1 the normalised distance is one curve of step x lr.",
        "the same at the same step x lr",
        partial(effects.mismatch, axis="lr", low=0.001, high=0.1, time_power=1.0), -inf, ALIKE,
        "collapse with the learning rate, as for gradient flow",
    ),
    Hypothesis(
        "momentum-small", "A small momentum (0.3) reduces divergence.",
        "ln growth with momentum 0.3 less that without",
        partial(effects.growth_against, name="momentum-0.3"), -inf, -SMALLEST,
    ),
    Hypothesis(
        "momentum-large", "A large momentum (0.9) increases divergence.",
        "ln growth with momentum 0.9 less that without",
        partial(effects.growth_against, name="momentum-0.9"), SMALLEST, inf,
    ),
    Hypothesis(
        "momentum-time", "With momentum the normalised distance is one curve of step x lr / (1 - momentum).",
        "spread of ln d/d(0) between momenta up to 0.9 at the same step x lr / (1 - momentum), over the largest growth",
        partial(effects.mismatch, axis="momentum", low=0.0, high=0.9, time_power=1.0), -inf, ALIKE,
        "collapse with the effective learning rate",
    ),
    Hypothesis(
        "width-slope", "The slope of the distance is proportional to the width.",
        "a in: slope of d/d(0) ~ width^a", partial(effects.slope_power, axis="width"), 0.8, 1.2,
    ),
    Hypothesis(
        "width-size", "The distance per root of the number of parameters is the same at every width.",
        "spread of ln d/sqrt D between widths, over the largest ln growth", effects.width_mismatch, -inf, ALIKE,
        "collapse with size",
    ),
    Hypothesis(
        "decay-bend", "Weight decay (0.01) bends d/|w| downward.",
        "change of ln d/|w| over the second half, with decay less without",
        partial(effects.late_bend, name="decay-0.01"), -inf, -SMALLEST,
    ),
    Hypothesis(
        "depth-exponential", "At constant size, divergence is the more exponential the deeper the network.",
        "slope of ln (misfit of a line / misfit of an exponential) against ln (hidden layers)",
        partial(effects.trend, of=effects.exponentiality, axis="hidden"), 0.0, inf,
    ),
    Hypothesis(
        "adaptive-exponential", "With Adam, AdamW and RMSProp divergence is exponential.",
        "ln (misfit of a line / misfit of an exponential), least of the three",
        partial(effects.least, of=effects.exponentiality, names=tuple(f"optimiser-{name}" for name in ADAPTIVE)),
        0.0, inf,
    ),
    Hypothesis(
        "sgd-linear", "With SGD and one hidden layer divergence is linear.",
        "ln (misfit of a line / misfit of an exponential)",
        partial(effects.exponentiality, name=BASELINE), -inf, 0.0,
    ),
    Hypothesis(
        "short-exponential", "Exponential growth is short: the second half of training adds little.",
        "share of ln d(T)/d(0) that the second half adds (0.5 for an exponential)",
        partial(effects.late_share, name=BASELINE), -inf, 0.25,
    ),
    Hypothesis(
        "function-apart", "Functions part less than weights.",
        "ln growth of the logits' distance on test images less that of the weights' distance",
        partial(effects.function_growth, name=BASELINE), -inf, -SMALLEST,
    ),
    Hypothesis(
        "function-start", "With one hidden layer the start hardly matters in function space.",
        "share of test images on which trainings from independent starts disagree",
        partial(effects.mean_end, name=START, curve="test/disagreement"), -inf, 0.05,
    ),
)  # fmt: skip
