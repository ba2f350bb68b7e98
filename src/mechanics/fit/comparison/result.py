"""What a comparison returns: a row of scores for each candidate, the best, and the verdict in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..as_json import plain
from ..data import Array
from .held_out import HeldOutScore
from .lack_of_fit import LackOfFit
from .residuals import Structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ModelScore:
    """One candidate's scores. All but `parameters` leave out the first curve, which every candidate is given.

    Parameters
    ----------
    name, course : str
        Model or shape; pull or time course.
    family : {"chain", "curve"}
    sees_end : bool
        Whether its predictions use the measured load of the end, also where curves are held out.
    parameters : int
        Fitted numbers; of a free curve all coefficients at all epochs.
    rmse, r_squared : float
        Root mean square residual of the mean history, in units of D; share of the variance explained.
    in_spread : float or None
        rmse over the root mean square seed spread; None where it is unknown.
    aicc, bic : float
        With the comparison's number of independent observations; inf where the parameters are too many for it.
    held_out : dict
        Kind ("epochs", "last epochs", "layers", "last layer", "seeds") -> HeldOutScore.
    total : float
        Root mean square of the held-out scores over their kinds; NaN without any.
    lack_of_fit, structure : LackOfFit or None, Structure or None
        Of the residuals; None for fewer than three histories, or where the fit leaves nothing.
    converged, status : bool, str
        Whether the search of the full fit settled; if not, cause and remedy.
    fitted, residuals : ndarray, shape (m, n)
        Displacements x_l = D_0 - D_l of the mean history, l = 0 .. n - 1; residuals NaN where not measured.
    """

    name: str
    course: str
    family: Literal["chain", "curve"]
    sees_end: bool
    parameters: int
    rmse: float
    r_squared: float
    in_spread: float | None
    aicc: float
    bic: float
    held_out: dict[str, HeldOutScore]
    total: float
    lack_of_fit: LackOfFit | None
    structure: Structure | None
    converged: bool
    status: str
    fitted: Array
    residuals: Array

    @property
    def label(self) -> str:
        """Name and course."""
        return f"{self.name}, {self.course}"


@dataclass(frozen=True)
class ModelComparison:
    """Chains and plain curves compared on the same load curves; make it with `compare_models`.

    Parameters
    ----------
    rows : tuple of ModelScore
        Best first: by `total`, or by AICc where nothing was held out.
    epochs : ndarray, shape (m,)
        Times used.
    unit : float or None
        Root mean square seed spread, in units of D, that errors are measured by; None: errors are in units of D.
    observations : float
        Independent observations in the criteria.
    reference : str
        The candidate whose residuals they were counted in.
    histories : int
    notes : tuple of str
        What was left out and why.
    warm_start_gain : float or None
        How much lower, relative, the best chain's held-out fits come out from cold scans in place of the full fit's
        parameters (its sums of squares; negative: higher); None where no epochs were held out.
    verdict : str
        The result in plain sentences.
    """

    rows: tuple[ModelScore, ...]
    epochs: Array
    unit: float | None
    observations: float
    reference: str
    histories: int
    notes: tuple[str, ...]
    warm_start_gain: float | None
    verdict: str

    @property
    def best(self) -> ModelScore:
        """The first row."""
        return self.rows[0]

    def __getitem__(self, label: str) -> ModelScore:
        """The row of "name, course".

        Raises
        ------
        KeyError
            If no candidate has that label; the message lists them.
        """
        for row in self.rows:
            if row.label == label:
                return row
        raise KeyError(f"no candidate is called {label!r}; there are: {'; '.join(row.label for row in self.rows)}.")

    def table(self) -> list[dict[str, Any]]:
        """One flat record for each candidate, best first, for any table library: numbers, strings and None."""
        return [_flat(row) for row in self.rows]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Errors of all candidates; see `mechanics.plots.comparison.plot_comparison`."""
        from ...plots.comparison import plot_comparison

        return plot_comparison(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        record: dict[str, Any] = plain(self)
        return record

    def __str__(self) -> str:
        return f"{_text(self.table())}\n\n{self.verdict}"


def _flat(row: ModelScore) -> dict[str, Any]:
    record: dict[str, Any] = {
        "model": row.name, "course": row.course, "family": row.family, "parameters": row.parameters,
        "R^2": row.r_squared, "rmse": row.rmse, "in spread": row.in_spread, "AICc": row.aicc, "BIC": row.bic,
    }  # fmt: skip
    for kind, score in row.held_out.items():
        record[kind] = score.value
        record[f"{kind} stderr"] = score.stderr
    record["total"] = row.total
    record["misfit p"] = None if row.lack_of_fit is None else row.lack_of_fit.p_value
    return record


def _text(records: list[Mapping[str, Any]] | list[dict[str, Any]]) -> str:
    """An aligned table; standard errors stand behind their scores."""
    heads = [key for key in records[0] if not key.endswith("stderr") and key not in ("family", "rmse")]
    lines = [heads]
    for record in records:
        cells = []
        for key in heads:
            cell = _cell(record[key])
            error = record.get(f"{key} stderr")
            cells.append(cell if error is None or not np.isfinite(error) else f"{cell} ± {error:.2g}")
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return "-" if np.isnan(value) else "inf" if np.isinf(value) else f"{value:.3g}"
    return str(value)
