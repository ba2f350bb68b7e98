"""Collocation from guess to certificate: Newton on a mesh, defect, better mesh, until all measures are met."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reasons
from .boundary import FixedEnds, Unknowns
from .certificate import Certificate, certify
from .collocation import Collocation
from .flow import Flow
from .guess import Curve
from .mesh import refined
from .newton import Newton, newton
from .propagate import amplification_of, conjugate_points_of
from .result import TwoPoint

Array = NDArray[np.float64]
RETRY_BELOW = 200  # intervals: up to here a failed iteration is tried on a mesh of twice as many
MOST_MESHES = 30
NEAR_SINGULAR = 10.0  # times the defect: the linear system is singular within its own error
WILD = 0.1  # relative error estimate that no solution has


def by_collocation(
    flow: Flow,
    boundary: Any,
    unknowns: Unknowns,
    curve: Curve,
    tau: Array,
    order: int,
    tol: float,
    max_mesh: int,
    max_iterations: int,
) -> TwoPoint:
    """Arguments checked by `two_point`."""
    theta, first, iterations, aim = unknowns.start, curve, 0, tol
    smallest_seen, best = 1.0, np.inf
    for _ in range(MOST_MESHES):
        discrete = Collocation(flow, boundary, unknowns, tau, order)
        found = newton(
            discrete.residual,
            discrete.linearise,
            discrete.size,
            start_of(discrete, curve, theta),
            tol=max(1e-2 * tol, 1e-14),
            max_iterations=max_iterations,
        )
        iterations += found.iterations
        smallest_seen = min(smallest_seen, found.smallest) if found.outcome == "ok" else found.smallest
        y, _, new = discrete.split(found.x)
        if found.outcome != "ok":
            if len(tau) - 1 < RETRY_BELOW and 2 * len(tau) - 2 <= max_mesh:
                tau = np.sort(np.concatenate((tau, 0.5 * (tau[1:] + tau[:-1]))))
                curve, theta = first, unknowns.start
                continue
            reason = reasons.of_newton(found.outcome, found.smallest)
            return report(discrete, found, None, reason, iterations, tol)
        theta = new
        ts = discrete.times(theta)
        proof = certify(flow.with_p(unknowns.apply(theta)[0]), boundary, ts, y)
        if proof.meets(tol):
            lines = discrete.linearise(found.x)
            error = error_of(discrete, lines, found.x, proof)
            if lines.smallest > NEAR_SINGULAR * proof.defect + 1e-14 and error < WILD:
                return report(discrete, found, proof, reasons.CONVERGED, iterations, tol, lines, error)
            if aim <= 1e-4 * tol or aim < 1e-11:
                reason = reasons.of_newton("singular_jacobian", lines.smallest)
                return report(discrete, found, None, reason, iterations, tol, lines, error)
            aim *= 1e-2
        M = len(tau) - 1
        if not max_mesh > M:
            return report(discrete, found, None, reasons.mesh_limit(M, proof, tol), iterations, tol)
        if proof.defect <= aim and not proof.meets(tol):  # the drift or the residual asks for more than the defect
            aim *= 0.1
        if M > 200 and proof.defect > 0.5 * best:
            return report(discrete, found, None, reasons.precision(proof, tol), iterations, tol)
        best = min(best, proof.defect)
        tau = refined(tau, proof.defects, aim, order, max_mesh)
        curve = curve_through(proof, ts)
    return report(discrete, found, None, reasons.mesh_limit(len(tau) - 1, proof, tol), iterations, tol)


def start_of(discrete: Collocation, curve: Curve, theta: Array) -> Array:
    """The unknowns of a mesh from a curve: stages lie on it."""
    y = curve(discrete.tau)[0]
    h = np.diff(discrete.tau)
    stages = (discrete.tau[:-1, None] + h[:, None] * discrete.c).ravel()
    K = curve(stages)[1] / (discrete.unknowns.apply(theta)[1] - discrete.unknowns.t0)
    return np.concatenate((y.ravel(), K.ravel(), theta))


def curve_through(proof: Certificate, ts: Array) -> Curve:
    """A solution on one mesh as the guess on the next."""
    span = ts[-1] - ts[0]

    def curve(tau: Array) -> tuple[Array, Array]:
        u, du = proof.sol.with_slope(ts[0] + span * tau)
        return u, span * du

    return curve


def error_of(discrete: Collocation, lines: Any, x: Array, proof: Certificate) -> float:
    """What the defect does to the solution, by the linearised equations; relative to the size of y, and of theta."""
    y, K, theta = discrete.split(x)
    e, _, e_theta = discrete.split(
        -lines.solve(np.concatenate((np.zeros(K.size), -proof.gaps.ravel(), np.zeros(discrete.n + discrete.m))))
    )
    relative = np.abs(e) / (1.0 + np.abs(y))
    return float(max(relative.max(), (np.abs(e_theta) / (1.0 + np.abs(theta))).max(initial=0.0)))


def report(
    discrete: Collocation,
    found: Newton,
    proof: Certificate | None,
    reason: str,
    iterations: int,
    tol: float,
    lines: Any = None,
    error: float = float("nan"),
) -> TwoPoint:
    """The result; without a proof it did not converge."""
    y, _, theta = discrete.split(found.x)
    ts, p = discrete.times(theta), discrete.unknowns.apply(theta)[0]
    flow, converged = discrete.flow.with_p(p), proof is not None
    if proof is None and np.isfinite(y).all():
        with np.errstate(all="ignore"):
            measured = certify(flow, discrete.boundary, ts, y)
    else:
        measured = proof  # type: ignore[assignment]
    amplification, conjugate = float("nan"), ()
    if lines is not None:
        amplification = amplification_of(lines.G)
        if isinstance(discrete.boundary, FixedEnds) and not discrete.m and flow.hamiltonian:
            conjugate = conjugate_points_of(lines.G, ts)  # type: ignore[assignment]
    nan = float("nan")
    return TwoPoint(
        converged=converged,
        reason=reason,
        ts=ts,
        ys=y.copy() if converged else np.full(y.shape, nan),
        unknown=discrete.unknowns.named(theta),
        residual=measured.residual if measured else nan,
        defect=measured.defect if measured else nan,
        hamiltonian_drift=measured.hamiltonian_drift if measured else nan,
        iterations=iterations,
        amplification=amplification,
        conjugate_points=conjugate,
        conditioning=found.smallest if lines is None else lines.smallest,
        error_estimate=error,
        tol=tol,
        method="collocation",
        flow=flow,
        sol_or_none=proof.sol if proof is not None else None,
        last=(ts, y.copy()),
    )
