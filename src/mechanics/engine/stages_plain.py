"""The parts of a step as plain Python, for uncompiled runs and as the reference that tests compare with."""

from typing import Any

import numpy as np

from ..methods.tableau import Tableau
from .stages import DOP853_WEIGHT, Stages


def plain_combinations(columns: Any) -> Any:
    """As `stages.combinations`."""
    rows = np.array(columns)

    def combine(y: Any, K: Any, Q: Any) -> None:
        k = K[: rows.shape[1] * len(y)].reshape(-1, len(y))
        used = [np.where(row[:, None] != 0.0, k * row[:, None], 0.0).sum(axis=0) for row in rows]
        Q[: len(rows) * len(y)] = np.concatenate(used)

    return combine


def plain_stages(tab: Tableau) -> Stages:
    """As `stages.explicit_stages`, for any number of components."""
    s = tab.stages

    def stages(drift: Any, t: float, dt: float, y: Any, p: Any, K: Any, y1: Any) -> None:
        k = K.reshape(-1, len(y))
        for i in range(1, s):
            y1[:] = y + dt * (np.array(tab.A[i]) @ k[:i])
            drift(t + tab.c[i] * dt, y1, p, k[i])
        y1[:] = y + dt * (tab.b @ k[:s])

    def extra(drift: Any, t: float, dt: float, y: Any, p: Any, K: Any, work: Any) -> None:
        k = K.reshape(-1, len(y))
        for i, (row, node) in enumerate(zip(tab.extra_A, tab.extra_c, strict=True), start=s + 1):
            work[:] = y + dt * (np.array(row) @ k[:i])
            drift(t + node * dt, work, p, k[i])

    return Stages(stages, plain_mean_square(tab.e), extra, plain_coefficients(tab.B))


def plain_mean_square(e: Any) -> Any:
    """As `stages.mean_square_kernel`."""

    def mean_square(dt: float, y: Any, y1: Any, K: Any, rtol: float, atol: Any) -> float:
        k = K[: len(y) * len(e[0])].reshape(-1, len(y))
        scale = atol + rtol * np.maximum(np.abs(y), np.abs(y1))
        squares = [float(np.sum((np.asarray(row) @ k / scale) ** 2 + (y1 - y1))) for row in e]
        if len(squares) == 1:
            return dt * dt * squares[0] / len(y)
        both = squares[0] + DOP853_WEIGHT * squares[1]
        return dt * dt * squares[0] ** 2 / (both or 1.0) / len(y)

    return mean_square


def plain_coefficients(B: Any) -> Any:
    """As `stages.coefficients_kernel`."""

    def coefficients(y: Any, K: Any, Q: Any) -> None:
        k = K[: len(y) * len(B)].reshape(-1, len(y))
        Q[: B.shape[1] * len(y)] = (B.T @ k).ravel()

    return coefficients
