"""Load curve of a network: the separation D_l after each layer l.

    l -> D_l = log(Tr Sigma_W / Tr Sigma_B) of layer l's outputs;  concave (lazy) ... linear ... convex (active)

Shi, Pan, Dokmanic, "A spring-block theory of feature learning", PRL (2025), arXiv:2407.19353.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from .hooks import OUTPUT, Layers
from .modes import Mode, check_mode
from .reduce import Reduce, check_reduce
from .separation import Metric, check_metric
from .statistics import LayerStatistics
from .sweep import batch_length, by_class, labelled, sweep


@runtime_checkable
class HasLoadCurves(Protocol):
    """A training history: anything with `load_curves` (epochs, layers)."""

    load_curves: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerLoads:
    """Loads of a network's layers and what they were measured with.

    Attributes
    ----------
    D : ndarray, shape (layers,)
        Natural log; in the order of the forward pass.
    names : tuple of str
        Module names, "#2" and so on for later calls of one module.
    within, between : ndarray, shape (layers,)
        Tr Sigma_W and Tr Sigma_B.
    output_load : float
        D of the model's output (the logits).
    accuracy : float
        Fraction of examples whose largest output is their label; nan if the output is not (N, classes).
    mode, metric : str
        As asked for.
    """

    D: NDArray[np.float64]
    names: tuple[str, ...]
    within: NDArray[np.float64]
    between: NDArray[np.float64]
    output_load: float
    accuracy: float
    mode: Mode
    metric: Metric


def load_curve(
    model: nn.Module | HasLoadCurves,
    x: Tensor | ArrayLike | None = None,
    y: Tensor | ArrayLike | None = None,
    *,
    mode: Mode = "eval",
    layers: Layers = "auto",
    reduce: Reduce = "flatten",
    metric: Metric = "trace",
    batch_size: int | None = None,
    include_output: bool = False,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Loads D_l of a model on data, or all load curves of a training history.

    Parameters
    ----------
    model : nn.Module or History
        Any network; or a history, whose `load_curves` (epochs, layers) are returned and no other argument is taken.
    x : array or tensor, shape (N, ...)
        Inputs as the model takes them; moved to its device and floating type.
    y : array or tensor of integers, shape (N,)
        Labels; at least two different ones.
    mode : {"eval", "batch", "train"}
        "eval" for trained networks; "batch" (BatchNorm by the data's own statistics) early in training, when the
        running statistics lag; "train" with dropout as well. The model is left as it was.
    layers : "auto", names, type(s) or function (name, module) -> bool
        "auto": the model's `load_layers`, or else its input and every activation module's output.
    reduce : {"flatten", "spatial_mean", "token_mean", "cls"} or function
        From a layer's output to rows of features.
    metric : {"trace", "pinv"}
        Trace ratio, or He and Su's log Tr(Sigma_W Sigma_B^+), which takes two passes.
    batch_size : int, optional
        Examples per forward pass; all at once by default. In modes "batch" and "train" it also sets what BatchNorm
        normalises by; in mode "eval" the result does not depend on it.
    include_output : bool
        Append the model's output as a last layer. A load curve of the paper does not have it.
    seed : int
        Of the dropout masks in mode "train".

    Returns
    -------
    ndarray, shape (layers,)
        D_l, natural log. nan (with a warning) where a layer is constant, -inf where classes collapsed to points.

    Raises
    ------
    ValueError
        If an argument is out of range, no layer is selected, or activations are not finite.

    References
    ----------
    arXiv:2407.19353; the metric "pinv": He, Su, PNAS 120 (2023), arXiv:2210.17020.
    """
    if not isinstance(model, nn.Module):
        if isinstance(model, HasLoadCurves) and x is None and y is None:
            return model.load_curves
        raise TypeError(
            f"model must be an nn.Module with x and y, or a History alone, but is {type(model).__name__}"
            f"{'' if x is None else ' with x'}."
        )
    if x is None or y is None:
        raise TypeError("x and y are needed to measure a model; only a History has its load curves already.")
    loads = measure_layers(
        model, x, y, mode=mode, layers=layers, reduce=reduce, metric=metric, batch_size=batch_size, seed=seed
    )
    return np.append(loads.D, loads.output_load) if include_output else loads.D


def measure_layers(
    model: nn.Module,
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
    *,
    mode: Mode = "eval",
    layers: Layers = "auto",
    reduce: Reduce = "flatten",
    metric: Metric = "trace",
    batch_size: int | None = None,
    seed: int = 0,
) -> LayerLoads:
    """Loads of all layers with their names, traces and the accuracy; arguments and errors as in `load_curve`."""
    check_mode(mode)
    check_metric(metric)
    rows = check_reduce(reduce)
    inputs, labels = labelled(model, x, y)
    size = batch_length(batch_size, len(labels))
    values, index = by_class(labels)
    statistics: dict[str, LayerStatistics] = {}

    def accumulate(name: str, h: Tensor, at: slice) -> object:
        return statistics.setdefault(name, LayerStatistics(len(values))).update(h, index[at])

    correct = sweep(model, inputs, labels, size, mode, seed, layers, rows, accumulate)
    names = tuple(name for name in statistics if name != OUTPUT)
    if metric == "trace":
        D = {name: s.D for name, s in statistics.items()}
    else:
        second = {name: s.second_pass() for name, s in statistics.items()}
        sweep(
            model, inputs, labels, size, mode, seed, layers, rows, lambda name, h, at: second[name].update(h, index[at])
        )
        D = {name: s.D for name, s in second.items()}
    return LayerLoads(
        D=np.array([D[name] for name in names]),
        names=names,
        within=np.array([statistics[name].within for name in names]),
        between=np.array([statistics[name].between for name in names]),
        output_load=D[OUTPUT],
        accuracy=correct,
        mode=mode,
        metric=metric,
    )
