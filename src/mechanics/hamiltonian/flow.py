"""What a two-point problem moves along: drift, Jacobian and Hamiltonian as functions of whole meshes.

The user's kernels are compiled into three loops that do nothing else; linear algebra is compiled once for all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parameters import normalise
from ..problem import Problem, reads_time
from .kernels import bound

Array = NDArray[np.float64]
CUBE_EPS = 6.0554544523933395e-06  # 2^-52 to the third: the increment of a central difference with the least error

drift: Any = None  # bound below
jacobian: Any = None
energy: Any = None


def _slopes(times, Z, p, F):  # type: ignore[no-untyped-def]
    for i in range(len(times)):
        drift(times[i], Z[i], p, F[i])


def _matrices(times, Z, p, J):  # type: ignore[no-untyped-def]
    for i in range(len(times)):
        for a in range(J.shape[1]):
            for c in range(J.shape[2]):
                J[i, a, c] = 0.0
        jacobian(times[i], Z[i], p, J[i])


def _differences(times, Z, p, J, y, up, down):  # type: ignore[no-untyped-def]
    n = Z.shape[1]
    for i in range(len(times)):
        for a in range(n):
            y[a] = Z[i, a]
        for c in range(n):
            step = CUBE_EPS * (1.0 + abs(y[c]))
            y[c] = Z[i, c] + step
            above = y[c]
            drift(times[i], y, p, up)
            y[c] = Z[i, c] - step
            width = above - y[c]
            drift(times[i], y, p, down)
            y[c] = Z[i, c]
            for a in range(n):
                J[i, a, c] = (up[a] - down[a]) / width


def _energies(times, Z, p, H):  # type: ignore[no-untyped-def]
    for i in range(len(times)):
        H[i] = energy(times[i], Z[i], p)


@dataclass(frozen=True, eq=False)
class Flow:
    """dy/dt = f(t, y, p) on meshes.

    Parameters
    ----------
    drift, jacobian, energy : callable
        `drift(t, y, p, dy)`; `jacobian(t, y, p, J)` and `energy(t, y, p)` or None.
    n : int
        Components of y.
    p : any
        As a `Problem` takes them.
    hamiltonian : bool
        Whether y = (q, p) and the drift is Hamilton's.
    """

    drift: Callable[..., None]
    jacobian: Callable[..., None] | None
    energy: Callable[..., float] | None
    n: int
    p: Any = None
    hamiltonian: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", normalise(self.p)[0])

    def with_p(self, p: Any) -> "Flow":
        """The same with other parameters; nothing is compiled anew."""
        return replace(self, p=p)

    @cached_property
    def conserves(self) -> bool:
        """Whether the energy is constant along the flow: y = (q, p), and neither drift nor energy read their t."""
        return self.hamiltonian and self.energy is not None and not any(map(reads_time, (self.drift, self.energy)))

    def slopes(self, times: Array, Z: Array, p: Any = None, F: Array | None = None) -> Array:
        """F (N, n) at times (N,) and states (N, n), for parameters p in place of one's own; into `F` if it is given."""
        F = np.empty(Z.shape) if F is None else F
        bound(_slopes, "drift", self.drift)(times, Z, self.p if p is None else p, F)
        return F

    def matrices(self, times: Array, Z: Array, p: Any = None, J: Array | None = None) -> Array:
        """Jacobians (N, n, n); central differences where no Jacobian was given."""
        N, n = Z.shape
        J, p = np.empty((N, n, n)) if J is None else J, self.p if p is None else p
        if self.jacobian is not None:
            bound(_matrices, "jacobian", self.jacobian)(times, Z, p, J)
        else:
            run = bound(_differences, "drift", self.drift)
            run(times, Z, p, J, np.empty(n), np.empty(n), np.empty(n))
        return J

    def energies(self, times: Array, Z: Array) -> Array | None:
        """H (N,), or None where there is no Hamiltonian."""
        if self.energy is None:
            return None
        H = np.empty(len(times))
        bound(_energies, "energy", self.energy)(times, Z, self.p, H)
        return H

    def problem(self, y0: Array, t0: float, t1: float) -> Problem:
        """The initial value problem."""
        return Problem(self.drift, y0, t0, t1, self.p, jacobian=self.jacobian)
