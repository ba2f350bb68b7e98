"""Sharpness: eigenvalues and trace of the Hessian of the loss, by products with vectors, with error bars.

Eigenvalues by Lanczos iteration (ARPACK); for a symmetric H the residual r = |H v - lambda v|, |v| = 1, bounds the
distance from lambda to an eigenvalue (Parlett, "The symmetric eigenvalue problem", Theorem 4.5.1). Trace by
Hutchinson's estimator on what the eigenvectors leave (Hutch++: Meyer, Musco, Musco, Woodruff, arXiv:2010.09649):

    tr H = sum_i v_i^T H v_i + mean over z of (P z)^T H (P z),   P = 1 - V V^T,   z_i = +-1

Hessian products by double backward: Pearlmutter, Neural Computation 6 (1994) 147.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor, nn

from mechanics.noise import normals

from .modes import Mode, measuring
from .sweep import batch_length, paired

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sharpness:
    """Curvature of the loss at a model's weights.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Largest eigenvalues of the Hessian, descending.
    residuals : ndarray, shape (k,)
        |H v - lambda v|: an eigenvalue lies within this distance of each.
    trace, trace_se : float
        Trace and its standard error over the random vectors.
    converged : bool
        Whether all eigenvalues met the tolerance; those that did not are nan.
    """

    eigenvalues: Array
    residuals: Array
    trace: float
    trace_se: float
    converged: bool


def sharpness(
    model: nn.Module,
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    k: int = 1,
    probes: int = 16,
    mode: Mode = "batch",
    batch_size: int | None = None,
    rtol: float = 1e-4,
    seed: int = 0,
) -> Sharpness:
    """Largest Hessian eigenvalues and the trace of a mean loss over all data.

    Parameters
    ----------
    model : nn.Module
        Any network; every parameter that requires a gradient counts. In double precision the numbers are good to
        `rtol`; in single to about 1e-4 of the largest eigenvalue at best.
    x, y : array or tensor
        Data; batches weigh by their size.
    loss : function (output, y) -> scalar
        A mean over the examples.
    k : int
        Number of eigenvalues, 0 for the trace alone.
    probes : int
        Random vectors for the trace, at least 2; 0 leaves it out (nan).
    mode : {"batch", "eval", "train"}
        "batch": BatchNorm by the statistics of each batch, as in training, without dropout.
    batch_size : int, optional
        Examples per product; all at once by default.
    rtol : float
        Relative tolerance of the eigenvalues.
    seed : int
        Of the starting and the random vectors.

    Raises
    ------
    ValueError
        If an argument is out of range, the model has no parameters to differentiate, or the loss is not finite.
    TypeError
        If `loss` is no function.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    D = sum(p.numel() for p in parameters)
    if D == 0:
        raise ValueError("the model has no parameters that require a gradient, so that its loss has no Hessian.")
    if not callable(loss):
        raise TypeError(f"loss must be a function (outputs, y) -> mean loss, but is {loss!r}.")
    if not 0 <= k < D:
        raise ValueError(f"k must lie in 0 .. {D - 1} for {D} parameters, but is {k}.")
    if probes < 0 or probes == 1:
        raise ValueError(f"probes must be 0 or at least 2 (for a standard error), but is {probes}.")
    inputs, targets = paired(model, x, y)
    size = batch_length(batch_size, len(targets))

    def product(v: Array) -> Array:
        direction = _split(torch.as_tensor(v.copy()), parameters)
        total = np.zeros(D)
        for start in range(0, len(targets), size):
            batch = slice(start, min(start + size, len(targets)))
            with measuring(model, mode, seed), torch.enable_grad():
                value = loss(model(inputs[batch]), targets[batch])
                slopes = torch.autograd.grad(value, parameters, create_graph=True, allow_unused=True)
                along = sum((g * d).sum() for g, d in zip(slopes, direction, strict=True) if g is not None)
                found = _slopes(along, parameters)
            share = (batch.stop - batch.start) / len(targets)
            total += share * _joined(found, parameters)
        if not np.isfinite(total).all():
            raise ValueError("the loss or its second derivatives are not finite at these weights.")
        return total

    eigenvalues, residuals, V, converged = _largest(product, D, k, rtol, seed)
    trace, trace_se = _trace(product, V, D, probes, seed)
    return Sharpness(eigenvalues, residuals, trace, trace_se, converged)


def _largest(
    product: Callable[[Array], Array], D: int, k: int, rtol: float, seed: int
) -> tuple[Array, Array, Array, bool]:
    if k == 0:
        return np.empty(0), np.empty(0), np.empty((D, 0)), True
    operator = LinearOperator((D, D), matvec=product, dtype=np.float64)
    start = normals(seed, 0, 0, np.arange(D))
    converged = True
    try:
        values, V = eigsh(operator, k=k, which="LA", tol=rtol, v0=start, ncv=min(D, max(2 * k + 1, 20)))
    except ArpackNoConvergence as partial:
        values, V, converged = partial.eigenvalues, partial.eigenvectors, False
    order = np.argsort(-values)
    values, V = values[order], V[:, order]
    residuals = np.array([np.linalg.norm(product(v) - l * v) for l, v in zip(values, V.T, strict=True)])
    missing = k - len(values)
    return np.append(values, np.full(missing, np.nan)), np.append(residuals, np.full(missing, np.inf)), V, converged


def _trace(product: Callable[[Array], Array], V: Array, D: int, probes: int, seed: int) -> tuple[float, float]:
    if probes == 0:
        return float("nan"), float("nan")
    samples = np.empty(probes)
    for i in range(probes):
        z = np.where(normals(seed, 1, i, np.arange(D)) > 0, 1.0, -1.0)
        z -= V @ (V.T @ z)
        samples[i] = z @ product(z)
    explained = sum(float(v @ product(v)) for v in V.T)
    return explained + float(samples.mean()), float(samples.std(ddof=1) / np.sqrt(probes))


def _slopes(along: Any, parameters: list[nn.Parameter]) -> tuple[Tensor | None, ...]:
    if not isinstance(along, Tensor) or not along.requires_grad:
        return (None,) * len(parameters)  # the loss is linear in the weights
    return torch.autograd.grad(along, parameters, allow_unused=True)


def _split(v: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    parts = v.split([p.numel() for p in parameters])
    return [part.reshape(p.shape).to(p) for part, p in zip(parts, parameters, strict=True)]


def _joined(found: tuple[Tensor | None, ...], parameters: list[nn.Parameter]) -> Array:
    """One vector; a parameter on which the slope does not depend has second derivative 0."""
    parts = [torch.zeros_like(p) if part is None else part for part, p in zip(found, parameters, strict=True)]
    return torch.cat([part.reshape(-1).double().cpu() for part in parts]).numpy()
