"""Loads and accuracies of many networks at once, on their device: the numbers of `nets.measure`, class by class.

Activations are measured in float64, each class centred on its own mean; networks come in groups that fit the memory.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .measure import loads_from
from .stacked_network import Stack

Array = NDArray[np.float64]
Masks = list[Tensor] | None
NUMBERS = 2**25  # activations of one layer that are measured at a time


@torch.no_grad()
def measure_stack(
    stack: Stack, x: Tensor, y: NDArray[np.int64], classes: int, by_batch: bool, masks: Callable[[slice], Masks]
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Loads (models, layers + 1) with the logits' last, accuracies (models,), and where all layers are finite.

    Parameters
    ----------
    stack : Stack
        Networks.
    x, y : Tensor (d, n) on their device, and labels (n,)
    classes : int
    by_batch : bool
        BatchNorm by the statistics of all of x; else the running ones.
    masks : function (slice of the models) -> list of Tensor (models, units, n), or None
        Dropout of each hidden layer, for the examples sorted by class.
    """
    order = np.argsort(y, kind="stable")
    edges = np.searchsorted(y[order], np.arange(classes + 1)).tolist()
    x, labels = x[:, torch.from_numpy(order).to(x.device)], torch.from_numpy(y[order]).to(x.device)
    widest = max(stack.layout.sizes.tolist())
    group = max(1, NUMBERS // (widest * len(y)))
    loads, accuracies, finite = [], [], []
    for a in range(0, len(stack.parameters), group):
        part = slice(a, a + group)
        some = Stack(stack.layout, stack.parameters[part], stack.running[part], stack.slopes[part])
        models = len(some.parameters)
        layers = some.layers(x.expand(models, *x.shape), training=by_batch, masks=masks(part), momentum=0.0)
        traces = torch.stack([_traces(h, edges) for h in layers], dim=1).cpu().numpy()
        good = np.isfinite(traces).all(axis=(1, 2))
        loads.append(
            [loads_from(t, len(y)) if ok else np.full(len(t), np.nan) for t, ok in zip(traces, good, strict=True)]
        )
        accuracies.append((layers[-1].argmax(1) == labels).double().mean(1).cpu().numpy())
        finite.append(good)
    return np.concatenate(loads), np.concatenate(accuracies), np.concatenate(finite)


@torch.no_grad()
def accuracies(stack: Stack, x: Tensor, y: Tensor) -> Array:
    """Fractions of examples (d, n) that the networks classify rightly with their running statistics, (models,)."""
    widest = max(stack.layout.sizes.tolist())
    group = max(1, NUMBERS // (widest * len(y)))
    found = []
    for a in range(0, len(stack.parameters), group):
        part = slice(a, a + group)
        some = Stack(stack.layout, stack.parameters[part], stack.running[part], stack.slopes[part])
        logits = some.forward(x.expand(len(some.parameters), *x.shape), training=False)
        found.append((logits.argmax(1) == y).double().mean(1).cpu().numpy())
    return np.concatenate(found)


def _traces(h: Tensor, edges: list[int]) -> Tensor:
    """Sums within and between classes and the largest squared class mean, (models, 3), of h (models, units, n)."""
    n = h.shape[2]
    means = torch.zeros(h.shape[0], h.shape[1], len(edges) - 1, dtype=torch.float64, device=h.device)
    counts = torch.tensor(np.diff(edges), dtype=torch.float64, device=h.device)
    within = torch.zeros(h.shape[0], dtype=torch.float64, device=h.device)
    for c in range(len(edges) - 1):
        if edges[c + 1] > edges[c]:
            rows = h[:, :, edges[c] : edges[c + 1]].double()
            means[:, :, c] = rows.mean(2)
            within += (rows - means[:, :, c : c + 1]).square().sum((1, 2))
    centred = means - (means @ counts / n)[:, :, None]
    between = (centred.square() * counts * (counts > 0)).sum((1, 2))
    return torch.stack([within, between, means.square().sum(1).amax(1)], dim=1)
