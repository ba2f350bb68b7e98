"""What a chain fit returns: estimates with intervals that may be open, curves, residuals, and the verdict in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .as_json import plain
from .data import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .profile import Profile
    from .sampling import Posterior
    from .source import Source
    from .trajectory_fit import Bootstrap


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
    source : object
        Data and search, for `profile`, `bootstrap` and `sample`; not in `to_dict`.
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
    source: "Source | None" = field(default=None, repr=False, compare=False)

    def profile(self, name: str, level: float = 0.95) -> "Profile":
        """Profile likelihood of one estimate and its interval, in the units of the estimate.

        Parameters
        ----------
        name : str
            "Y", "mu_eff_over_k", "k", "mean_friction_over_k", "noise_over_k", "tau" where this fit searched for it, or
            a name in `extension`.
        level : float
            Of the interval, which may be lopsided or open; an open end of a positive number is 0 or inf. `note` of the
            result says why it is open.

        Returns
        -------
        Profile
            `mechanics.plots.plot_profile` draws it.

        Raises
        ------
        ValueError
            If there is no such name, level is not between 0 and 1, or the fit does not come from `fit_chain`.

        Notes
        -----
        All other parameters are refitted at each value. Residuals are correlated over time and layers, so the rise of
        -2 log L is that of fewer independent observations: the rise of the sum of squares over the variance of the mean
        history along the change of curve, as seeds scatter (one history: as the chain fluctuates). Threshold: Student's
        t squared with seeds - 1 (one history: Satterthwaite's) degrees of freedom, the errors and quantiles of the
        linearised intervals. Where the fit itself lies at a bound the level is approximate.

        References
        ----------
        Raue et al., Bioinformatics 25 (2009) 1923-1929; Kent, Biometrika 69 (1982) 19-27.
        """
        from .chain_profile import profile_chain

        return profile_chain(self._source("profile"), (self._estimates() | self.extension).get(name), name, level)

    def bootstrap(self, n: int = 200, seed: int = 0, *, progress: bool = False) -> "Bootstrap":
        """Fit to n data sets drawn again, each search begun at this fit.

        Parameters
        ----------
        n : int
            Data sets, at least 2; some hundred for intervals.
        seed : int
            Draw i is a function of (seed, i).
        progress : bool
            Show a progress bar.

        Returns
        -------
        Bootstrap
            Of the fitted parameters, in the units of the estimates; `note` says how data were drawn. Ctrl-C returns
            what is finished, from two fits on.

        Raises
        ------
        ValueError
            If n is too small, no fit succeeds, or the fit does not come from `fit_chain`.

        Notes
        -----
        S seeds: whole histories are drawn with replacement. This understates the variance by (S - 1)/S and knows no
        Student's t, so distances of the percentiles from the fit (in logarithms, of positive numbers) are stretched by
        sqrt(S/(S - 1)) t_{S-1}/z at 97.5 %, standard errors by the root alone. With fewer than five seeds there are few
        different draws, and the note says so.

        One history cannot be drawn again: deviations of the fitted chain's own fluctuations are drawn and added to the
        fitted curve (parametric), as approximate as the linearised intervals of one history; percentiles are stretched
        by t/z.

        An end beyond which more than 2.5 % of the draws ran into a bound of the search is open. What the fit leaves
        open (stderr inf) stays open, as far as its interval: searches along a flat valley stay where they began.

        References
        ----------
        Efron, Tibshirani, An Introduction to the Bootstrap (1993); Hesterberg, Am. Stat. 69 (2015) 371-386.
        """
        from .chain_bootstrap import bootstrap_chain

        source, estimates = self._source("bootstrap"), self._estimates() | self.extension
        return bootstrap_chain(source, estimates, n, seed, progress)

    def sample(
        self,
        draws: int = 1000,
        *,
        steps: int = 2000,
        walkers: int | None = None,
        seed: int = 0,
        prior: "Callable[[dict[str, float]], float] | None" = None,
    ) -> "Posterior":
        """Posterior samples by emcee, in the units of the estimates.

        Parameters
        ----------
        draws, steps, walkers : int
            Samples kept, steps of each walker, and walkers: 16 or 2 d + 2 unless given. Each step of a walker solves
            one chain, about a millisecond.
        seed : int
            Of the moves.
        prior : callable, optional
            From a dict of the named parameters to the logarithm of a prior, on top of the flat one: in lengths, and in
            logarithms of rates and strengths, within the bounds of the search.

        Returns
        -------
        Posterior

        Raises
        ------
        ImportError
            If emcee is not installed.
        ValueError
            If the residuals do not scatter, the fit does not come from `fit_chain`, there are fewer than 2 d walkers,
            or `prior` gives no finite number near the fit.

        Notes
        -----
        Least squares of correlated residuals is a working likelihood. It is flattened by one factor, the mean variance
        of the mean history along the directions in which the parameters move it, so that widths are right on average
        over the parameters, not for each (`profile` is for each), and are not widened by Student's t. A parameter that
        the data leave open fills its bounds.

        References
        ----------
        Pauli, Racugno, Ventura, Statistica Sinica 21 (2011) 149-164; Ribatet, Cooley, Davison, ibid. 22 (2012) 813-845.
        """
        from .chain_sample import sample_chain

        return sample_chain(self._source("sample"), draws, steps, walkers, seed, prior)

    def _source(self, what: str) -> "Source":
        if self.source is None:
            raise ValueError(f"{what} needs the data, which only a fit returned by fit_chain holds; fit again.")
        return self.source

    def _estimates(self) -> dict[str, Estimate]:
        return {name: getattr(self, name) for name in ESTIMATES}

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
