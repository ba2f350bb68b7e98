"""RMSProp as a map of (w, v) or (w, b, v), and its derivative.

    v' = a v + (1 - a) g^2,      b' = mu b + g / d,   d = sqrt v' + e,               w' = w - lr b'
    N' = a N + 2 (1 - a) g G,    B' = mu B + G / d - g N' / (2 sqrt v' d^2),         W' = W - lr B',   G = H W + c W

with g = grad L + c w, and 0 for N' / sqrt v' where v' = 0. Without b (mu = 0) the determinant of the step is
a^D det(1 - lr (H + c) / d), else (a mu)^D. The chart is (w, lr b, log(v + e^2)).

Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5 (2012).
"""

from torch import Tensor

from ..ensembles.optimisers import RMSProp
from .roots import over_twice_root, unwarp, warp
from .step import Block, Point, Step


def memories(optimiser: RMSProp) -> int:
    """The mean square, and the buffer with momentum."""
    return 1 + int(optimiser.momentum > 0)


def advance(at: Point, g: Tensor, step: Step) -> Point:
    """The next point; g is the gradient of the loss alone."""
    optimiser, w, (*buffer, v) = _record(step), at.w, at.memory
    g = g + step.weight_decay * w
    v = optimiser.decay * v + (1 - optimiser.decay) * g * g
    b = g / (v.sqrt() + optimiser.eps)
    if not buffer:
        return Point(w - step.lr * b, (v,))
    b = optimiser.momentum * buffer[0] + b
    return Point(w - step.lr * b, (b, v))


def tangent(V: Block, HW: Tensor, at: Point, after: Point, g: Tensor, step: Step) -> Block:
    """Tangent vectors after the step; HW (k, D) are Hessian products. They may be written over."""
    optimiser, (W, *buffer, N), v = _record(step), V, after.memory[-1]
    g, G = g + step.weight_decay * at.w, HW + step.weight_decay * W
    N = (optimiser.decay * N).addcmul_(G, g, value=2 * (1 - optimiser.decay))
    d = v.sqrt() + optimiser.eps
    B = G / d - N * (g / (d * d) * over_twice_root(v))
    if not buffer:
        return W - step.lr * B, N
    B = B.add_(buffer[0], alpha=optimiser.momentum)
    return W - step.lr * B, B, N


def to_chart(V: Block, at: Point, step: Step) -> Block:
    """Components in (w, lr b, log(v + e^2))."""
    W, *buffer, N = V
    return (W, *(step.lr * B for B in buffer), warp(N, at.memory[-1], _record(step).eps))


def from_chart(V: Block, at: Point, step: Step) -> Block:
    """And back."""
    W, *buffer, N = V
    return (W, *(B / step.lr for B in buffer), unwarp(N, at.memory[-1], _record(step).eps))


def _record(step: Step) -> RMSProp:
    assert isinstance(step.optimiser, RMSProp)
    return step.optimiser
