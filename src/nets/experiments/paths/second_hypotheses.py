"""Second tests of hypotheses whose first test also measures something else, beside the first; added after seeing data.

functions   logits and weights both grow in training: distances relative to them, and a distance of predictions
Adam, depth a line and an exponential are told apart the better the more d grew, and a long run has left the early
            phase: the first e-folding, and equal growth at all depths
short       the second half of a line that grew 1.5-fold adds 0.45 of ln d: rates late and early instead
width       the post's slope is that of d, with d(0) ~ |w(0)|, which widens with the network
momentum    at equal step a larger effective rate has trained longer: equal step x lr / (1 - momentum)
"""

from functools import partial
from math import inf

from . import second_effects as effects
from .effects import least, slope_power
from .hypotheses import SMALLEST, Hypothesis
from .settings import ADAPTIVE, BASELINE

SECOND_HYPOTHESES = (
    Hypothesis(
        "momentum-small-time", "A small momentum (0.3) reduces divergence at equal step x lr / (1 - momentum).",
        "ln growth with momentum 0.3 at step 0.7 T less that without at step T",
        partial(effects.growth_at_equal_time, name="momentum-0.3"), -inf, -SMALLEST,
    ),
    Hypothesis(
        "width-slope-raw", "The slope of the distance itself is proportional to the width.",
        "a in: slope of d ~ width^a, starts at equal |w' - w| / |w|",
        partial(slope_power, axis="width", normalised=False), 0.8, 1.2,
    ),
    Hypothesis(
        "depth-exponential-equal", "At constant size and equal growth, divergence is the more exponential the deeper.",
        "slope of ln (misfit of a line / misfit of an exponential) against ln (hidden layers), each curve up to the "
        "least growth among depths",
        effects.trend_at_equal_growth, 0.0, inf,
    ),
    Hypothesis(
        "adaptive-first", "With Adam, AdamW and RMSProp the first e-folding is exponential.",
        "ln (misfit of a line / misfit of an exponential) up to d = e d(0), least of the three",
        partial(least, of=effects.exponential_until, names=tuple(f"optimiser-{name}" for name in ADAPTIVE)), 0.0, inf,
    ),
    Hypothesis(
        "short-rate", "Growth is fast first: over the second half ln d grows at less than half its first rate.",
        "rate of ln d over the second half of the steps, over that of the first tenth (1 for an exponential)",
        partial(effects.late_rate, name=BASELINE), -inf, 0.5,
    ),
    Hypothesis(
        "function-apart-relative", "Functions part less than weights, each relative to its size.",
        "ln growth of |f - f'| / |f| (logits, test images) less that of |w - w'| / |w|",
        effects.relative_function_growth, -inf, -SMALLEST,
    ),
    Hypothesis(
        "prediction-apart", "Predictions part less than weights.",
        "ln growth of the root of the Jensen-Shannon divergence on test images less that of |w - w'| / |w|",
        effects.prediction_growth, -inf, -SMALLEST,
    ),
)  # fmt: skip
