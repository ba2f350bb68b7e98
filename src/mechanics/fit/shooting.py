"""Multiple shooting: a trajectory cut into pieces with initial states of their own, joined more and more firmly.

    min  sum r^2 + rho^2 <w^2> sum |y(t_k; s_{k-1}) - s_k|^2,   rho = 0.3, 3, 30, 300

Short pieces cannot lose the data, so that a poor start does not end in the flat curve that single shooting falls
into with long oscillating or chaotic series. What comes out is a start for single shooting.

Bock, in Deuflhard, Hairer, Numerical Treatment of Inverse Problems (Birkhaeuser, 1983) 95-121; joined there by
constraints, here by a growing penalty.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from .bounds import strictly_inside
from .ode_objective import OdeObjective

Array = NDArray[np.float64]
FIRMNESS = (0.3, 3.0, 30.0, 300.0)
TURNS = 30  # evaluations of each


def shoot(objective: OdeObjective, theta: Array, pieces: int) -> Array | None:
    """Parameters (and initial states) where the pieces join; None where they cannot be solved.

    The model must take derivatives along the initial state.
    """
    cuts = [np.unique(np.linspace(0, len(ts) - 1, pieces + 1).astype(int)) for ts in objective.data.ts]
    nodes = _nodes(objective, theta, cuts)
    if nodes is None:
        return None
    m, n = len(objective.model.named), objective.y0.shape[1]
    x = np.concatenate([theta[:m], *(node.ravel() for node in nodes)])
    scale = np.concatenate([objective.scale[:m], *(_spread(objective, s, n, len(nodes[s])) for s in range(len(nodes)))])
    low, high = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    low[:m], high[:m] = objective.lower[:m], objective.upper[:m]
    x = strictly_inside(x, low, high)
    firm = 1.0
    for firm in FIRMNESS:
        cache: dict[str, Any] = {}

        def both(point: Array, firm: float = firm, cache: dict[str, Any] = cache) -> tuple[Array, Array]:
            if "x" not in cache or not np.array_equal(cache["x"], point):
                cache["x"], cache["r"] = point.copy(), _joined(objective, point, cuts, firm)
            return cache["r"]

        if not np.isfinite(both(x)[0]).all():
            return None
        huge = 1e3 * (1.0 + float(np.abs(both(x)[0]).max()))
        x = least_squares(
            lambda point, both=both, huge=huge: np.where(np.isfinite(both(point)[0]), both(point)[0], huge),
            x, lambda point, both=both: both(point)[1], bounds=(low, high), x_scale=scale, max_nfev=TURNS,
        ).x  # fmt: skip
    if not objective.fit_y0:
        return np.asarray(x[:m])
    starts, at = [], m
    for cut in cuts:
        starts.append(x[at : at + n])
        at += n * (len(cut) - 1)
    return np.concatenate([x[:m], *starts])


def _nodes(objective: OdeObjective, theta: Array, cuts: list[Any]) -> list[Array] | None:
    """Initial states of the pieces: observed components from the data, the others from the model's own curve."""
    out = []
    _, y0 = objective.split(theta)
    seen = objective.model.observe
    for s, path in enumerate(objective.paths(theta)):
        ts, y = objective.data.ts[s], objective.data.ys[s]
        n = y0.shape[1]
        curve = path.ys if len(path.ys) == len(ts) else np.tile(y0[s], (len(ts), 1))
        columns: Any = np.arange(n) if seen is None else seen if isinstance(seen, np.ndarray) else ()
        for k, column in enumerate(columns):
            there = np.isfinite(y[:, k])
            if there.any():
                curve[:, column] = np.interp(ts, ts[there], y[there, k])
        node = curve[cuts[s][:-1]]
        node[0] = y0[s]
        if not np.isfinite(node).all():
            return None
        out.append(node)
    return out


def _spread(objective: OdeObjective, s: int, n: int, pieces: int) -> Array:
    size = float(np.nanstd(objective.data.ys[s])) or 1.0
    return np.full(n * pieces, size)


def _joined(objective: OdeObjective, x: Array, cuts: list[Any], firm: float) -> tuple[Array, Array]:
    """Residuals of data and joints with their Jacobian."""
    m, n = len(objective.model.named), objective.y0.shape[1]
    data, t0 = objective.data, objective.model.problem.t0
    parts, rows, at = [], [], m
    for s, cut in enumerate(cuts):
        w, y, ts = data.weights[s], data.ys[s], data.ts[s]
        pull = firm * float(np.sqrt((w[w > 0] ** 2).mean()))
        for k in range(len(cut) - 1):
            own = slice(at + k * n, at + (k + 1) * n)
            a, b = cut[k], cut[k + 1]
            begin = t0 if k == 0 else ts[a]
            path = objective.model.run(x[:m], x[own], begin, ts[a : b + 1])
            good = path.status.ok and len(path.ys) == b + 1 - a and np.isfinite(path.dys).all()
            last = k == len(cut) - 2
            use = w[a : b + last] > 0
            J = np.zeros((int(use.sum()), len(x)))
            if not good:
                parts.append(np.full(len(J) + (0 if last else n), np.inf))
                rows.append(np.zeros((len(parts[-1]), len(x))))
                continue
            here = slice(0, b + last - a)
            parts.append((w[a : b + last] * (path.seen[here] - np.where(use, y[a : b + last], 0.0)))[use])
            weighted = (w[a : b + last, :, None] * path.dseen[here])[use]
            J[:, :m], J[:, own] = weighted[:, :m], weighted[:, m:]
            rows.append(J)
            if not last:
                D = np.zeros((n, len(x)))
                after = slice(own.stop, own.stop + n)
                D[:, :m], D[:, own] = pull * path.dys[-1, :, :m], pull * path.dys[-1, :, m:]
                D[:, after] = -pull * np.eye(n)
                parts.append(pull * (path.ys[-1] - x[after]))
                rows.append(D)
        if not objective.fit_y0:
            for i in range(len(rows)):
                rows[i][:, at : at + n] = 0.0
        at += n * (len(cut) - 1)
    return np.concatenate(parts), np.concatenate(rows)
