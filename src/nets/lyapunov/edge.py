"""How far a training is from the edge of stability: curvature beside what the optimiser can bear.

A step on a quadratic of curvature h is stable while lr h < limit:
    SGD 2, momentum 2 (1 + beta) / (1 - damp), Nesterov 2 (1 + beta) / (1 + 2 beta), RMSProp 2 (1 + mu),
    Adam 2 (1 + b1) / (1 - b1)
For Adam and RMSProp h is an eigenvalue of P^(1/2) H P^(1/2), P = 1 / d, d the denominator of their step, which changes
slowly. Weight decay within the gradient adds to H.

Cohen et al., ICLR 2021, arXiv:2103.00065; Cohen et al., arXiv:2207.14484 for preconditioned sharpness.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from mechanics.noise import normals

from ..ensembles.optimisers import SGD, Adam, AdamW, Optimiser, RMSProp
from .run import State, Training

RTOL = 1e-6  # of an eigenvalue


class Edge(NamedTuple):
    """Curvature of the loss of all data."""

    loss: float
    sharpness: float  # largest eigenvalue of the Hessian
    preconditioned: float  # of P^(1/2) (H + c) P^(1/2), c the weight decay within the gradient
    ratio: float  # lr x preconditioned / limit: 1 at the edge


def stability_limit(optimiser: Optimiser, dampening: float = 0.0) -> float:
    """Largest stable lr x curvature on a quadratic."""
    if isinstance(optimiser, SGD):
        beta = optimiser.momentum
        if optimiser.nesterov:
            return 2 * (1 + beta) / (1 + 2 * beta)
        return 2 * (1 + beta) / (1 - dampening) if beta else 2.0
    if isinstance(optimiser, Adam):
        return 2 * (1 + optimiser.beta1) / (1 - optimiser.beta1)
    return 2 * (1 + optimiser.momentum) if isinstance(optimiser, RMSProp) else 2.0


def edge(job: Training, state: State) -> Edge:
    """The edge at a state; numbers that do not converge are NaN."""
    w, step = state.at.w, job.step(state.n)
    loss, _, products = job.network.linearised(w, job.batches.x, job.batches.y, -1)
    inside = 0.0 if isinstance(step.optimiser, AdamW) else step.weight_decay
    sharpness = _largest(products, None, job)
    if isinstance(step.optimiser, SGD):
        preconditioned = sharpness + inside
    elif not state.n:
        preconditioned = float("nan")  # memories are empty: the step has no denominator yet
    else:
        root = _inverse_denominator(state, step.optimiser).sqrt()
        preconditioned = _largest(lambda v: root * (products(root * v) + inside * root * v), root, job)
    ratio = step.lr * preconditioned / stability_limit(step.optimiser, step.dampening)
    return Edge(float(loss), sharpness, preconditioned, ratio)


def _inverse_denominator(state: State, optimiser: Optimiser) -> Tensor:
    """1 / d of the step that led here."""
    v = state.at.memory[-1]
    if isinstance(optimiser, Adam):
        v = v / (1 - optimiser.beta2**state.n)
    return 1 / (v.sqrt() + optimiser.eps)  # type: ignore[union-attr]


def _largest(products, root, job: Training) -> float:  # type: ignore[no-untyped-def]
    D, like = job.network.D, job.network.start

    def product(v):  # type: ignore[no-untyped-def]
        row = torch.as_tensor(np.ascontiguousarray(v).reshape(1, D), dtype=like.dtype, device=like.device)
        return products(row).reshape(D).double().cpu().numpy()

    if D == 1:
        return float(product(np.ones(1))[0])
    start = normals(job.seed, 0, 0, np.arange(D))
    try:
        operator = LinearOperator((D, D), matvec=product, dtype=np.float64)
        found = eigsh(operator, k=1, which="LA", tol=RTOL, v0=start, return_eigenvectors=False)
    except ArpackError:
        return float("nan")
    return float(found[0])
