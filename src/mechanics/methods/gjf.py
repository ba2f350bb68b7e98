"""The method of Grønbech-Jensen and Farago: Verlet with exact positions in harmonic wells and free diffusion."""

from .langevin import FarJensen
from .method import Method

GJF = Method(
    "GJF",
    order=2,
    data=FarJensen(sampling_order=2),
    reference="Grønbech-Jensen, Farago, Mol. Phys. 111 (2013) 983-991, (19)-(22).",
    weak_order=2.0,
)
