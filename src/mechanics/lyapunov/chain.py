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
    """The chain's step of length dt as a map of the moving blocks, from the flat start.

    Raises
    ------
    ValueError
        If the dynamics is not overdamped, the end is driven, the noise is truncated, or dt is too long.
    """
    if chain.dynamics != "overdamped":
        raise ValueError(
            f"The chain's dynamics is {chain.dynamics!r}, but tangent dynamics is known here for 'overdamped' only: "
            "where a sliding block stops, the derivative jumps (saltation)."
        )
    if chain.drive is not None or chain.truncation is not None:
        raise ValueError("Chains with a driven end or truncated noise have no tangent dynamics here.")
    check_step(chain, EXPLICIT, dt)

    def each(value: Any, count: int) -> NDArray[np.float64]:
        return np.full(count, value, float) if np.ndim(value) == 0 else np.array(value, float)

    n = chain.blocks
    p = Step(
        each(chain.k, n + 1), each(chain.mu_right, n), each(chain.mu_left, n), each(chain.noise_per_step(dt), n),
        float(chain.target), dt, float(chain.noise_decay), int(chain.noise != "common"),
    )  # fmt: skip
    return Map(step, np.zeros(n), p, noises=n if chain.noise != "common" else 1)


def note_of(chain: ChainParameters, dt: float) -> str:
    """What the exponents of a chain's steps are of; empty for overdamped chains, whose noise is that of a step."""
    return "" if chain.dynamics == "overdamped" else f"exponents of steps of {dt:g}"
