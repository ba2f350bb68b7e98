"""Densities in time: implicit steps of the Fokker-Planck equation that keep mass, and positivity at order 1."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import identity
from scipy.sparse.linalg import splu

from ._series import Vector
from .fokker_planck import FokkerPlanck, as_density

GAMMA = 1.0 - math.sqrt(0.5)  # L-stable SDIRK of order 2: Alexander, SIAM J. Numer. Anal. 14 (1977) 1006


def evolve_density(fp: FokkerPlanck, p0: ArrayLike, ts: ArrayLike, dt: float, *, order: int = 1) -> Vector:
    """Densities at times `ts`, from p0 at time 0.

    Parameters
    ----------
    fp : FokkerPlanck
    p0 : array_like, shape fp.shape
        Density in every cell; its mass is p0.sum() * fp.volume.
    ts : array_like, shape (m,)
        Increasing times, the first 0 or later.
    dt : float
        Largest step; between two times steps are equal.
    order : int
        1: backward Euler, positive for every dt. 2: L-stable SDIRK, more accurate, may undershoot zero where dt is
        large against the time in which the density changes.

    Returns
    -------
    ndarray, shape (m, *fp.shape)

    Raises
    ------
    ValueError
        If p0 does not fit, times do not increase, dt is not positive, or the order is neither 1 nor 2.

    Notes
    -----
    The matrix I - dt L is an M-matrix with unit column sums: its inverse has no negative entry and keeps the mass.
    """
    p = as_density(fp, p0)
    times = np.atleast_1d(np.asarray(ts, float))
    if times.ndim != 1 or not np.isfinite(times).all() or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError("ts must be finite, increasing, and start at 0 or later.")
    if not (dt > 0 and math.isfinite(dt)):
        raise ValueError(f"dt must be positive and finite, but is {dt!r}.")
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, but is {order!r}.")
    out = np.empty((len(times), *fp.shape))
    now, factor, last = 0.0, None, -1.0
    for i, t in enumerate(times):
        steps = math.ceil((t - now) / dt - 1e-9) if t > now else 0
        if steps:
            step = (t - now) / steps
            if factor is None or abs(step - last) > 1e-12 * step:
                scaled = step * (1.0 if order == 1 else GAMMA)
                factor, last = splu((identity(len(p), format="csc") - scaled * fp.rates).tocsc()), step
            for _ in range(steps):
                if order == 1:
                    p = factor.solve(p)
                else:
                    k1 = factor.solve(fp.rates @ p)
                    k2 = factor.solve(fp.rates @ (p + step * (1.0 - GAMMA) * k1))
                    p = p + step * ((1.0 - GAMMA) * k1 + GAMMA * k2)
        now = float(t)
        out[i] = p.reshape(fp.shape)
    return out
