"""Exponents of the function that a network is, rather than of its weights.

    |d f|^2 = (1/N) sum over probes of df^T M df,   M = 1 (logits), diag(p) - p p^T (Fisher: twice the KL divergence)
    exponents over [0, T]: (1/T) log of the singular values of A_T P_T A_0^+,   A_t = M^(1/2) J_f(w_t) Q_t / sqrt N

P_T is the product of the triangles of the run. Directions without effect on the function at the start are left out
(symmetries), so that the largest exponent may be below that of the weights. KL and Jensen-Shannon divergences grow at
twice these rates.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .product import Product, log_singular_values
from .run import State, Training

Array = NDArray[np.float64]
NULL = 1e-10  # of the largest singular value: a direction in which the function does not change


class Effect(NamedTuple):
    """What the frame of a state does to the function: triangle of A (k, k), and the length of its first column."""

    triangle: Array
    first: float


def effect(job: Training, state: State) -> Effect:
    """The effect of the frame on the outputs at the probes."""
    assert job.probe is not None
    W = job.from_chart(state.Q, state.at, state.n)[0]
    f, along = job.network.slopes(state.at.w, job.probe, W)
    A = weighted(f, along, job.metric).reshape(job.k, -1) / len(f) ** 0.5
    R = torch.linalg.qr(A.T, mode="r").R.double().cpu().numpy()
    triangle = np.zeros((job.k, job.k))
    triangle[: len(R)] = R
    return Effect(triangle, float(A[0].norm()))


def weighted(f: Tensor, along: Tensor, metric: str) -> Tensor:
    """M^(1/2) times the derivatives (k, N, C) at outputs f (N, C), up to a rotation."""
    if metric == "logit":
        return along
    p = torch.softmax(f, dim=1)
    return p.sqrt() * (along - (p * along).sum(dim=2, keepdim=True))  # (diag p - p p^T) = B^T B


def exponents(first: Effect, now: Effect, P: Product, T: int) -> tuple[Array, float]:
    """Exponents of the span, descending, and that of the first vector alone; T is the number of steps."""
    _, s, Vt = np.linalg.svd(first.triangle)
    rank = int((s > NULL * s[0]).sum()) if s[0] > 0 else 0
    if not rank:
        return np.empty(0), np.nan
    values = log_singular_values(now.triangle, P, Vt[:rank].T / s[:rank]) / T
    with np.errstate(divide="ignore"):
        alone = P.l[0] + np.log(abs(P.U[0, 0])) + np.log(now.first) - np.log(first.first)
    return values, float(alone / T)
