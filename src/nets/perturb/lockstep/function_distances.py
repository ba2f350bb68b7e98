"""Distances between two networks as functions, on one set of inputs.

    logit_rms          (1/(N C) sum |f - f'|^2)^(1/2), logits centred: softmax does not see their mean
    logit_l1           (1/(N C)) sum |f - f'|, centred          probability_l1  (1/N) sum |p - p'|_1, 0 .. 2
    kl                 (KL(p|p') + KL(p'|p)) / 2                js  Jensen-Shannon, 0 .. ln 2; its root is a metric
    disagreement       share of inputs with another argmax      agreement_soft  mean of p . p'
    cross_loss_hard    mean cross-entropy of f' for the labels argmax f of the baseline
    cross_loss_soft    mean cross-entropy of p' for p, = H(p) + KL(p|p')
    cross_excess       cross_loss_soft less that of f itself: KL(p|p')
    and, with labels:  loss, accuracy of the copy; loss_difference, accuracy_difference (copy less baseline), and their
    absolute values loss_change, accuracy_change.

The cross losses are not symmetric. Natural logarithms, double precision, means over inputs. Lin, IEEE Trans. Inf.
Theory 37 (1991) 145 (Jensen-Shannon); Endres, Schindelin, ibid. 49 (2003) 1858 (its root).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

Array = NDArray[np.float64]

FUNCTIONS = (
    "logit_rms", "logit_l1", "probability_l1", "kl", "js", "disagreement", "agreement_soft", "cross_loss_hard",
    "cross_loss_soft", "cross_excess",
)  # fmt: skip
LABELLED = ("loss", "accuracy", "loss_difference", "accuracy_difference", "loss_change", "accuracy_change")


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs of one network on one set of inputs.

    Attributes
    ----------
    centred, logp : ndarray of float64, shape (N, C)
        Logits less their mean over classes; log-probabilities.
    loss, accuracy : float
        nan without labels.
    """

    centred: Array
    logp: Array
    loss: float
    accuracy: float


def outputs_of(logits: Array, y: NDArray[np.int64] | None) -> Outputs:
    """Outputs from logits (N, C) and, where there are some, labels (N,)."""
    logits = np.asarray(logits, dtype=np.float64)
    logp = log_softmax(logits, axis=1)
    centred = logits - logits.mean(1, keepdims=True)
    if y is None:
        return Outputs(centred, logp, np.nan, np.nan)
    return Outputs(centred, logp, float(-logp[np.arange(len(y)), y].mean()), float((logits.argmax(1) == y).mean()))


def function_distances(base: Outputs, copy: Outputs) -> Array:
    """All distances of `FUNCTIONS` and `LABELLED`, shape (16,)."""
    p, q = np.exp(base.logp), np.exp(copy.logp)
    d = base.centred - copy.centred
    forward, back = _kl(p, base.logp, copy.logp), _kl(q, copy.logp, base.logp)
    middle = np.logaddexp(base.logp, copy.logp) - np.log(2)
    js = 0.5 * (_kl(p, base.logp, middle) + _kl(q, copy.logp, middle))
    hard = base.centred.argmax(1)
    loss, accuracy = copy.loss - base.loss, copy.accuracy - base.accuracy
    entropy = float(-(p * base.logp).sum(1).mean())
    return np.array([
        np.sqrt(np.square(d).mean()), np.abs(d).mean(), np.abs(p - q).sum(1).mean(), 0.5 * (forward + back), js,
        (hard != copy.centred.argmax(1)).mean(), (p * q).sum(1).mean(),
        -copy.logp[np.arange(len(hard)), hard].mean(), entropy + forward, forward,
        copy.loss, copy.accuracy, loss, accuracy, abs(loss), abs(accuracy),
    ])  # fmt: skip


def _kl(p: Array, logp: Array, logq: Array) -> float:
    """Mean KL(p|q), at least 0: rounding leaves -1e-17 where both are equal."""
    return max(float((p * (logp - logq)).sum(1).mean()), 0.0)
