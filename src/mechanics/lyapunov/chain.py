"""The overdamped spring-block chain as a map with noise: its tangent dynamics is that of its own step.

    x_l <- x_l + dt sigma(F_l + eps_bar e^{-lambda t} xi_l)          J = I + dt diag(1[block l slips]) dF/dx

Friction, (6) of Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, is continuous in the force, so that the derivative
exists everywhere but at the thresholds, and no jump (saltation) has to be added. Noise is inside the threshold: a
block that the noise does not push over it is stuck, and its row is that of the identity. All tangent vectors see the
same noise.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..chain.friction import slid
from ..chain.overdamped import EXPLICIT
from ..chain.parameters import ChainParameters
from ..chain.simulate import check_step
from .inertial_chain import inertial_map
from .map import Map


class Step(NamedTuple):
    """Parameters of one step; arrays have one value for each spring or block."""

    k: NDArray[np.float64]
    mu_right: NDArray[np.float64]
    mu_left: NDArray[np.float64]
    eps: NDArray[np.float64]
    target: float
    dt: float
    decay: float
    stride: int  # 1: a normal for each block; 0: one for all


def step(n, x, z, p, out):  # type: ignore[no-untyped-def]
    """One step of (5)."""
    blocks = len(x)
    fade = np.exp(-p.decay * (n * p.dt)) if p.decay > 0.0 else 1.0
    for l in range(blocks):
        left = x[l - 1] if l > 0 else 0.0 * x[0]
        right = x[l + 1] if l + 1 < blocks else 0.0 * x[0] + p.target
        out[l] = slid(
            left, x[l], right, z[l * p.stride], p.k[l], p.k[l + 1], p.mu_right[l], p.mu_left[l], p.eps[l] * fade, p.dt
        )


def chain_map(chain: ChainParameters, dt: float) -> Map:
    """The chain's step of length dt as a map of the moving blocks, from the flat start; see also `inertial_chain`.

    Raises
    ------
    ValueError
        If the noise is truncated, the end of an overdamped chain is driven, or dt is too long.
    """
    if chain.truncation is not None:
        raise ValueError("Chains with truncated noise have no tangent dynamics here; leave truncation out.")
    if chain.dynamics != "overdamped":
        return inertial_map(chain, dt)
    if chain.drive is not None:
        raise ValueError("Overdamped chains with a driven end have no tangent dynamics here.")
    check_step(chain, EXPLICIT, dt)

    def each(value: Any, count: int) -> NDArray[np.float64]:
        return np.full(count, value, float) if np.ndim(value) == 0 else np.array(value, float)

    n = chain.blocks
    p = Step(
        each(chain.k, n + 1), each(chain.mu_right, n), each(chain.mu_left, n), each(chain.noise_per_step(dt), n),
        float(chain.target), dt, float(chain.noise_decay), int(chain.noise != "common"),
    )  # fmt: skip
    return Map(step, np.zeros(n), p, noises=n if chain.noise != "common" else 1)


def limited(system: Any, dt: float | None, k: int | None) -> tuple[int | None, str]:
    """The number of exponents that the steps of a second-order chain have, and what to say of them.

    A block that stops within a step loses rank. Blocks that stop one after the other, some steps and neighbours apart,
    lose it together but for what has passed from one to the other in between, soon less than rounding: exponents beyond
    the number of blocks are -infinity, or not to be told from it.

    Raises
    ------
    ValueError
        If k is more than that.
    """
    if not isinstance(system, ChainParameters) or system.dynamics == "overdamped":
        return k, ""
    note = f"exponents of steps of dt = {dt:g}"
    rubs = bool(np.any(np.asarray(system.mu_right) + system.mu_left > 0.0))
    if not rubs or system.dynamics == "smooth_law":
        return k, note
    if k is not None and k > system.blocks:
        raise ValueError(
            f"k={k}, but blocks that stop within a step lose rank: exponents beyond the {system.blocks} of this "
            "chain's blocks are -infinity or not to be told from it. Take fewer, or leave k out; without noise the "
            "chain is solved from event to event, dt left out, and has them all."
        )
    return system.blocks if k is None else k, f"{note}; those beyond the number of blocks are lost as blocks stop"
