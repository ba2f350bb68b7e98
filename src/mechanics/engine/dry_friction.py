"""Dry friction on a moving mass: exact flows under a constant force, for one number or for lanes.

    m v' = f - mu_right (v > 0),   f + mu_left (v < 0),   what is left of f beyond the thresholds (v = 0)

tau = dt / m. A mass that comes to rest stays there, at exactly 0, while -mu_left <= f <= mu_right.
"""

from .compile import kernel
from .lane_select import select


@kernel
def slip(f, mu_right, mu_left):  # type: ignore[no-untyped-def]
    """Net force on a mass at rest."""
    return f - min(max(f, -mu_left), mu_right)


@kernel
def slow_down(v, tau, mu_right, mu_left):  # type: ignore[no-untyped-def]
    """Velocity after friction alone: a soft threshold."""
    return select(v > 0.0, max(v - tau * mu_right, 0.0), min(v + tau * mu_left, 0.0))


@kernel
def drive(v, f, tau, mu_right, mu_left):  # type: ignore[no-untyped-def]
    """Velocity after the force f and friction together, through rest and reversal."""
    at_rest = slip(f, mu_right, mu_left)
    rate = select(v > 0.0, f - mu_right, select(v < 0.0, f + mu_left, at_rest))
    v1 = v + tau * rate
    crossed = ((v > 0.0) & (v1 < 0.0)) | ((v < 0.0) & (v1 > 0.0))
    left = max(tau + v / select(crossed, rate, 1.0), 0.0)  # what remains after it came to rest
    return select(crossed, left * at_rest, v1)
