"""Overdamped spring-block chain: explicit steps of an ensemble over vector lanes.

    x_l <- x_l + dt sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps_bar e^{-lambda t} xi_l),   x_0 = 0, x_L = target    (5)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353. Members are stored next to each other, so that one instruction moves
several of them; the step is written for one member, and compiled without reordering any sum: a member has the same bits
alone, in any ensemble, on any number of threads, and after a restart.
"""

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from ..engine import compile_bound, kernel
from ..noise.normals import BLOCK, fill_normals, seed_word, truncate_normals
from .friction import slip
from .parameters import SpringChain
from .run import ChainRun

LANES = 64  # members moved together: long loops, and everything they touch stays in the first-level cache
STOP_EVERY = 100  # steps between looks at the stopping rule
CALL_UPDATES = 20_000_000  # block-steps in one compiled call (about 0.1 s): Ctrl-C and progress are served between
MAX_BYTES = 4 * 2**30  # of saved positions; beyond it somebody probably forgot save_every
NEVER = np.iinfo(np.int64).max


@kernel(forceinline=False)
def move(x, new, z, k, mu_right, mu_left, eps_bar, rate, common):  # type: ignore[no-untyped-def]
    """One step of (5) for all lanes: new from x, shape (blocks + 2, lanes); rate (lanes,) is dt, or 0 at rest."""
    springs, lanes = x.shape[0] - 1, x.shape[1]
    for block in range(1, springs):
        left, here, right, moved = x[block - 1], x[block], x[block + 1], new[block]
        xi = z[0] if common else z[block - 1]
        for i in range(lanes):
            force = k * ((right[i] - here[i]) - (here[i] - left[i]))
            moved[i] = here[i] + rate[i] * slip(force + eps_bar * xi[i], mu_right, mu_left)


@kernel(forceinline=False)
def mark_stopped(x, before, tolerance, noise, step, rate, stopped_at):  # type: ignore[no-untyped-def]
    """Stop lanes whose last step changed no block by more than tolerance * max |x|; return how many still move.

    A chain can hold still for one step by chance while the noise could still push it: `noise`, the displacement that
    the noise makes in one step, must be below the same bound.
    """
    moving = 0
    for i in range(x.shape[1]):
        if stopped_at[i] >= 0:
            continue
        change = noise
        size = 0.0
        for block in range(x.shape[0]):
            change = max(change, abs(x[block, i] - before[block, i]))
            size = max(size, abs(x[block, i]))
        if change <= tolerance * size:
            stopped_at[i] = step
            rate[i] = 0.0
        else:
            moving += 1
    return moving


@kernel
def copy(x, y):  # type: ignore[no-untyped-def]
    """x from y, element by element: numba compiles a slice assignment for seconds."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[row, i] = y[row, i]


def _advance_entry(  # type: ignore[no-untyped-def]
    x, scratch, z, rate, stopped_at, saved, row, frame, seed, member, first_step, steps, save_every,
    k, mu_right, mu_left, eps_bar, decay, dt, common, truncation, tolerance,
):  # fmt: skip
    """Advance x (blocks + 2, lanes) in place; saved[row + lane, frame + ...] receives every save_every-th step."""
    blocks, lanes = x.shape[0] - 2, x.shape[1]
    here, new = x, scratch
    moving = 1
    for n in range(first_step, first_step + steps):
        if moving > 0:
            amplitude = eps_bar * math.exp(-decay * (n * dt)) if decay > 0.0 else eps_bar
            if amplitude > 0.0:
                fill_normals(z, seed, member, np.uint64(n))
                if truncation > 0.0:
                    truncate_normals(z, 1 if common else blocks, truncation, seed, member, np.uint64(n))
            move(here, new, z, k, mu_right, mu_left, amplitude, rate, common)
            here, new = new, here
            if tolerance >= 0.0 and (n + 1) % STOP_EVERY == 0:
                moving = mark_stopped(here, new, tolerance, amplitude * dt, n + 1, rate, stopped_at)
        if (n + 1) % save_every == 0:
            for i in range(lanes):
                for block in range(blocks + 2):
                    saved[row + i, frame, block] = here[block, i]
            frame += 1
    copy(x, here)


@dataclass(frozen=True)
class _Plan:
    """What is the same for all lanes of a simulation."""

    chain: SpringChain
    dt: float
    seed: np.uint64
    first_step: int
    steps: int
    save_every: int
    tolerance: float
    saved: NDArray[np.float64]
    cancelled: threading.Event
    bar: tqdm


@dataclass
class _Lanes:
    """A block of members on its way."""

    row: int  # in the saved array
    member: int
    x: NDArray[np.float64]  # (blocks + 2, lanes)
    stopped_at: NDArray[np.int64]
    done: int = 0  # steps

    def advance(self, plan: _Plan) -> None:
        """Run to the end of the plan, or to the next pause after it is cancelled."""
        chain, (positions, lanes) = plan.chain, self.x.shape
        draws = 1 if chain.noise == "common" else chain.blocks
        z = np.zeros((-(-draws // BLOCK) * BLOCK, lanes))
        scratch = self.x.copy()
        rate = np.where(self.stopped_at >= 0, 0.0, plan.dt)
        run = compile_bound(_advance_entry)
        pause = max(1, CALL_UPDATES // (lanes * positions))
        while self.done < plan.steps and not plan.cancelled.is_set():
            step = plan.first_step + self.done
            steps = min(pause, plan.steps - self.done)
            with np.errstate(over="ignore"):  # wrapping additions warn where kernels run as plain Python
                run(
                    self.x, scratch, z, rate, self.stopped_at, plan.saved, self.row,
                    1 + step // plan.save_every - plan.first_step // plan.save_every,
                    plan.seed, np.uint64(self.member), step, steps, plan.save_every,
                    chain.k, chain.mu_right, chain.mu_left, chain.noise_per_step(plan.dt), chain.noise_decay, plan.dt,
                    chain.noise == "common", chain.truncation or 0.0, plan.tolerance,
                )  # fmt: skip
            self.done += steps
            plan.bar.update(steps * lanes)


def simulate(
    chain: SpringChain,
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
    _check_counts(steps=(steps, 0), members=(members, 1), first_member=(first_member, 0))
    if save_every is not None:
        _check_counts(save_every=(save_every, 1))
    _check_step(chain, dt)
    if stop_change is not None and not stop_change >= 0:
        raise ValueError(f"stop_change must not be negative, but is {stop_change}; 0 stops only what stands still.")
    x = _initial(chain, members, x0)
    labels = np.arange(first_member, first_member + members)
    start = ChainRun(
        chain, np.zeros(1), x[:, None], labels, np.full(members, -1), int(seed_word(seed)), float(dt), 0, save_every
    )
    return proceed(start, steps, stop_change=stop_change, threads=threads, progress=progress)


def proceed(
    run: ChainRun, steps: int, *, stop_change: float | None = None, threads: int | None = None, progress: bool = False
) -> ChainRun:
    """Continue a run: the result equals, bit for bit, one run of all the steps. See `simulate` for the arguments."""
    _check_counts(steps=(steps, 0))
    threads = len(os.sched_getaffinity(0)) if threads is None and hasattr(os, "sched_getaffinity") else threads
    threads = threads or os.cpu_count() or 1
    members, _, positions = run.x.shape
    every = run.save_every or NEVER
    end = run.steps + steps
    frames = end // every - run.steps // every
    saved = _allocate(members, 2 + frames, positions)
    saved[:, 0] = run.x[:, -1]
    width = int(np.clip(-(-members // threads), 16, LANES))
    lanes = [
        _Lanes(row, int(run.members[row]), run.x[row : row + width, -1].T.copy("C"), part.copy())
        for row in range(0, members, width)
        for part in [run.stopped_at[row : row + width]]
    ]
    tolerance = -1.0 if stop_change is None else stop_change
    updates = members * steps
    with tqdm(total=updates, disable=not progress, unit="step", unit_scale=True, desc="chain") as bar:
        plan = _Plan(
            run.chain, run.dt, np.uint64(run.seed), run.steps, steps, every, tolerance, saved, threading.Event(), bar
        )
        if updates * positions <= CALL_UPDATES:
            for part in lanes:
                part.advance(plan)
        else:
            _in_threads(lanes, plan, threads)
    return _collect(run, lanes, plan)


def _in_threads(lanes: list[_Lanes], plan: _Plan, threads: int) -> None:
    """Kernels release the GIL; Ctrl-C reaches the main thread, which lets the others come to their next pause."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(part.advance, plan) for part in lanes]
        try:
            wait(futures)
        except KeyboardInterrupt:
            plan.cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
    for future in futures:
        if not future.cancelled():
            future.result()


