"""Neural collapse: what class means and the classifier come to, layer by layer.

    NC1  Tr(Sigma_W Sigma_B^+) / C                      variability within classes
    NC2  spread of |m_c - m| over their mean; spread of the cosines between them; mean |cos + 1/(C-1)|
    NC3  || W / ||W||_F - M^T / ||M||_F ||_F            rows of the classifier against centred class means M
    NC4  fraction of examples whose nearest class mean is not the network's decision

All four vanish at collapse. Papyan, Han, Donoho, "Prevalence of neural collapse", PNAS 117 (2020), arXiv:2008.08186,
Section "Neural collapse" and Figures 2-7. The centre m is the mean of class means, so that classes of different sizes
can form a simplex as well.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from .hooks import OUTPUT, Layers
from .modes import Mode, check_mode
from .reduce import Reduce, check_reduce
from .statistics import LayerStatistics
from .sweep import batch_length, by_class, labelled, sweep

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Collapse:
    """Neural-collapse quantities of each layer; every array has shape (layers,).

    Attributes
    ----------
    names : tuple of str
        Layers in the order of the forward pass.
    nc1 : ndarray
        Tr(Sigma_W Sigma_B^+) / C.
    equinorm, equiangular, angle : ndarray
        NC2: standard deviation over mean of the norms of centred class means; standard deviation of the cosines
        between them; mean distance of the cosines from -1/(C-1).
    nc3 : float
        Distance of the classifier from the class means of its input; nan if no selected layer feeds it.
    nc4 : ndarray
        Disagreement of nearest class mean and the network.
    centre_accuracy : ndarray
        Fraction of examples whose nearest class mean is their own.
    """

    names: tuple[str, ...]
    nc1: Array
    equinorm: Array
    equiangular: Array
    angle: Array
    nc3: float
    nc4: Array
    centre_accuracy: Array


def neural_collapse(
    model: nn.Module,
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
    *,
    classifier: nn.Linear | None = None,
    mode: Mode = "eval",
    layers: Layers = "auto",
    reduce: Reduce = "flatten",
    batch_size: int | None = None,
    seed: int = 0,
) -> Collapse:
    """Neural-collapse quantities of every selected layer, in two passes and O(classes x features) memory.

    Parameters
    ----------
    model : nn.Module
        Any network whose output is (N, classes).
    x, y : array or tensor, shapes (N, ...) and (N,)
        Inputs and labels 0 .. C-1 as the network numbers them.
    classifier : nn.Linear, optional
        The layer compared with class means in NC3; by default the model's last nn.Linear, with the last layer.
    mode, layers, reduce, batch_size, seed
        As in `load_curve`.

    Raises
    ------
    ValueError
        If an argument is out of range, fewer than two classes occur, or the output has fewer columns than classes.
    """
    check_mode(mode)
    rows = check_reduce(reduce)
    inputs, labels = labelled(model, x, y)
    size = batch_length(batch_size, len(labels))
    present, index = by_class(labels)
    first: dict[str, LayerStatistics] = {}
    decided = torch.empty_like(labels)

    def means(name: str, h: Tensor, at: slice) -> None:
        if name == OUTPUT:
            if h.shape[1] <= int(present.max()):
                raise ValueError(
                    f"the output has {h.shape[1]} columns, but labels reach {int(present.max())}; "
                    "neural collapse needs one score for each class."
                )
            decided[at] = present[h[:, present].argmax(1)]  # among the classes that occur
        else:
            first.setdefault(name, LayerStatistics(len(present))).update(h, index[at])

    sweep(model, inputs, labels, size, mode, seed, layers, rows, means)
    second = {name: s.second_pass() for name, s in first.items()}
    centres = {name: torch.from_numpy(s.means).to(labels.device) for name, s in first.items()}
    disagree, right = dict.fromkeys(first, 0), dict.fromkeys(first, 0)

    def nearest(name: str, h: Tensor, at: slice) -> None:
        if name == OUTPUT:
            return
        second[name].update(h, index[at])
        choice = present[torch.cdist(h.double(), centres[name]).argmin(1)]
        disagree[name] += int((choice != decided[at]).sum())
        right[name] += int((choice == labels[at]).sum())

    sweep(model, inputs, labels, size, mode, seed, layers, rows, nearest)
    geometry = np.array([simplex_defects(s.means) for s in first.values()]).T
    with np.errstate(over="ignore"):
        nc1 = np.exp([s.D for s in second.values()]) / len(present)
    return Collapse(
        names=tuple(first),
        nc1=nc1,
        equinorm=geometry[0],
        equiangular=geometry[1],
        angle=geometry[2],
        nc3=_duality(model, classifier, list(first.values())[-1].means, present),
        nc4=np.array([disagree[name] / len(labels) for name in first]),
        centre_accuracy=np.array([right[name] / len(labels) for name in first]),
    )


def simplex_defects(means: Array) -> tuple[float, float, float]:
    """NC2 of class means (C, d): spread of norms over their mean, spread of cosines, mean |cos + 1/(C-1)|.

    nan where the means coincide. For two classes the cosine is -1 whatever they are.
    """
    centred = means - means.mean(0)
    norms = np.linalg.norm(centred, axis=1)
    if norms.min() <= 8 * np.finfo(float).eps * np.abs(means).max(initial=0.0):
        return np.nan, np.nan, np.nan
    C = len(means)
    cosines = (centred @ centred.T / np.outer(norms, norms))[np.triu_indices(C, 1)]
    return float(norms.std() / norms.mean()), float(cosines.std()), float(np.abs(cosines + 1 / (C - 1)).mean())


def _duality(model: nn.Module, classifier: nn.Linear | None, means: Array, present: Tensor) -> float:
    """NC3: distance of the normalised classifier from the normalised centred class means."""
    if classifier is None:
        linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
        if not linears:
            return float("nan")
        classifier = linears[-1]
    W = classifier.weight.detach().double().cpu().numpy()
    if W.shape[1] != means.shape[1] or len(W) <= int(present.max()):
        return float("nan")
    W = W[present.cpu().numpy()]
    M = means - means.mean(0)
    return float(np.linalg.norm(W / np.linalg.norm(W) - M / np.linalg.norm(M)))
