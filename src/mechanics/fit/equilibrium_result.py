"""What a fit to final load curves returns, and its verdict in words."""

from dataclasses import dataclass
from typing import Any

from .as_json import plain
from .data import Array
from .result import Estimate


@dataclass(frozen=True)
class EquilibriumFit:
    """A chain at rest fitted to final load curves; make it with `fit_equilibrium`.

    Parameters
    ----------
    Y, mu_eff_over_k : Estimate
        Target extension and bend of the load curve, in units of D. mu_eff/k > 0: concave.
    extension : dict
        Name -> Estimate of the parameters that the model adds.
    model : str
        Name of the model.
    springs, stuck_blocks : int
        L, and how many blocks next to the input a chain without noise of this Y and mu_eff/k would leave stuck.
    observed, fitted, residuals : ndarray, shape (n,)
        Displacements x_l = D_0 - D_l of the mean curve, l = 0 .. n - 1; NaN where not measured.
    observed_spread : ndarray, shape (n,), or None
        Standard deviation over seeds.
    rmse, r_squared : float
        Root mean square residual in units of D; share of the variance of x explained.
    residual_in_seed_spread : float or None
        rmse over the root mean square seed spread.
    identified : dict
        Name of the estimate -> whether the data determine it.
    information_criterion : float
        Corrected Akaike criterion, every layer one observation.
    alternatives : dict
        Model -> EquilibriumFit of those tried and not chosen.
    histories : int
        Curves (seeds).
    converged : bool
        Whether the search settled.
    verdict : str
        The result in plain sentences.
    """

    Y: Estimate
    mu_eff_over_k: Estimate
    extension: dict[str, Estimate]
    model: str
    springs: int
    stuck_blocks: int
    observed: Array
    fitted: Array
    residuals: Array
    observed_spread: Array | None
    rmse: float
    r_squared: float
    residual_in_seed_spread: float | None
    identified: dict[str, bool]
    information_criterion: float
    alternatives: dict[str, "EquilibriumFit"]
    histories: int
    converged: bool
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        record: dict[str, Any] = plain(self)
        return record

    def __str__(self) -> str:
        return self.verdict


def where_seven_holds(model: str, stuck: int, springs: int, bend: float) -> str:
    """Whether equation (7) applies to a chain without noise, in a sentence."""
    blocks = springs - 1
    if bend <= 0:
        return (
            "Friction that pushes on needs noise, (8): no chain without noise rests like this."
            if bend < 0
            else "No friction bends the curve."
        )
    if stuck == 0:
        return "Equation (7) applies without noise too: no block would be stuck."
    held = f"{stuck} of {blocks} blocks" if stuck > 1 else f"1 of {blocks} blocks"
    if model == "noiseless":
        return (
            f"Equation (7) does not apply to the whole chain: the first {held} are stuck, and it holds for the last "
            f"L' = {springs - stuck} springs only."
        )
    return (
        f"Equation (7) does not apply: without noise the first {held} would be stuck (model='noiseless'); the curve is "
        "meant as a rest under noise, (8)."
    )
