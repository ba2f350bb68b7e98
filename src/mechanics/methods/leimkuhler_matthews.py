"""The method of Leimkuhler and Matthews for overdamped motion: Euler-Maruyama that averages neighbouring normals.

The limit of BAOAB at strong damping: one force a step, stationary averages to second order.
"""

from .langevin import AveragedNoise
from .method import Method

LEIMKUHLER_MATTHEWS = Method(
    "LEIMKUHLER_MATTHEWS",
    order=1,
    data=AveragedNoise(sampling_order=2),
    reference="Leimkuhler, Matthews, Appl. Math. Res. Express 2013 (2013) 34-56; Leimkuhler, Matthews, Tretyakov, "
    "Proc. R. Soc. A 470 (2014) 20140120.",
    weak_order=1.0,
    calculus="ito",
)
