"""Checks of claims that methods make, for your own tests: `check_order(MY_METHOD)`.

Each check returns a small record of what was measured, or raises AssertionError with a sentence that says what was
claimed, what was measured, and where. `strategies` holds hypothesis strategies (`pip install mechanet[test]`).
"""

from . import strategies
from ._slope import Slope
from .dense import DenseCheck, check_dense_output
from .geometry import StructureCheck, check_reversible, check_symplectic
from .invariant import InvariantCheck, check_invariant
from .order import OrderCheck, check_order
from .reproducible import ReproducibleCheck, check_reproducible
from .stochastic import StochasticOrderCheck, check_strong_order, check_weak_order

__all__ = [
    "DenseCheck",
    "InvariantCheck",
    "OrderCheck",
    "ReproducibleCheck",
    "Slope",
    "StochasticOrderCheck",
    "StructureCheck",
    "check_dense_output",
    "check_invariant",
    "check_order",
    "check_reproducible",
    "check_reversible",
    "check_strong_order",
    "check_symplectic",
    "check_weak_order",
    "strategies",
]
