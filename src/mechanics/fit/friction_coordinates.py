"""The chain with its mean friction b = sqrt(mu_eff^2 + c^2) as a coordinate: mu_eff/k = b sin(phi), c = b cos(phi).

A fit in which b is held and phi free is a fit of given mean friction, at any bend that it allows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .data import Array
from .model import RTOL, ChainModel
from .models import ChainForm

MOST = np.log(3.0)  # of log b, as of log c


@dataclass(frozen=True)
class FrictionModel:
    """`ChainModel` for a search in z: phi in the place of mu_eff/k, log b in the place of log c."""

    chain: ChainModel

    @property
    def names(self) -> tuple[str, ...]:
        """Of theta, whose places z keeps."""
        return self.chain.names

    @property
    def form(self) -> ChainForm:
        """The named model."""
        return self.chain.form

    @property
    def scale(self) -> float:
        """Unit of length."""
        return self.chain.scale

    @cached_property
    def places(self) -> tuple[int, int]:
        """Of mu_eff/k and log c in theta."""
        return self.names.index("mu_eff/k"), self.names.index("log c")

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds of z."""
        low, high = self.chain.bounds()
        a, c = self.places
        low[a], high[a], high[c] = -0.5 * np.pi + 1e-6, 0.5 * np.pi - 1e-6, MOST
        return low, high

    def into(self, theta: Array) -> Array:
        """From theta to z."""
        a, c = self.places
        z, friction = theta.copy(), np.exp(theta[c])
        z[a], z[c] = np.arctan2(theta[a], friction), np.log(np.hypot(theta[a], friction))
        return z

    def back(self, z: Array) -> Array:
        """From z to theta."""
        a, c = self.places
        theta, b = z.copy(), np.exp(z[c])
        theta[a], theta[c] = b * np.sin(z[a]), z[c] + np.log(np.cos(z[a]))
        return theta

    def curve(self, z: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> Array:
        """As `ChainModel.curve`."""
        return self.chain.curve(self.back(z), x0, end, rtol)

    def curve_and_jacobian(self, z: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> tuple[Array, Array]:
        """As `ChainModel.curve_and_jacobian`, by z."""
        x, J, _ = self.counted(z, x0, end, rtol)
        return x, J

    def counted(self, z: Array, x0: Array, end: Array | None, rtol: float = RTOL) -> tuple[Array, Array, int]:
        """As `ChainModel.counted`, by z."""
        x, J, steps = self.chain.counted(self.back(z), x0, end, rtol)
        a, c = self.places
        b, phi = np.exp(z[c]), z[a]
        by_bend, by_log_c = J[:, a].copy(), J[:, c].copy()
        J[:, a] = b * np.cos(phi) * by_bend - np.tan(phi) * by_log_c
        J[:, c] = b * np.sin(phi) * by_bend + by_log_c
        return x, J, steps
