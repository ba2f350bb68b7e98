"""Langevin methods from kicks, drifts and the exact damped noise: where the noise stands decides what is exact.

In a harmonic well the variance of positions is exact for BAOAB, and that of velocities for OBABO and ABOBA.
"""

from .langevin import langevin_splitting

_REFERENCE = "Leimkuhler, Matthews, Appl. Math. Res. Express 2013 (2013) 34-56."

BAOAB = langevin_splitting("V R O R V", name="BAOAB", reference=_REFERENCE)
ABOBA = langevin_splitting("R V O V R", name="ABOBA", reference=_REFERENCE)
OBABO = langevin_splitting(
    "O V R V O", name="OBABO", reference="Bussi, Parrinello, Phys. Rev. E 75 (2007) 056707; " + _REFERENCE
)
FRICTION_BAOAB = langevin_splitting(
    "D R O R D", name="FRICTION_BAOAB", weak_order=1.0, reference=_REFERENCE + " With dry friction in the kicks."
)
