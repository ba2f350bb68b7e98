"""What a refinement returns: absolute parameters with intervals, statistics measured and simulated, and the verdict."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .as_json import plain
from .moments import Match
from .noise_chain import NoiseChain
from .noise_data import Array, Histories
from .noise_estimates import positive, symmetric, threshold
from .noise_statistics import Statistics
from .profile import Profile, profile_of
from .result import ChainFit, Estimate
from .sampling import Posterior, sample_posterior
from .synthetic_likelihood import SyntheticLikelihood

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REJECTED = 0.01
ESTIMATES = ("Y", "k", "mu_right", "mu_left", "eps_bar", "mu_eff_over_k", "tau")
WORDS = {
    "Y": "target",
    "k": "stiffness",
    "mu_right": "friction to the right",
    "mu_left": "friction to the left",
    "eps_bar": "noise",
    "mu_eff_over_k": "bend",
    "tau": "build-up time",
}


@dataclass(frozen=True)
class StochasticFit:
    """A chain with noise, fitted to path and fluctuations; make it with `refine_chain`.

    Parameters
    ----------
    Y : Estimate
        Target extension, in units of D.
    k : Estimate
        Stiffness as a rate, per epoch.
    mu_right, mu_left, eps_bar : Estimate
        Friction thresholds and standard deviation of the force noise in one step, absolute: units of D per epoch.
    mu_eff_over_k : Estimate
        (mu_right - mu_left)/2k, the bend of (8), in units of D.
    tau : Estimate
        Build-up time of a ramped pull in epochs; not a number for other pulls.
    parameters : tuple of str
        Scaled parameters of the search: lengths over the largest displacement R, mu/(k R), logarithms of k and s/(k R).
    theta, covariance : ndarray, shapes (p,), (p, p)
        Their values and covariance; inf on the diagonal of open ones.
    statistics : tuple of str
        Names of the q auxiliary statistics.
    measured, simulated, stderr : ndarray, shape (q,)
        Of the data, of the fitted chain (mean over groups), and the standard deviation of the data's.
    singular_values : ndarray
        Of the scaled sensitivity, largest first; a direction below 1 is open.
    distance, p_value : float
        Weighted squared distance of the measured from the simulated statistics, over its mean if the chain is right,
        and the probability of a larger one then (test of the overidentifying restrictions).
    path_p_value : float
        Probability that a simulated mean path lies farther off the mean field than the measured one (Monte Carlo):
        small where no chain of this kind bends like the data.
    started_from : dict
        The mean-field fit's values under the names above.
    method : {"indirect_inference", "synthetic_likelihood"}
    objective : SyntheticLikelihood or None
        What `profile` and `sample` ask; None of indirect inference.
    dt, dynamics, pull, histories, groups, simulations
        As used; `simulations` counts ensembles.
    converged : bool
    verdict : str
        The result in plain sentences.
    """

    Y: Estimate
    k: Estimate
    mu_right: Estimate
    mu_left: Estimate
    eps_bar: Estimate
    mu_eff_over_k: Estimate
    tau: Estimate
    parameters: tuple[str, ...]
    theta: Array
    covariance: Array
    statistics: tuple[str, ...]
    measured: Array
    simulated: Array
    stderr: Array
    singular_values: Array
    distance: float
    p_value: float
    path_p_value: float
    started_from: dict[str, float]
    dt: float
    dynamics: str
    pull: str
    histories: int
    groups: int
    simulations: float
    converged: bool
    verdict: str
    method: str
    objective: SyntheticLikelihood | None = field(repr=False, compare=False)

    @property
    def identified(self) -> dict[str, bool]:
        """Name of the estimate -> whether the data determine it."""
        return {name: getattr(self, name).identified for name in ESTIMATES}

    def profile(self, name: str, level: float = 0.95) -> Profile:
        """Profile likelihood of one of the scaled `parameters`, and its interval, which may be open or lopsided.

        Raises
        ------
        ValueError
            If there is no such parameter, the data leave it open, level is not between 0 and 1, or the fit has no
            likelihood.
        """
        objective = self._likelihood()
        if name not in self.parameters:
            raise ValueError(f"name must be one of {', '.join(self.parameters)}, but is {name!r}.")
        i = self.parameters.index(name)
        error = float(np.sqrt(self.covariance[i, i]))
        if not 0.0 < error < np.inf:
            raise ValueError(f"{name} is open or at its bound: there is no valley to walk along; see verdict.")
        return profile_of(objective, self.theta, i, 2.0 * error, level)

    def sample(
        self,
        draws: int = 1000,
        *,
        steps: int = 200,
        walkers: int | None = None,
        seed: int = 0,
        prior: Callable[[dict[str, float]], float] | None = None,
    ) -> Posterior:
        """Posterior samples of the scaled `parameters` by emcee, each step of a walker a simulation.

        Flat prior within the bounds, unless `prior` gives its logarithm.

        Raises
        ------
        ImportError
            If emcee is not installed.
        ValueError
            If the fit has no likelihood.
        """
        objective = self._likelihood()
        error = np.sqrt(self.covariance.diagonal())
        spread = np.where(np.isfinite(error) & (error > 0), error, 0.1)
        return sample_posterior(
            objective, self.theta, spread, draws=draws, walkers=walkers, steps=steps, seed=seed, prior=prior
        )

    def _likelihood(self) -> SyntheticLikelihood:
        if self.objective is None:
            raise ValueError("This fit has no likelihood; refine with method='synthetic_likelihood'.")
        return self.objective

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Statistics measured against simulated; see `mechanics.plots.plot_moments`."""
        from ..plots import plot_moments

        return plot_moments(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name != "objective"}

    def __str__(self) -> str:
        return self.verdict


