"""Separation of labelled arrays, in one call."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from ..devices import tensor_of_numbers
from .statistics import LayerStatistics

Metric = Literal["trace", "pinv"]


def separation(x: Tensor | ArrayLike, y: Tensor | ArrayLike, metric: Metric = "trace") -> float:
    """How badly classes are separated: within-class over between-class variance, natural log.

    Parameters
    ----------
    x : array or tensor, shape (N, ...)
        Features, flattened to (N, d).
    y : array or tensor of integers, shape (N,)
        Labels; any whole numbers, at least two different ones.
    metric : {"trace", "pinv"}
        "trace": D = log(Tr Sigma_W / Tr Sigma_B) of the spring-block paper. "pinv": log Tr(Sigma_W Sigma_B^+) of
        He and Su. Different numbers: do not mix them in one curve.

    Returns
    -------
    float
        -inf for classes collapsed to points, +inf for equal class means; nan, with a warning, for constant features.

    Raises
    ------
    ValueError
        If shapes do not match, fewer than two classes occur, a feature is not finite or `metric` is unknown.
    """
    check_metric(metric)
    labels = tensor_of_numbers(y, "y").detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"y must be whole numbers of shape (N,), but is {labels.dtype} of shape {labels.shape}.")
    values, index = np.unique(labels, return_inverse=True)
    if len(values) < 2:
        raise ValueError(f"y must name at least 2 classes, but names {len(values)}: {values.tolist()}.")
    statistics = LayerStatistics(len(values)).update(x, index)
    return statistics.D if metric == "trace" else statistics.pinv_D([(x, index)])


def check_metric(metric: str) -> None:
    """Raise ValueError unless the metric is known."""
    if metric not in ("trace", "pinv"):
        raise ValueError(f"metric must be 'trace' or 'pinv', but is {metric!r}.")
