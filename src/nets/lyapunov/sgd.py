"""Stochastic gradient descent with momentum as a map of (w, b), and its derivative.

    g = grad L(w) + c w,   b' = beta b + (1 - damp) g,   w' = w - lr b'       (Nesterov: w' = w - lr (g + beta b'))
    G = H W + c W,         U' = beta U + (1 - damp) G,   W' = W - lr U'       (Nesterov: W' = W - lr (G + beta U'))

As in PyTorch, the first step is not damped: b' = g. The determinant of the step is beta^D for any loss, and with
Nesterov's form beta^D det(1 - lr (H + c)). The chart is (w, lr b): both in units of the weights.
"""

from torch import Tensor

from ..ensembles.optimisers import SGD
from .step import Block, Point, Step


def memories(optimiser: SGD) -> int:
    """One with momentum."""
    return int(optimiser.momentum > 0)


def advance(at: Point, g: Tensor, step: Step) -> Point:
    """The next point; g is the gradient of the loss alone."""
    optimiser, w = step.optimiser, at.w
    assert isinstance(optimiser, SGD)
    g = g + step.weight_decay * w if step.weight_decay else g
    if not at.memory:
        return Point(w - step.lr * g, ())
    beta = optimiser.momentum
    b = beta * at.memory[0] + _share(step) * g
    return Point(w - step.lr * (g + beta * b if optimiser.nesterov else b), (b,))


def tangent(V: Block, HW: Tensor, at: Point, after: Point, g: Tensor, step: Step) -> Block:
    """Tangent vectors after the step; HW (k, D) are Hessian products. V and HW are written over."""
    optimiser, W = step.optimiser, V[0]
    assert isinstance(optimiser, SGD)
    G = HW.add_(W, alpha=step.weight_decay) if step.weight_decay else HW
    if not at.memory:
        return (W.add_(G, alpha=-step.lr),)
    beta, share = optimiser.momentum, _share(step)
    U = V[1].mul_(beta).add_(G, alpha=share)
    if optimiser.nesterov:
        return W.add_(G.add_(U, alpha=beta), alpha=-step.lr), U
    return W.add_(U, alpha=-step.lr), U


def to_chart(V: Block, at: Point, step: Step) -> Block:
    """Components in (w, lr b)."""
    return (V[0], *(step.lr * U for U in V[1:]))


def from_chart(V: Block, at: Point, step: Step) -> Block:
    """And back."""
    return (V[0], *(U / step.lr for U in V[1:]))


def _share(step: Step) -> float:
    return 1.0 if step.n == 0 else 1.0 - step.dampening
