"""Why a solve ended, in sentences: a word, the cause, and what to do."""

from .certificate import Certificate
from .setting import Setting

PLACES = {
    "Lt": "Lt",
    "beta": "beta of the softplus in the place of the activation",
    "lam": "lam",
    "softness": "the end",
}


def converged(proof: Certificate, tol: float, scheme: str) -> str:
    """Sentence for a certified geodesic."""
    drift = "" if scheme == "network" else f", drift of H {proof.H_drift:.1e}"
    return f"converged: residual {proof.residual:.1e}, cons {proof.cons:.1e}{drift}, recomputed and below tol={tol:g}."


def above_tolerance(proof: Certificate, tol: float, scheme: str) -> str:
    """Sentence for numbers above tol."""
    drift = "" if scheme == "network" else f" and a drift of H of {proof.H_drift:.1e}"
    remedy = "raise tol" if scheme == "network" else "raise layers, or tol"
    word = "no_progress" if scheme == "network" else "mesh_limit"
    return (
        f"{word}: the solution found leaves a residual of {proof.residual:.1e}, cons of {proof.cons:.1e}{drift}, above "
        f"tol={tol:g}. Rounding grows like exp(Lt); {remedy}."
    )


def of_kinks(beta: float, proof: Certificate, tol: float) -> str:
    """Sentence where signs and slopes at kinks do not agree and the smoothing leaves too much."""
    return (
        f"no_progress: at softplus beta = {beta:g} the kinked activation is met to residual {proof.residual:.1e} and "
        f"cons {proof.cons:.1e} only, above tol={tol:g}, and no set of entries on the kink has slopes in [0, 1]. "
        "Raise tol, or ask for the softplus itself."
    )


def of_crossings(beta: float) -> str:
    """Sentence where a continuous geodesic of a kinked activation was not found."""
    return (
        f"mesh_limit: followed to softplus beta = {beta:g}, but with the kink itself entries slide along it, or the "
        'times at which they cross it were not found. Take scheme="network", which meets sliding entries exactly, more '
        "layers, or the softplus."
    )


def lost(outcome: str, name: str, at: Setting, smallest: float, fold: bool) -> str:
    """Sentence for a branch that ended before its goal."""
    where = f"{PLACES[name]} = {getattr(at, name):.6g} (Lt = {at.Lt:.6g}, lam = {at.lam:.6g})"
    if outcome == "non_finite":
        return (
            f"non_finite: numbers overflow beyond {where}. Scale X and Y, or take smaller steps rho Lt (more layers)."
        )
    if outcome == "singular_jacobian":
        return (
            f"singular_jacobian (conjugate point?): the linearised equations have no unique solution at {where}, "
            f"relative singular value {smallest:.1e}. Change the ends or Lt, or start from another seed."
        )
    if fold:
        return (
            f"fold: the branch could not be followed beyond {where}, where the relative singular value is "
            f"{smallest:.1e}. There may be no solution of this kind beyond it: take another seed or way."
        )
    if outcome == "max_iterations":
        return (
            f"max_iterations: Newton's method used up its iterations at {where}. Give nearer waypoints in continuation."
        )
    return (
        f"no_progress: the iteration stalled beyond {where}, at the smallest step (relative singular value "
        f"{smallest:.1e}). Give nearer waypoints in continuation=, more layers, or another seed."
    )


def cold(outcome: str, at: Setting) -> str:
    """Sentence for a first point that was not found."""
    return (
        f"{outcome}: the minimisation over weights that begins the branch at Lt = {at.Lt:g}, lam = {at.lam:g} did not "
        "reach a critical point. Begin at a smaller Lt with continuation={'Lt': ...}, or take another seed as start=."
    )


def collapsed(J: float, J_constant: float, value: float) -> str:
    """Sentence for a critical point at which the network has given up its input."""
    return (
        f"collapsed: J = {J:.6g} beside {J_constant:.6g} of biases alone, -2H/Lt = {value:.3g}: a local minimum that "
        "has dropped the input. Begin at a smaller Lt (continuation={'Lt': 1.0}), or lam, or from another seed."
    )


def dearer(constant: float) -> str:
    """Remark on a local minimum that costs more than giving up."""
    return f" Biases alone cost less, {constant:.6g}: there is a lower minimum."


def interrupted(at: Setting | None) -> str:
    """Sentence for Ctrl-C."""
    if at is None:
        return "interrupted: before the first point of the branch."
    return (
        f"interrupted: the branch is kept as far as Lt = {at.Lt:g}, beta = {at.beta:g}, lam = {at.lam:g}; "
        "go on with start= this result."
    )


def jumped(rank0: int, rank1: int, Lt: float, beta: float, lam: float) -> str:
    """Remark on a branch that ended, and was left for another one."""
    modes = f"rank {rank0} to {rank1}" if rank0 != rank1 else f"rank {rank1} on both"
    return f" The branch was lost at Lt = {Lt:g}, beta = {beta:g}, lam = {lam:g} and left for another one ({modes})."
