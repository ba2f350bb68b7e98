"""What every fit to trajectories returns: estimates, what is determined, curves, scores, the verdict in words."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_numbers
from .as_json import plain
from .objective import Objective
from .profile import Profile, profile_of
from .result import Estimate
from .sampling import Posterior, sample_posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


class Bootstrap(NamedTuple):
    """Parameters of data drawn again.

    Attributes
    ----------
    names : tuple of str
    values : ndarray, shape (n, d)
        Fits that failed are left out.
    stderr : dict
        Name -> standard deviation.
    intervals : dict
        Name -> 95 % percentile interval.
    failed : int
        Fits left out.
    note : str
        How data were drawn and what to beware of, where there is something to say.
    """

    names: tuple[str, ...]
    values: Array
    stderr: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    failed: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class TrajectoryFit:
    """A model fitted to trajectories; made by `fit_ode`, `fit_sde` and `fit_langevin`.

    Parameters
    ----------
    kind : str
        What was minimised or maximised.
    parameters : dict
        Name -> Estimate.
    covariance : ndarray, shape (d, d)
        In the order of `parameters`; inf on the diagonal where the data do not determine a parameter.
    singular_values, singular_vectors : ndarray, shapes (d,), (d, d)
        Of the Jacobian (or the root of the information) per relative change of the parameters, largest first; row i
        is the direction of value i. Small values: sloppy directions.
    ts, observed, fitted, residuals : ndarray, or lists of these for several trajectories
        Data and model. Stochastic fits: the prediction from the value before, and the standardised surprise.
    log_likelihood, aicc, bic : float
        NaN where the method has no likelihood.
    noise : float
        Standard deviation of the weighted residuals (fit_ode); NaN elsewhere.
    count : int
        Numbers fitted to.
    converged, status : bool, str
        Whether the search settled; cause and remedy if not.
    verdict : str
        The result in plain sentences.
    """

    kind: str
    parameters: dict[str, Estimate]
    covariance: Array
    singular_values: Array
    singular_vectors: Array
    ts: Any
    observed: Any
    fitted: Any
    residuals: Any
    log_likelihood: float
    aicc: float
    bic: float
    noise: float
    count: int
    converged: bool
    status: str
    verdict: str
    objective: Objective = field(repr=False)
    scale: Array = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.parameters)

    @property
    def values(self) -> Array:
        """Fitted values, shape (d,)."""
        return np.array([e.value for e in self.parameters.values()])

    @property
    def stderr(self) -> Array:
        """Standard errors, shape (d,)."""
        return np.array([e.stderr for e in self.parameters.values()])

    @property
    def identified(self) -> dict[str, bool]:
        """Name -> whether the data determine it."""
        return {name: e.identified for name, e in self.parameters.items()}

    @property
    def correlation(self) -> Array:
        """Correlations of the estimates, shape (d, d); NaN where a parameter is open."""
        with np.errstate(invalid="ignore"):
            sd = np.sqrt(np.diag(self.covariance))
            return self.covariance / np.outer(sd, sd)

    def profile(self, name: str, level: float = 0.95) -> Profile:
        """Profile likelihood of one parameter and its interval, which may be open or lopsided.

        Raises
        ------
        ValueError
            If there is no such parameter, or level is not between 0 and 1.
        """
        if name not in self.parameters:
            raise ValueError(f"name must be one of {', '.join(self.names)}, but is {name!r}.")
        i, error = self.names.index(name), self.parameters[name].stderr
        step = 2.0 * error if np.isfinite(error) and error > 0.0 else 0.1 * self.scale[i]
        return profile_of(self.objective, self.values, i, float(step), level)

    def bootstrap(self, n: int = 200, seed: int = 0) -> Bootstrap:
        """Fit to n data sets drawn again; the notes of the fit say how they are drawn."""
        whole_numbers(n=(n, 2), seed=(seed, 0))
        rows = [
            self.objective.replicate(self.values, np.random.default_rng(np.random.SeedSequence((seed, i))))
            for i in range(n)
        ]
        values = np.array([row for row in rows if np.isfinite(row).all()]).reshape(-1, len(self.names))
        if len(values) < 2:
            raise ValueError("No fit to data drawn again succeeded; look at status first.")
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        sd = values.std(axis=0, ddof=1)
        return Bootstrap(
            self.names,
            values,
            dict(zip(self.names, map(float, sd), strict=True)),
            {name: (float(low[i]), float(high[i])) for i, name in enumerate(self.names)},
            n - len(values),
        )

    def sample(
        self,
        draws: int = 1000,
        *,
        steps: int = 2000,
        walkers: int | None = None,
        seed: int = 0,
        prior: Callable[[dict[str, float]], float] | None = None,
    ) -> Posterior:
        """Posterior samples by emcee; flat prior within the bounds, unless `prior` gives its logarithm.

        Raises
        ------
        ImportError
            If emcee is not installed.
        ValueError
            If the fit has no likelihood.
        """
        if not np.isfinite(self.log_likelihood):
            raise ValueError("This fit has no likelihood to sample; use bootstrap(n).")
        spread = np.where(np.isfinite(self.stderr), self.stderr, 0.1 * self.scale)
        return sample_posterior(
            self.objective, self.values, spread, draws=draws, walkers=walkers, steps=steps, seed=seed, prior=prior
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Data and model over time; see `mechanics.plots.plot_trajectory_fit`."""
        from ..plots.trajectory_fit import plot_trajectory_fit

        return plot_trajectory_fit(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("objective", "scale")}
        return plain(own | {"correlation": self.correlation, "identified": self.identified})

    def __str__(self) -> str:
        return self.verdict


def scores(log_likelihood: float, d: int, count: int) -> tuple[float, float]:
    """Corrected Akaike and Bayesian criteria of d fitted numbers; inf where the data are too few for the correction."""
    aic = 2.0 * d - 2.0 * log_likelihood
    aicc = aic + 2.0 * d * (d + 1) / (count - d - 1) if count > d + 1 else np.inf
    return float(aicc), float(d * np.log(count) - 2.0 * log_likelihood)
