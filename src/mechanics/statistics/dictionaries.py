"""Dictionaries of observables for EDMD: polynomials, Fourier modes, Gaussian kernels. Each maps (m, d) to (m, k)."""

import itertools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from ._series import Vector, as_points, whole


class Dictionary(Protocol):
    """Observables evaluated at points: any function from (m, d) to (m, k)."""

    def __call__(self, x: Vector, /) -> NDArray:
        """Values (m, k) at points (m, d)."""
        ...


@dataclass(frozen=True, eq=False)
class Polynomials:
    """Products of probabilists' Hermite polynomials of total degree up to `degree`, of (x - centre) / scale.

    Parameters
    ----------
    degree : int
    centre, scale : array_like, shape (d,)
        Mean and standard deviation of the data keep the condition number small.
    """

    degree: int
    centre: Vector | float = 0.0
    scale: Vector | float = 1.0

    def __post_init__(self) -> None:
        whole(self.degree, "degree", 0)
        if not (np.asarray(self.scale, float) > 0).all():
            raise ValueError(f"scale must be positive, but is {self.scale!r}.")

    def __call__(self, x: ArrayLike) -> Vector:
        """Values (m, k); the first is 1."""
        z = (as_points(x, "x") - self.centre) / self.scale
        m, d = z.shape
        He = np.ones((self.degree + 1, m, d))
        for n in range(1, self.degree + 1):  # He_n = z He_{n-1} - (n - 1) He_{n-2}
            He[n] = z * He[n - 1] - ((n - 1) * He[n - 2] if n > 1 else 0.0)
        powers = sorted(
            (e for e in itertools.product(range(self.degree + 1), repeat=d) if sum(e) <= self.degree),
            key=lambda e: (sum(e), tuple(-v for v in e)),
        )
        return np.stack([np.prod([He[e, :, a] for a, e in enumerate(exps)], axis=0) for exps in powers], axis=1)


@dataclass(frozen=True, eq=False)
class Fourier:
    """exp(i k.x) with integer vectors k, |k_a| <= order, on a torus of side `period`; the first is 1.

    Parameters
    ----------
    order : int
    period : array_like, shape (d,)
    """

    order: int
    period: Vector | float = 2.0 * np.pi

    def __post_init__(self) -> None:
        whole(self.order, "order", 0)
        if not (np.asarray(self.period, float) > 0).all():
            raise ValueError(f"period must be positive, but is {self.period!r}.")

    def __call__(self, x: ArrayLike) -> NDArray[np.complex128]:
        """Values (m, k), complex."""
        angle = 2.0 * np.pi * as_points(x, "x") / self.period
        span = sorted(range(-self.order, self.order + 1), key=abs)
        waves = np.array(list(itertools.product(span, repeat=angle.shape[1])), float)
        return np.exp(1j * angle @ waves.T)


@dataclass(frozen=True, eq=False)
class GaussianKernels:
    """1 and exp(-|x - c|^2 / (2 width^2)) for each centre c.

    Parameters
    ----------
    centres : array_like, shape (k, d)
        For instance from `voronoi_centres`.
    width : float
        About the distance between neighbouring centres; wider ones need ridge.
    """

    centres: Vector
    width: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centres", as_points(self.centres, "centres"))
        if not self.width > 0:
            raise ValueError(f"width must be positive, but is {self.width!r}.")

    def __call__(self, x: ArrayLike) -> Vector:
        """Values (m, 1 + k)."""
        bells = np.exp(-0.5 * cdist(as_points(x, "x"), self.centres, "sqeuclidean") / self.width**2)
        return np.concatenate([np.ones((len(bells), 1)), bells], axis=1)
