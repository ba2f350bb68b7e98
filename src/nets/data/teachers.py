"""Random functions of known bottleneck rank, and regression data drawn from them.

    f = g_n o ... o g_1,   g_i: R^(d_{i-1}) -> R^(d_i),   g_i(z) = (V_i relu(U_i z + c_i) - m_i) / s_i

No representation of f needs more than min_i d_i nonlinear features. The true functions of Jacot and Kaiser,
arXiv:2405.17573, Appendix B: 30 -> 3 -> 30 and 30 -> 6 -> 3 -> 30. Shifts m_i and scales s_i give each coordinate of
each g_i mean 0 and variance 1 on 4096 standard normal inputs of f: the zero map errs by the number of outputs.
"""

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanics.checks import finite_numbers, whole_numbers

Array = NDArray[np.float64]
CALIBRATION = 4096  # inputs; mean and variance of an output to 2 %


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
class Regression:
    """Inputs and outputs of a function, as float64.

    Parameters
    ----------
    x_train, x_test : ndarray, shapes (N, d_in) and (N_test, d_in)
    y_train, y_test : ndarray, shapes (N, d_out) and (N_test, d_out)

    Raises
    ------
    ValueError
        If shapes do not match, there is no training row, or a number is not finite.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array

    def __post_init__(self) -> None:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            object.__setattr__(self, name, finite_numbers(name, getattr(self, name)))
        for part in ("train", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
                raise ValueError(
                    f"x_{part} and y_{part} must have shapes (N, d_in) and (N, d_out), but have {x.shape} and "
                    f"{y.shape}."
                )
            if x.shape[1] != self.x_train.shape[1] or y.shape[1] != self.y_train.shape[1]:
                raise ValueError("x_test and y_test must have as many columns as x_train and y_train.")
        if len(self.x_train) == 0:
            raise ValueError("x_train must have at least one row.")


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
        x_train = _normals(seed, "training inputs", n_train, self.dims[0])
        x_test = _normals(seed, "test inputs", n_test, self.dims[0])
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
    z = _normals(seed, "calibration", CALIBRATION, dims[0])
    stages = []
    for i, (d_in, d_out) in enumerate(itertools.pairwise(dims)):
        raw = Stage(
            U=_normals(seed, f"U {i}", hidden, d_in) / np.sqrt(d_in),
            c=_normals(seed, f"c {i}", hidden, 1)[:, 0] / 2,
            V=_normals(seed, f"V {i}", d_out, hidden) * np.sqrt(2 / hidden),
            m=np.zeros(d_out),
            s=np.ones(d_out),
        )
        image = raw(z)
        stages.append(Stage(raw.U, raw.c, raw.V, image.mean(0), image.std(0)))
        z = stages[-1](z)
    return Teacher(dims, hidden, seed, tuple(stages))


def _normals(seed: int, purpose: str, rows: int, columns: int) -> Array:
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())]).standard_normal((rows, columns))
