"""Refinement of a mean-field fit by simulation: indirect inference or synthetic likelihood of path and fluctuations."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..checks import finite_number, whole_numbers
from .moments import Matching
from .noise_chain import NoiseChain, steps_of
from .noise_data import Array, Histories
from .noise_statistics import Statistics, statistics_of
from .result import ChainFit
from .stochastic_fit import StochasticFit, stochastic_fit
from .synthetic_likelihood import likeliest

LEAST_GROUPS = 100  # a covariance of some twenty statistics wants five times as many groups
MEMBERS = 2000  # as many make C of the path: from 500 the bend scattered by a fifth more
NOISE_SCAN = np.log(10.0) * np.arange(-2.5, 0.6, 0.5)  # log s/(k R) tried where the mean field left the noise open


def refine_chain(
    fit: ChainFit,
    load_curves: ArrayLike,
    epochs: ArrayLike,
    *,
    dt: float,
    method: Literal["indirect_inference", "synthetic_likelihood"] = "indirect_inference",
    end: ArrayLike | None = None,
    members: int | None = None,
    dynamics: Literal["overdamped", "second_order"] = "overdamped",
    mass: float = 1.0,
    seed: int = 0,
    threads: int | None = None,
) -> StochasticFit:
    """Refine a mean-field fit by simulated moments of the mean path and of the fluctuations.

    Parameters
    ----------
    fit : ChainFit
        From `fit_chain` with model="uniform", of the same data; its weights do not matter, being only where the search
        starts.
    load_curves : array_like, shape (m, n) or (seeds, m, n)
        As given to `fit_chain`. Several seeds: fluctuations are deviations from their mean at each epoch. One history:
        deviations from the mean field, which hold its misfit too.
    epochs : array_like, shape (m,)
        As given to `fit_chain`.
    dt : float
        Step of the simulation in epochs, and with it the time for which a draw of the noise lasts: the size of the
        fluctuations goes as s sqrt(dt), so dt must be known. One optimiser step of a network; the step of a simulated
        chain.
    method : {"indirect_inference", "synthetic_likelihood"}
        Weighted squares of the statistics' differences, or, from where these are least on, the likelihood of the
        statistics as normal numbers whose covariance depends on the parameters too: about six times as many
        simulations, and `profile` and `sample`.
    end : array_like, optional
        As given to `fit_chain`, where the pull was measured.
    members : int, optional
        Simulated histories; 2000, and at least 100 times the seeds, unless given. They come in S groups as large as the
        data, which take the factor 1 + 1/S of the errors.
    dynamics : {"overdamped", "second_order"}
        What is simulated: (5), or (10)-(11) with damping 1. Its statistics are matched, its mean field is not needed.
    mass : float
        Mass over damping of second-order dynamics, in epochs.
    seed : int
        Names the simulated noise; the same for all parameters (common random numbers).
    threads : int, optional
        As many as there are processors unless given.

    Returns
    -------
    StochasticFit

    Raises
    ------
    ValueError
        If the data are not those of the fit or not all measured, the fit is of an extended model, dt does not separate
        the epochs, there are too few members, the histories do not fluctuate, or the method is not known.

    Notes
    -----
    Noise is never taken from the squared error of a path: that shrinks it to zero. The path enters by its projections
    on the directions in which the mean field can move; what is left of it is tested (`path_p_value`), not fitted.

    References
    ----------
    Gourieroux, Monfort, Renault, J. Applied Econometrics 8 (1993) S85; Wood, Nature 466 (2010) 1102; Price,
    Drovandi, Lee, Nott, J. Comput. Graph. Stat. 27 (2018) 1; Shi, Pan, Dokmanic, arXiv:2407.19353, (5)-(6).
    """
    dt, mass = finite_number("dt", dt), finite_number("mass", mass)
    if dt <= 0 or mass <= 0:
        raise ValueError(f"dt and mass must be positive, but are {dt} and {mass}.")
    if method not in ("indirect_inference", "synthetic_likelihood"):
        raise ValueError(f"method must be 'indirect_inference' or 'synthetic_likelihood', but is {method!r}.")
    if dynamics not in ("overdamped", "second_order"):
        raise ValueError(f"dynamics must be 'overdamped' or 'second_order', but is {dynamics!r}.")
    data = Histories.of(fit, load_curves, epochs, end)
    steps_of(data.ts, dt)
    H = len(data.x)
    members = max(MEMBERS, LEAST_GROUPS * H) if members is None else members
    whole_numbers(members=(members, 1))
    groups = members // H
    if groups < LEAST_GROUPS // 2:
        raise ValueError(
            f"members={members} makes {groups} groups of {H} histories, too few for the covariance of statistics; "
            f"use members >= {LEAST_GROUPS // 2 * H}."
        )
    if H > 1 and np.ptp(data.x, axis=0).max() < 1e-9 * data.scale:
        raise ValueError("The histories are all the same: without fluctuations there is no noise to fit.")
    chain = NoiseChain(data, dt, dynamics, mass, seed, threads)
    start = chain.start(fit)
    if not fit.noise_over_k.identified:
        start = _with_noise(chain, start, max(8, groups // 10))
    directions = max(groups, -(-MEMBERS // H))  # groups that C is made from
    moments = statistics_of(data, chain, start, directions, first=groups)
    fresh = groups + directions

    measured = moments.of(data.x[None])[0]
    low, high = chain.bounds()
    matching = Matching(
        measured, chain.simulate, moments.of, groups, fresh, low, high, chain.open_beyond(), chain.widths, chain.far
    )
    match, likelihood = matching.run(start), None
    if method == "synthetic_likelihood":

        def again(theta: Array, number: int) -> Array:
            return moments.of(replace(chain, seed=number).simulate(theta, 1))[0]

        match, likelihood = likeliest(match, chain.names, measured, chain.simulate, moments.of, low, high, fresh, again)
    path_p = _path_p(moments, data, chain, match.theta, groups, fresh)
    return stochastic_fit(fit, data, chain, moments, measured, match, path_p, likelihood)


def _with_noise(chain: NoiseChain, start: Array, groups: int) -> Array:
    """Start with the noise whose deviations from the mean have about the measured size."""
    i, x = chain.names.index("log s"), chain.data.x
    tried: Sequence[Array] = [np.where(np.arange(len(start)) == i, value, start) for value in NOISE_SCAN]

    def size(x: Array) -> float:
        if x.shape[1] > 1:
            return float(np.log((x - x.mean(axis=1, keepdims=True)).var()))
        return float(np.log((x - chain.data.fitted).var()))

    return min(tried, key=lambda theta: abs(size(chain.simulate(theta, groups)) - size(x[None])))


def _path_p(moments: Statistics, data: Histories, chain: NoiseChain, theta: Array, groups: int, first: int) -> float:
    """Share of simulated groups whose mean path lies as far off the mean field as the data's (Monte Carlo test)."""
    simulated = moments.misfit(chain.simulate(theta, groups, first))
    return float((1 + (simulated >= moments.misfit(data.x[None])[0]).sum()) / (groups + 1))
