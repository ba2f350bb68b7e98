"""Mean field of the overdamped chain: the noise averaged in closed form, positions replaced by their means.

    dx_l/dt = E sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + s xi) = s [h((F_l - mu_right)/s) - h(-(F_l + mu_left)/s)]

h(u) = u Phi(u) + phi(u), s = eps_bar. Near rest the mode q relaxes at k lambda_q 2 Phi(-(mu_right + mu_left)/(2s)),
lambda_q = 4 sin^2(q pi/2L). What is left out: the positions fluctuate too and smear the force. In a simulation with
step dt their share is s_F^2 = dt k Var(sigma)/mobility (derived in docs/fitting.md), a fraction dt k of s^2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .mean_field_flow import DONE, REASONS, flow
from .mean_field_law import MeanLaw
from .noisy_friction import mean_slip, mobility
from .parameters import ChainParameters
from .rest import parabola, rest_state

SUBDIVISIONS = 16  # of each interval of ts where a pull is given as a function


@dataclass(frozen=True)
class MeanField:
    """Closed-form mean field of a chain with Gaussian noise; make it with `MeanField.of(chain)`.

    Common and independent noise have the same mean drift, so `chain.noise` makes no difference here (it does for the
    fluctuations that the mean field leaves out).

    Parameters
    ----------
    blocks, k, mu_right, mu_left, target, noise_decay
        As in `SpringChain`.
    s : float
        Standard deviation of the force noise in one step (eps_bar); 0 gives the friction law (6) itself.
    """

    blocks: int
    k: float
    mu_right: float
    mu_left: float
    target: float
    s: float
    noise_decay: float = 0.0

    @classmethod
    def of(cls, chain: ChainParameters, dt: float | None = None) -> "MeanField":
        """Mean field of a chain; dt only where its noise was given as `eps`.

        Raises
        ------
        ValueError
            If the noise is truncated (the closed form is that of the normal distribution), or dt is missing.
        """
        chain.require_uniform("The mean field", "k", "mu_right", "mu_left", "eps_bar", "eps")
        if chain.truncation is not None and chain.noise_per_step(dt) > 0:
            raise ValueError(
                f"The mean field is known for Gaussian noise, but truncation={chain.truncation}; "
                "use truncation=None, or simulate."
            )
        return cls(
            chain.blocks,
            chain.k,
            chain.mu_right,
            chain.mu_left,
            chain.target,
            chain.noise_per_step(dt),
            chain.noise_decay,
        )

    def drift(self, x: ArrayLike, t: float = 0.0) -> NDArray[np.float64]:
        """Mean velocity at positions x, with the noise that is left at time t.

        Parameters
        ----------
        x : array_like, shape (..., blocks) or (..., blocks + 2)
            The blocks between 0 and the target; or all positions, with their own ends.

        Returns
        -------
        ndarray
            Same shape; the ends do not move.

        Raises
        ------
        ValueError
            If the last axis has another length.
        """
        x = np.asarray(x, dtype=float)
        n = x.shape[-1] if x.ndim else 0
        if n not in (self.blocks, self.blocks + 2):
            raise ValueError(
                f"x must have {self.blocks} blocks or {self.blocks + 2} positions on its last axis, "
                f"but has shape {x.shape}."
            )
        full = x
        if n == self.blocks:
            ends = np.zeros((*x.shape[:-1], 1))
            full = np.concatenate([ends, x, ends + self.target], axis=-1)
        s = self.s * np.exp(-self.noise_decay * t)
        inner = mean_slip(self.k * np.diff(full, n=2, axis=-1), self.mu_right, self.mu_left, s)
        if n == self.blocks:
            return inner
        velocity = np.zeros_like(full)
        velocity[..., 1:-1] = inner
        return velocity

    def solve(
        self,
        ts: ArrayLike,
        x0: ArrayLike | None = None,
        target: float | ArrayLike | Callable[[float], float] | None = None,
        *,
        rtol: float = 1e-8,
    ) -> NDArray[np.float64]:
        """Positions at the times ts.

        Parameters
        ----------
        ts : array_like, shape (m,)
            Increasing; the first is the time of x0. The noise decays from t = 0.
        x0 : array_like, shape (blocks,) or (blocks + 2,), optional
            Start; 0 unless given. Given ends are ignored.
        target : float, array_like of shape (m,), or function of t, optional
            The pull y: constant, interpolated linearly between ts, or a function (sampled 16 times an interval and
            interpolated). The chain's target unless given.
        rtol : float
            Local tolerance relative to the largest position.

        Returns
        -------
        x : ndarray, shape (m, blocks + 2)
            Ends included.

        Raises
        ------
        ValueError
            If ts does not increase, or a shape or value is wrong.
        RuntimeError
            If the integration fails; the message says why.
        """
        ts = np.atleast_1d(np.asarray(ts, dtype=float))
        if ts.ndim != 1 or not np.isfinite(ts).all() or not (np.diff(ts) > 0).all():
            raise ValueError("ts must be a finite, strictly increasing sequence of times; sort it and drop repeats.")
        start = self._start(x0)
        grid, keep = ts, slice(None)
        if callable(target):
            fine = np.arange(SUBDIVISIONS * (len(ts) - 1) + 1) / SUBDIVISIONS
            grid, keep = np.interp(fine, np.arange(len(ts)), ts), slice(None, None, SUBDIVISIONS)
            ys = np.array([float(target(t)) for t in grid])
        else:
            ys = np.asarray(self.target if target is None else target, dtype=float)
            if ys.ndim and ys.shape != ts.shape:
                raise ValueError(f"target must be a number or have the shape {ts.shape} of ts, but has {ys.shape}.")
            ys = np.ascontiguousarray(np.broadcast_to(ys, ts.shape))
        if not np.isfinite(ys).all():
            raise ValueError("target must be finite at all times.")
        law = MeanLaw.uniform(self.blocks, self.k, self.mu_right, self.mu_left, self.s, self.noise_decay)
        blocks, status, _ = flow(grid, ys, start, law, rtol=rtol)
        if status != DONE:
            raise RuntimeError(REASONS[status])
        x = np.zeros((len(ts), self.blocks + 2))
        x[:, 1:-1], x[:, -1] = blocks[keep], ys[keep]
        return x

    def _start(self, x0: ArrayLike | None) -> NDArray[np.float64]:
        if x0 is None:
            return np.zeros(self.blocks)
        start = np.array(x0, dtype=float)
        if start.shape == (self.blocks + 2,):
            start = start[1:-1].copy()
        if start.shape != (self.blocks,):
            raise ValueError(f"x0 must have {self.blocks} blocks (or both ends too), but has shape {np.shape(x0)}.")
        if not np.isfinite(start).all():
            raise ValueError(f"x0 must be finite, but is {start.tolist()}.")
        return start

    def equilibrium(self) -> NDArray[np.float64]:
        """Rest positions (blocks + 2,): (8) with noise, `rest_state` without.

        Raises
        ------
        ValueError
            If the noise decays: the rest state then depends on how far the chain came while there was noise.
        """
        if self.s == 0:
            return rest_state(
                ChainParameters(self.blocks, self.k, self.mu_right, self.mu_left, self.target, eps_bar=0.0)
            )
        if self.noise_decay > 0:
            raise ValueError(
                f"noise_decay={self.noise_decay}: the chain freezes where the noise leaves it; "
                "use solve(ts) with a long last time."
            )
        return parabola(self.blocks + 1, self.target, (self.mu_right - self.mu_left) / (2 * self.k))

    def relaxation_rates(self) -> NDArray[np.float64]:
        """Rates (blocks,) at which modes q = 1 .. blocks relax near rest, per unit time, slowest first.

        k lambda_q 2 Phi(-(mu_right + mu_left)/(2s)). Weak noise makes them exponentially small: a run shorter than
        the inverse of the first has not reached (8). Zero without noise, where friction is positive: blocks stick.
        """
        L = self.blocks + 1
        q = np.arange(1, L)
        balance = (self.mu_right - self.mu_left) / 2
        free = mobility(balance, self.mu_right, self.mu_left, self.s)
        return self.k * 4 * np.sin(q * np.pi / (2 * L)) ** 2 * free
