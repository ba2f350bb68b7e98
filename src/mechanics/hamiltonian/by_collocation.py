"""Collocation from guess to certificate: Newton on a mesh, defect, better mesh, until all measures are met."""

from dataclasses import replace
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
from .newton import Newton
from .result import TwoPoint

Array = NDArray[np.float64]
RETRY_BELOW = 200  # intervals: up to here a failed iteration is tried on a mesh of twice as many
MOST_MESHES = 30
FAR = 1e-3  # contraction of the last step above which its linear system is not yet that of the solution
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
    best = np.inf
    for _ in range(MOST_MESHES):
        discrete = Collocation(flow, boundary, unknowns, tau, order)
        put(discrete, curve, theta)
        found = discrete.newton(max(1e-2 * tol, 1e-14), max_iterations)
        iterations += found.iterations
        if found.outcome != "ok":
            if len(tau) - 1 < RETRY_BELOW and 2 * len(tau) - 2 <= max_mesh:
                tau = np.sort(np.concatenate((tau, 0.5 * (tau[1:] + tau[:-1]))))
                curve, theta = first, unknowns.start
                continue
            reason = reasons.of_newton(found.outcome, found.smallest)
            return report(discrete, found, None, reason, iterations, tol)
        theta, ts = discrete.theta, discrete.times()
        proof = certify(discrete.flow_now(), boundary, ts, discrete.y, aim)
        if proof.meets(tol):
            if found.contraction > FAR:
                found = replace(found, smallest=discrete.linearise())
            error = error_of(discrete, proof)
            if found.smallest > NEAR_SINGULAR * proof.defect + 1e-14 and error < WILD:
                return report(discrete, found, proof, reasons.CONVERGED, iterations, tol, error)
            if aim <= 1e-4 * tol or aim < 1e-11:
                reason = reasons.of_newton("singular_jacobian", found.smallest)
                return report(discrete, found, None, reason, iterations, tol, error)
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


def put(discrete: Collocation, curve: Curve, theta: Array) -> None:
    """Start a mesh from a curve: nodes and stages lie on it."""
    tau = discrete.tau
    discrete.y[:] = curve(tau)[0]
    stages = (tau[:-1, None] + (tau[1:] - tau[:-1])[:, None] * discrete.c).ravel()
    span = discrete.unknowns.apply(theta)[1] - discrete.unknowns.t0
    np.divide(curve(stages)[1].reshape(discrete.K.shape), span, out=discrete.K)
    discrete.theta[:] = theta


def curve_through(proof: Certificate, ts: Array) -> Curve:
    """A solution on one mesh as the guess on the next."""
    span = ts[-1] - ts[0]

    def curve(tau: Array) -> tuple[Array, Array]:
        u, du = proof.sol.with_slope(ts[0] + span * tau)
        return u, span * du

    return curve


def error_of(discrete: Collocation, proof: Certificate) -> float:
    """What the defect does to the solution, by the last linear system; relative to the size of y, and of theta."""
    e, _, e_theta = discrete.lines(rC=-proof.gaps)
    error = float((np.abs(e) / (1.0 + np.abs(discrete.y))).max())
    if discrete.m:
        error = max(error, float((np.abs(e_theta) / (1.0 + np.abs(discrete.theta))).max()))
    return error


def report(
    discrete: Collocation,
    found: Newton,
    proof: Certificate | None,
    reason: str,
    iterations: int,
    tol: float,
    error: float | None = None,
) -> TwoPoint:
    """The result; without a proof it did not converge. With an error, the blocks of the last linear system count."""
    y, theta, ts = discrete.y.copy(), discrete.theta, discrete.times()
    flow, converged = discrete.flow_now(), proof is not None
    if proof is None and np.isfinite(y).all():
        with np.errstate(all="ignore"):
            measured = certify(flow, discrete.boundary, ts, y)
    else:
        measured = proof  # type: ignore[assignment]
    nan = float("nan")
    return TwoPoint(
        converged=converged,
        reason=reason,
        ts=ts,
        ys=y if converged else np.full(y.shape, nan),
        unknown=discrete.unknowns.named(theta),
        residual=measured.residual if measured else nan,
        defect=measured.defect if measured else nan,
        hamiltonian_drift=measured.hamiltonian_drift if measured else nan,
        iterations=iterations,
        conditioning=found.smallest,
        error_estimate=nan if error is None else error,
        tol=tol,
        method="collocation",
        flow=flow,
        sol_or_none=proof.sol if proof is not None else None,
        last=(ts, y),
        blocks=None if error is None else discrete.G,
        fixed_ends=isinstance(discrete.boundary, FixedEnds) and not discrete.m and flow.hamiltonian,
    )
