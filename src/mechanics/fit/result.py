"""What a chain fit returns: estimates with intervals that may be open, curves, residuals, and the verdict in words."""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .data import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Estimate:
    """A number that was fitted, and how far the data fix it.

    Parameters
    ----------
    value : float
        Best fit; where `identified` is False only one of many values that fit as well.
    stderr : float
        Standard error; inf where the data do not determine the value.
    interval : (float, float)
        95 % interval, possibly open (inf) on one side or both.
    identified : bool
        Whether the interval is closed and narrow enough to call the value measured.
    note : str
        What limits it, in words; empty where nothing does.
    """

    value: float
    stderr: float
    interval: tuple[float, float]
    identified: bool
    note: str = ""

    def __str__(self) -> str:
        if self.identified:
            return f"{self.value:.4g} +- {self.stderr:.2g}"
        return f"{self.value:.3g} ({self.note})"


@dataclass(frozen=True)
class ChainFit:
    """A spring-block chain fitted to load curves; make it with `fit_chain`.

    Parameters
    ----------
    Y, mu_eff_over_k : Estimate
        Target extension and (mu_right - mu_left)/2k, the bend of (8), in units of D. mu_eff/k > 0: concave load curve.
    k : Estimate
        Stiffness as a rate, per epoch.
    mean_friction_over_k, noise_over_k : Estimate
        (mu_right + mu_left)/2k and s/k, in units of D.
    tau : Estimate
        Build-up time of the pull in epochs; not a number unless the pull is ramped.
    pull : {"fixed", "ramped", "measured"}
        The pull of this fit.
    epochs : ndarray, shape (m,)
        Times used.
    observed, fitted, residuals : ndarray, shape (m, n)
        Displacements x_l = D_0 - D_l of the mean history, l = 0 .. n - 1 as in the data; NaN where not measured.
    observed_spread : ndarray, shape (m, n), or None
        Standard deviation over seeds.
    rmse, r_squared : float
        Over the blocks: root mean square residual in units of D; share of the variance of x explained.
    residual_in_seed_spread : float or None
        rmse over the root mean square seed spread; None without seeds.
    singular_values, singular_vectors : ndarray, shapes (p,), (p, p)
        Of the Jacobian with scaled columns, largest first; row i is the direction of value i in `parameters`.
    parameters : tuple of str
        Scaled parameters of the fit: lengths over the largest displacement, logarithms of rates and strengths.
    identified : dict
        Name of the estimate -> whether the data determine it.
    information_criterion : float
        Corrected Akaike criterion with an effective number of observations; comparable between pulls of one data set.
    alternatives : dict
        ChainFit of what was tried and not chosen, by pull, or by "model, pull" where several models were tried; an open
        rate has no lower bound there.
    histories : int
        Seeds.
    converged, status : bool, str
        Whether the search settled; if not, cause and remedy.
    verdict : str
        The result in plain sentences.
    model : str
        Name of the model; "uniform" is the chain of (5)-(6).
    extension : dict
        Name -> Estimate of the parameters that the model adds to the uniform chain.
    weights : {"equal", "spread"}
        How entries were weighted.
    missing : int
        Entries of the mean history that no seed has measured.
    """

    Y: Estimate
    mu_eff_over_k: Estimate
    k: Estimate
    mean_friction_over_k: Estimate
    noise_over_k: Estimate
    tau: Estimate
    pull: str
    epochs: Array
    observed: Array
    fitted: Array
    residuals: Array
    observed_spread: Array | None
    rmse: float
    r_squared: float
    residual_in_seed_spread: float | None
    singular_values: Array
    singular_vectors: Array
    parameters: tuple[str, ...]
    identified: dict[str, bool]
    information_criterion: float
    alternatives: dict[str, "ChainFit"]
    histories: int
    converged: bool
    status: str
    verdict: str
    model: str = "uniform"
    extension: dict[str, Estimate] = field(default_factory=dict)
    weights: str = "equal"
    missing: int = 0

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Data and chain beside each other; see `mechanics.plots.plot_fit`."""
        from ..plots import plot_fit

        return plot_fit(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        record: dict[str, Any] = plain(self)
        record["alternatives"] = {
            label: {name: fit[name] for name in ALTERNATIVE} | {name: fit[name] for name in ESTIMATES}
            for label, fit in record["alternatives"].items()
        }
        return record

    def __str__(self) -> str:
        return self.verdict


ALTERNATIVE = ("rmse", "r_squared", "information_criterion", "converged", "status", "model", "pull", "extension")
ESTIMATES = ("Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k", "tau")


def plain(value: Any) -> Any:
    """Records, arrays and numbers as what JSON holds."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
