"""The leapfrog method: kick, drift, kick, or drift, kick, drift with half steps outside."""

from .method import Method
from .splitting import splitting

_REFERENCE = "Verlet, Phys. Rev. 159 (1967) 98-103; Hairer, Lubich, Wanner, Acta Numerica 12 (2003) 399-450."

VERLET = Method(
    name="VERLET",
    order=2,
    data=splitting("BAB", [1 / 2, 1, 1 / 2], dense_order=2),
    reference=_REFERENCE,
)
POSITION_VERLET = Method(
    name="POSITION_VERLET",
    order=2,
    data=splitting("ABA", [1 / 2, 1, 1 / 2], dense_order=2),
    reference=_REFERENCE,
)
