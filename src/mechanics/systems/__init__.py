"""Classical test problems with what is known about their solutions: `from mechanics.systems import LORENZ63`."""

from .chaos import LORENZ63, LORENZ96, ROSSLER, lorenz96_system
from .detest import DETEST
from .hamiltonian import DOUBLE_WELL, FPUT_CHAIN, HENON_HEILES, PENDULUM, TODA, fput_system, toda_system
from .linear import DAMPED_OSCILLATOR, DECAY, OSCILLATOR, ROTATION, linear_system
from .manufactured import MANUFACTURED, SHAKEN_KEPLER
from .orbits import ARENSTORF, FIGURE_EIGHT, KEPLER, PLEIADES, kepler_system
from .oscillators import BRUSSELATOR, DUFFING, LOTKA_VOLTERRA, RIGID_BODY, VAN_DER_POL
from .stiff import HIRES, OREGONATOR, PYROLYSIS_E5, ROBER, ROBERTSON, VAN_DER_POL_STIFF
from .stiff_pde import BRUSSELATOR_PDE, brusselator_pde_system
from .stochastic import (
    COX_INGERSOLL_ROSS,
    GEOMETRIC_BROWNIAN,
    NOISY_DOUBLE_WELL,
    NOISY_OSCILLATOR,
    ORNSTEIN_UHLENBECK,
    RANDOM_ROTATION,
    linear_moments,
)
from .system import KINDS, System, make_system


def all_systems(kind: str | None = None) -> tuple[System, ...]:
    """Every record of this package, each once; of one kind if one of `KINDS` is given.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, but is {kind!r}.")
    found = {s.name: s for s in [*globals().values(), *DETEST] if isinstance(s, System)}
    return tuple(s for s in found.values() if kind in (None, s.kind))


__all__ = [
    "ARENSTORF",
    "BRUSSELATOR",
    "BRUSSELATOR_PDE",
    "COX_INGERSOLL_ROSS",
    "DAMPED_OSCILLATOR",
    "DECAY",
    "DETEST",
    "DOUBLE_WELL",
    "DUFFING",
    "FIGURE_EIGHT",
    "FPUT_CHAIN",
    "GEOMETRIC_BROWNIAN",
    "HENON_HEILES",
    "HIRES",
    "KEPLER",
    "KINDS",
    "LORENZ63",
    "LORENZ96",
    "LOTKA_VOLTERRA",
    "MANUFACTURED",
    "NOISY_DOUBLE_WELL",
    "NOISY_OSCILLATOR",
    "OREGONATOR",
    "ORNSTEIN_UHLENBECK",
    "OSCILLATOR",
    "PENDULUM",
    "PLEIADES",
    "PYROLYSIS_E5",
    "RANDOM_ROTATION",
    "RIGID_BODY",
    "ROBER",
    "ROBERTSON",
    "ROSSLER",
    "ROTATION",
    "SHAKEN_KEPLER",
    "TODA",
    "VAN_DER_POL",
    "VAN_DER_POL_STIFF",
    "System",
    "all_systems",
    "brusselator_pde_system",
    "fput_system",
    "kepler_system",
    "linear_moments",
    "linear_system",
    "lorenz96_system",
    "make_system",
    "toda_system",
]
