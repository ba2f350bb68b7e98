"""The table of dynamics and their methods; the first method of a dynamics is its default."""

import numpy as np

from . import implicit_friction, implicit_slip, overdamped, second_order, sign_law, thermal
from .event_driven import proceed_exactly
from .parameters import ChainParameters
from .scheme import Scheme

EVENT_DRIVEN = Scheme(None, None, None, lambda chain: np.inf, proceed=proceed_exactly)
INERTIAL_EVENT_DRIVEN = Scheme(None, None, None, lambda chain: np.inf, inertial=True, proceed=proceed_exactly)

SCHEMES: dict[str, dict[str, Scheme]] = {
    "overdamped": {
        "explicit": overdamped.EXPLICIT,
        "implicit": implicit_slip.IMPLICIT,
        "event_driven": EVENT_DRIVEN,
    },
    "second_order": {
        "explicit": second_order.EXPLICIT,
        "implicit": implicit_friction.IMPLICIT,
        "midpoint": implicit_friction.MIDPOINT,
        "event_driven": INERTIAL_EVENT_DRIVEN,
    },
    "langevin": {"splitting": thermal.SPLIT},
    "sign_law": {"heun": sign_law.HEUN, "euler": sign_law.EULER},
    "smooth_law": {"heun": sign_law.HEUN},
}


def find_scheme(chain: ChainParameters, method: str | None) -> tuple[str, Scheme]:
    """Name and scheme of a method for the chain's dynamics; the first of the dynamics unless named.

    Raises
    ------
    ValueError
        If the dynamics has no such method.
    """
    schemes = SCHEMES[chain.dynamics]
    name = next(iter(schemes)) if method is None else method
    if name not in schemes:
        raise ValueError(
            f"method must be one of {', '.join(map(repr, schemes))} for dynamics={chain.dynamics!r}, but is {method!r}."
        )
    return name, schemes[name]
