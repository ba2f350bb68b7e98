"""Integrators as objects: `from mechanics.methods import TSIT5`."""

from .auto import AUTO, Automatic
from .bdf import BDF, Multistep, bdf
from .bosh3 import BOSH3
from .dirk import Dirk, dirk
from .dop853 import DOP853
from .dopri5 import DOPRI5
from .euler import EULER
from .feagin10 import FEAGIN10
from .feagin12 import FEAGIN12
from .kvaerno3 import KVAERNO3
from .kvaerno5 import KVAERNO5
from .method import Controller, Method
from .radau import Radau, radau
from .radau5 import RADAU5
from .ralston3 import RALSTON3
from .rk4 import RK4
from .rodas5p import RODAS5P
from .rosenbrock import Rosenbrock, rosenbrock
from .second_order import HEUN, MIDPOINT
from .ssprk3 import SSPRK3
from .tableau import Tableau, tableau
from .taylor import TAYLOR12, TAYLOR20, Series, taylor
from .tsit5 import TSIT5
from .vern7 import VERN7
from .vern8 import VERN8
from .vern9 import VERN9

KINDS = ("explicit", "taylor", "implicit", "symplectic", "stochastic")

__all__ = [
    "AUTO",
    "BDF",
    "BOSH3",
    "DOP853",
    "DOPRI5",
    "EULER",
    "FEAGIN10",
    "FEAGIN12",
    "HEUN",
    "KINDS",
    "KVAERNO3",
    "KVAERNO5",
    "MIDPOINT",
    "RADAU5",
    "RALSTON3",
    "RK4",
    "RODAS5P",
    "SSPRK3",
    "TAYLOR12",
    "TAYLOR20",
    "TSIT5",
    "VERN7",
    "VERN8",
    "VERN9",
    "Automatic",
    "Controller",
    "Dirk",
    "Method",
    "Multistep",
    "Radau",
    "Rosenbrock",
    "Series",
    "Tableau",
    "all_methods",
    "bdf",
    "dirk",
    "radau",
    "rosenbrock",
    "tableau",
    "taylor",
]


def all_methods(kind: str | None = None) -> tuple[Method, ...]:
    """Every method of this package, lowest order first: what the tests check and the tables list.

    Parameters
    ----------
    kind : str, optional
        One of `KINDS`: those of one family alone.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, but is {kind!r}.")
    found = [value for value in globals().values() if isinstance(value, Method) and kind in (None, value.kind)]
    return tuple(sorted(found, key=lambda method: (method.order, method.name)))
