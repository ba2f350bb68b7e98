"""Least squares for the chain: a coarse scan for starts, then a bounded trust-region search from the best."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from .data import Array, ChainData
from .model import ChainModel

STARTS = 2  # best of the scan that are refined; valleys meet at bounds, one start can stop in the wrong one
MOST_STEPS = 60
OFFSET = 1e-3  # part of the residuals that a last step could still take away, as Bates and Watts recommend
FLAT = 1e-4  # of the largest singular value: below it a direction is the noise of the difference quotients


@dataclass(frozen=True)
class Found:
    """Least-squares solution: parameters, residuals (m, blocks) in the data's unit, cost, success and reason."""

    model: ChainModel
    theta: Array
    fitted: Array
    residuals: Array
    converged: bool
    message: str

    @property
    def sum_of_squares(self) -> float:
        """Of the residuals, in squared units of D."""
        return float((self.residuals**2).sum())


def search(data: ChainData, model: ChainModel, start: Array | None = None) -> Found:
    """Best fit of the model to the mean history."""
    x, end = _means(data)
    starts = [start] if start is not None else _scan(model, x, end)
    best: Found | None = None
    for theta in starts:
        found = refine(model, theta, x, end)
        if best is None or found.sum_of_squares < best.sum_of_squares:
            best = found
    assert best is not None  # the scan returns at least one start
    return best


def refine(model: ChainModel, theta: Array, x: Array, end: Array | None, held: tuple[int, ...] = ()) -> Found:
    """Trust-region least squares from theta, with the parameters `held` kept where they are."""
    low, high = model.bounds()
    free = np.array([i for i in range(len(theta)) if i not in held])
    theta = theta.copy()

    def full(part: Array) -> Array:
        theta[free] = part
        return theta

    def residual(part: Array) -> Array:
        r = ((model.curve(full(part), x[0], end) - x) / model.scale).ravel()
        return r if np.isfinite(r).all() else np.full(r.size, 1e3)

    def jacobian(part: Array) -> Array:
        J = model.jacobian(full(part), x[0], end)[:, free]
        return np.nan_to_num(J, nan=0.0)

    inside = np.clip(theta[free], low[free] + 1e-6, high[free] - 1e-6)
    # scale 1: all parameters are in natural units already, and columns that vanish (flat directions) stay put
    done = least_squares(
        residual,
        inside,
        jacobian,
        (low[free], high[free]),
        ftol=1e-7,
        xtol=1e-6,
        gtol=1e-10,
        max_nfev=MOST_STEPS if not held else MOST_STEPS // 3,
    )
    best = full(done.x).copy()
    fitted = model.curve(best, x[0], end)
    if not np.isfinite(fitted).all():
        reason = "The chain could not be integrated near the start; give start= closer to the data."
        return Found(model, best, fitted, np.full_like(x, 1e3), False, reason)
    if done.status > 0:
        return Found(model, best, fitted, x - fitted, True, "Converged.")
    if _relative_offset(jacobian(done.x), done.fun) < OFFSET:
        return Found(model, best, fitted, x - fitted, True, "Converged, except along a direction that changes nothing.")
    reason = f"Stopped after {MOST_STEPS} steps before the fit settled; give start= (a previous fit's values)."
    return Found(model, best, fitted, x - fitted, False, reason)


def _relative_offset(J: Array, residual: Array) -> float:
    """Length of the residual's part in the tangent plane, flat directions left out, over that of the residual.

    Bates, Watts, Technometrics 23 (1981) 179: a convergence criterion that no parametrisation changes.
    """
    U, values, _ = np.linalg.svd(J, full_matrices=False)
    inside = U[:, values > FLAT * values[0]].T @ residual
    return float(np.linalg.norm(inside)) / max(float(np.linalg.norm(residual)), 1e-300)


def _scan(model: ChainModel, x: Array, end: Array | None) -> list[Array]:
    """The best few of a grid in rate, friction, noise and build-up, each of another rate or noise."""
    L, R = model.blocks + 1, model.scale
    l = np.arange(1, L)
    # (8) is linear in Y and mu_eff/k
    columns = np.stack([l / L, -0.5 * l * (L - l)], axis=1)
    known = model.known_target if model.known_target is not None else (end[-1] if end is not None else None)
    if known is None:
        Y, bend = np.linalg.lstsq(columns, x[-1], rcond=None)[0]
    else:
        Y, bend = known, columns[:, 1] @ (x[-1] - known * columns[:, 0]) / (columns[:, 1] @ columns[:, 1])
    span, shortest = model.ts[-1] - model.ts[0], np.diff(model.ts).min()
    low, high = model.bounds()
    grid = {
        "Y": [Y / R],
        "mu_eff/k": [bend / R],
        "log k": np.log(np.geomspace(3 / span, 30 / shortest, 6)),
        "log c": np.log([0.01, 0.1]),
        "log s": np.log([0.01, 0.1, 1.0]),
        "log tau": np.log(np.array([0.02, 0.1, 0.4]) * span),
    }
    tried = []
    for theta in product(*(grid[name] for name in model.names)):
        point = np.clip(np.array(theta), low + 1e-6, high - 1e-6)
        cost = float(((model.curve(point, x[0], end) - x) ** 2).sum())
        tried.append((cost if np.isfinite(cost) else np.inf, point))
    tried.sort(key=lambda pair: pair[0])
    chosen: list[Array] = []
    for _, point in tried:
        if all(np.abs(point - other).max() > 0.5 for other in chosen):
            chosen.append(point)
        if len(chosen) == STARTS:
            break
    return chosen


def _means(data: ChainData) -> tuple[Array, Array | None]:
    return data.x.mean(axis=0), None if data.end is None else data.end.mean(axis=0)
