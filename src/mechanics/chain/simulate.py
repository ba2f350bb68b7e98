"""The public call that simulates a chain: arguments checked once, then handed to `proceed`."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, whole_numbers
from ..noise import seed_word
from .dynamics import find_scheme
from .ensemble import proceed
from .parameters import ChainParameters
from .run import ChainRun
from .scheme import Scheme


def simulate(
    chain: ChainParameters,
    steps: int = 10_000,
    dt: float = 0.01,
    *,
    seed: int | np.random.SeedSequence = 0,
    members: int = 1,
    first_member: int = 0,
    save_every: int | None = None,
    method: str | None = None,
    x0: ArrayLike | None = None,
    v0: ArrayLike | None = None,
    stop_change: float | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> ChainRun:
    """Simulate an ensemble of chains.

    Parameters
    ----------
    chain : SpringChain
        The parameters.
    steps : int
        Number of steps.
    dt : float
        Step, in units of time; below the stability limit of an explicit method (1 / (2 k) for overdamped chains).
    seed : int or numpy.random.SeedSequence
        Names the ensemble. Member m at step n draws the same noise for any number of members and threads.
    members, first_member : int
        Members first_member, ..., first_member + members - 1 of the ensemble.
    save_every : int, optional
        Keep every save_every-th step besides the first and the last state; by default these two only.
    method : str, optional
        One of the methods of the chain's dynamics (`mechanics.chain.dynamics.SCHEMES`); the first of them unless
        given.
    x0 : array_like, optional
        Initial positions, shape (blocks,) or (blocks + 2,), or one such row for each member. 0 by default, the pulled
        end at its target, or where its drive starts.
    v0 : array_like, optional
        Initial velocities in the same forms; 0 by default. Overdamped chains have none.
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
    name, scheme = find_scheme(chain, method)
    check_step(chain, scheme, dt)
    if stop_change is not None and not stop_change >= 0:
        raise ValueError(f"stop_change must not be negative, but is {stop_change}; 0 stops only what stands still.")
    if stop_change is not None and chain.drive is not None:
        raise ValueError(
            "stop_change stops a chain at rest for good, but this chain's end is driven and may pull it again; "
            "leave stop_change out, or simulate to the end of the drive and go on from there without a drive (x0=)."
        )
    if stop_change is not None and scheme.proceed is not None:
        raise ValueError(
            f"stop_change is given, but method={name!r} takes no steps; exact_flow(chain).rest is the rest."
        )
    x = initial("x0", chain, members, x0, chain.start)
    v = initial("v0", chain, members, v0, 0.0) if scheme.inertial else None
    if v0 is not None and v is None:
        raise ValueError("v0 is given, but overdamped chains have no velocities; leave it out.")
    labels = np.arange(first_member, first_member + members)
    start = ChainRun(
        chain, np.zeros(1), x[:, None], labels, np.full(members, -1), int(seed_word(seed)), dt, 0, save_every,
        v=None if v is None else v[:, None], method=name,
    )  # fmt: skip
    return proceed(start, steps, stop_change=stop_change, threads=threads, progress=progress)


def check_step(chain: ChainParameters, scheme: Scheme, dt: float) -> None:
    """Raise ValueError unless the scheme is stable at dt."""
    limit = scheme.limit(chain)
    if not 0.0 < dt < limit:
        if not np.isfinite(limit):
            raise ValueError(f"dt must be positive, but is {dt}.")
        raise ValueError(
            f"dt={dt} is outside 0 < dt < {scheme.limit_formula} = {limit:.6g}, the stability limit of the explicit "
            f"step at k={chain.k}; use dt <= {0.5 * limit:.3g}."
        )


def initial(
    name: str, chain: ChainParameters, members: int, given: ArrayLike | None, end: float
) -> NDArray[np.float64]:
    """Positions or velocities of all members, shape (members, blocks + 2), with 0 and `end` at their ends."""
    full = np.zeros((members, chain.blocks + 2))
    full[:, -1] = end
    if given is None:
        return full
    values = np.asarray(given, dtype=float)
    if values.shape not in {(n,) for n in (chain.blocks, chain.blocks + 2)} | {
        (members, n) for n in (chain.blocks, chain.blocks + 2)
    }:
        raise ValueError(
            f"{name} must have shape ({chain.blocks},) or ({chain.blocks + 2},), or one such row for each of the "
            f"{members} members, but has shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, but holds {values[~np.isfinite(values)][0]}.")
    if values.shape[-1] == chain.blocks:
        full[:, 1:-1] = values
    elif (values[..., 0] != 0.0).any() or (values[..., -1] != end).any():
        raise ValueError(
            f"{name} must start at 0 and end at {end}, but its ends are {values[..., 0].ravel()[0]} and "
            f"{values[..., -1].ravel()[0]}; give the {chain.blocks} moving blocks alone, or change the chain's end."
        )
    else:
        full[:] = values
    return full
