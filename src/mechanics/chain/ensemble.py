"""An ensemble of chains advanced in blocks of lanes: threads, pauses for Ctrl-C, exact continuation."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..checks import whole_numbers
from ..engine import compile_bound
from ..noise.normals import BLOCK
from ..threads import default_threads
from .dynamics import find_scheme
from .parameters import ChainParameters
from .rows import Rows, rows_of
from .run import ChainRun
from .scheme import Scheme
from .steps import advance

LANES = 128  # members moved together: long loops, and what they touch (26 kB at 7 blocks) stays in the nearest cache
LEAST = 16  # shorter loops do not vectorise
FEW = 4  # members below this go one by one
AHEAD = 128  # steps of a lone member whose noise is drawn at once: its lanes are steps
AHEAD_DRAWS = 2048  # normals of a lone member drawn at once at most (16 kB): half the nearest cache
LONG = 96  # blocks from which a lone chain has its blocks as lanes
WIDE = 500  # positions beyond which the members of an ensemble are simulated one by one: lanes would leave the caches
CALL_UPDATES = 20_000_000  # block-steps in one compiled call (about 0.1 s): Ctrl-C and progress are served between
MAX_BYTES = 4 * 2**30  # of saved positions; beyond it somebody probably forgot save_every
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Plan:
    """What is the same for all lanes of a simulation."""

    chain: ChainParameters
    scheme: Scheme
    dt: float
    seed: np.uint64
    first_step: int
    steps: int
    save_every: int
    tolerance: float
    saved_x: NDArray[np.float64]
    saved_v: NDArray[np.float64]
    old_frames: int
    cancelled: threading.Event
    bar: tqdm


@dataclass
class Lanes:
    """A block of members on its way."""

    row: int  # in the saved arrays
    member: int
    x: NDArray[np.float64]  # (blocks + 2, lanes)
    v: NDArray[np.float64]  # the same, or (1, lanes) where there are no velocities
    stopped_at: NDArray[np.int64]
    trouble: NDArray[np.int64]
    done: int = 0  # steps
    p: Rows | None = None  # of a different chain in each lane, all under the noise of one member

    def advance(self, plan: Plan) -> None:
        """Run to the end of the plan, or to the next pause after it is cancelled."""
        if plan.scheme.lone is not None and self.x.shape[1] == 1 and self.p is None:
            self._advance_lone(plan)
            return
        chain, scheme, (positions, lanes) = plan.chain, plan.scheme, self.x.shape
        draws = 1 if chain.noise == "common" else chain.blocks
        padded, alike, alone = -(-draws // BLOCK) * BLOCK, self.p is not None, lanes == 1 and self.p is None
        z = np.zeros((padded, AHEAD if alone else lanes))
        drawn = np.zeros((padded, ahead_of(padded) if alike else 1))
        scratch, work = self.x.copy(), np.zeros((scheme.work(chain.blocks), lanes))
        rate = np.where(self.stopped_at >= 0, 0.0, plan.dt)
        p = rows_of([chain], plan.dt) if self.p is None else self.p
        ends = np.zeros(1)
        run = compile_bound(
            advance, move=scheme.move, move_alone=scheme.move_alone, settle=scheme.settle, alone=alone, alike=alike,
            truncated=chain.truncation is not None, inertial=scheme.inertial, driven=chain.drive is not None,
        )  # fmt: skip
        pause = max(1, CALL_UPDATES // (lanes * positions))
        while self.done < plan.steps and not plan.cancelled.is_set():
            step = plan.first_step + self.done
            steps = min(pause, plan.steps - self.done)
            if chain.drive is not None:
                ends = chain.drive.at(plan.dt * np.arange(step + 1, step + steps + 1))
            with np.errstate(over="ignore"):  # wrapping additions warn where kernels run as plain Python
                run(
                    self.x, self.v, scratch, work, z, drawn, rate, self.trouble, self.stopped_at, ends,
                    plan.saved_x, plan.saved_v, self.row,
                    plan.old_frames + step // plan.save_every - plan.first_step // plan.save_every,
                    plan.seed, np.uint64(self.member), step, steps, plan.save_every, p, float(p.eps_bar.max()),
                    chain.noise_decay, plan.dt, chain.noise == "common", chain.truncation or 0.0, plan.tolerance,
                )  # fmt: skip
            self.done += steps
            plan.bar.update(steps * lanes)

    def _advance_lone(self, plan: Plan) -> None:
        """`advance` for one member, by a scheme that knows a faster way."""
        chain, n = plan.chain, plan.chain.blocks
        p = rows_of([chain], plan.dt)
        shared = all(len(values) == 1 for values in (p.k, p.mu_right, p.mu_left, p.eps_bar))
        along = n >= LONG
        draws = -(-(1 if chain.noise == "common" else n) // BLOCK) * BLOCK
        z = np.zeros(draws) if along else np.zeros((draws, ahead_of(draws)))
        words = np.zeros((BLOCK, draws // BLOCK))
        widths = (n + 1, n, n, n)
        parameters = [
            float(values[0, 0]) if shared else np.ascontiguousarray(np.broadcast_to(values[:, 0], width))
            for values, width in zip((p.k, p.mu_right, p.mu_left, p.eps_bar), widths, strict=True)
        ]
        x = self.x[:, 0].copy()
        other, ends = x.copy(), np.zeros(1)
        run = compile_bound(
            plan.scheme.lone, shared=shared, along=along, truncated=chain.truncation is not None,
            driven=chain.drive is not None,
        )  # fmt: skip
        pause = max(1, CALL_UPDATES // (n + 2))
        while self.done < plan.steps and not plan.cancelled.is_set():
            step = plan.first_step + self.done
            steps = min(pause, plan.steps - self.done)
            if chain.drive is not None:
                ends = chain.drive.at(plan.dt * np.arange(step + 1, step + steps + 1))
            with np.errstate(over="ignore"):
                run(
                    x, other, z, words, self.stopped_at, ends, plan.saved_x[self.row],
                    plan.old_frames + step // plan.save_every - plan.first_step // plan.save_every,
                    plan.seed, np.uint64(self.member), step, steps, plan.save_every, *parameters,
                    float(p.eps_bar.max()), chain.noise_decay, plan.dt, chain.noise == "common",
                    chain.truncation or 0.0, plan.tolerance,
                )  # fmt: skip
            self.done += steps
            plan.bar.update(steps)
        self.x[:, 0] = x


def proceed(
    run: ChainRun, steps: int, *, stop_change: float | None = None, threads: int | None = None, progress: bool = False
) -> ChainRun:
    """Continue a run: the result equals, bit for bit, one run of all the steps. See `simulate` for the arguments."""
    whole_numbers(steps=(steps, 0), threads=(1 if threads is None else threads, 1))
    threads = threads or default_threads()
    members, _, positions = run.x.shape
    scheme = find_scheme(run.chain, run.method)[1]
    if scheme.proceed is not None:
        return scheme.proceed(run, steps)
    every = run.save_every or NEVER
    end = run.steps + steps
    old = run.x.shape[1] - (run.steps % every != 0)  # a last state on no frame makes room for the next one
    frames = old + end // every - run.steps // every + 1
    saved_x = _continued(run.x, frames, old, scheme)
    saved_v = np.zeros((1, 1, 1)) if run.v is None else _continued(run.v, frames, old, scheme)
    alone = members < FEW or (scheme.lone is not None and positions > WIDE)
    width = 1 if alone else int(np.clip(-(-members // threads), LEAST, LANES))
    lanes = []
    for row in range(0, members, width):
        rows = slice(row, row + width)
        x = run.x[rows, -1].T.copy("C")
        v = np.zeros((1, x.shape[1])) if run.v is None else run.v[rows, -1].T.copy("C")
        trouble = np.zeros(x.shape[1], dtype=np.int64)
        lanes.append(Lanes(row, int(run.members[row]), x, v, run.stopped_at[rows].copy(), trouble))
    tolerance = -1.0 if stop_change is None else stop_change
    updates = members * steps
    with tqdm(total=updates, disable=not progress, unit="step", unit_scale=True, desc="chain") as bar:
        plan = Plan(
            run.chain,
            scheme,
            run.dt,
            np.uint64(run.seed),
            run.steps,
            steps,
            every,
            tolerance,
            saved_x,
            saved_v,
            old,
            threading.Event(),
            bar,
        )
        if updates * positions <= CALL_UPDATES:
            for part in lanes:
                part.advance(plan)
        else:
            in_threads(lanes, plan, threads)
    return _collect(run, lanes, plan)


def in_threads(lanes: list[Lanes], plan: Plan, threads: int) -> None:
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


def _collect(run: ChainRun, lanes: list[Lanes], plan: Plan) -> ChainRun:
    """All saved frames and the last state, of the members that got furthest."""
    done = max(part.done for part in lanes)
    kept = [part for part in lanes if part.done == done]
    rows = np.concatenate([np.arange(part.row, part.row + part.x.shape[1]) for part in kept])
    every, end = plan.save_every, run.steps + done
    on_frames = every * np.arange(run.steps // every + 1, end // every + 1)
    ts = np.concatenate([run.ts[: plan.old_frames], run.dt * on_frames])
    if end % every != 0:  # the last state is kept although it is on no frame
        for part in kept:
            here = slice(part.row, part.row + part.x.shape[1])
            plan.saved_x[here, len(ts)] = part.x.T
            if run.v is not None:
                plan.saved_v[here, len(ts)] = part.v.T
        ts = np.append(ts, run.dt * end)
    everyone = len(rows) == len(run.members)
    status = "finished"
    if done < plan.steps or not everyone:
        status = f"interrupted: {len(rows)} of {len(run.members)} members did {done} of {plan.steps} steps"
    troubled = sum(int(part.trouble.astype(bool).sum()) for part in kept)
    if troubled:
        trouble = f"{troubled} of {len(rows)} members in trouble: {plan.scheme.trouble}"
        status = trouble if status == "finished" else f"{status}; {trouble}"
    kept_rows = slice(None) if everyone else rows
    return replace(
        run,
        ts=ts,
        x=plan.saved_x[kept_rows, : len(ts)],
        v=None if run.v is None else plan.saved_v[kept_rows, : len(ts)],
        members=run.members[rows],
        stopped_at=np.concatenate([part.stopped_at for part in kept]),
        steps=end,
        status=status,
    )


def ahead_of(draws: int) -> int:
    """Steps whose noise of one member is drawn at once."""
    return max(LEAST, min(AHEAD, AHEAD_DRAWS // draws))


def _continued(old: NDArray[np.float64], frames: int, kept: int, scheme: Scheme) -> NDArray[np.float64]:
    """Room for all frames, the first ones filled."""
    members, _, positions = old.shape
    size = 8 * members * frames * positions * (2 if scheme.inertial else 1)
    if size > MAX_BYTES:
        raise ValueError(
            f"Saving {frames} states of {members} members would take {size / 2**30:.1f} GiB "
            f"(limit {MAX_BYTES / 2**30:.0f} GiB); raise save_every, or simulate fewer members at a time "
            "(first_member continues the ensemble)."
        )
    room = np.empty((members, frames, positions))
    room[:, :kept] = old[:, :kept]
    return room
