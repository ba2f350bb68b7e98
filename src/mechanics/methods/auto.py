"""A method that chooses: explicit steps while the problem is not stiff, implicit ones while it is."""

from dataclasses import dataclass
from typing import ClassVar

from .bdf import BDF
from .method import Method
from .rodas5p import RODAS5P
from .tsit5 import TSIT5
from .vern7 import VERN7


@dataclass(frozen=True, eq=False)
class Automatic:
    """The methods that are chosen from.

    Attributes
    ----------
    loose, tight : Method
        Explicit methods for rtol above and below `between`.
    stiff : Method
        Implicit method for few unknowns.
    large : Method
        Implicit method from `many` unknowns on, or for tolerances below `between`.
    between : float
    many : int
    """

    kind: ClassVar[str] = "implicit"
    fixed_steps: ClassVar[bool] = False

    loose: Method
    tight: Method
    stiff: Method
    large: Method
    between: float
    many: int

    @property
    def methods(self) -> tuple[Method, ...]:
        """All of them: explicit ones first."""
        return self.loose, self.tight, self.stiff, self.large

    @property
    def degree(self) -> int:
        """Of the interpolant that all are written as."""
        return max(method.degree for method in self.methods)

    @property
    def dense_order(self) -> int:
        """The least of the methods."""
        return min(method.dense_order for method in self.methods)

    def explicit_for(self, rtol: float) -> int:
        """Index in `methods` of the explicit method for this tolerance."""
        return 0 if rtol > self.between else 1

    def implicit_for(self, rtol: float, n: int) -> int:
        """Index in `methods` of the implicit method for this tolerance and number of unknowns."""
        return 3 if n >= self.many else 2


AUTO = Method(
    name="AUTO",
    order=5,
    error_order=4,
    data=Automatic(TSIT5, VERN7, RODAS5P, BDF, between=1e-6, many=25),
    reference="Stiffness from the last stages: Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., "
    "IV.2; changing methods: Petzold, SIAM J. Sci. Stat. Comput. 4 (1983) 136-148.",
)
