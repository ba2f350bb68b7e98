"""A method is data plus the family that steps it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Controller:
    """Step-size control: dt_new = dt * safety * err^(-integral/q) * err_before^(proportional/q), q = error order + 1.

    Attributes
    ----------
    integral, proportional : float
        Exponents of the error of this step and of the step before, times q. (1, 0) is the elementary controller,
        (0.7, 0.4) Gustafsson's PI controller, (0.85, 0.2) the one of DOPRI5.
    safety : float
        Predicted steps are shortened by this factor: a rejected step costs a whole step.
    shrink, grow : float
        Limits of dt_new / dt.

    Notes
    -----
    In a smooth stretch err settles at safety^(q / (integral - proportional)), not at 1.

    References
    ----------
    Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, 2nd ed., II.4; Gustafsson, ACM TOMS 17 (1991)
    533-554.
    """

    integral: float = 1.0
    proportional: float = 0.0
    safety: float = 0.9
    shrink: float = 0.2
    grow: float = 10.0


@dataclass(frozen=True, eq=False)
class Method:
    """An integrator: coefficients and the claims that tests check.

    Attributes
    ----------
    name : str
        As users write it.
    order : int
        Global order of the solution with fixed steps.
    data : object
        Coefficients; their type names the family (`engine.step.FAMILIES`).
    reference : str
        Where they were published.
    error_order : int or None
        Order of the embedded error estimate: error = O(dt^(error_order + 1)); None where there is none (fixed steps
        only).
    controller : Controller
        Default step-size control.
    strong_order, weak_order : float or None
        Orders of a method for stochastic equations: of the paths, and of the moments.
    calculus : {"ito", "stratonovich"} or None
        How such a method reads the diffusion.
    """

    name: str
    order: int
    data: Any
    reference: str
    error_order: int | None = None
    controller: Controller = field(default_factory=Controller)
    strong_order: float | None = None
    weak_order: float | None = None
    calculus: str | None = None

    @property
    def adaptive(self) -> bool:
        """Whether the method has an error estimate, and so chooses its own steps."""
        return self.error_order is not None

    @property
    def kind(self) -> str:
        """Family of the method: one of `mechanics.methods.KINDS`."""
        kind: str = self.data.kind
        return kind

    @property
    def dense_order(self) -> int:
        """Order conditions met by the interpolant: local error O(dt^(dense_order + 1)); see `Tableau`."""
        order: int = self.data.dense_order
        return order

    @property
    def degree(self) -> int:
        """Degree of the interpolant."""
        degree: int = self.data.degree
        return degree

    @property
    def noises(self) -> frozenset[str]:
        """Structures of noise that the method solves; none for methods of ordinary differential equations."""
        found: frozenset[str] = getattr(self.data, "noises", frozenset())
        return found

    @property
    def areas(self) -> bool:
        """Whether a step needs the time integrals of the Brownian motions beside their increments."""
        return bool(getattr(self.data, "areas", False))

    @property
    def any_diagonal(self) -> bool:
        """Whether diagonal noise may depend on all components: a g[i] on y[j]."""
        return bool(getattr(self.data, "any_diagonal", True))

    def __repr__(self) -> str:
        return self.name
