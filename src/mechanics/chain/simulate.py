"""The public call that simulates a chain: arguments checked once, then handed to `proceed`."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, whole_numbers
from ..noise import seed_word
from .ensemble import proceed
from .parameters import ChainParameters
from .run import ChainRun


def simulate(
    chain: ChainParameters,
    steps: int = 10_000,
    dt: float = 0.01,
    *,
    seed: int | np.random.SeedSequence = 0,
    members: int = 1,
    first_member: int = 0,
    save_every: int | None = None,
    x0: ArrayLike | None = None,
    stop_change: float | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> ChainRun:
    """Simulate an ensemble of overdamped chains, (5)-(6).

    Parameters
    ----------
    chain : SpringChain
        The parameters.
    steps : int
        Number of steps.
    dt : float
        Step, in units of time; below the stability limit 1 / (2 k).
    seed : int or numpy.random.SeedSequence
        Names the ensemble. Member m at step n draws the same noise for any number of members and threads.
    members, first_member : int
        Members first_member, ..., first_member + members - 1 of the ensemble.
    save_every : int, optional
        Keep every save_every-th step besides the first and the last state; by default these two only.
    x0 : array_like, optional
        Initial positions, shape (blocks,) or (blocks + 2,), or one such row for each member. 0 by default, the pulled
        end at its target.
    stop_change : float, optional
        Stop a member once a step changes no position by more than stop_change times its largest one and the noise of a
        step is below that bound too (looked at every 100 steps). The step is recorded in `stopped_at`.
    threads : int, optional
        By default one for each processor this process may use.
    progress : bool
        Show a progress bar.

    Returns
    -------
    ChainRun
        Positions, times, load curves; fewer members or times after Ctrl-C, as its `status` says.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it, its value and the remedy.

    References
    ----------
    Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, equations (5)-(6).
    """
    whole_numbers(steps=(steps, 0), members=(members, 1), first_member=(first_member, 0))
    if save_every is not None:
        whole_numbers(save_every=(save_every, 1))
    dt = finite_number("dt", dt)
    _check_step(chain, dt)
    if stop_change is not None and not stop_change >= 0:
        raise ValueError(f"stop_change must not be negative, but is {stop_change}; 0 stops only what stands still.")
    x = _initial(chain, members, x0)
    labels = np.arange(first_member, first_member + members)
    start = ChainRun(
        chain, np.zeros(1), x[:, None], labels, np.full(members, -1), int(seed_word(seed)), dt, 0, save_every
    )
    return proceed(start, steps, stop_change=stop_change, threads=threads, progress=progress)


def _check_step(chain: ChainParameters, dt: float) -> None:
    limit = 1.0 / (2.0 * chain.k)
    if not 0.0 < dt < limit:
        raise ValueError(
            f"dt={dt} is outside 0 < dt < 1/(2k) = {limit:.6g}, the stability limit of the explicit step at "
            f"k={chain.k}; use dt <= {0.5 * limit:.3g}."
        )


def _initial(chain: ChainParameters, members: int, x0: ArrayLike | None) -> NDArray[np.float64]:
    """Positions of all members, shape (members, blocks + 2)."""
    x = np.zeros((members, chain.blocks + 2))
    x[:, -1] = chain.target
    if x0 is None:
        return x
    given = np.asarray(x0, dtype=float)
    if given.shape not in {(n,) for n in (chain.blocks, chain.blocks + 2)} | {
        (members, n) for n in (chain.blocks, chain.blocks + 2)
    }:
        raise ValueError(
            f"x0 must have shape ({chain.blocks},) or ({chain.blocks + 2},), or one such row for each of the {members} "
            f"members, but has shape {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError(f"x0 must be finite, but holds {given[~np.isfinite(given)][0]}.")
    if given.shape[-1] == chain.blocks:
        x[:, 1:-1] = given
    elif (given[..., 0] != 0.0).any() or (given[..., -1] != chain.target).any():
        raise ValueError(
            f"x0 must start at 0 and end at target={chain.target}, but its ends are {given[..., 0].ravel()[0]} and "
            f"{given[..., -1].ravel()[0]}; give the {chain.blocks} moving blocks alone, or change the chain's target."
        )
    else:
        x[:] = given
    return x
