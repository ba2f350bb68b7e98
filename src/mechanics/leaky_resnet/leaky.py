"""`LeakyResNet`: the mechanics of a Leaky ResNet in one object.

    dA/dp = -Lt A + W S,   S = (sigma(A); 1),   H(A, B) = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T),   W = Lt B S^T

Jacot and Kaiser, arXiv:2405.17573.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, whole_numbers
from ..methods import DOP853, Method
from . import energies
from .activation import Activation, activation_of
from .flow import flow

if TYPE_CHECKING:
    from ..hamiltonian import Hamiltonian
    from .layers import Layers
    from .orbit import Orbit

Array = NDArray[Any]


@final
@dataclass(frozen=True)
class LeakyResNet:
    """A Leaky ResNet of effective depth Lt; depth p runs from 0 to 1.

    Parameters
    ----------
    Lt : float
        Effective depth, positive.
    activation : {"relu", "identity"}, ("softplus", beta), ("leaky", slope) or Activation
        sigma.
    bias : bool
        Whether S has a row of ones, and W a last column.

    Raises
    ------
    ValueError
        If Lt is not a positive number, or there is no such activation.

    Examples
    --------
    >>> from mechanics.hamiltonian import LeakyResNet
    >>> net = LeakyResNet(Lt=3.0)
    >>> orbit = net.integrate([[-1.0]], [[0.0985232140973]], events="kinks")
    >>> print(f"{orbit.A[-1, 0, 0]:.9f}, kink at {orbit.kinks.p[0]:.9f}")
    1.000000000, kink at 0.509782825
    """

    Lt: float
    activation: Any = "relu"
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "Lt", finite_number("Lt", self.Lt))
        if self.Lt <= 0:
            raise ValueError(f"Lt must be positive, but is {self.Lt}: the penalty lambda/(2 Lt) ||W||^2 needs it.")
        object.__setattr__(self, "bias", bool(self.bias))
        activation_of(self.activation)

    @cached_property
    def act(self) -> Activation:
        """The activation with its derivatives."""
        return activation_of(self.activation)

    def hamiltonian(self, A: ArrayLike, B: ArrayLike) -> Any:
        """H(A, B); arrays (w, N), or (..., w, N) for one number each, here and below."""
        return energies.hamiltonian(A, B, self.Lt, self.act, self.bias)

    def flow(self, A: ArrayLike, B: ArrayLike) -> tuple[Array, Array]:
        """(dA/dp, dB/dp) = (dH/dB, -dH/dA); at a kink with the slope from below."""
        return flow(A, B, self.Lt, self.act, self.bias)

    def weights(self, A: ArrayLike, B: ArrayLike) -> Array:
        """W = Lt B S^T, (..., w, w + 1) with the bias in its last column, or (..., w, w)."""
        return energies.weights(A, B, self.Lt, self.act, self.bias)

    def cost_of_identity(self, A: ArrayLike, gamma0: float = 0.0) -> Any:
        """||A||_K^2, or its stable version; see `mechanics.leaky_resnet.energies.cost_of_identity`."""
        return energies.cost_of_identity(A, self.act, self.bias, gamma0)

    def kinetic(self, A: ArrayLike, dA: ArrayLike, gamma0: float = 0.0) -> Any:
        """1/(2 Lt) ||dA||_K^2, or its stable version where gamma0 > 0."""
        if gamma0 == 0:
            return energies.kinetic(A, dA, self.Lt, self.act, self.bias)
        return energies.stable_kinetic(A, dA, self.Lt, self.act, self.bias, gamma0)

    def stable_hamiltonian(self, A: ArrayLike, dA: ArrayLike, gamma0: float = 1e-4) -> Any:
        """Stable kinetic energy less Lt/2 times the stable cost of identity."""
        return energies.stable_hamiltonian(A, dA, self.Lt, self.act, self.bias, gamma0)

    def lagrangian(self, A: ArrayLike, dA: ArrayLike) -> Any:
        """1/(2 Lt) ||Lt A + dA||_K^2, the least ||W||_F^2 / (2 Lt) that moves A by dA."""
        return energies.lagrangian(A, dA, self.Lt, self.act, self.bias)

    def integrate(
        self,
        A0: ArrayLike,
        B0: ArrayLike,
        *,
        method: Method = DOP853,
        steps: int | None = None,
        rtol: float = 1e-10,
        events: str | None = None,
        saveat: ArrayLike | None = None,
    ) -> "Orbit":
        """Follow the flow from p = 0 to 1.

        Parameters
        ----------
        A0, B0 : array_like, shape (w, N)
        method : Method
            From `mechanics.methods`. Explicit ones run on arrays of any size; others (IMPLICIT_MIDPOINT, GAUSS6) are
            compiled, for small networks.
        steps : int, optional
            Equal steps; without it the method chooses them by rtol, with 0.01 rtol max(|A0|, |B0|) as absolute
            tolerance.
        rtol : float
            Relative tolerance of a step.
        events : {"kinks"}, optional
            Locate each entry that crosses zero and restart there, for kinked activations and adaptive explicit methods.
            Each crossing costs some 40 evaluations: for small networks.
        saveat : array_like, shape (m,), optional
            Where states are kept; the start and every step without it.

        Returns
        -------
        Orbit

        Raises
        ------
        SolveError
            If the run fails, as where the solution blows up: H is of fourth degree.
        ValueError
            For arguments that make no sense.

        Warns
        -----
        RuntimeWarning
            If more than 1 % of the entries, averaged over depth, lie on their kink.
        """
        from .orbit import integrate

        return integrate(self, A0, B0, method, steps=steps, rtol=rtol, events=events, saveat=saveat)

    def layers(self, A0: ArrayLike, B0: ArrayLike, rho: int | ArrayLike) -> "Layers":
        """The network with L layers, or steps rho (L,), whose discrete orbit starts at (A0, B0): symplectic Euler.

        Raises
        ------
        ArithmeticError
            If a layer's implicit equation for its costate has no solution close by.
        ValueError
            If the steps are not positive or do not sum to one.
        """
        from .layers import layers

        if np.ndim(rho) == 0:
            whole_numbers(rho=(rho, 1))  # type: ignore[arg-type]
            rho = np.full(int(rho), 1 / int(rho))  # type: ignore[arg-type]
        return layers(self, A0, B0, rho)

    def system(self, w: int, N: int) -> "Hamiltonian":
        """The flow on y = (A, B), flattened row by row, as a `Hamiltonian` for `solve`, `two_point`, `continuation`.

        Compiled, with its exact Jacobian, for small sizes: that has (2 w N)^2 entries.

        Raises
        ------
        ValueError
            For an activation of the user's own, which has no kernel.
        """
        from ..hamiltonian.flow import Flow
        from ..hamiltonian.hamiltonian import Hamiltonian
        from .kernels import Net, drift, energy, jacobian

        whole_numbers(w=(w, 1), N=(N, 1))
        kinds = {"relu": (0.0, 0.0), "identity": (1.0, 0.0), "leaky": (self.act.parameter, 0.0)}
        kinds["softplus"] = (0.0, self.act.parameter)
        if isinstance(self.activation, Activation) or self.act.name not in kinds:
            raise ValueError(f"Only named activations have kernels, but this network's is {self.activation!r}.")
        par = Net(self.Lt, *kinds[self.act.name], float(self.bias), int(w), int(N))
        return Hamiltonian._of(Flow(drift, jacobian, energy, 2 * w * N, par, hamiltonian=True))
