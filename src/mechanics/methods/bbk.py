"""The method of Brünger, Brooks and Karplus: Verlet with damping by differences, one random force for each time.

Stationary averages of positions are of second order. Velocities at the ends of steps are not: in a harmonic well their
variance is kT/m / (1 + gamma dt/2), so that the weak order is 1.
"""

from .langevin import BrooksKarplus
from .method import Method

BBK = Method(
    "BBK",
    order=1,
    data=BrooksKarplus(sampling_order=2),
    reference="Brünger, Brooks, Karplus, Chem. Phys. Lett. 105 (1984) 495-500; Pastor, Brooks, Szabo, Mol. Phys. 65 "
    "(1988) 1409-1419.",
    weak_order=1.0,
)
