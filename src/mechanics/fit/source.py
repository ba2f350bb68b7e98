"""What a chain fit was made of: its data and its search, for profiles, bootstraps and samples."""

from dataclasses import dataclass
from functools import cached_property

from .data import Array, ChainData
from .search import Found
from .uncertainty import common_variance, residual_scatter


@dataclass(frozen=True, eq=False)
class Source:
    """Data and least-squares solution of one `ChainFit`."""

    data: ChainData
    found: Found

    @cached_property
    def scatter(self) -> tuple[Array, float]:
        """Root Q of the covariance Q^T Q of the weighted residuals, at the fit, and its degrees of freedom."""
        return residual_scatter(self.data, self.found)

    @cached_property
    def variance(self) -> float:
        """Mean variance of the residuals along the directions in which the parameters move the curve."""
        return common_variance(self.data, self.found, self.scatter[0])
