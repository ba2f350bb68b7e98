"""The first change of mode of a noiseless chain, without skipping any.

A block that slips stops where its velocity crosses 0; a stuck block starts where its force crosses a threshold. Each of
these distances g(tau) > 0 is a sum of exponentials with |g''| <= M from now on, so that

    g(tau + h) >= g + g' h - M h^2/2 > 0      while      h < (g' + sqrt(g'^2 + 2 M g))/M

is a step that cannot pass a root. M falls with the exponentials, so steps grow; near a root they are Newton's.
"""

import numpy as np
from numpy.typing import NDArray

from .modes import EPS, ROUNDING, Piece, with_ends

NUDGE = 1e-3  # of the shortest time scale: step where rounding hides whether a block leaves a threshold or comes to it
FLOOR = 1e-6  # of the shortest time scale: what g does between steps of this length is rounding
MOST = 1_000_000  # looks at one piece: far beyond what decaying exponentials need

Mask = NDArray[np.bool_]


def next_event(piece: Piece, until: float) -> tuple[float, Mask, bool]:
    """Time to the first event, the blocks that reach a threshold then, and whether nothing will happen ever after.

    The time is `until` where no event comes before.
    """
    n = len(piece.state.modes)
    nobody = np.zeros(n, dtype=bool)
    if not piece.runs and piece.state.w == 0.0:
        return until, nobody, True
    shortest = 1.0 / piece.rates.max() if piece.runs else np.inf
    tau, before = 0.0, 0.0
    for _ in range(MOST):
        look = _Look(piece, tau)
        if look.past.any() and tau > before:  # only after a nudge
            tau = _bisect(piece, before, tau)
            return tau, _Look(piece, tau, slack=4.0).arriving, False
        if look.arriving.any():
            return tau, _Look(piece, tau, slack=4.0).arriving, False
        if piece.state.w == 0.0 and look.settled():
            return until, nobody, True
        h = look.safe_step(shortest)
        if tau + h >= until:
            return until, nobody, False
        before, tau = tau, tau + max(h, 2 * EPS * tau)
    raise RuntimeError(f"No event found and no rest in {MOST} looks from t={piece.state.t}; please report this chain.")


class _Look:
    """Distances to the thresholds at one time of a piece, their rates of change, and bounds for later."""

    def __init__(self, piece: Piece, tau: float, slack: float = 1.0) -> None:
        self.piece, self.tau = piece, tau
        state, law = piece.state, piece.law
        left = piece.left(tau)
        sizes = np.abs(left)
        self.v = piece.steady + piece.shapes @ left
        moved = piece.displacement(tau)
        self.force = state.force + law.pull(moved)
        slope = -(piece.shapes @ (piece.rates * left))
        self.size = np.abs(piece.steady) + piece.magnitudes @ sizes
        first, second = piece.magnitudes @ (piece.rates * sizes), piece.magnitudes @ (piece.rates**2 * sizes)
        self.left, self.sizes = left, sizes
        force_slope = law.pull(with_ends(self.v, state.w))
        force_bend = law.bound(with_ends(first, 0.0))
        self.force_noise = ROUNDING * (np.abs(self.force) + law.mu_right + law.mu_left)
        slope_noise = ROUNDING * law.bound(with_ends(self.size, abs(state.w)))
        # rows: velocity, distance to mu_right, distance to -mu_left; inf where there is nothing to watch
        self.g = np.stack(
            [
                np.where(piece.may_stop, state.modes * self.v, np.inf),
                np.where(piece.may_go_right, law.mu_right - self.force, np.inf),
                np.where(piece.may_go_left, self.force + law.mu_left, np.inf),
            ]
        )
        self.slope = np.stack([state.modes * slope, -force_slope, force_slope])
        self.bend = np.stack([second, force_bend, force_bend])
        self.noise = slack * np.stack([ROUNDING * self.size, self.force_noise, self.force_noise])
        slope_noise = np.stack([ROUNDING * first, slope_noise, slope_noise])
        self.here = self.g <= self.noise
        self.falls = self.slope < -slope_noise
        self.rises = self.slope > slope_noise

    @property
    def arriving(self) -> Mask:
        """Blocks at a threshold and on the way through it."""
        return np.asarray((self.here & self.falls).any(axis=0))

    @property
    def past(self) -> Mask:
        """Blocks beyond a threshold."""
        return np.asarray((self.g < -self.noise).any(axis=0))

    def safe_step(self, shortest: float) -> float:
        """A step after which nothing has been missed."""
        watched = np.isfinite(self.g)
        g, slope, bend = self.g[watched], self.slope[watched], self.bend[watched]
        here, rises = self.here[watched], self.rises[watched]
        root = np.sqrt(slope**2 + 2.0 * bend * np.maximum(g, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            h = np.where(slope > 0, (slope + root) / bend, 2.0 * g / (root - slope))
            peak = slope / bend  # of the lower bound of g
        h = np.where(np.isnan(h), np.inf, h)
        h = np.where(here, np.where(rises, peak, np.where(bend > 0, NUDGE * shortest, np.inf)), h)
        h = np.where(slope < 0, h, np.maximum(h, FLOOR * shortest))
        return float(h.min(initial=np.inf))

    def settled(self) -> bool:
        """Whether all modes stay for ever: each run moves one way to its rest, and no stuck block is freed by it."""
        piece, law, state = self.piece, self.piece.law, self.piece.state
        moving = np.flatnonzero(state.modes)
        to_go = np.abs(with_ends(piece.magnitudes @ (self.sizes / piece.rates), 0.0))
        if (to_go <= EPS * np.abs(state.x).max()).all():
            return True
        slowest = piece.shapes[moving, piece.slowest[moving]] * self.left[piece.slowest[moving]]
        others = piece.magnitudes[moving] @ self.sizes - np.abs(slowest)
        ahead = state.modes[moving] * slowest > others
        one_way = [not piece.may_stop[run].any() for run in piece.runs for _ in run]
        if not (ahead | one_way).all():
            return False
        remaining = with_ends(piece.shapes @ (self.left / piece.rates), 0.0)
        up, down = np.maximum(remaining, 0.0), np.maximum(-remaining, 0.0)
        raised = self.force + law.k[:-1] * up[:-2] + law.k[1:] * up[2:]
        lowered = self.force - law.k[:-1] * down[:-2] - law.k[1:] * down[2:]
        stays = (raised <= law.mu_right + self.force_noise) & (lowered >= -law.mu_left - self.force_noise)
        return bool((stays | (state.modes != 0)).all())


def _bisect(piece: Piece, low: float, high: float) -> float:
    """The end of the first interval of length rounding in which a threshold is passed."""
    while high - low > 2 * EPS * high:
        middle = 0.5 * (low + high)
        if _Look(piece, middle).past.any():
            high = middle
        else:
            low = middle
    return high
