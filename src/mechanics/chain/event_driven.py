"""Runs of noiseless chains that are exact between events: method "event_driven" of `simulate`."""

from dataclasses import replace

import numpy as np

from .exact_flow import exact_flow
from .inertial_flow import inertial_flow
from .run import ChainRun


def proceed_exactly(run: ChainRun, steps: int) -> ChainRun:
    """Continue a run by `steps` steps, of which only those that are saved matter.

    Solved from the run's first state, so that a split run equals a whole one bit for bit.

    Raises
    ------
    ValueError
        If the chain has noise.
    """
    if np.any(np.asarray(run.chain.noise_per_step(run.dt)) > 0):
        raise ValueError(
            'method="event_driven" solves chains without noise, but this one has '
            f"eps_bar={run.chain.noise_per_step(run.dt)}; use chain.replace(eps_bar=0), or another method."
        )
    end = run.steps + steps
    frames = np.arange(0, end + 1, run.save_every or max(end, 1))
    if frames[-1] != end:
        frames = np.append(frames, end)
    ts = np.asarray(run.dt * frames, dtype=np.float64)
    if run.v is None:
        starts, member = np.unique(run.x[:, 0], axis=0, return_inverse=True)
        flows = [exact_flow(run.chain, x0, ts[-1], ts=ts).x for x0 in starts]
        return replace(run, ts=ts, x=np.stack(flows)[member.ravel()], steps=end, status="finished")
    states, member = np.unique(np.concatenate([run.x[:, 0], run.v[:, 0]], axis=1), axis=0, return_inverse=True)
    half = run.x.shape[2]
    pairs = [inertial_flow(run.chain, state[:half], state[half:], ts[-1], ts=ts) for state in states]
    x, v = (np.stack(values)[member.ravel()] for values in ([f.x for f in pairs], [f.v for f in pairs]))
    return replace(run, ts=ts, x=x, v=v, steps=end, status="finished")
