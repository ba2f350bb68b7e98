"""Dry friction with a threshold for each direction.

    sigma(z) = z - mu_right  (z > mu_right),   0  (-mu_left <= z <= mu_right),   z + mu_left  (z < -mu_left)      (6)
             = z - clip(z, -mu_left, mu_right)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353.
"""

from ..engine import kernel


@kernel
def slip(z, mu_right, mu_left):  # type: ignore[no-untyped-def]
    """What is left of a force after friction, (6); the clip has no branch, so loops over it vectorise."""
    return z - min(max(z, -mu_left), mu_right)
