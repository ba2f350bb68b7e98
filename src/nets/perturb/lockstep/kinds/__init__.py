"""Perturbations of a training run, by name: (baseline, eps, copy, context) -> copy and its realised size."""

from collections.abc import Callable

from ..member import Member
from . import batch_order, hyperparameters, memories, samples, weights
from .context import Context, Perturbed

KINDS: dict[str, Callable[[Member, float, int, Context], Perturbed]] = {
    "init": weights.init,
    "init-global": weights.init_global,
    "init-gaussian": weights.init_gaussian,
    "swap": batch_order.swap,
    "permute": batch_order.permute,
    "order": batch_order.order,
    "lr": hyperparameters.lr,
    "momentum": hyperparameters.momentum,
    "weight_decay": hyperparameters.weight_decay,
    "beta1": hyperparameters.beta1,
    "beta2": hyperparameters.beta2,
    "label_smoothing": hyperparameters.label_smoothing,
    "optimiser_state": memories.optimiser_state,
    "replace": samples.replaced,
    "drop": samples.drop,
    "input_noise": samples.input_noise,
    "flip": samples.flip,
}

__all__ = ["KINDS", "Context", "Perturbed"]
