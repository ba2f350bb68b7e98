"""An ensemble of chains advanced in blocks of lanes: threads, pauses for Ctrl-C, exact continuation."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..checks import whole_numbers
from ..engine import compile_bound
from ..noise.normals import BLOCK
from .overdamped import advance
from .parameters import ChainParameters
from .run import ChainRun

LANES = 128  # members moved together: long loops, and what they touch (26 kB at 7 blocks) stays in the nearest cache
LEAST = 16  # shorter loops do not vectorise
FEW = 4  # members below this go one by one
AHEAD = 128  # steps of a lone member whose noise is drawn at once: its lanes are steps
CALL_UPDATES = 20_000_000  # block-steps in one compiled call (about 0.1 s): Ctrl-C and progress are served between
MAX_BYTES = 4 * 2**30  # of saved positions; beyond it somebody probably forgot save_every
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Plan:
    """What is the same for all lanes of a simulation."""

    chain: ChainParameters
    dt: float
    seed: np.uint64
    first_step: int
    steps: int
    save_every: int
    tolerance: float
    saved: NDArray[np.float64]
    old_frames: int
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
        z = np.zeros((-(-draws // BLOCK) * BLOCK, AHEAD if lanes == 1 else lanes))
        scratch = self.x.copy()
        rate = np.where(self.stopped_at >= 0, 0.0, plan.dt)
        run = compile_bound(advance, alone=lanes == 1, truncated=chain.truncation is not None)
        pause = max(1, CALL_UPDATES // (lanes * positions))
        while self.done < plan.steps and not plan.cancelled.is_set():
            step = plan.first_step + self.done
            steps = min(pause, plan.steps - self.done)
            with np.errstate(over="ignore"):  # wrapping additions warn where kernels run as plain Python
                run(
                    self.x, scratch, z, rate, self.stopped_at, plan.saved, self.row,
                    plan.old_frames + step // plan.save_every - plan.first_step // plan.save_every,
                    plan.seed, np.uint64(self.member), step, steps, plan.save_every,
                    chain.k, chain.mu_right, chain.mu_left, chain.noise_per_step(plan.dt), chain.noise_decay, plan.dt,
                    chain.noise == "common", chain.truncation or 0.0, plan.tolerance,
                )  # fmt: skip
            self.done += steps
            plan.bar.update(steps * lanes)


def proceed(
    run: ChainRun, steps: int, *, stop_change: float | None = None, threads: int | None = None, progress: bool = False
) -> ChainRun:
    """Continue a run: the result equals, bit for bit, one run of all the steps. See `simulate` for the arguments."""
    whole_numbers(steps=(steps, 0), threads=(1 if threads is None else threads, 1))
    threads = len(os.sched_getaffinity(0)) if threads is None and hasattr(os, "sched_getaffinity") else threads
    threads = threads or os.cpu_count() or 1
    members, _, positions = run.x.shape
    every = run.save_every or NEVER
    end = run.steps + steps
    old = run.x.shape[1] - (run.steps % every != 0)  # a last state on no frame makes room for the next one
    saved = _allocate(members, old + end // every - run.steps // every + 1, positions)
    saved[:, :old] = run.x[:, :old]
    width = 1 if members < FEW else int(np.clip(-(-members // threads), LEAST, LANES))
    lanes = [
        _Lanes(row, int(run.members[row]), run.x[row : row + width, -1].T.copy("C"), part.copy())
        for row in range(0, members, width)
        for part in [run.stopped_at[row : row + width]]
    ]
    tolerance = -1.0 if stop_change is None else stop_change
    updates = members * steps
    with tqdm(total=updates, disable=not progress, unit="step", unit_scale=True, desc="chain") as bar:
        plan = _Plan(
            run.chain,
            run.dt,
            np.uint64(run.seed),
            run.steps,
            steps,
            every,
            tolerance,
            saved,
            old,
            threading.Event(),
            bar,
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
    """All saved frames and the last state, of the members that got furthest."""
    done = max(part.done for part in lanes)
    kept = [part for part in lanes if part.done == done]
    rows = np.concatenate([np.arange(part.row, part.row + part.x.shape[1]) for part in kept])
    every, end = plan.save_every, run.steps + done
    on_frames = every * np.arange(run.steps // every + 1, end // every + 1)
    ts = np.concatenate([run.ts[: plan.old_frames], run.dt * on_frames])
    if end % every != 0:  # the last state is kept although it is on no frame
        for part in kept:
            plan.saved[part.row : part.row + part.x.shape[1], len(ts)] = part.x.T
        ts = np.append(ts, run.dt * end)
    everyone = len(rows) == len(run.members)
    status = "finished"
    if done < plan.steps or not everyone:
        status = f"interrupted: {len(rows)} of {len(run.members)} members did {done} of {plan.steps} steps"
    return replace(
        run,
        ts=ts,
        x=plan.saved[:, : len(ts)] if everyone else plan.saved[rows, : len(ts)],
        members=run.members[rows],
        stopped_at=np.concatenate([part.stopped_at for part in kept]),
        steps=end,
        status=status,
    )


def _allocate(members: int, frames: int, positions: int) -> NDArray[np.float64]:
    size = 8 * members * frames * positions
    if size > MAX_BYTES:
        raise ValueError(
            f"Saving {frames} states of {members} members would take {size / 2**30:.1f} GiB "
            f"(limit {MAX_BYTES / 2**30:.0f} GiB); raise save_every, or simulate fewer members at a time "
            "(first_member continues the ensemble)."
        )
    return np.empty((members, frames, positions))
