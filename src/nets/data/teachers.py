"""Random functions of known bottleneck rank, and regression data drawn from them.

    f = g_n o ... o g_1,   g_i: R^(d_{i-1}) -> R^(d_i),   g_i(z) = (V_i relu(U_i z + c_i) - m_i) / s_i

No representation of f needs more than min_i d_i nonlinear features. The true functions of Jacot and Kaiser,
arXiv:2405.17573, Appendix B: 30 -> 3 -> 30 and 30 -> 6 -> 3 -> 30. Shifts m_i and scales s_i give each coordinate of
each g_i mean 0 and variance 1 on 4096 standard normal inputs of f: the zero map errs by the number of outputs.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanics.checks import finite_numbers, whole_numbers
from mechanics.noise import normals

from .synthetic import Regression

Array = NDArray[np.float64]
CALIBRATION = 4096  # inputs; mean and variance of an output to 2 %
INPUTS, STAGES = 1, 4  # members of the noise: 0 calibrates, 1 and 2 are training and test inputs, stage i from 4 + 3 i


@dataclass(frozen=True, eq=False)
class Stage:
    """One map z -> (V relu(U z + c) - m) / s."""

    U: Array
    c: Array
    V: Array
    m: Array
    s: Array

    def __call__(self, z: Array) -> Array:
        """Outputs (N, d_out) of rows z (N, d_in)."""
        return (np.maximum(z @ self.U.T + self.c, 0) @ self.V.T - self.m) / self.s


@dataclass(frozen=True, eq=False)
class Teacher:
    """A composition of random one-hidden-layer ReLU networks; call it on rows (N, dims[0])."""

    dims: tuple[int, ...]
    hidden: int
    seed: int
    stages: tuple[Stage, ...]

    @property
    def rank(self) -> int:
        """min(dims), the most nonlinear features that any representation of the function needs."""
        return min(self.dims)

    def __call__(self, x: ArrayLike) -> Array:
        """Outputs (N, dims[-1]) of inputs x (N, dims[0])."""
        z = finite_numbers("x", x)
        if z.ndim != 2 or z.shape[1] != self.dims[0]:
            raise ValueError(f"x must have shape (N, {self.dims[0]}), but has {z.shape}.")
        for stage in self.stages:
            z = stage(z)
        return z

    def sample(self, n_train: int, n_test: int = 0, *, seed: int = 0) -> Regression:
        """Standard normal inputs with their outputs; training and test rows of a seed are independent draws."""
        whole_numbers(n_train=(n_train, 1), n_test=(n_test, 0), seed=(seed, 0))
        x_train = _drawn(seed, INPUTS, n_train, self.dims[0])
        x_test = _drawn(seed, INPUTS + 1, n_test, self.dims[0])
        return Regression(x_train, self(x_train), x_test, self(x_test))


def teacher(dims: Sequence[int], hidden: int = 60, seed: int = 0) -> Teacher:
    """A random function through spaces of the given dimensions, a pure function of its arguments.

    Parameters
    ----------
    dims : sequence of int
        Dimensions from input to output, e.g. (30, 3, 30) of bottleneck rank 3.
    hidden : int
        Hidden neurons of each stage.
    seed : int
        Of all weights.

    Returns
    -------
    Teacher
        `f(x)` for rows x, `f.sample(n_train, n_test, seed=...)` for data, `f.rank`.

    Raises
    ------
    ValueError
        If there are fewer than two dimensions, or a size is below 1.

    Notes
    -----
    U_i ~ N(0, 1/d_{i-1}), c_i ~ N(0, 1/4), V_i ~ N(0, 2/hidden): pre-activations of order one, kinks off the origin.
    """
    dims = tuple(dims)
    if len(dims) < 2:
        raise ValueError(f"dims must hold at least an input and an output dimension, but is {dims}.")
    whole_numbers(**{f"dims[{i}]": (d, 1) for i, d in enumerate(dims)}, hidden=(hidden, 1), seed=(seed, 0))
    z = _drawn(seed, 0, CALIBRATION, dims[0])
    stages = []
    for i, (d_in, d_out) in enumerate(itertools.pairwise(dims)):
        member = STAGES + 3 * i
        raw = Stage(
            U=_drawn(seed, member, hidden, d_in) / np.sqrt(d_in),
            c=_drawn(seed, member + 1, hidden, 1)[:, 0] / 2,
            V=_drawn(seed, member + 2, d_out, hidden) * np.sqrt(2 / hidden),
            m=np.zeros(d_out),
            s=np.ones(d_out),
        )
        image = raw(z)
        stages.append(Stage(raw.U, raw.c, raw.V, image.mean(0), image.std(0)))
        z = stages[-1](z)
    return Teacher(dims, hidden, seed, tuple(stages))


def _drawn(seed: int, member: int, rows: int, columns: int) -> Array:
    """Normal numbers (rows, columns): a function of (seed, member, row, column)."""
    return normals(seed, member, np.arange(rows)[:, None], np.arange(columns))
