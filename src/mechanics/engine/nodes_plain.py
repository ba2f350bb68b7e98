"""The equations of a Gauss step, solved in plain Python: for uncompiled runs, and as what tests compare with."""

from typing import Any

import numpy as np

from ..methods.gauss import Gauss
from .nodes import CLOSE, HUGE, LOW_TURNS, MOST


def plain_nodes(data: Gauss, plain: bool, carried: int) -> Any:
    """As `nodes.node_kernel`, for any number of components."""
    s, c, b = data.stages, data.c, data.b
    A, low, guess = (data.AA[0], data.AA[1], data.guess2) if plain else (data.A[0], data.A[1], data.guess)

    def solve(drift: Any, t: float, dt: float, y: Any, p: Any, K: Any, y1: Any) -> float:
        n = len(y)
        d = n // 2 if plain else 0
        k = K.reshape(-1, n)
        before, e, after, e1 = k[:s], k[s], k[carried : carried + s], k[carried + s]
        own = slice(0, n - d)
        v, e_v = y[d:], e[d:]

        def nodes(total: Any, extra: Any) -> Any:
            slopes = total + extra
            if plain:
                slopes = c[0][:, None] * v + (dt * slopes + (c[0][:, None] * e_v + c[1][:, None] * v))
            return y[own] + (dt * slopes + e[own])

        Y = np.tile(y, (s, 1))
        Y[:, own] = nodes(guess @ before[:, d:], 0.0)
        extra, change, spent = np.zeros((s, n - d)), HUGE, np.inf
        for turn in range(MOST):
            after[:] = np.nan
            for i in range(s):
                drift(t + c[0][i] * dt, Y[i], p, after[i])
            if turn in LOW_TURNS:
                scale = np.abs(Y[:, own]).max()
                extra = low @ after[:, d:]
            new = nodes(A @ after[:, d:], extra)
            moved = float(np.abs(new - Y[:, own]).max())
            Y[:, own] = new
            if moved == 0.0 or (moved >= change and moved <= CLOSE * scale):
                spent = float(s * (turn + 1))
                break
            if not moved < HUGE:
                break
            change = moved
        mean = (b[1] @ after + b[0] @ after)[d:]
        increment = dt * mean + e[d:]
        if plain:
            double_mean = (data.bA[1] @ after + data.bA[0] @ after)[d:]
            increment = np.concatenate([dt * v + (dt * (e_v + dt * double_mean) + e[own]), increment])
        y1[:] = y + increment
        part = y1 - y
        e1[:] = (y - (y1 - part)) + (increment - part)
        return spent

    return solve
