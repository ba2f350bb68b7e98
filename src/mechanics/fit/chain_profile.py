"""Profile likelihood of a chain fit in the units that users see."""

import numpy as np

from .chain_names import in_units, is_factor, named_place, unit
from .chain_objective import ChainObjective
from .profile import Profile, profile_of
from .result import Estimate
from .source import Source

FIRST_LENGTH, FIRST_FACTOR = 0.1, 0.5  # first steps outwards where the linearised error is not known


def profile_chain(source: Source, estimate: Estimate | None, name: str, level: float) -> Profile:
    """Profile of one named parameter; `estimate` gives the size of the first step."""
    model = source.found.model
    i = named_place(model, name)
    objective = ChainObjective(source, friction=name == "mean_friction_over_k")
    factor = is_factor(model, i)
    size = FIRST_FACTOR if factor else FIRST_LENGTH
    if estimate is not None and np.isfinite(estimate.stderr) and estimate.stderr > 0.0:
        size = 2.0 * estimate.stderr / (estimate.value if factor else unit(model, i))
    found = profile_of(objective, objective.best, i, float(size), level)
    low, high = in_units(model, i, np.array(found.interval))
    return found._replace(name=name, values=in_units(model, i, found.values), interval=(float(low), float(high)))
