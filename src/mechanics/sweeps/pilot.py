"""How large a block should be: the first runs are timed, on the workers that will do the rest.

What the pilot computes is kept where whole blocks come of it, so that expensive cells are not done twice.
"""

import itertools
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from .grid import Grid
from .work import Block, Job, Outcome, Shapes, run_block

TARGET = 1.0  # seconds of a block: Ctrl-C and a lost worker cost about that; its overhead, milliseconds, does not show
ENOUGH = 0.2  # seconds of runs that are worth trusting
AHEAD = 4  # blocks per worker at least: the last ones then end together
FIRST = 256  # runs of a pilot at most
GROWTH = 4  # of a vectorised call, from one to the next
GAIN = 0.8  # a larger vectorised call must cost less than this share per run to be worth it
TRIES = 16  # failing runs after which a pilot says nothing of the outputs


@dataclass(frozen=True)
class Timing:
    """What a pilot found: finished runs, their cost, and whether a vectorised function depends on its split."""

    outcomes: list[Outcome]
    seconds: float  # of one run (in a large call, where vectorised)
    least: int = 1  # runs of a block below which a vectorised function wastes time
    split: str = ""


def ranges(grid: Grid, workers: int, vectorised: bool) -> list[tuple[int, int]]:
    """Runs that each pilot may do: one after the other, at evenly spread places of the grid."""
    pilots = 1 if vectorised else min(workers, grid.runs)
    starts = [i * grid.runs // pilots for i in range(pilots)] + [grid.runs]
    return [(a, min(b, a + (b if vectorised else FIRST))) for a, b in itertools.pairwise(starts)]


def run_pilot(job: Job, trial: tuple[Block, int]) -> Timing:
    """Time the first runs of a range; the results of one call fit into the bytes given."""
    block, memory = trial
    return _grow(job, block, memory) if job.vectorised else _step(job, block)


def _step(job: Job, block: Block) -> Timing:
    """Run by run: the first may compile and does not count, unless it is alone."""
    outcomes: list[Outcome] = []
    spent: list[float] = []
    shapes: Shapes | None = None
    n = len(block.seeds)
    while len(spent) < n and (len(spent) < 2 or sum(spent[1:]) < ENOUGH or (shapes is None and len(spent) < TRIES)):
        outcomes.append(run_block(job, _part(block, len(spent), len(spent) + 1, shapes)))
        shapes = shapes or outcomes[-1].shapes
        spent.append(outcomes[-1].seconds)
    return Timing(outcomes, float(np.mean(spent[1:] or spent)))


def _grow(job: Job, block: Block, memory: int) -> Timing:
    """Larger and larger calls, as long as they are quick or a run in them gets cheaper."""
    size, split = 1, ""
    first = kept = run_block(job, _part(block, 0, 1))
    total = min(len(block.seeds), max(1, memory // bytes_of(first.shapes or {})))
    seconds = cost = math.inf
    least = 1
    while True:
        start = time.perf_counter()
        found = run_block(job, _part(block, 0, size))
        seconds = time.perf_counter() - start
        split = split or _compare(first, found)
        kept = found
        gained = seconds / size < GAIN * cost
        least = size if gained else least
        cost = min(cost, seconds / size)
        if size == total or (seconds > ENOUGH and not gained):
            return Timing([kept], cost, least, split)
        size = min(total, size * GROWTH)


def _part(block: Block, start: int, stop: int, shapes: Shapes | None = None) -> Block:
    cells = {name: column[start:stop] for name, column in block.cells.items()}
    return Block(0, block.start + start, cells, block.seeds[start:stop], shapes)


def _compare(first: Outcome, found: Outcome) -> str:
    """Names of outputs of the first run that are not the same bits in a larger call."""
    if not (first.done[0] and found.done[0]) or first.shapes != found.shapes:
        return ""
    differing = [name for name, rows in first.values.items() if rows[0].tobytes() != found.values[name][0].tobytes()]
    return ", ".join(differing)


def block_size(timing: list[Timing], grid: Grid, workers: int, memory: int) -> int:
    """Runs of a block: about `TARGET` seconds, several blocks a worker, results in flight within `memory` bytes."""
    cost = max(float(np.median([t.seconds for t in timing])), 1e-9)
    least = max(t.least for t in timing)
    size = int(min(max(TARGET / cost, least), grid.runs / (AHEAD * workers), most_runs(timing, workers, memory)))
    return max(1, size)


def most_runs(timing: list[Timing], workers: int, memory: int) -> int:
    """Runs whose results fit into memory while two blocks of each worker are on their way."""
    shapes: Any = next((o.shapes for t in timing for o in t.outcomes if o.shapes), {})
    return max(1, memory // (bytes_of(shapes) * 2 * workers))


def bytes_of(shapes: Shapes) -> int:
    """Memory that the results of one run take."""
    return 1 + 8 * sum(math.prod(own) for own in shapes.values())


def whole_blocks(timing: list[Timing], blocks: Any) -> list[Outcome]:
    """The blocks that pilots have done completely."""
    rows: dict[int, tuple[Outcome, int]] = {}
    for t in timing:
        for outcome in t.outcomes:
            rows |= {outcome.start + i: (outcome, i) for i in range(len(outcome.done))}
    found = []
    for block in range(blocks.count) if rows else ():
        start, stop = blocks.runs(block)
        if start > max(rows):
            break
        if all(run in rows for run in range(start, stop)):
            found.append(_join(block, start, [rows[run] for run in range(start, stop)]))
    return found


def _join(block: int, start: int, parts: list[tuple[Outcome, int]]) -> Outcome:
    shapes: Shapes = next((outcome.shapes for outcome, _ in parts if outcome.shapes), {})
    values = {name: np.full((len(parts), *own), np.nan) for name, own in shapes.items()}
    done = np.array([outcome.done[i] for outcome, i in parts])
    failures = {}
    for row, (outcome, i) in enumerate(parts):
        if done[row] and outcome.shapes != shapes:
            done[row] = False
            failures[row] = f"ValueError: outputs have shapes {outcome.shapes}, but {shapes} in other cells"
        elif done[row]:
            for name in shapes:
                values[name][row] = outcome.values[name][i]
        else:
            failures[row] = outcome.failures[i]
    seconds = sum(outcome.seconds / len(outcome.done) for outcome, _ in parts)
    return Outcome(block, start, values, done, failures, seconds)
