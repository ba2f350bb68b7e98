"""Descent on the discrete geometric action, midpoint rule, with points kept at equal distances.

    S = int (|x'|_a |b|_a - x' . a^-1 b) ds

Heymann, Vanden-Eijnden, Comm. Pure Appl. Math. 61 (2008) 1052-1117, (1.10).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .flow import Flow

Array = NDArray[np.float64]
ROUNDS = 40  # of descent and equal spacing
SPACING = 10.0  # weight of the penalty on unequal steps: it moves points along the path only
TINY = 1e-30  # added to squares under roots: lengths and drifts may vanish at rest points


class Search:
    """Descent on the discrete geometric action, midpoint rule."""

    def __init__(self, flow: Flow, metric: Array, tol: float) -> None:
        self.flow, self.metric, self.tol = flow, metric, tol

    def value(self, x: Array) -> tuple[float, Array]:
        """Action and its gradient with respect to all points (N + 1, d)."""
        step, middle = np.diff(x, axis=0), 0.5 * (x[1:] + x[:-1])
        zero = np.zeros(len(step))
        b, J = self.flow.slopes(zero, middle), self.flow.matrices(zero, middle)
        step_a, b_a = step @ self.metric, b @ self.metric
        length, speed = (np.sqrt((u * v).sum(axis=1) + TINY) for u, v in ((step, step_a), (b, b_a)))
        action = float((length * speed - (step * b_a).sum(axis=1)).sum())
        by_step = (speed / length)[:, None] * step_a - b_a
        by_middle = np.einsum("iab,ia->ib", J, (length / speed)[:, None] * b_a - step_a)
        gradient = np.zeros_like(x)
        gradient[1:] += by_step + 0.5 * by_middle
        gradient[:-1] += -by_step + 0.5 * by_middle
        return action, gradient

    def across(self, x: Array) -> float:
        """Largest component of the gradient normal to the path, over the mean drift times the metric."""
        gradient = self.value(x)[1][1:-1]
        along = x[2:] - x[:-2]
        along /= np.sqrt((along * along).sum(axis=1, keepdims=True) + TINY)
        normal = gradient - (gradient * along).sum(axis=1, keepdims=True) * along
        b = self.flow.slopes(np.zeros(len(x)), x) @ self.metric
        return float(np.abs(normal).max(initial=0.0) / np.sqrt((b * b).sum(axis=1)).mean())

    def minimise(self, x: Array, rounds: int = ROUNDS) -> tuple[Array, float, float]:
        """Points, action, gradient across the path."""
        N, d = len(x) - 1, x.shape[1]

        def penalised(inner: Array) -> tuple[float, Array]:
            y = x.copy()
            y[1:-1] = inner.reshape(-1, d)
            action, gradient = self.value(y)
            step = np.diff(y, axis=0)
            squares = (step * step).sum(axis=1)
            mean = squares.mean()
            weight = SPACING * scale / (N * mean0 * mean0)
            off = squares - mean
            slope = 4.0 * weight * off[:, None] * step
            gradient[1:] += slope
            gradient[:-1] -= slope
            return action + weight * float((off * off).sum()), gradient[1:-1].ravel()

        miss = np.inf
        for _ in range(rounds):
            squares = (np.diff(x, axis=0) ** 2).sum(axis=1)
            mean0, scale = float(squares.mean()), max(self.value(x)[0], 1e-12)
            found = minimize(
                penalised, x[1:-1].ravel(), jac=True, method="L-BFGS-B",
                options={"maxiter": 400, "ftol": 0.0, "gtol": 1e-2 * self.tol * np.sqrt(scale), "maxcor": 40},
            )  # fmt: skip
            x = x.copy()
            x[1:-1] = found.x.reshape(-1, d)
            x = equally_spaced(x, N)
            miss = self.across(x)
            if miss <= self.tol:
                break
        return x, self.value(x)[0], miss


def equally_spaced(x: Array, N: int) -> Array:
    """N + 1 points at equal distances along the polygon x."""
    s = np.concatenate(([0.0], np.cumsum(np.sqrt((np.diff(x, axis=0) ** 2).sum(axis=1)))))
    at = np.linspace(0.0, s[-1], N + 1)
    new = np.stack([np.interp(at, s, x[:, a]) for a in range(x.shape[1])], axis=1)
    new[0], new[-1] = x[0], x[-1]
    return new
