"""Integrators as objects: `from mechanics.methods import TSIT5`."""

from .method import Controller, Method
from .rk4 import RK4
from .tableau import Tableau, tableau
from .tsit5 import TSIT5

__all__ = ["RK4", "TSIT5", "Controller", "Method", "Tableau", "tableau"]
