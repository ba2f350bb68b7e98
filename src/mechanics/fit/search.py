"""Least squares for the chain: a coarse scan for starts, then bounded least squares from the best."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from .data import Array, ChainData
from .levenberg import least_squares
from .model import RTOL, ChainModel
from .models import MODELS

STARTS = 2  # best of the scan that are refined; valleys meet at bounds, one start can stop in the wrong one
CANDIDATES = 6  # best of the scan from which an extension's own parameter is tried out
MOST_STEPS = 60
MORE_STEPS = 120  # for an extension, whose parameter and the friction can share a bent valley
FTOL = 1e-7  # relative change of the sum of squares at which a search has settled
OFFSET = 1e-3  # part of the residuals that a last step could still take away, as Bates and Watts recommend
FLAT = 1e-4  # of the largest singular value: below it a direction is the noise of the integration
FINE_OFFSET = 1e-4  # the same where nothing is left out: the sum of squares is then within 1e-8 of its least
ROUGH_RTOL, ROUGH_OFFSET, ROUGH_FTOL = 1e-4, 1e-2, 1e-5  # of searches that only lead to the start of the last one
NEAR_RTOL = 1e-5  # of the search that follows; the last one then takes a step or two
BUDGET = 40_000  # steps of integration in one search: chains that ring between the epochs take thousands a curve
FAST_ENOUGH = 1.0  # e-folds below the upper bound of the rate
SLIDING = float(np.log(0.02)), float(np.log(0.001))  # friction and noise of blocks that slide all but noiselessly
FAILED = 1e3  # a residual, in largest displacements, where the chain could not be integrated
SCAN_RTOL = 1e-4  # the scan tells 10 % from 20 %, not more


@dataclass(frozen=True)
class Found:
    """Least-squares solution: parameters, curve and residuals (m, blocks) in the data's unit, success and reason.

    `weighed` are the residuals as the fit saw them: over R, weighted, zero where nothing was measured.
    """

    model: ChainModel
    theta: Array
    fitted: Array
    residuals: Array
    weighed: Array
    converged: bool
    message: str

    @property
    def sum_of_squares(self) -> float:
        """Of the weighted residuals, in squared units of D."""
        return float((self.weighed**2).sum()) * self.model.scale**2


def search(data: ChainData, model: ChainModel, start: Array | None = None) -> Found:
    """Best fit of the model to the mean history."""
    if start is not None:
        return refine(data, model, start)
    if not model.form.extras:
        return _best(data, model, _distinct(_scan(data, model), STARTS))
    plain = replace(model, form=MODELS["uniform"])
    scanned = _scan(data, plain)
    uniform = _roughly(data, plain, _distinct(scanned, STARTS))[0]
    # from the uniform fit, so that an extension never fits worse, and from elsewhere
    near = _extended(data, model, [uniform.theta])
    far = _extended(data, model, [point for _, point in scanned[:CANDIDATES]])
    return _best(data, model, [near[0][1], far[0][1]])


def _best(data: ChainData, model: ChainModel, starts: list[Array]) -> Found:
    """The best of rough searches, finished."""
    best = _roughly(data, model, starts)[0]
    k, c, s = (model.names.index(name) for name in ("log k", "log c", "log s"))
    if best.theta[k] > model.bounds()[1][k] - FAST_ENOUGH and best.theta[s] > SLIDING[1]:
        # at rest between any two epochs: noise that frees the blocks was found, friction alone is another valley
        other = best.theta.copy()
        other[c], other[s] = SLIDING
        best = _roughly(data, model, [best.theta, other])[0]
    near = refine(data, model, best.theta, rtol=NEAR_RTOL)
    return refine(data, model, near.theta)


def _roughly(data: ChainData, model: ChainModel, starts: list[Array]) -> list[Found]:
    """Where loose searches from the starts end, best first."""
    founds = [
        refine(data, model, theta, rtol=ROUGH_RTOL, offset=ROUGH_OFFSET, ftol=ROUGH_FTOL, most=MOST_STEPS)
        for theta in starts
    ]
    return sorted(founds, key=lambda found: found.sum_of_squares)


def refine(
    data: ChainData,
    model: ChainModel,
    theta: Array,
    held: tuple[int, ...] = (),
    *,
    rtol: float = RTOL,
    offset: float = FINE_OFFSET,
    ftol: float = FTOL,
    most: int | None = None,
) -> Found:
    """Least squares from theta, with the parameters `held` kept where they are.

    It ends where a step would take away less than the part `offset` of the residuals in any direction, or where `ftol`
    says so, or after `most` evaluations; `rtol` is that of the integration.
    """
    x, end = data.mean
    low, high = model.bounds()
    free = np.array([i for i in range(len(theta)) if i not in held])
    theta = theta.copy()
    root = data.root_weight.ravel()[:, None]
    curves: dict[bytes, Array] = {}
    spent = 0

    def full(part: Array) -> Array:
        theta[free] = part
        return theta

    def residuals(part: Array) -> Array:
        return data.weighed(model.curve(full(part), x[0], end, rtol) - x)

    def both(part: Array) -> tuple[Array, Array]:
        nonlocal spent
        curve, J, steps = model.counted(full(part), x[0], end, rtol)
        spent += steps
        curves[part.tobytes()] = curve
        r, J = data.weighed(curve - x), root * J[:, free]
        if np.isfinite(r).all() and np.isfinite(J).all():
            return r, J
        return np.full(r.size, FAILED), np.zeros_like(J)

    if most is None:
        most = MOST_STEPS // 3 if held else MORE_STEPS if model.form.extras else MOST_STEPS
    inside = (low + 1e-6)[free], (high - 1e-6)[free]
    budget = BUDGET if not held else BUDGET // 3
    done = least_squares(
        both, residuals, theta[free], *inside, offset=offset, ftol=ftol, xtol=1e-6, most=most,
        enough=lambda: spent > budget,
    )  # fmt: skip
    best, weighed = full(done.theta).copy(), -done.residuals
    fitted = curves[done.theta.tobytes()]
    if not np.isfinite(fitted).all():
        reason = "The chain could not be integrated near the start; give start= closer to the data."
        return Found(model, best, fitted, np.full_like(x, FAILED), weighed, False, reason)
    misfit = np.where(data.measured, x - fitted, 0.0)
    if done.settled:
        return Found(model, best, fitted, misfit, weighed, True, "Converged.")
    if _relative_offset(done.jacobian, done.residuals) < OFFSET:
        reason = "Converged, except along a direction that changes nothing."
        return Found(model, best, fitted, misfit, weighed, True, reason)
    reason = f"Stopped after {done.evaluations} steps before the fit settled; give start= (a previous fit's values)."
    return Found(model, best, fitted, misfit, weighed, False, reason)


def _relative_offset(J: Array, residual: Array) -> float:
    """Length of the residual's part in the tangent plane, flat directions left out, over that of the residual.

    Bates, Watts, Technometrics 23 (1981) 179: a convergence criterion that no parametrisation changes.
    """
    U, values, _ = np.linalg.svd(J, full_matrices=False)
    inside = U[:, values > FLAT * values[0]].T @ residual
    return float(np.linalg.norm(inside)) / max(float(np.linalg.norm(residual)), 1e-300)


def _scan(data: ChainData, model: ChainModel) -> list[tuple[float, Array]]:
    """A grid in rate, friction, noise and build-up of the uniform chain: costs and points, best first."""
    x, end = data.mean
    L, R = model.blocks + 1, model.scale
    row = np.flatnonzero(np.isfinite(x).any(axis=1))[-1]  # of hidden data the last that is left
    known = np.isfinite(x[row])
    l = np.arange(1, L)
    # (8) is linear in Y and mu_eff/k
    columns, final = np.stack([l / L, -0.5 * l * (L - l)], axis=1)[known], x[row, known]
    target = model.known_target if model.known_target is not None else (end[row] if end is not None else None)
    if target is None:
        Y, bend = np.linalg.lstsq(columns, final, rcond=None)[0]
    else:
        Y, bend = target, columns[:, 1] @ (final - target * columns[:, 0]) / (columns[:, 1] @ columns[:, 1])
    span, shortest = model.intervals()
    grid: dict[str, Array] = {
        "Y": np.array([Y / R]),
        "mu_eff/k": np.array([bend / R]),
        "log k": np.log(np.geomspace(3 / span, 30 / shortest, 6)),
        "log c": np.log([0.01, 0.1]),
        "log s": np.log([0.01, 0.1, 1.0]),
        "log tau": np.log(np.array([0.02, 0.1, 0.4]) * span),
    }
    return _ranked(data, model, [np.array(theta) for theta in product(*(grid[name] for name in model.names))])


def _extended(data: ChainData, model: ChainModel, points: list[Array]) -> list[tuple[float, Array]]:
    """Points of the uniform chain with the trial values of the extension's parameters: costs and points, best first."""
    span, shortest = model.intervals()
    trials = list(product(*(extra.trials(shortest, span) for extra in model.form.extras)))
    return _ranked(data, model, [np.r_[point, trial] for point in points for trial in trials])


def _ranked(data: ChainData, model: ChainModel, points: list[Array]) -> list[tuple[float, Array]]:
    x, end = data.mean
    low, high = model.bounds()
    tried = []
    for theta in points:
        point = np.clip(theta, low + 1e-6, high - 1e-6)
        cost = float((data.weighed(model.curve(point, x[0], end, SCAN_RTOL) - x) ** 2).sum())
        tried.append((cost if np.isfinite(cost) else np.inf, point))
    tried.sort(key=lambda pair: pair[0])
    return tried


def _distinct(ranked: list[tuple[float, Array]], count: int) -> list[Array]:
    """The best few, each of another rate or noise."""
    chosen: list[Array] = []
    for _, point in ranked:
        if all(np.abs(point - other).max() > 0.5 for other in chosen):
            chosen.append(point)
        if len(chosen) == count:
            break
    return chosen
