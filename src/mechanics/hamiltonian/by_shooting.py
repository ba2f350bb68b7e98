"""Single and multiple shooting from guess to certificate."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reasons
from .boundary import FixedEnds, Unknowns
from .certificate import certify
from .flow import Flow
from .guess import Curve
from .newton import newton
from .propagate import amplification_of
from .result import TwoPoint
from .shooting import Shooting

Array = NDArray[np.float64]
EPS = 2.220446049250313e-16
POINTS = 64  # of the first curve that is measured
NEAR_SINGULAR = 10.0  # times the tolerance of the solves


def by_shooting(
    flow: Flow,
    boundary: Any,
    unknowns: Unknowns,
    curve: Curve,
    segments: int,
    tol: float,
    max_mesh: int,
    max_iterations: int,
) -> TwoPoint:
    """Arguments checked by `two_point`."""
    tau = np.linspace(0.0, 1.0, segments + 1)
    rtol = min(max(1e-2 * tol, 1e-13), 1e-8)
    shots = Shooting(flow, boundary, unknowns, tau, rtol)
    x = np.concatenate((curve(tau)[0].ravel(), unknowns.start))
    with np.errstate(over="ignore", invalid="ignore"):
        found = newton(
            shots.residual, shots.linearise, shots.size, x, tol=max(1e-2 * tol, 1e-14), max_iterations=max_iterations
        )
    y, theta = shots.split(found.x)
    p = unknowns.apply(theta)[0]
    solved = flow.with_p(p)
    known = shots.known.get(found.x.tobytes())
    G = shots.blocks(found.x) if known is None and found.outcome == "ok" else known
    amplification = amplification_of(G) if G is not None else float("nan")
    ts, ys, proof = shots.times(theta), y.copy(), None
    if found.outcome != "ok":
        lost = amplification * EPS > tol
        reason = reasons.amplified(amplification, tol) if lost else reasons.of_newton(found.outcome, found.smallest)
    else:
        points = max(1, POINTS // segments)
        while points * segments <= max_mesh:
            dense = shots.dense(found.x, points)
            if not len(dense[0]):
                break
            ts, ys = dense
            proof = certify(solved, boundary, ts, ys)
            if proof.meets(tol):
                break
            points *= 2
        if found.smallest < NEAR_SINGULAR * rtol:
            reason = reasons.of_newton("singular_jacobian", found.smallest)
        elif proof is None or not proof.meets(tol):
            lost = amplification * EPS > tol
            reason = reasons.amplified(amplification, tol) if lost or proof is None else reasons.precision(proof, tol)
        else:
            reason = reasons.CONVERGED
    converged, nan = reason == reasons.CONVERGED, float("nan")
    minimal = converged and isinstance(boundary, FixedEnds) and flow.hamiltonian and not len(unknowns)
    return TwoPoint(
        converged=converged,
        reason=reason,
        ts=ts,
        ys=ys if converged else np.full(ys.shape, nan),
        unknown=unknowns.named(theta),
        residual=proof.residual if proof else nan,
        defect=proof.defect if proof else nan,
        hamiltonian_drift=proof.hamiltonian_drift if proof else nan,
        iterations=found.iterations,
        conditioning=found.smallest,
        error_estimate=nan,
        tol=tol,
        method="multiple_shooting" if segments > 1 else "single_shooting",
        flow=solved,
        sol_or_none=proof.sol if converged and proof else None,
        last=(ts, ys),
        blocks=G,
        fixed_ends=minimal,
    )