def stochastic_fit(
    fit: ChainFit,
    data: Histories,
    chain: NoiseChain,
    moments: Statistics,
    measured: Array,
    match: Match,
    path_p: float,
    likelihood: SyntheticLikelihood | None,
) -> StochasticFit:
    """The result of a match in the user's units."""
    values = _estimates(fit, data, chain, match)
    k = fit.k.value
    b, a = max(fit.mean_friction_over_k.value, abs(fit.mu_eff_over_k.value)), fit.mu_eff_over_k.value
    return StochasticFit(
        **values,
        parameters=chain.names,
        theta=match.theta,
        covariance=match.covariance,
        statistics=moments.names,
        measured=measured,
        simulated=match.simulated.mean(axis=0),
        stderr=match.spread,
        singular_values=match.singular_values,
        distance=match.distance,
        p_value=match.p_value,
        path_p_value=path_p,
        started_from={
            "Y": fit.Y.value,
            "k": k,
            "mu_right": k * (b + a),
            "mu_left": k * (b - a),
            "eps_bar": k * fit.noise_over_k.value,
            "mu_eff_over_k": a,
            "tau": fit.tau.value,
        },
        dt=chain.dt,
        dynamics=chain.dynamics,
        pull=data.pull,
        histories=len(data.x),
        groups=len(match.simulated),
        simulations=match.simulations,
        converged=match.converged,
        verdict=_verdict(values, match, data, path_p),
        method="indirect_inference" if likelihood is None else "synthetic_likelihood",
        objective=likelihood,
    )


def _estimates(fit: ChainFit, data: Histories, chain: NoiseChain, match: Match) -> dict[str, Estimate]:
    at = {name: i for i, name in enumerate(chain.names)}
    theta, cov, R = match.theta, match.covariance, data.scale
    k, right, left = np.exp(theta[at["log k"]]), theta[at["mu_right"]], theta[at["mu_left"]]
    s = k * R * np.exp(theta[at["log s"]])
    mean = 0.5 * (right + left)

    def spread(gradient: dict[str, float]) -> float:
        """Standard error of a combination of parameters."""
        parts = [at[name] for name in gradient]
        weights = np.array(list(gradient.values()))
        block = cov[np.ix_(parts, parts)]
        return float(np.sqrt(weights @ block @ weights)) if np.isfinite(block.diagonal()).all() else np.inf

    def rate(value: float, gradient: dict[str, float], name: str) -> Estimate:
        if match.at_bound[at[name]]:
            return positive(value, np.inf, "at its bound")
        return positive(value, spread(gradient))

    def friction(side: str) -> Estimate:
        value, unit = theta[at[side]], k * R
        if at[side] in match.least:
            low = float(match.least[at[side]] * unit)
            return Estimate(float(value * unit), np.inf, (low, np.inf), False, f"only a lower bound: {low:.3g}")
        return threshold(value * unit, spread({side: 1.0, "log k": value}) * unit, mean * unit)

    not_ramped = Estimate(np.nan, np.nan, (np.nan, np.nan), False, "the pull is not ramped")
    return {
        "Y": symmetric(theta[at["Y"]] * R, spread({"Y": 1.0}) * R, R) if "Y" in at else fit.Y,
        "k": rate(k, {"log k": 1.0}, "log k"),
        "mu_right": friction("mu_right"),
        "mu_left": friction("mu_left"),
        "eps_bar": rate(s, {"log k": 1.0, "log s": 1.0}, "log s"),
        "mu_eff_over_k": symmetric(0.5 * (right - left) * R, spread({"mu_right": 0.5, "mu_left": -0.5}) * R, R),
        "tau": rate(np.exp(theta[at["log tau"]]), {"log tau": 1.0}, "log tau") if "log tau" in at else not_ramped,
    }


def _verdict(values: dict[str, Estimate], match: Match, data: Histories, path_p: float) -> str:
    said = [] if match.converged else ["The search did not settle: use more members, or a better mean-field fit."]
    known = [n for n in ESTIMATES if values[n].identified]
    said.append("Measured: " + ", ".join(f"{WORDS[n]} {n} = {values[n]}" for n in known) + "." if known else "")
    silent = [n for n in ESTIMATES if not values[n].identified and (n != "tau" or data.pull == "ramped")]
    if silent:
        said.append("Not identified: " + ", ".join(f"{WORDS[n]} {n} ({values[n].note})" for n in silent) + ".")
    if match.p_value < REJECTED:
        said.append(
            f"Simulated fluctuations and path do not agree with the data (p = {match.p_value:.2g}): the chain, or its "
            "dt, is wrong, and the intervals with it."
        )
    else:
        said.append(f"Simulated fluctuations and path agree with the data (p = {match.p_value:.2g}).")
    if path_p < REJECTED:
        said.append(f"But no chain of this kind follows the mean path (p <= {path_p:.2g}): a systematic misfit.")
    if len(data.x) == 1:
        said.append("One history: its fluctuations are its deviations from the mean field, misfit included.")
    return " ".join(sentence for sentence in said if sentence)
