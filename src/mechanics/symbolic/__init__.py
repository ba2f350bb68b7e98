"""Systems from formulas: `from mechanics.symbolic import from_ode, from_lagrangian, from_hamiltonian`.

A sympy ODE, Lagrangian or Hamiltonian gives drift, Jacobian and energies as kernels, and a `Problem` in one call. Terms
of one shape become loops, so that neither derivation nor compilation grows with the number of oscillators.
"""

from .hamiltonian import from_hamiltonian
from .lagrangian import from_lagrangian
from .ode import from_ode
from .system import SymbolicSystem

__all__ = ["SymbolicSystem", "from_hamiltonian", "from_lagrangian", "from_ode"]
