"""Linear systems, y' = A y: everything about them is known."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm

from .system import System, Vector, make_system

_TEXTBOOK = "Hirsch, Smale, Devaney, Differential Equations, Dynamical Systems, and an Introduction to Chaos, ch. 3-6."


class Decay(NamedTuple):
    """y' = -rate y."""

    rate: float


def decay(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = -rate y."""
    dy[0] = -p.rate * y[0]


def _decay_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = -p.rate


def _decay_exact(t: float, y0: Vector, p: Decay) -> Vector:
    return y0 * math.exp(-p.rate * t)


class Oscillator(NamedTuple):
    """x'' = -omega^2 x - 2 gamma x'."""

    omega: float
    gamma: float


def oscillator(t, y, p, dy):  # type: ignore[no-untyped-def]
    """x' = v, v' = -omega^2 x - 2 gamma v."""
    dy[0] = y[1]
    dy[1] = -p.omega * p.omega * y[0] - 2.0 * p.gamma * y[1]


def _oscillator_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = 0.0
    J[0, 1] = 1.0
    J[1, 0] = -p.omega * p.omega
    J[1, 1] = -2.0 * p.gamma


def _oscillator_exact(t: float, y0: Vector, p: Oscillator) -> Vector:
    """Underdamped only: w^2 = omega^2 - gamma^2 > 0."""
    w = math.sqrt(p.omega**2 - p.gamma**2)
    x, v = y0
    c, s, fade = math.cos(w * t), math.sin(w * t) / w, math.exp(-p.gamma * t)
    return fade * np.array([x * c + (v + p.gamma * x) * s, v * c - (p.gamma * v + p.omega**2 * x) * s])


def energy(t: float, y: Vector, p: Oscillator) -> float:
    """(v^2 + omega^2 x^2) / 2, conserved without damping."""
    return 0.5 * float(y[1] ** 2 + p.omega**2 * y[0] ** 2)


class Rotation(NamedTuple):
    """y' = w x y, with the angular velocity w = (wx, wy, wz)."""

    wx: float
    wy: float
    wz: float


def rotation(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = w x y."""
    dy[0] = p.wy * y[2] - p.wz * y[1]
    dy[1] = p.wz * y[0] - p.wx * y[2]
    dy[2] = p.wx * y[1] - p.wy * y[0]


def _rotation_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    J[0, 0] = J[1, 1] = J[2, 2] = 0.0
    J[0, 1], J[0, 2] = -p.wz, p.wy
    J[1, 0], J[1, 2] = p.wz, -p.wx
    J[2, 0], J[2, 1] = -p.wy, p.wx


def _rotation_exact(t: float, y0: Vector, p: Rotation) -> Vector:
    """Rodrigues's formula."""
    w = np.array(p)
    speed = float(np.linalg.norm(w))
    axis = w / speed
    c, s = math.cos(speed * t), math.sin(speed * t)
    return c * y0 + s * np.cross(axis, y0) + (1.0 - c) * float(axis @ y0) * axis


def squared_length(t: float, y: Vector, p: Any) -> float:
    """|y|^2."""
    return float(y @ y)


def along_axis(t: float, y: Vector, p: Rotation) -> float:
    """The component of y along the axis, times the speed: w . y."""
    return float(np.array(p) @ y)


class Linear(NamedTuple):
    """y' = A y."""

    A: NDArray[np.float64]


def linear(t, y, p, dy):  # type: ignore[no-untyped-def]
    """y' = A y."""
    n = len(y)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += p.A[i, j] * y[j]
        dy[i] = total


def _linear_jacobian(t, y, p, J):  # type: ignore[no-untyped-def]
    n = len(y)
    for i in range(n):
        for j in range(n):
            J[i, j] = p.A[i, j]


def _linear_exact(t: float, y0: Vector, p: Linear) -> Vector:
    return expm(p.A * t) @ y0


def linear_system(A: ArrayLike, y0: ArrayLike, t1: float = 1.0, *, name: str = "linear") -> System:
    """The system y' = A y with its exact solution expm(A t) y0.

    Parameters
    ----------
    A : array, shape (n, n)
        Per unit time.
    y0 : array, shape (n,)
        Start at t = 0.
    t1 : float
        End.
    name : str
        Name of the record.

    Raises
    ------
    ValueError
        If A is not a finite square matrix of the size of y0.
    """
    matrix = np.array(A, float)
    if matrix.shape != (np.size(y0), np.size(y0)) or not np.isfinite(matrix).all():
        raise ValueError(f"A must be finite with shape {(np.size(y0),) * 2} to act on y0, but has {matrix.shape}.")
    return make_system(
        name,
        linear,
        y0,
        t1,
        Linear(matrix),
        kind="linear",
        reference=_TEXTBOOK,
        jacobian=_linear_jacobian,
        exact=_linear_exact,
    )


DECAY = make_system(
    "decay",
    decay,
    [1.0],
    1.0,
    Decay(1.0),
    kind="linear",
    reference=_TEXTBOOK,
    jacobian=_decay_jacobian,
    exact=_decay_exact,
)
OSCILLATOR = make_system(
    "harmonic oscillator",
    oscillator,
    [1.0, 0.0],
    2.0 * math.pi,
    Oscillator(1.0, 0.0),
    kind="Hamiltonian",
    reference=_TEXTBOOK,
    jacobian=_oscillator_jacobian,
    exact=_oscillator_exact,
    invariants=(energy,),
)
DAMPED_OSCILLATOR = make_system(
    "damped oscillator",
    oscillator,
    [1.0, 0.0],
    5.0,
    Oscillator(2.0, 0.3),
    kind="linear",
    reference=_TEXTBOOK,
    jacobian=_oscillator_jacobian,
    exact=_oscillator_exact,
)
ROTATION = make_system(
    "rotation",
    rotation,
    [1.0, 0.5, -0.25],
    3.0,
    Rotation(0.6, -1.0, 1.5),
    kind="linear",
    reference=_TEXTBOOK,
    jacobian=_rotation_jacobian,
    exact=_rotation_exact,
    invariants=(squared_length, along_axis),
)
