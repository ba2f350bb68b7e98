"""Continuous hyperparameters: h -> h (1 + e); label smoothing, which starts at 0: s -> s + |e|.

The copies of one size eps have e = +-eps u with alternating signs and u uniform in [1/2, 1], so that no two are equal;
the e of each is the realised size.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from ....ensembles import draws
from ..member import Member
from .context import Context, Perturbed


def _shift(name: str, eps: float, copy: int, context: Context) -> float:
    word = draws.words(context.seed_of(name, copy), draws.ORDER, 0, 1)[0]
    return float((-1) ** copy * eps * (0.5 + 0.5 * np.float64(word >> np.uint64(11)) * 2.0**-53))


def _perturb(name: str, base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    holder = base if name in ("lr", "weight_decay") else base.optimiser
    if name not in {f.name for f in fields(holder)}:
        raise ValueError(f"perturb={name!r} needs an optimiser with {name}, but it is {base.optimiser}.")
    before = float(getattr(holder, name))
    if before == 0 and eps != 0:
        raise ValueError(f"{name} is 0, and stays 0 when it is multiplied by 1 + e; give {name} > 0.")
    e = _shift(name, eps, copy, context)
    after = before * (1 + e)
    if holder is not base:  # the record checks its range
        changed: Any = replace(base.optimiser, **{name: after})  # type: ignore[arg-type]
        return Perturbed(replace(base, optimiser=changed), e)
    if name == "lr" and base.rates is not None:
        base = replace(base, rates=base.rates * (1 + e))
    if after < 0 or (name == "lr" and after == 0):
        raise ValueError(f"{name} would become {after:g}; eps must be below 1.")
    return Perturbed(replace(base, **{name: after}), e)  # type: ignore[arg-type]


def lr(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Learning rate."""
    return _perturb("lr", base, eps, copy, context)


def momentum(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Momentum of SGD or RMSProp."""
    return _perturb("momentum", base, eps, copy, context)


def weight_decay(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Weight decay."""
    return _perturb("weight_decay", base, eps, copy, context)


def beta1(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """beta1 of Adam and AdamW."""
    return _perturb("beta1", base, eps, copy, context)


def beta2(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """beta2 of Adam and AdamW."""
    return _perturb("beta2", base, eps, copy, context)


def label_smoothing(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Smoothing of the labels in the loss, greater by |e|."""
    if context.loss.function is not None:
        raise ValueError("perturb='label_smoothing' needs loss 'cross_entropy' or 'mse', but it is a function.")
    e = abs(_shift("label_smoothing", eps, copy, context))
    if not (eps >= 0 and base.smoothing + e < 1):
        raise ValueError(
            f"label_smoothing must stay in [0, 1), but would become {base.smoothing + e:g} for eps = {eps}."
        )
    return Perturbed(replace(base, smoothing=base.smoothing + e), e)
