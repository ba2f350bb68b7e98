"""Dry friction with a threshold for each direction.

    sigma(z) = z - mu_right  (z > mu_right),   0  (-mu_left <= z <= mu_right),   z + mu_left  (z < -mu_left)      (6)
             = z - clip(z, -mu_left, mu_right)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353.
"""

from ..engine import kernel
from ..engine.dry_friction import slip

__all__ = ["pulled", "slid", "slip"]


@kernel
def pulled(left, here, right, k_left, k_right):  # type: ignore[no-untyped-def]
    """Force of its two springs on a block."""
    return k_right * (right - here) - k_left * (here - left)


@kernel
def slid(left, here, right, xi, k_left, k_right, mu_right, mu_left, amplitude, rate):  # type: ignore[no-untyped-def]
    """Where one block is after one step of (5)."""
    return here + rate * slip(pulled(left, here, right, k_left, k_right) + amplitude * xi, mu_right, mu_left)