def _collect(run: ChainRun, lanes: list[_Lanes], plan: _Plan) -> ChainRun:
    """The old frames, the new ones, and the last state, of the members that got furthest."""
    done = max(part.done for part in lanes)
    kept = [part for part in lanes if part.done == done]
    rows = np.concatenate([np.arange(part.row, part.row + part.x.shape[1]) for part in kept])
    end = run.steps + done
    frames = end // plan.save_every - run.steps // plan.save_every
    steps = plan.save_every * np.arange(run.steps // plan.save_every + 1, end // plan.save_every + 1)
    x, ts = plan.saved[:, 1 : 1 + frames], run.dt * steps
    old = run.x.shape[1] if run.steps == 0 or run.steps % plan.save_every == 0 else run.x.shape[1] - 1
    if done > 0 and end % plan.save_every != 0:  # the last state is kept although it is on no frame
        for part in kept:
            plan.saved[part.row : part.row + part.x.shape[1], 1 + frames] = part.x.T
        x, ts = plan.saved[:, 1 : 2 + frames], np.append(ts, run.dt * end)
    elif done == 0:
        old = run.x.shape[1]
    status = "finished"
    if done < plan.steps or len(rows) < len(run.members):
        status = f"interrupted: {len(rows)} of {len(run.members)} members did {done} of {plan.steps} steps"
    return replace(
        run,
        ts=np.concatenate([run.ts[:old], ts]),
        x=np.concatenate([run.x[rows, :old], x[rows]], axis=1),
        members=run.members[rows],
        stopped_at=np.concatenate([part.stopped_at for part in kept]),
        steps=end,
        status=status,
    )


def _allocate(members: int, frames: int, positions: int) -> NDArray[np.float64]:
    size = 8 * members * frames * positions
    if size > MAX_BYTES:
        raise ValueError(
            f"Saving {frames - 2} states of {members} members would take {size / 2**30:.1f} GiB "
            f"(limit {MAX_BYTES / 2**30:.0f} GiB); raise save_every, or simulate fewer members at a time "
            "(first_member continues the ensemble)."
        )
    return np.empty((members, frames, positions))


def _check_counts(**counts: tuple[int, int]) -> None:
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, but is {value!r}.")


def _check_step(chain: SpringChain, dt: float) -> None:
    limit = 1.0 / (2.0 * chain.k)
    if not (np.isfinite(dt) and 0.0 < dt < limit):
        raise ValueError(
            f"dt={dt} is outside 0 < dt < 1/(2k) = {limit:.6g}, the stability limit of the explicit step at "
            f"k={chain.k}; use dt <= {0.5 * limit:.3g}."
        )


def _initial(chain: SpringChain, members: int, x0: ArrayLike | None) -> NDArray[np.float64]:
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
