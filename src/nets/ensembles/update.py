"""One step of an optimiser over the flat vector of parameters, in one pass; formulas in `optimisers`."""

import math
from typing import NamedTuple

from mechanics.engine import kernel

from .optimisers import SGLD, Adam, AdamW, Optimiser, RMSProp

KIND_SGD, KIND_ADAM, KIND_RMSPROP = 0, 1, 2
FAST = {"contract", "nsz"}


class Constants(NamedTuple):
    """An optimiser as compiled code takes it; what a kind does not have is 0."""

    kind: int
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    eps: float
    decoupled: bool


def constants_of(optimiser: Optimiser) -> Constants:
    """Constants of a record."""
    if isinstance(optimiser, Adam):
        decoupled = isinstance(optimiser, AdamW)
        return Constants(KIND_ADAM, 0.0, False, optimiser.beta1, optimiser.beta2, optimiser.eps, decoupled)
    if isinstance(optimiser, RMSProp):
        return Constants(KIND_RMSPROP, optimiser.momentum, False, 0.0, optimiser.decay, optimiser.eps, False)
    if isinstance(optimiser, SGLD):  # the noise is added by `diffusion`
        return Constants(KIND_SGD, 0.0, False, 0.0, 0.0, 0.0, False)
    return Constants(KIND_SGD, optimiser.momentum, optimiser.nesterov, 0.0, 0.0, 0.0, False)


@kernel(forceinline=False)
def update(w, g, m, v, k, lr, weight_decay, step):  # type: ignore[no-untyped-def]
    """Step number `step` (1 is the first) of parameters w along gradients g with the memories m and v."""
    number = w.dtype.type
    if k.kind == KIND_ADAM:
        decay = 0.0 if k.decoupled else weight_decay
        shrink = 1.0 - lr * weight_decay if k.decoupled else 1.0
        size = lr / (1.0 - k.beta1**step)
        root = 1.0 / math.sqrt(1.0 - k.beta2**step)
        _adam(w, g, m, v, number(k.beta1), number(1.0 - k.beta1), number(k.beta2), number(1.0 - k.beta2), number(k.eps),
              number(size), number(root), number(decay), number(shrink))  # fmt: skip
    elif k.kind == KIND_RMSPROP:
        _rmsprop(w, g, m, v, number(k.beta2), number(1.0 - k.beta2), number(k.eps), number(k.momentum), number(lr),
                 number(weight_decay))  # fmt: skip
    else:
        _sgd(w, g, m, number(k.momentum), k.nesterov, number(lr), number(weight_decay))


@kernel(forceinline=False, fastmath=FAST)
def _adam(w, g, m, v, beta1, rest1, beta2, rest2, eps, size, root, decay, shrink):  # type: ignore[no-untyped-def]
    for i in range(w.shape[0]):
        gi = g[i] + decay * w[i]
        mi = beta1 * m[i] + rest1 * gi
        vi = beta2 * v[i] + rest2 * gi * gi
        m[i] = mi
        v[i] = vi
        w[i] = shrink * w[i] - size * mi / (math.sqrt(vi) * root + eps)


@kernel(forceinline=False, fastmath=FAST)
def _rmsprop(w, g, m, v, beta, rest, eps, momentum, lr, decay):  # type: ignore[no-untyped-def]
    for i in range(w.shape[0]):
        gi = g[i] + decay * w[i]
        vi = beta * v[i] + rest * gi * gi
        b = momentum * m[i] + gi / (math.sqrt(vi) + eps)
        m[i] = b
        v[i] = vi
        w[i] -= lr * b


@kernel(forceinline=False, fastmath=FAST)
def _sgd(w, g, m, momentum, nesterov, lr, decay):  # type: ignore[no-untyped-def]
    for i in range(w.shape[0]):
        gi = g[i] + decay * w[i]
        b = momentum * m[i] + gi
        m[i] = b
        w[i] -= lr * (gi + momentum * b if nesterov else b)
