"""Where the energy of a chain goes: into the springs, into friction, into the damping.

    E = 1/2 sum k_l (x_l - x_{l-1})^2,        dE/dt = k_L (x_L - x_{L-1}) w - sum mu |v_l| - sum v_l^2

for an overdamped chain without noise whose end moves with velocity w; mu is that of the direction of slip. Springs in a
row that hold given ends have least energy when the forces on them are equal: equal extensions if they are equal.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .exact_flow import ExactFlow, law_of
from .modes import Piece
from .parameters import ChainParameters


def elastic_energy(chain: ChainParameters, x: ArrayLike) -> NDArray[np.float64]:
    """Energy of the springs at positions x (..., blocks + 2); shape (...).

    Raises
    ------
    ValueError
        If the last axis has another length.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim == 0 or x.shape[-1] != chain.blocks + 2:
        raise ValueError(f"x must hold {chain.blocks + 2} positions on its last axis, but has shape {x.shape}.")
    return np.asarray(0.5 * (np.asarray(chain.k) * np.diff(x, axis=-1) ** 2).sum(axis=-1))


class EnergyBalance(NamedTuple):
    """Energies from the start of a flow to given times, each (m,); elastic = elastic at the start + work - losses."""

    elastic: NDArray[np.float64]
    work: NDArray[np.float64]  # done by the driven end
    friction: NDArray[np.float64]  # heat of dry friction, sum of mu times the distance slipped
    damping: NDArray[np.float64]  # heat of the damping, integral of v^2


def energy_balance(flow: ExactFlow, ts: ArrayLike) -> EnergyBalance:
    """Energies of an exact flow at increasing times ts (m,) between its t0 and t1.

    The heat of friction is exact: a block slips one way within a piece. So is the damping's, by the modes of the chain;
    the work of the end follows from the balance.
    """
    times = np.atleast_1d(np.asarray(ts, dtype=float))
    law = law_of(flow.chain)
    friction, damping = np.zeros(len(times)), np.zeros(len(times))
    for state, end in zip(flow.pieces, [*(s.t for s in flow.pieces[1:]), np.inf], strict=True):
        piece = Piece(law, state)
        mu = np.where(state.modes > 0, law.mu_right, law.mu_left) * np.abs(state.modes)
        for i, t in enumerate(times):
            tau = min(t, end) - state.t
            if tau > 0:
                friction[i] += (mu * np.abs(piece.displacement(tau)[1:-1])).sum()
                damping[i] += piece.heat(tau)
    elastic = elastic_energy(flow.chain, flow(times))
    start = elastic_energy(flow.chain, flow(flow.t0))
    return EnergyBalance(elastic, elastic - start + friction + damping, friction, damping)
