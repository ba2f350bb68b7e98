"""Many different chains under the same noise: final states of the cells of a phase diagram.

Member m of the ensemble of `seed` draws the same normals whatever its chain is, so the cells of a diagram meet the same
noise: what differs between two cells is what their parameters do. The noise of a member is drawn once and pushes many
chains, each in a lane of its own, which costs less than to simulate the cells one after the other; the bits are those
of `chain.simulate(steps, dt, seed=seed, members=...)`.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..threads import default_threads
from .dynamics import find_scheme
from .ensemble import NEVER, Lanes, Plan, in_threads
from .parameters import ChainParameters
from .rows import rows_of
from .simulate import check_step, initial

Cell = tuple[ChainParameters, float]  # with its step dt
LANES = 256  # chains in a block: two passes for each block of a chain, so longer loops than in an ensemble of equals


def final_states(
    cells: Sequence[Cell],
    members: Sequence[int],
    steps: int,
    *,
    seed: int,
    method: str | None = None,
    threads: int | None = None,
    bar: tqdm,
) -> tuple[list[NDArray[np.float64]], NDArray[np.str_]]:
    """Final positions (members, blocks + 2) of each cell, and what went wrong (cells, members), "" where nothing did.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C: what is unfinished is of no use.
    """
    states = [np.empty((len(members), chain.blocks + 2)) for chain, _ in cells]
    troubles = np.full((len(cells), len(members)), "", dtype=object)
    groups: dict[Any, list[int]] = {}
    for i, (chain, dt) in enumerate(cells):
        name, scheme = find_scheme(chain, method)
        check_step(chain, scheme, dt)
        alike = (chain.dynamics, chain.blocks, chain.noise, chain.noise_decay, chain.truncation, chain.drive)
        groups.setdefault((name, dt, *alike), []).append(i)
    for (name, dt, *_), group in groups.items():
        first = cells[group[0]][0]
        scheme = find_scheme(first, name)[1]
        if scheme.proceed is not None:
            for i in group:
                states[i][:] = cells[i][0].simulate(steps, dt, method=name).x[0, -1]  # type: ignore[attr-defined]
                bar.update(steps * len(members))
            continue
        parts = []
        for some in np.array_split(group, -(-len(group) // LANES)):
            chains = [cells[i][0] for i in some]
            p, x = rows_of(chains, dt), np.concatenate([initial("x0", c, 1, None, c.start) for c in chains]).T
            parts += [(_block(x, member, scheme.inertial, p), column, some) for column, member in enumerate(members)]
        nothing = np.zeros((1, 1, 1))
        plan = Plan(
            first, scheme, dt, np.uint64(seed), 0, steps, int(NEVER), -1.0, nothing, nothing, 1, threading.Event(), bar
        )
        in_threads([lanes for lanes, _, _ in parts], plan, threads or default_threads())
        if any(lanes.done < steps for lanes, _, _ in parts):
            raise KeyboardInterrupt
        for lanes, column, some in parts:
            for lane, i in enumerate(some):
                states[i][column] = lanes.x[:, lane]
                troubles[i, column] = scheme.trouble if lanes.trouble[lane] else ""
    return states, troubles


def _block(x: NDArray[np.float64], member: int, inertial: bool, p: Any) -> Lanes:
    x = x.copy("C")
    v = np.zeros_like(x) if inertial else np.zeros((1, x.shape[1]))
    return Lanes(0, member, x, v, np.full(x.shape[1], -1), np.zeros(x.shape[1], dtype=np.int64), p=p)
