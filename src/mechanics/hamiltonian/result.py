"""`TwoPoint`: the solution of a two-point problem with the numbers that certify it, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .interpolant import Interpolant
from .propagate import amplification_of, conjugate_points_of, midpoint_blocks

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoPoint:
    """Result of `two_point`. Numbers of a solve that did not converge are those of its last iterate.

    Attributes
    ----------
    converged : bool
        True only if boundary residual, defect and Hamiltonian drift, measured on the returned curve, are all below tol.
    reason : str
        How it ended: a word ("converged", "no_progress", "singular_jacobian", "max_iterations", "non_finite",
        "mesh_limit"), then cause and remedy.
    ts, ys : ndarray, shapes (M + 1,), (M + 1, n)
        Mesh and states; ys is NaN unless converged.
    unknown : mapping
        Values of the unknown parameters; a free end is "t1".
    residual, defect, hamiltonian_drift : float
        The three measures (`mechanics.hamiltonian.certificate`); the last is NaN without a conserved Hamiltonian.
    iterations : int
        Newton iterations on all meshes.
    conditioning : float
        Smallest singular value of the reduced linear system over its largest; near zero at folds and conjugate points.
    error_estimate : float
        Largest error at the mesh points that the measured defect can lead to, by one more solve with the last matrix,
        relative to 1 + |y|. Often ten times too large: errors of symmetric schemes cancel. NaN for shooting.
    tol : float
        What was asked for.
    method : str
        "collocation", "multiple_shooting" or "single_shooting".
    flow : Flow
        The system, with the unknown parameters filled in.
    last : (ndarray, ndarray)
        Mesh and states of the last iterate, for diagnosis.
    blocks : ndarray, shape (M, n, n), or None
        Derivatives of the states at the end of each interval, or segment of shooting, by those at its start.
    fixed_ends : bool
        Whether q is fixed at both ends, and nothing else is unknown: then conjugate points are looked for.
    """

    converged: bool
    reason: str
    ts: Array
    ys: Array
    unknown: Mapping[str, float]
    residual: float
    defect: float
    hamiltonian_drift: float
    iterations: int
    conditioning: float
    error_estimate: float
    tol: float
    method: str
    flow: Any = field(repr=False)
    sol_or_none: Interpolant | None = field(repr=False)
    last: tuple[Array, Array] = field(repr=False)
    blocks: Array | None = field(repr=False)
    fixed_ends: bool = field(repr=False)

    @cached_property
    def amplification(self) -> float:
        """2-norm of the monodromy matrix d y(t1) / d y(t0): what a shot makes of an error at the start. NaN unknown."""
        return float("nan") if self.blocks is None else amplification_of(self.blocks)

    @cached_property
    def conjugate_points(self) -> tuple[float, ...]:
        """Times at which d q(t) / d p(t0) is singular, the end excluded; known for fixed ends of a Hamiltonian only.

        Beyond the first, the path is no minimum of the action.
        """
        if not self.fixed_ends or self.blocks is None:
            return ()
        G = self.blocks if len(self.blocks) == len(self.ts) - 1 else midpoint_blocks(self.flow, self.ts, self.ys)
        return conjugate_points_of(G, self.ts)

    @property
    def sol(self) -> Interpolant:
        """The curve: `sol(t)` gives states at times.

        Raises
        ------
        ValueError
            If there is no solution.
        """
        if self.sol_or_none is None:
            raise ValueError(f"There is no solution. {self.reason}")
        return self.sol_or_none

    @property
    def q(self) -> Array:
        """First half of the states."""
        return self.ys[:, : self.ys.shape[1] // 2]

    @property
    def p(self) -> Array:
        """Second half of the states: momenta of a Hamiltonian."""
        return self.ys[:, self.ys.shape[1] // 2 :]

    @property
    def H(self) -> float:
        """Hamiltonian at the start; NaN without one."""
        values = self.flow.energies(self.ts[:1], self.ys[:1])
        return float("nan") if values is None else float(values[0])

    def action(self) -> float:
        """Integral of p dq - H dt along the curve.

        Raises
        ------
        ValueError
            If there is no solution, or no Hamiltonian.
        """
        if not self.flow.hamiltonian or self.flow.energy is None:
            raise ValueError("The action needs a Hamiltonian with its value.")
        x, weights = np.polynomial.legendre.leggauss(6)
        middle, half = 0.5 * (self.ts[1:] + self.ts[:-1]), 0.5 * np.diff(self.ts)
        times = (middle[:, None] + half[:, None] * x).ravel()
        u = self.sol(times)
        d = u.shape[1] // 2
        rates = (u[:, d:] * self.flow.slopes(times, u)[:, :d]).sum(axis=1) - self.flow.energies(times, u)
        return float(((rates.reshape(-1, len(x)) @ weights) * half).sum())

    def __call__(self, t: ArrayLike) -> Array:
        """States at times: `sol(t)`."""
        return self.sol(t)
