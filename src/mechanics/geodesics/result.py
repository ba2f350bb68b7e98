"""`Geodesic`: a representation geodesic with the numbers that certify it, or why there is none."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import read_npz, write_npz
from .follow import Point
from .setting import Setting

Array = NDArray[np.float64]
FORM = "mechanet geodesic 1"
ARRAYS = ("p", "A", "B", "W", "H", "slopes", "X", "Y", "readout", "rho", "state")
NUMBERS = ("J", "mse", "penalty", "residual", "cons", "H_drift", "balancedness_defect", "lam", "Lt", "tol")


@dataclass(frozen=True, eq=False)
class Geodesic:
    """Result of `solve_geodesic`. All arrays and numbers of the path are NaN unless converged.

    Attributes
    ----------
    converged : bool
        True only if residual, cons and (continuous) the drift of H, recomputed from the returned arrays, are below tol.
    reason : str
        How it ended: a word ("converged", "collapsed", "fold", "no_progress", "max_iterations", "singular_jacobian",
        "non_finite", "mesh_limit", "interrupted"), then cause and remedy.
    p : ndarray, shape (L + 1,)
        Positions of the states, from 0 to 1.
    A, B : ndarray, shape (L + 1, w, N)
        Representations and costates.
    W : ndarray, shape (L, w, w + 1), or (L + 1, w, w + 1) if continuous
        Weights with the bias as last column (none without bias): of layer l, or at the positions p.
    H : ndarray, shape (L,), or (L + 1,) if continuous
        Hamiltonian: of the pair (A_{l-1}, B_l) of each layer, or at the positions p.
    slopes : ndarray, shape (L + 1, w, N)
        sigma'(A), with the values in [0, 1] that certify entries on a kink.
    J, mse, penalty : float
        Cost (1/N) ||Y - P^T A_1||^2 + lam/(2 Lt) int ||W||^2, and its two terms.
    residual, cons, H_drift : float
        Measures of `mechanics.geodesics.certificate`.
    balancedness_defect : float
        max |(||W_p||^2 - ||W_0||^2) - 2 Lt int_0^p ||b||^2| / max ||W||^2: zero for a continuous geodesic of a
        homogeneous activation, O(rho Lt) for a network; NaN for softplus, which has no such law.
    kink_count : int
        Changes of sign of entries of A along the path.
    sliding_entries : ndarray of int, shape (m, 3)
        Layer and indices (l, i, j) of entries that rest on the kink.
    history : tuple of str
        Stages of the solve, a line each.
    branch : tuple of Point
        Solutions along the continuation: Lt, beta, lam, softness, J, rank, H, iterations, how.
    X, Y, readout, lam, Lt, activation, bias, rho, end, scheme, tol
        What was asked for.
    at : Setting, optional
        How far the branch was followed.
    state : ndarray, shape (L + 1, 2 w N)
        Last states on the branch (those at `at`): for diagnosis and for `start=`, not a solution unless converged.
    """

    converged: bool
    reason: str
    p: Array = field(repr=False)
    A: Array = field(repr=False)
    B: Array = field(repr=False)
    W: Array = field(repr=False)
    H: Array = field(repr=False)
    slopes: Array = field(repr=False)
    J: float
    mse: float
    penalty: float
    residual: float
    cons: float
    H_drift: float
    balancedness_defect: float
    kink_count: int
    sliding_entries: NDArray[np.int64] = field(repr=False)
    history: tuple[str, ...] = field(repr=False)
    branch: tuple[Point, ...] = field(repr=False)
    X: Array = field(repr=False)
    Y: Array = field(repr=False)
    readout: Array = field(repr=False)
    lam: float
    Lt: float
    activation: tuple[str, float]
    bias: bool
    rho: Array = field(repr=False)
    end: str
    scheme: str
    tol: float
    at: Setting | None = field(repr=False)
    state: Array = field(repr=False)

    @property
    def rank_estimate(self) -> Array:
        """-2 H / Lt, which rises to the bottleneck rank from below as Lt grows; of the shape of H."""
        value: Array = -2 * self.H / self.Lt
        return value

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a .npz file, without pickle; returns its path."""
        about = {
            "format": FORM, "converged": self.converged, "reason": self.reason, "kink_count": self.kink_count,
            "history": self.history, "branch": self.branch, "activation": self.activation, "bias": self.bias,
            "end": self.end, "scheme": self.scheme, "at": self.at, "numbers": {n: getattr(self, n) for n in NUMBERS},
        }  # fmt: skip
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        return write_npz(path, about=json.dumps(about), sliding_entries=self.sliding_entries, **arrays)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Geodesic":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is not a geodesic.
        """
        about, arrays = read_npz(path, FORM, "a geodesic")
        return Geodesic(
            converged=about["converged"], reason=about["reason"], kink_count=about["kink_count"],
            history=tuple(about["history"]), branch=tuple(Point(*row) for row in about["branch"]),
            activation=tuple(about["activation"]), bias=about["bias"], end=about["end"], scheme=about["scheme"],
            at=None if about["at"] is None else Setting(*about["at"]), **about["numbers"], **arrays,
        )  # fmt: skip
