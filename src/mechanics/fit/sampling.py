"""Posterior samples of a fit by the affine-invariant ensemble sampler (emcee, an optional package).

Goodman, Weare, Comm. Appl. Math. Comp. Sci. 5 (2010) 65-80; Foreman-Mackey et al., PASP 125 (2013) 306-312.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_numbers
from .objective import BAD, Objective

Array = NDArray[np.float64]


class Posterior(NamedTuple):
    """Samples.

    Attributes
    ----------
    names : tuple of str
    samples : ndarray, shape (draws, d)
        After the first part was thrown away and the rest thinned.
    log_posterior : ndarray, shape (draws,)
        Up to a constant.
    acceptance : float
        Mean share of accepted moves; 0.2 to 0.5 is usual.
    autocorrelation_time : ndarray, shape (d,)
        Of the chains, in steps; samples are trusted from 50 of them a chain on.
    """

    names: tuple[str, ...]
    samples: Array
    log_posterior: Array
    acceptance: float
    autocorrelation_time: Array


def sample_posterior(
    objective: Objective,
    theta: Array,
    spread: Array,
    *,
    draws: int,
    walkers: int | None,
    steps: int,
    seed: int,
    prior: Callable[[dict[str, float]], float] | None,
) -> Posterior:
    """Sample exp(-minus2 / 2) times the prior within the bounds."""
    try:
        import emcee
    except ImportError:
        raise ImportError(
            "sample needs emcee, which is not installed: pip install 'mechanet[sample]'. Without it, profile(name) "
            "gives intervals and bootstrap(n) gives draws."
        ) from None
    d = len(theta)
    walkers = max(2 * d + 2, 16) if walkers is None else walkers
    whole_numbers(draws=(draws, 1), steps=(steps, 10), walkers=(walkers, 2 * d), seed=(seed, 0))

    def log_posterior(x: Array) -> float:
        if np.any(x < objective.lower) or np.any(x > objective.upper):
            return -np.inf
        found = objective.minus2(x)
        before = 0.0 if prior is None else _density(prior(dict(zip(objective.names, map(float, x), strict=True))))
        return before - 0.5 * found if found < BAD and np.isfinite(before) else -np.inf

    rng = np.random.default_rng(seed)
    width = np.minimum(spread, objective.upper - objective.lower)
    start = theta + 0.3 * width * rng.standard_normal((walkers, d))
    start = np.clip(start, objective.lower, objective.upper)
    logs = np.array([log_posterior(x) for x in start])
    if not np.isfinite(logs).any():
        raise ValueError(
            f"None of {walkers} starts near the fit has a density: prior= must return the logarithm of a "
            "density, finite around the fit and -inf where it is 0."
        )
    source = np.random.RandomState(seed if seed < 2**32 else np.random.MT19937(np.random.SeedSequence(seed)))
    state: Any = emcee.State(start, log_prob=logs, random_state=source.get_state())
    sampler: Any = emcee.EnsembleSampler(walkers, d, log_posterior)
    sampler.run_mcmc(state, steps)
    chain, logs = sampler.get_chain(discard=steps // 3, flat=True), sampler.get_log_prob(discard=steps // 3, flat=True)
    keep = np.linspace(0, len(chain) - 1, min(draws, len(chain))).astype(int)
    return Posterior(
        objective.names, chain[keep], logs[keep], float(np.mean(sampler.acceptance_fraction)),
        sampler.get_autocorr_time(quiet=True, tol=0),
    )  # fmt: skip


def _density(found: Any) -> float:
    """What the user's prior returned, as a float."""
    try:
        return float(found)
    except (TypeError, ValueError):
        raise ValueError(f"prior must return the logarithm of a density, a number, but returned {found!r}.") from None
