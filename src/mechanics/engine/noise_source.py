"""Standard normals for the steps of a stochastic method, many at a time.

    fill(Z, fine, table, m, seed, member, step, refine, over_steps)

fills Z (rows, lanes) for members `member`, `member` + 1, ... at one step, or for steps `step`, `step` + 1, ... of one
member. Row c is component c of `mechanics.noise.normals` at (seed, member, step): first the m Brownian increments over
sqrt(dt), then what else a method draws.

    counted    the normals of that step
    refined    of a step made of `refine` steps of the noise: increments are sums,
                   W = sum_j w_j,   A = sum_j (a_j + w_0 + ... + w_(j-1)),   a_j = (w_j + u_j / sqrt 3) / 2
               with A the time integral of W over the step, whose normal is u (Kloeden, Platen, (10.4.3))
    coming     of that step, and of the next one in the second half of the rows
    tabled     rows of `table`: a path that the user brings
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ..noise.normals import fill_normals
from .compile import inlined, kernel

ROOT3 = math.sqrt(3.0)
AHEAD = 128  # steps of a lone member whose noise is drawn at once
LEAST_AHEAD = 16  # shorter loops do not vectorise
NEAREST_CACHE = 4096  # float64 numbers


class Draws(NamedTuple):
    """How many normals a step takes, as kernels of the number of components."""

    wieners: Any  # Brownian motions
    count: Any  # all normals of a step
    areas: bool  # whether rows m .. 2m - 1 belong to time integrals of the Brownian motions
    both: bool = False  # whether the second half of the rows are those of the next step


@inlined
def counted(Z, fine, table, m, seed, member, step, refine, over_steps):  # type: ignore[no-untyped-def]
    """Normals of the steps themselves."""
    fill_normals(Z, seed, member, step, over_steps)


@inlined
def coming(Z, fine, table, m, seed, member, step, refine, over_steps):  # type: ignore[no-untyped-def]
    """Normals of the steps themselves, then those of the step after each."""
    half = Z.shape[0] // 2
    fill_normals(Z[:half], seed, member, step, over_steps)
    fill_normals(Z[half:], seed, member, step + np.uint64(1), over_steps)


@inlined
def tabled(Z, fine, table, m, seed, member, step, refine, over_steps):  # type: ignore[no-untyped-def]
    """Normals that the user brings, one row for each step."""
    first = int(step)
    for i in range(min(Z.shape[1], len(table) - first)):
        for c in range(table.shape[1]):
            Z[c, i] = table[first + i, c]


@inlined
def clear(Z):  # type: ignore[no-untyped-def]
    """Start sums."""
    for c in range(Z.shape[0]):
        row = Z[c]
        for i in range(Z.shape[1]):
            row[i] = 0.0


@inlined
def add(Z, fine, i, j, c, m, areas):  # type: ignore[no-untyped-def]
    """One fine step (column j) into the sums of component c of column i."""
    if areas and c < m:
        Z[m + c, i] += 0.5 * (fine[c, j] + fine[m + c, j] / ROOT3) + Z[c, i]
    if not areas or c < m:
        Z[c, i] += fine[c, j]


@inlined
def scale(Z, m, refine, areas):  # type: ignore[no-untyped-def]
    """From sums to standard normals."""
    root = math.sqrt(float(refine))
    for c in range(Z.shape[0]):
        for i in range(Z.shape[1]):
            if not areas or c < m:
                Z[c, i] = Z[c, i] / root
    if areas:
        for c in range(m):
            for i in range(Z.shape[1]):
                Z[m + c, i] = ROOT3 * (2.0 * Z[m + c, i] / (refine * root) - Z[c, i])


def make_refined(areas: bool) -> Any:
    """The kernel `fill` for steps that are made of several steps of the noise."""

    @kernel(forceinline=False)
    def refined(Z, fine, table, m, seed, member, step, refine, over_steps):  # type: ignore[no-untyped-def]
        lanes = Z.shape[1]
        clear(Z)
        first = step * np.uint64(refine)
        if over_steps:  # the fine steps of successive steps follow each other
            for b in range(refine):
                fill_normals(fine, seed, member, first + np.uint64(b * lanes), over_steps)
                for j in range(lanes):
                    for c in range(Z.shape[0]):
                        add(Z, fine, (b * lanes + j) // refine, j, c, m, areas)
        else:
            for b in range(refine):
                fill_normals(fine, seed, member, first + np.uint64(b), over_steps)
                for c in range(Z.shape[0]):
                    for j in range(lanes):
                        add(Z, fine, j, j, c, m, areas)
        scale(Z, m, refine, areas)

    return refined


_refined = {areas: make_refined(areas) for areas in (False, True)}
SOURCES = ("counted", "refined", "tabled")


def choose(source: str, draws: Draws) -> Any:
    """The kernel `fill` of one of `SOURCES`."""
    areas = draws.areas
    return {"counted": coming if draws.both else counted, "tabled": tabled, "refined": _refined[areas]}[source]
