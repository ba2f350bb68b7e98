"""Outputs of the networks of an ensemble at probe inputs: at the end of training, and at every measurement."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from ..ensembles import Histories

Array = NDArray[np.float64]


def centre_logits(logits: Array) -> Array:
    """Logits without their mean over classes, which the softmax does not see."""
    return logits - logits.mean(axis=-1, keepdims=True)


def final_logits(histories: "Histories", x: ArrayLike) -> Array:
    """Centred logits (models, N, classes) of the final networks at inputs x (N, features), as they predict ("eval").

    Raises
    ------
    ValueError
        If the final networks were not recorded.
    """
    import torch

    inputs = _inputs(histories, x)
    with torch.no_grad():
        found = [histories.model(i).eval()(inputs).double().numpy() for i in range(len(histories))]
    return centre_logits(np.array(found))


def logits_in_time(histories: "Histories", x: ArrayLike) -> Array:
    """Centred logits at inputs x (N, features) at every measurement, shape (models, m, N classes).

    Parameters
    ----------
    histories : Histories
        Trained with record=("networks", "weights").
    x : array_like, shape (N, features)
        Probe inputs, at least 2. BatchNorm normalises with the statistics of just these, as running statistics of
        earlier times are not kept; nothing is dropped out.

    Raises
    ------
    ValueError
        If the weights were not recorded.
    """
    import torch

    from ..ensembles.layout import fill_model

    if not histories.weights.size:
        raise ValueError('the weights in time were not recorded; train with record=("networks", "weights").')
    inputs = _inputs(histories, x)
    found = []
    with torch.no_grad():
        for i, path in enumerate(histories.weights):
            model = histories.model(i).eval()
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm1d):
                    module.train()
            for weights in path:
                fill_model(model, weights, histories.running[i])
                found.append(model(inputs).double().numpy())
    logits = centre_logits(np.array(found))
    return logits.reshape(len(histories), len(histories.epochs), -1)


def _inputs(histories: "Histories", x: ArrayLike):  # type: ignore[no-untyped-def]
    import torch

    values = np.asarray(x)
    features = histories.settings["inputs"]
    if values.ndim != 2 or values.shape[1] != features or len(values) < 2:
        raise ValueError(f"x must have the shape (N, {features}) with N at least 2, but has {values.shape}.")
    return torch.from_numpy(np.array(values, dtype=histories.parameters.dtype))
