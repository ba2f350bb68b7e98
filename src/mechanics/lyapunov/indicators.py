"""Chaos told by how deviation vectors align: SALI and GALI; and the largest exponent from two copies.

    SALI = min(|w_1 + w_2|, |w_1 - w_2|)           goes to zero as exp(-(l_1 - l_2) t) on chaotic orbits of a flow with
                                                    two degrees of freedom or more, stays away from it on regular ones
    GALI_k = |w_1 ^ ... ^ w_k| = product of the singular values of the unit vectors     (Skokos, Bountis, Antonopoulos)

Skokos, J. Phys. A 34 (2001) 10029; Skokos, Bountis, Antonopoulos, Physica D 231 (2007) 30-54.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import Method
from .covariant import Stretches
from .job import FINE, Job, stepped
from .spectrum import arranged

Array = NDArray[np.float64]
SEPARATION = 1e-8  # of two copies, relative to the state
POINTS = 100


@dataclass(frozen=True, eq=False)
class Alignment:
    """Indices over time.

    Attributes
    ----------
    times : ndarray, shape (m,)
        Times since the start.
    log_gali : ndarray, shape (m,)
        Natural logarithms of GALI_k: they go far below the smallest number.
    sali : ndarray, shape (m,)
        Smallest distance of the first two unit vectors up to sign; NaN for k = 1.
    """

    times: Array
    log_gali: Array
    sali: Array


def alignment_index(
    system: Any, k: int = 2, *, total: float, dt: float | None = None, method: Method | None = None, seed: int = 0
) -> Alignment:
    """SALI and GALI_k along an orbit from the initial state.

    Parameters
    ----------
    system : Map or Problem
        Without noise.
    k : int
        Number of deviation vectors, at least 2.
    total : float
        Time.
    dt, method, seed
        As for `lyapunov_spectrum`.

    Notes
    -----
    The vectors start orthonormal. Products of triangles give the vectors in the frame of the way: alignment is found
    where the vectors themselves are equal to rounding.
    """
    job, step, p = arranged(system, k, dt, method, seed, "auto")
    if k < 2:
        raise ValueError(f"k must be at least 2 vectors, but is {k!r}.")
    job = stepped(job, "alignment_index")
    V = job.start()
    q = job.interval(V, p, step, 0)
    count = max(1, math.ceil(total / step / q))
    passes, triangle, logs = Stretches(job, p, step, q), np.eye(k), np.zeros(k)
    times, gali, sali, at = [], [], [], 0
    every = max(1, count // POINTS)
    while at < count:
        n = min(every, count - at)
        _, rs, _ = passes.run(V, at * q, n)
        for R in rs:
            triangle = R @ triangle
            lengths = np.linalg.norm(triangle, axis=0)
            triangle /= lengths
            logs += np.log(np.diag(R)) - np.log(lengths)
        at += n
        times.append(at * q * step)
        gali.append(float(logs.sum()))  # log det of the triangle, which would be lost to rounding
        a, b = triangle[:, 0], triangle[:, 1]
        sali.append(min(np.linalg.norm(a + b), np.linalg.norm(a - b)))
    return Alignment(np.array(times), np.array(gali), np.array(sali))


def largest_by_two_copies(
    system: Any,
    *,
    total: float,
    transient: float = 0.0,
    dt: float | None = None,
    method: Method | None = None,
    interval: float | None = None,
    separation: float = SEPARATION,
    seed: int = 0,
) -> float:
    """The largest exponent from two copies, whose distance is set back again and again: no derivative enters.

    Parameters
    ----------
    system : Map, Problem or SpringChain
        Both copies see the same noise.
    total, transient : float
        Averaging time, and time before it.
    dt, method, seed
        As for `lyapunov_spectrum`.
    interval : float, optional
        Time between settings; ten steps by default, some arcs from event to event.
    separation : float
        Distance of the copies, relative to the size of the state: far above rounding, far below the attractor.

    Returns
    -------
    float
        Per unit time (maps: per iteration).

    Notes
    -----
    A check of the tangent dynamics by other means, and defined where the derivative is not.
    """
    if not 0.0 < separation < 1.0:
        raise ValueError(f"separation must lie between 0 and 1, but is {separation}.")
    job, step, p = arranged(system, 1, dt, method, seed, "auto")
    q = (10 if isinstance(job, Job) else 1) if interval is None else max(1, round(interval / step))
    first, extremes = job.start(), np.ones(2)
    room: Any = job.room(q)
    second, direction = first.copy(), first[0, :, 1].copy()
    skipped, count = math.ceil(transient / step / q), max(1, math.ceil(total / step / q))
    summed = 0.0
    for i in range(skipped + count):
        x = first[0, :, 0]
        distance = separation * (float(np.linalg.norm(x)) or 1.0)
        second[0, :, 0] = x + distance * direction
        distance = float(np.linalg.norm(second[0, :, 0] - x))
        ends = [job.advance(V, room, p, step, i * q, 1, 1, q, extremes)[1] for V in (first, second)]
        if ends != [FINE, FINE]:
            raise ValueError(f"The state diverged at step {i * q} of {(skipped + count) * q}.")
        apart = second[0, :, 0] - first[0, :, 0]
        length = float(np.linalg.norm(apart))
        if length == 0.0:
            return -math.inf
        direction = apart / length
        if i >= skipped:
            summed += math.log(length / distance)
    return summed / (count * q * step)
