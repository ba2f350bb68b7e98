"""Why a two-point solve ended, in sentences: a word, the cause, and what to do."""

from typing import Any

CONVERGED = "converged: boundary residual, defect and Hamiltonian drift are below tol."
NEARLY = 1e-8  # relative singular value below which a failed iteration is at a fold or a conjugate point


def of_newton(outcome: str, smallest: float) -> str:
    """Sentences for an iteration that failed."""
    if outcome == "singular_jacobian" or (outcome == "no_progress" and smallest < NEARLY):
        return (
            "singular_jacobian: the linearised problem has no unique solution (relative singular value "
            f"{smallest:.1e}). The ends are conjugate points, or the parameters lie at a fold. Change the time or the "
            "ends, or follow the solution with `continuation` from where it exists."
        )
    if outcome == "non_finite":
        return (
            "non_finite: the drift or its Jacobian is not finite on the path. Check the guess: it may touch a "
            "singularity; give one that avoids it."
        )
    if outcome == "max_iterations":
        return "max_iterations: Newton's method used up its iterations. Raise max_iterations, or give a better guess."
    return (
        "no_progress: the damped Newton iteration stalled. Either no solution exists for these parameters (beyond a "
        "fold), or the guess is too far from one. Follow a solution with `continuation` from parameters where it "
        "exists, or give guess=."
    )


def mesh_limit(M: int, proof: Any, tol: float) -> str:
    """Sentence where the mesh may not grow further."""
    return (
        f"mesh_limit: {M} intervals leave a defect of {proof.defect:.1e}, a boundary residual of {proof.residual:.1e} "
        f"and a Hamiltonian drift of {proof.hamiltonian_drift:.1e}, above tol={tol:g}. Raise max_mesh or tol; a layer "
        "or a kink in the drift may need a mesh of its own."
    )


def precision(proof: Any, tol: float) -> str:
    """Sentence where rounding or a kink stops the refinement."""
    return (
        f"mesh_limit: the defect of {proof.defect:.1e} (Hamiltonian drift {proof.hamiltonian_drift:.1e}) no longer "
        f"falls as the mesh is refined, above tol={tol:g}. Rounding allows no more, or the drift has a kink: raise tol."
    )


def amplified(amplification: float, tol: float) -> str:
    """Sentence for shots that rounding alone makes miss."""
    return (
        f"no_progress: a shot multiplies errors by {amplification:.1e}, so rounding alone exceeds tol={tol:g}. Use "
        'method="collocation", or more segments.'
    )
