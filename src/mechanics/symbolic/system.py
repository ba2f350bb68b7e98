"""`SymbolicSystem`: kernels derived from symbols, and the problems that are made of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..problem import Problem
from . import assemble
from .equations import Equations
from .kernels import entries

Kernel = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class SymbolicSystem:
    """Kernels of a system given by formulas. Each is made when it is first asked for.

    Attributes
    ----------
    kind : str
        "ode", "lagrangian" or "hamiltonian".
    state : tuple of sympy expressions
        What the components of y are, in order: (q..., v...), (q..., p...), or those of the equations.
    parameters : class
        NamedTuple with a field for each parameter; its values never compile anything anew.
    symbols : tuple
        The parameters as they were given: a symbol, or a tuple of symbols for an array.
    drift, jacobian, energy, lagrangian, momenta, mass_matrix, diffusion : function
        Plain Python kernels, compiled when they are first solved; see each.
    """

    kind: str
    state: tuple[Any, ...]
    parameters: Any
    symbols: tuple[Any, ...]
    equations: Equations

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.state)

    @cached_property
    def drift(self) -> Kernel:
        """`drift(t, y, p, dy)` fills dy (n,)."""
        return assemble.drift(self.equations)

    @cached_property
    def jacobian(self) -> Kernel:
        """`jacobian(t, y, p, J)` fills J (n, n)."""
        return assemble.jacobian(self.equations, self.drift)

    @cached_property
    def banded_jacobian(self) -> Kernel:
        """The same for `Problem(band=system.band)`: J holds zeros when it is called, and only `band` is written."""
        return assemble.jacobian(self.equations, self.drift, self.band)

    @cached_property
    def energy(self) -> Kernel:
        """`energy(t, y, p)`: H, or sum v dL/dv - L. Constant if neither t nor forces nor friction appear."""
        return self._number("energy")

    @cached_property
    def lagrangian(self) -> Kernel:
        """`lagrangian(t, y, p)`."""
        return self._number("lagrangian")

    @cached_property
    def momenta(self) -> Kernel:
        """`momenta(t, y, p, out)` fills out (d,) with dL/dv."""
        self._of("lagrangian", "momenta")
        return assemble.vector(self.equations, "momenta", self.n // 2)

    @cached_property
    def mass_matrix(self) -> Kernel:
        """`mass_matrix(t, y, p, M)` fills M (d, d) with d^2 L / dv dv."""
        self._of("lagrangian", "mass_matrix")
        return assemble.mass_matrix(self.equations)

    @cached_property
    def diffusion(self) -> Kernel | None:
        """`diffusion(t, y, p, g)` fills g (n,); None where none was given."""
        if self.equations.noise is None:
            return None
        return assemble.vector(self.equations, "diffusion", self.n)

    @cached_property
    def band(self) -> tuple[int, int]:
        """Number of diagonals of the Jacobian below and above the main one that are not zero."""
        if self.equations.mass and not assemble.is_diagonal(self.equations):
            return self.n - 1, self.n - 1
        where = entries(self.equations.jacobian(), self.equations.layout)
        if not len(where):
            return 0, 0
        below = where[:, 0] - where[:, 1]
        return max(0, int(below.max())), max(0, int(-below.min()))

    def problem(self, y0: Any, t0: float, t1: float, p: Any = None, *, jacobian: bool = True) -> Problem:
        """A `Problem` with drift, Jacobian, and diffusion if there is one.

        Parameters
        ----------
        y0 : array_like, shape (n,), or mapping
            Initial state; or values by the entries of `state`.
        t0, t1 : float
            Start and end.
        p : mapping, sequence or record
            Values of the parameters: by symbol or field name, in order, or a `parameters(...)`.
        jacobian : bool
            Pass the Jacobian. False where a function has no derivative that kernels know.

        Raises
        ------
        TypeError, ValueError
            If values are missing, or there are too many.
        """
        return Problem(
            self.drift,
            self._start(y0),
            t0,
            t1,
            self.values(p),
            **self._derivatives() if jacobian else {},
            diffusion=self.diffusion,
            noise=self.equations.noise or "diagonal",
        )

    def values(self, p: Any) -> Any:
        """The record of parameters from a mapping, a sequence or a record; None if the system has none.

        Raises
        ------
        TypeError, ValueError
            If values are missing, unknown, or arrays of another length.
        """
        fields = self.parameters._fields
        if not fields:
            if p is not None and len(p):
                raise ValueError(f"The system has no parameters, but p is {p!r}.")
            return None
        if isinstance(p, Mapping):
            p = self._ordered(p)
        elif isinstance(p, (int, float)) and len(fields) == 1:
            p = (p,)
        if p is None or len(p) != len(fields):
            got = "nothing" if p is None else f"{len(p)} values"
            raise ValueError(f"p must have a value for each of {', '.join(fields)}, but has {got}.")
        made = []
        for field, symbol, value in zip(fields, self.symbols, p, strict=True):
            if isinstance(symbol, tuple):
                value = np.asarray(value, float)
                if value.shape != (len(symbol),):
                    raise ValueError(f"p.{field} must have shape ({len(symbol)},), but has {value.shape}.")
            made.append(value)
        return self.parameters(*made)

    def __repr__(self) -> str:
        fields = ", ".join(self.parameters._fields)
        return f"SymbolicSystem({self.kind}, n={self.n}, parameters=({fields}))"

    def _derivatives(self) -> dict[str, Any]:
        """Jacobian and, where that saves time, its band."""
        below, above = self.band
        if below + above + 1 <= self.n // 2:
            return {"jacobian": self.banded_jacobian, "band": self.band}
        return {"jacobian": self.jacobian}

    def _start(self, y0: ArrayLike | Mapping[Any, float]) -> Any:
        if not isinstance(y0, Mapping):
            y0 = np.asarray(y0, float)
            if y0.shape != (self.n,) and not (self.n == 1 and y0.ndim == 0):
                raise ValueError(
                    f"y0 must have the {self.n} components {_some(self.state)}, but its shape is {y0.shape}."
                )
            return y0
        missing = [s for s in self.state if s not in y0]
        unknown = [s for s in y0 if s not in self.state]
        if missing or unknown:
            raise ValueError(
                f"y0 must give a value for each of {_some(self.state)}; missing: {_some(missing) or 'none'}, "
                f"unknown: {_some(unknown) or 'none'}."
            )
        return np.array([float(y0[s]) for s in self.state])

    def _ordered(self, p: Mapping[Any, Any]) -> list[Any]:
        given = dict(p)
        values, missing = [], []
        for field, symbol in zip(self.parameters._fields, self.symbols, strict=True):
            key = symbol if not isinstance(symbol, tuple) and symbol in given else field
            if key in given:
                values.append(given.pop(key))
            else:
                missing.append(field)
        if missing or given:
            raise ValueError(
                f"p must give a value for each of {', '.join(self.parameters._fields)}; missing: "
                f"{', '.join(missing) or 'none'}, unknown: {_some(given) or 'none'}."
            )
        return values

    def _number(self, name: str) -> Kernel:
        if name not in self.equations.numbers:
            raise AttributeError(f"A system from {self.kind} has no {name}.")
        return assemble.number(self.equations, name)

    def _of(self, kind: str, name: str) -> None:
        if self.kind != kind:
            raise AttributeError(f"A system from {self.kind} has no {name}; from_{kind} makes one.")


def _some(things: Any) -> str:
    names = [str(s) for s in things]
    return ", ".join(names[:6]) + (f", ... ({len(names)})" if len(names) > 6 else "")
