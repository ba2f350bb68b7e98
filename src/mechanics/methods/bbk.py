"""The method of Brünger, Brooks and Karplus: Verlet with damping by differences, one random force for each time."""

from .langevin import BrooksKarplus
from .method import Method

BBK = Method(
    "BBK",
    order=2,
    data=BrooksKarplus(sampling_order=2),
    reference="Brünger, Brooks, Karplus, Chem. Phys. Lett. 105 (1984) 495-500; Pastor, Brooks, Szabo, Mol. Phys. 65 "
    "(1988) 1409-1419.",
    weak_order=2.0,
)
