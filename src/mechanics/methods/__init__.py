"""Integrators as objects: `from mechanics.methods import TSIT5`."""

from .bosh3 import BOSH3
from .dop853 import DOP853
from .dopri5 import DOPRI5
from .euler import EULER
from .euler_heun import EULER_HEUN
from .euler_maruyama import EULER_MARUYAMA
from .feagin10 import FEAGIN10
from .feagin12 import FEAGIN12
from .method import Controller, Method
from .milstein import MILSTEIN
from .platen_weak2 import PLATEN_WEAK2
from .ralston3 import RALSTON3
from .rk4 import RK4
from .second_order import HEUN, MIDPOINT
from .sra1 import SRA1
from .sra3 import SRA3
from .sri1w1 import SRI1W1
from .ssprk3 import SSPRK3
from .stratonovich_heun import STRATONOVICH_HEUN
from .tableau import Tableau, tableau
from .tsit5 import TSIT5
from .vern7 import VERN7
from .vern8 import VERN8
from .vern9 import VERN9

KINDS = ("explicit", "implicit", "symplectic", "stochastic")

__all__ = [
    "BOSH3",
    "DOP853",
    "DOPRI5",
    "EULER",
    "EULER_HEUN",
    "EULER_MARUYAMA",
    "FEAGIN10",
    "FEAGIN12",
    "HEUN",
    "KINDS",
    "MIDPOINT",
    "MILSTEIN",
    "PLATEN_WEAK2",
    "RALSTON3",
    "RK4",
    "SRA1",
    "SRA3",
    "SRI1W1",
    "SSPRK3",
    "STRATONOVICH_HEUN",
    "TSIT5",
    "VERN7",
    "VERN8",
    "VERN9",
    "Controller",
    "Method",
    "Tableau",
    "all_methods",
    "tableau",
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
