"""Posterior samples of a chain fit in the units that users see."""

from collections.abc import Callable

import numpy as np

from .chain_names import in_units, user_names, with_mean_friction
from .chain_objective import ChainObjective
from .data import Array
from .model import ChainModel
from .sampling import Posterior, sample_posterior
from .source import Source

WIDEST = 0.5  # spread of the walkers' starts in theta


def sample_chain(
    source: Source,
    draws: int,
    steps: int,
    walkers: int | None,
    seed: int,
    prior: Callable[[dict[str, float]], float] | None,
) -> Posterior:
    """Samples of theta under one common variance, turned into named parameters."""
    if not source.variance > 0.0:
        raise ValueError("The residuals do not scatter, so that there is no likelihood to sample; use profile(name).")
    model, theta = source.found.model, source.found.theta
    objective = ChainObjective(source, variance=source.variance)
    inside = np.array([objective.minus2(theta + WIDEST * e) for e in np.eye(len(theta))])
    # a step that raises -2 log L by 1, as far as that is known
    spread = WIDEST / np.sqrt(np.maximum(inside, 1.0))
    found = sample_posterior(
        objective, theta, spread, draws=draws, walkers=walkers, steps=steps, seed=seed, prior=_prior(model, prior)
    )
    return found._replace(samples=_named(model, found.samples))


def _named(model: ChainModel, thetas: Array) -> Array:
    z = with_mean_friction(model, thetas)
    return np.column_stack([in_units(model, i, z[:, i]) for i in range(z.shape[1])])


def _prior(
    model: ChainModel, prior: Callable[[dict[str, float]], float] | None
) -> Callable[[dict[str, float]], float] | None:
    """The user's prior of named parameters as one of theta."""
    if prior is None:
        return None
    names = user_names(model)

    def inner(scaled: dict[str, float]) -> float:
        values = _named(model, np.array([[scaled[name] for name in names]]))[0]
        return prior(dict(zip(names, map(float, values), strict=True)))

    return inner
