"""What a geodesic is judged by, measured on what is returned by other means than those that found it.

network      weights W_l = Lt B_l S_{l-1}^T are swept forward and backward: activations and costates that come out
             against those that went in (residual), and cons = max_l ||W_l - Lt B_l S_{l-1}^T|| / ||W_l|| with them
continuous   shots of order eight from every node (residual), and the drift of H

Slopes at entries that stay on a kink must lie in [0, 1] and are part of what is certified.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ends import End
from .field import hamiltonian, states, weights
from .layers import Task, forward, misfit, penalty
from .network import energies
from .setting import Problem, Setting
from .shots import extent, gaps

Array = NDArray[np.float64]


class Certificate(NamedTuple):
    """Numbers that must be below tol."""

    residual: float
    """Start, end and steps, relative to the largest entry of A or of B."""
    cons: float
    """Miss of W_l = Lt B_l S_{l-1}^T; the largest gap of the shots for a continuous geodesic."""
    H_drift: float
    """max |H - H(0)| / (1 + Lt max |Tr(A B^T)|); NaN for a network, whose H varies by O(rho Lt)."""
    square: float
    """Integral of ||W||_F^2."""

    def meets(self, tol: float) -> bool:
        """Whether all are below tol."""
        drift = 0.0 if np.isnan(self.H_drift) else self.H_drift
        return bool(self.residual <= tol and self.cons <= tol and drift <= tol)


def of_network(task: Task, end: End, A: Array, B: Array, s: Array | None) -> Certificate:
    """Certificate of a critical network; `s` are slopes (L+1, w, N) where the activation alone does not say them."""
    w = task.X.shape[0]
    W = weights(task, A[:-1], B[1:])
    with np.errstate(over="ignore", invalid="ignore"):
        A_swept = np.array(forward(task, W))
        back = [B[-1]]
        slopes = task.act.slope(A_swept) if s is None else s
        for l in range(len(W) - 1, -1, -1):
            rho = task.rho[l]
            back.append((1 - rho * task.Lt) * back[-1] + rho * (slopes[l] * (W[l][:, :w].T @ back[-1])))
        B_swept = np.array(back[::-1])
        scale_A, scale_B = max(np.abs(A).max(), 1e-3), max(np.abs(B).max(), 1e-3)
        residual = max(
            float(np.abs(A_swept - A).max() / scale_A),
            float(np.abs(B_swept - B).max() / scale_B),
            float(np.abs(end.miss(A[-1], B[-1])).max() / (1.0 + scale_A)),
            float(np.abs(A[0] - task.X).max() / scale_A),
            _wrong_slopes(task, A, slopes, scale_A),
        )
        size = np.linalg.norm(W.reshape(len(W), -1), axis=1)
        miss = np.linalg.norm((W - weights(task, A_swept[:-1], B_swept[1:])).reshape(len(W), -1), axis=1)
        cons = float((miss / np.maximum(np.maximum(size, 1e-3 * size.max()), 1e-300)).max())
    square = float((np.asarray(task.rho) * size**2).sum())
    return Certificate(_number(residual), _number(cons), np.nan, square)


def _wrong_slopes(task: Task, A: Array, s: Array, scale: float) -> float:
    """How far slopes lie outside those of the activation: an entry must be zero, or its slope that of its side."""
    lower = task.act.parameter if task.act.name == "leaky" else 0.0
    sides = np.minimum(np.abs(A) / scale, np.abs(s - task.act.slope(A))).max()
    outside = max(lower - s.min(), s.max() - 1.0, 0.0) if task.act.kinked else 0.0
    return float(max(sides, outside))


def of_curve(task: Task, true: Task, end: End, y: Array, miss: float, accuracy: float = 1e-11) -> Certificate:
    """Certificate of a continuous geodesic through states at the nodes.

    `task` holds the slopes between crossings of kinks, which are missed by a time `miss`, `true` the activation itself.
    """
    found = gaps(task, y, np.asarray(task.rho), accuracy)
    scale = extent(task, y)
    A, B = states(task, y)
    gap = float((np.abs(found.gap) / scale).max()) + found.unsure
    ends = max(float(np.abs(A[0] - task.X).max()), float(np.abs(end.miss(A[-1], B[-1])).max())) / (1.0 + scale[0])
    H = hamiltonian(true, A, B)
    drift = float(np.abs(H - H[0]).max() / (1.0 + task.Lt * np.abs((A * B).sum((1, 2))).max()))
    return Certificate(_number(max(gap, ends, miss)), _number(gap), _number(drift), found.square)


def _number(value: float) -> float:
    return value if np.isfinite(value) else np.inf


def cost_of(problem: Problem, at: Setting, y: Array) -> tuple[float, float]:
    """J and the median of H, from the states at the nodes; a sum over the steps."""
    task = problem.task(at)
    A, B = states(task, y)
    if problem.scheme == "network":
        return float(misfit(task, A[-1]) + penalty(task, weights(task, A[:-1], B[1:]))), float(
            np.median(energies(task, A, B))
        )
    square = (weights(task, A, B) ** 2).sum((1, 2))
    steps = 0.5 * (np.asarray(task.rho) * (square[1:] + square[:-1])).sum()
    return float(misfit(task, A[-1]) + task.lam / (2 * task.Lt) * steps), float(np.median(hamiltonian(task, A, B)))


def rank_of(problem: Problem, at: Setting, y: Array, share: float = 0.03) -> int:
    """Singular values of A half-way above a share of the largest."""
    A = states(problem.task(at), y)[0]
    sizes = np.linalg.svd(A[len(A) // 2], compute_uv=False)
    return int((sizes > share * sizes[0]).sum()) if sizes[0] > 0 else 0


def cost_of_constant(task: Task) -> float:
    """Cost of the cheapest network without W, biases alone: outputs are P^T (c X + beta)."""
    N = task.X.shape[1]
    shrink = np.cumprod((1 - np.asarray(task.rho) * task.Lt)[::-1])[::-1]
    rest = task.Y - task.P.T @ (shrink[0] * task.X)
    mean = rest.mean(axis=1, keepdims=True) if task.bias else np.zeros((len(rest), 1))
    through = float((np.asarray(task.rho) * np.append(shrink[1:], 1.0) ** 2).sum())
    price = task.lam / (2 * task.Lt * through)
    return float(((rest - mean) ** 2).sum() / N + (mean**2).sum() * price / (1 + price))
