"""Adam and AdamW as maps of (w, m, v), and their derivative.

    m' = b1 m + (1 - b1) g,   v' = b2 v + (1 - b2) g^2,   d = sqrt(v' / (1 - b2^t)) + e,   w' = w - lr m'/((1 - b1^t) d)
    M' = b1 M + (1 - b1) G,   N' = b2 N + 2 (1 - b2) g G,   D = N' / (2 sqrt(v' (1 - b2^t)))
    W' = W - lr / (1 - b1^t) (M' / d - m' D / d^2),   G = H W + c W

with g = grad L + c w; AdamW has no c in g and shrinks w by 1 - lr c first. Where v' = 0 all gradients of a weight have
been zero (an input that is always dark), m' = 0 too, and D is 0 by convention. The determinant of the step is
(b1 b2)^D, AdamW's (b1 b2 (1 - lr c))^D, for any loss.

The chart is (w, lr m / (sqrt v + e), log(v + e^2)): (w, m, v) have different units, and a raw v makes finite-time
exponents those of its unit. Below e^2 the optimiser itself does not see v.

Kingma, Ba, arXiv:1412.6980; Loshchilov, Hutter, arXiv:1711.05101.
"""

import math

from torch import Tensor

from ..ensembles.optimisers import Adam, AdamW
from .roots import over_twice_root, unwarp, warp
from .step import Block, Point, Step


def memories(optimiser: Adam) -> int:
    """Means of the gradient and of its square."""
    return 2


def advance(at: Point, g: Tensor, step: Step) -> Point:
    """The next point; g is the gradient of the loss alone."""
    optimiser, w, (m, v) = _adam(step), at.w, at.memory
    g = _decayed(g, w, step)
    m = optimiser.beta1 * m + (1 - optimiser.beta1) * g
    v = optimiser.beta2 * v + (1 - optimiser.beta2) * g * g
    size, root = _corrections(step)
    return Point(_shrink(step) * w - size * m / (v.sqrt() * root + optimiser.eps), (m, v))


def tangent(V: Block, HW: Tensor, at: Point, after: Point, g: Tensor, step: Step) -> Block:
    """Tangent vectors after the step; HW (k, D) are Hessian products. They may be written over."""
    optimiser, (W, M, N), (m, v) = _adam(step), V, after.memory
    g, G = _decayed(g, at.w, step), _decayed(HW, W, step)
    M = (optimiser.beta1 * M).add_(G, alpha=1 - optimiser.beta1)
    N = (optimiser.beta2 * N).addcmul_(G, g, value=2 * (1 - optimiser.beta2))
    size, root = _corrections(step)
    d = v.sqrt() * root + optimiser.eps
    shrunk = _shrink(step) * W
    W = shrunk.sub_(M * (size / d)).add_(N * (size * m / (d * d) * root * over_twice_root(v)))
    return W, M, N


def to_chart(V: Block, at: Point, step: Step) -> Block:
    """Components in (w, lr m / (sqrt v + e), log(v + e^2))."""
    (W, M, N), (m, v), eps = V, at.memory, _adam(step).eps
    d = v.sqrt() + eps
    return W, M * (step.lr / d) - N * (step.lr * m / (d * d) * over_twice_root(v)), warp(N, v, eps)


def from_chart(V: Block, at: Point, step: Step) -> Block:
    """And back."""
    (W, M, N), (m, v), eps = V, at.memory, _adam(step).eps
    d, N = v.sqrt() + eps, unwarp(N, v, eps)
    return W, (M + N * (step.lr * m / (d * d) * over_twice_root(v))) * (d / step.lr), N


def _adam(step: Step) -> Adam:
    assert isinstance(step.optimiser, Adam)
    return step.optimiser


def _decayed(g: Tensor, w: Tensor, step: Step) -> Tensor:
    inside = step.weight_decay != 0 and not isinstance(step.optimiser, AdamW)
    return g + step.weight_decay * w if inside else g


def _shrink(step: Step) -> float:
    return 1.0 - step.lr * step.weight_decay if isinstance(step.optimiser, AdamW) else 1.0


def _corrections(step: Step) -> tuple[float, float]:
    """lr / (1 - b1^t) and 1 / sqrt(1 - b2^t)."""
    optimiser, t = _adam(step), step.n + 1
    return step.lr / (1 - optimiser.beta1**t), 1 / math.sqrt(1 - optimiser.beta2**t)
