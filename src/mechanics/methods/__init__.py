"""Integrators as objects: `from mechanics.methods import TSIT5`."""

from .auto import AUTO, Automatic
from .baoab import ABOBA, BAOAB, FRICTION_BAOAB, OBABO
from .bbk import BBK
from .bdf import BDF, Multistep, bdf
from .blanes_moan import BLANES_MOAN4, BLANES_MOAN_RKN6
from .bosh3 import BOSH3
from .dirk import Dirk, dirk
from .dop853 import DOP853
from .dopri5 import DOPRI5
from .drift_implicit_euler import DRIFT_IMPLICIT_EULER
from .euler import EULER
from .euler_heun import EULER_HEUN
from .euler_maruyama import EULER_MARUYAMA
from .feagin10 import FEAGIN10
from .feagin12 import FEAGIN12
from .gauss import GAUSS4, GAUSS6, GAUSS8, GAUSS16, IMPLICIT_MIDPOINT, Gauss, gauss
from .gjf import GJF
from .kahan_li8 import KAHAN_LI8
from .kvaerno3 import KVAERNO3
from .kvaerno5 import KVAERNO5
from .langevin import AveragedNoise, BrooksKarplus, FarJensen, LangevinMethod, Word, langevin_splitting
from .leimkuhler_matthews import LEIMKUHLER_MATTHEWS
from .mclachlan4 import MCLACHLAN4
from .method import Controller, Method
from .milstein import MILSTEIN
from .platen_weak2 import PLATEN_WEAK2
from .radau import Radau, radau
from .radau5 import RADAU5
from .ralston3 import RALSTON3
from .rk4 import RK4
from .rodas5p import RODAS5P
from .rosenbrock import Rosenbrock, rosenbrock
from .second_order import HEUN, MIDPOINT
from .splitting import Splitting, compensated, composition, splitting
from .sra1 import SRA1
from .sra3 import SRA3
from .sri1w1 import SRI1W1
from .ssprk3 import SSPRK3
from .stochastic_position_verlet import STOCHASTIC_POSITION_VERLET
from .stratonovich_heun import STRATONOVICH_HEUN
from .tableau import Tableau, tableau
from .taylor import TAYLOR12, TAYLOR20, Series, taylor
from .tsit5 import TSIT5
from .ubu import UBU
from .verlet import POSITION_VERLET, VERLET
from .vern7 import VERN7
from .vern8 import VERN8
from .vern9 import VERN9
from .yoshida import YOSHIDA4, YOSHIDA6, YOSHIDA8

KINDS = ("explicit", "taylor", "implicit", "symplectic", "stochastic", "langevin")

__all__ = [
    "ABOBA",
    "AUTO",
    "BAOAB",
    "BBK",
    "BDF",
    "BLANES_MOAN4",
    "BLANES_MOAN_RKN6",
    "BOSH3",
    "DOP853",
    "DOPRI5",
    "DRIFT_IMPLICIT_EULER",
    "EULER",
    "EULER_HEUN",
    "EULER_MARUYAMA",
    "FEAGIN10",
    "FEAGIN12",
    "FRICTION_BAOAB",
    "GAUSS4",
    "GAUSS6",
    "GAUSS8",
    "GAUSS16",
    "GJF",
    "HEUN",
    "IMPLICIT_MIDPOINT",
    "KAHAN_LI8",
    "KINDS",
    "KVAERNO3",
    "KVAERNO5",
    "LEIMKUHLER_MATTHEWS",
    "MCLACHLAN4",
    "MIDPOINT",
    "MILSTEIN",
    "OBABO",
    "PLATEN_WEAK2",
    "POSITION_VERLET",
    "RADAU5",
    "RALSTON3",
    "RK4",
    "RODAS5P",
    "SRA1",
    "SRA3",
    "SRI1W1",
    "SSPRK3",
    "STOCHASTIC_POSITION_VERLET",
    "STRATONOVICH_HEUN",
    "TAYLOR12",
    "TAYLOR20",
    "TSIT5",
    "UBU",
    "VERLET",
    "VERN7",
    "VERN8",
    "VERN9",
    "YOSHIDA4",
    "YOSHIDA6",
    "YOSHIDA8",
    "Automatic",
    "AveragedNoise",
    "BrooksKarplus",
    "Controller",
    "Dirk",
    "FarJensen",
    "Gauss",
    "LangevinMethod",
    "Method",
    "Multistep",
    "Radau",
    "Rosenbrock",
    "Series",
    "Splitting",
    "Tableau",
    "Word",
    "all_methods",
    "bdf",
    "compensated",
    "composition",
    "dirk",
    "gauss",
    "langevin_splitting",
    "radau",
    "rosenbrock",
    "splitting",
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
