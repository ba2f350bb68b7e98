"""Stochastic position Verlet: half a drift, force with damping and noise exactly, half a drift."""

from .langevin import langevin_splitting

STOCHASTIC_POSITION_VERLET = langevin_splitting(
    "R W R", name="STOCHASTIC_POSITION_VERLET", reference="Melchionna, J. Chem. Phys. 127 (2007) 044108."
)
