"""`Hamiltonian`: H(t, q, p, par), its vector field, its flow, and the derivatives of both.

q' = dH/dp,   p' = -dH/dq,   y = (q, p)
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_numbers, whole_numbers
from ..methods import DOP853, Method
from ..problem import Problem, check_arguments
from ..solution import Solution
from ..solving import solve
from ..status import SolveError
from .flow import Flow
from .formula import formula_of, parameter_record
from .variational import flow_and_monodromy

Array = NDArray[np.float64]


class Quadratic(NamedTuple):
    """Symmetric matrix S of H = y^T S y / 2."""

    S: Array


@final
class Hamiltonian:
    """A Hamiltonian system with d degrees of freedom; y = (q, p).

    Parameters
    ----------
    H : callable, optional
        `H(t, q, p, par) -> float`, plain Python with q, p of shape (d,). It is run once on symbols and differentiated
        exactly, so it must be a formula (no branches); otherwise give `gradient`.
    d : int
        Degrees of freedom.
    par : None, float, array_like, mapping or NamedTuple
        Parameters. The keys of a mapping become fields: `par.k`. New values never compile anything anew.
    gradient : callable, optional
        `gradient(t, q, p, par, dq, dp)` fills dH/dq and dH/dp, in place of the derivatives of a formula. Jacobians are
        then central differences of it.

    Raises
    ------
    TypeError, ValueError
        If arguments are missing or of the wrong form; if H is no formula.

    Examples
    --------
    >>> from mechanics.hamiltonian import Hamiltonian
    >>> pendulum = Hamiltonian(lambda t, q, p, par: p[0] ** 2 / 2 + par.g * (1 - np.cos(q[0])), par={"g": 9.81})
    """

    def __init__(
        self,
        H: Callable[..., float] | None = None,
        d: int = 1,
        par: Any = None,
        *,
        gradient: Callable[..., None] | None = None,
    ) -> None:
        whole_numbers(d=(d, 1))
        par = parameter_record(par)
        if H is not None:
            check_arguments(H, "H", "t, q, p, par")
        if gradient is not None:
            check_arguments(gradient, "gradient", "t, q, p, par, dq, dp")
            energy = None if H is None else _energy_of(H, d)
            flow = Flow(_drift_of(gradient, d), None, energy, 2 * d, par, hamiltonian=True)
        elif H is not None:
            system = formula_of(H, d, par)
            p = None if par is None else system.parameters(*(par if hasattr(par, "_fields") else (par,)))
            flow = Flow(system.drift, system.jacobian, system.energy, 2 * d, p, hamiltonian=True)
        else:
            raise TypeError("Hamiltonian needs H(t, q, p, par), or gradient(t, q, p, par, dq, dp).")
        self._set(flow)

    def _set(self, flow: Flow) -> None:
        self._flow = flow

    @classmethod
    def _of(cls, flow: Flow) -> "Hamiltonian":
        made = object.__new__(cls)
        made._set(flow)
        return made

    @classmethod
    def from_sympy(cls, H: Any, q: Any, p: Any, *, t: Any = None, parameters: Any = None, par: Any = None) -> Any:
        """From a sympy expression; arguments as `mechanics.symbolic.from_hamiltonian`, values of the parameters in par.

        Parameters
        ----------
        H : sympy expression
            Of coordinates q, momenta p, parameters and time t.
        q, p : sequences of Symbol
            Coordinates and momenta.
        t : Symbol, optional
            Time.
        parameters : sequence of Symbol, or mapping
            Symbols of the parameters.
        par : mapping, sequence or record
            Their values, by symbol or in order.
        """
        from ..symbolic import from_hamiltonian

        system = from_hamiltonian(H, q, p, t=t, parameters=parameters)
        return cls.from_system(system, par)

    @classmethod
    def from_system(cls, system: Any, par: Any = None) -> "Hamiltonian":
        """From a `SymbolicSystem` that `from_hamiltonian` made, and values of its parameters."""
        if getattr(system, "kind", None) != "hamiltonian":
            raise ValueError(f"from_system takes a system from from_hamiltonian, but got {system!r}.")
        values = system.values(par)
        return cls._of(Flow(system.drift, system.jacobian, system.energy, system.n, values, hamiltonian=True))

    @classmethod
    def quadratic(cls, S: ArrayLike) -> "Hamiltonian":
        """H = y^T S y / 2 from a symmetric matrix of shape (2 d, 2 d)."""
        S = finite_numbers("S", S)
        if S.ndim != 2 or S.shape[0] != S.shape[1] or S.shape[0] % 2 or not np.allclose(S, S.T):
            raise ValueError(f"S must be a symmetric matrix with an even number of rows, but has shape {S.shape}.")
        return cls._of(
            Flow(_linear, _linear_jacobian, _quadratic_energy, len(S), Quadratic(0.5 * (S + S.T)), hamiltonian=True)
        )

    @property
    def d(self) -> int:
        """Degrees of freedom."""
        return self._flow.n // 2

    @property
    def par(self) -> Any:
        """Parameters."""
        return self._flow.p

    def with_par(self, **values: Any) -> "Hamiltonian":
        """The same Hamiltonian with other values of the named parameters."""
        old = self._flow.p
        fields = getattr(old, "_fields", ())
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise ValueError(f"The parameters are {', '.join(fields) or 'none'}; there is no {unknown[0]}.")
        return self._of(self._flow.with_p(old._replace(**values)))

    def field(self, t: float, y: ArrayLike) -> Array:
        """(q', p') at one state (2 d,) or at many (m, 2 d)."""
        y, many = self._states(y)
        F = self._flow.slopes(np.full(len(y), float(t)), y)
        return F if many else F[0]

    def energy(self, t: float, y: ArrayLike) -> Any:
        """H at one state, or at many.

        Raises
        ------
        ValueError
            If the Hamiltonian was made from its gradient alone.
        """
        y, many = self._states(y)
        H = self._flow.energies(np.full(len(y), float(t)), y)
        if H is None:
            raise ValueError("This Hamiltonian has a gradient only; pass H as well to know its value.")
        return H if many else float(H[0])

    def jacobian(self, t: float, y: ArrayLike) -> Array:
        """Derivative of the field, shape (2 d, 2 d)."""
        y, _ = self._states(y)
        return self._flow.matrices(np.array([float(t)]), y[:1])[0]

    def jvp(self, t: float, y: ArrayLike, v: ArrayLike) -> Array:
        """Derivative of the field along v."""
        return self.jacobian(t, y) @ finite_numbers("v", v)

    def vjp(self, t: float, y: ArrayLike, w: ArrayLike) -> Array:
        """Gradient of w . field."""
        return finite_numbers("w", w) @ self.jacobian(t, y)

    def problem(self, y0: ArrayLike, t0: float, t1: float) -> Problem:
        """The initial value problem, for `solve` and `ensemble`."""
        return self._flow.problem(self._states(y0)[0][0], t0, t1)

    def flow(self, y0: ArrayLike, t0: float, t1: float, method: Method = DOP853, **options: Any) -> Solution:
        """Solve from y0; options as those of `mechanics.solve`."""
        return solve(self.problem(y0, t0, t1), method, **options)

    def monodromy(
        self,
        y0: ArrayLike,
        t0: float,
        t1: float,
        method: Method = DOP853,
        *,
        dt: float | None = None,
        rtol: float = 1e-10,
        atol: float = 1e-12,
    ) -> Array:
        """d y(t1) / d y(t0), from the variational equations along the same scheme; symplectic.

        Raises
        ------
        SolveError
            If the solve fails.
        """
        found = flow_and_monodromy(
            self._flow, self._states(y0)[0][0], float(t0), float(t1), method, dt=dt, rtol=rtol, atol=atol
        )
        if found is None:
            raise SolveError("The variational equations could not be solved; solve the flow alone to see why.", None)
        return found[1]

    def _states(self, y: ArrayLike) -> tuple[Array, bool]:
        y = finite_numbers("y", y)
        if y.ndim not in (1, 2) or y.shape[-1] != self._flow.n:
            raise ValueError(f"y must have {self._flow.n} components (q, p), but its shape is {y.shape}.")
        return np.ascontiguousarray(np.atleast_2d(y)), y.ndim == 2

    def __repr__(self) -> str:
        return f"Hamiltonian(d={self.d}, par={self.par!r})"


@cache
def _drift_of(gradient: Callable[..., None], d: int) -> Callable[..., None]:
    def drift(t, y, par, dy):  # type: ignore[no-untyped-def]
        gradient(t, y[:d], y[d:], par, dy[d:], dy[:d])
        for i in range(d, 2 * d):
            dy[i] = -dy[i]

    return drift


@cache
def _energy_of(H: Callable[..., float], d: int) -> Callable[..., float]:
    def energy(t, y, par):  # type: ignore[no-untyped-def]
        return H(t, y[:d], y[d:], par)

    return energy


def _linear(t, y, par, dy):  # type: ignore[no-untyped-def]
    n = len(y)
    d = n // 2
    for i in range(d):
        up, down = 0.0, 0.0
        for j in range(n):
            up += par.S[d + i, j] * y[j]
            down += par.S[i, j] * y[j]
        dy[i] = up
        dy[d + i] = -down


def _linear_jacobian(t, y, par, J):  # type: ignore[no-untyped-def]
    n = len(y)
    d = n // 2
    for i in range(d):
        for j in range(n):
            J[i, j] = par.S[d + i, j]
            J[d + i, j] = -par.S[i, j]


def _quadratic_energy(t, y, par):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(len(y)):
        for j in range(len(y)):
            total += y[i] * par.S[i, j] * y[j]
    return 0.5 * total
