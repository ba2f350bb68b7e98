"""The walk of a sweep: pilot, store, blocks out and in."""

import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .bar import Bar
from .crew import Crew
from .errors import StoreError
from .grid import Grid, cut
from .hand_out import hand_out
from .interrupt import Stop
from .manifest import differences, make_manifest
from .outputs import check_outputs
from .pilot import Timing, block_size, ranges, run_pilot, whole_blocks
from .store import Store, create, open_folder
from .work import Block, Job, Outcome, run_block

Dims = dict[str, tuple[str, ...]]


def continue_store(folder: Path, job: Job, grid: Grid, dims: Dims, *, again: bool) -> Store:
    """The store of this very sweep (`again`: without its failed runs); StoreError names in what another differs."""
    store = open_folder(folder, writing=True)
    new = make_manifest(job, grid, store.blocks.chunk, dims)
    found = differences(store.manifest, store.grid, new, grid)
    if found:
        raise StoreError(
            f"The store {folder} belongs to another sweep: {'; '.join(found)}. "
            "Give out= another folder, or call the sweep as it was."
        )
    bad = store.damaged()
    failed = [block for block, record in store.records.found.items() if again and record.failures]
    for block in {*bad, *failed}:
        del store.records.found[block]
    named = [f"block {block} {cause}" for block, cause in bad.items()]
    named += [f"{name} is no record of a block" for name in store.records.broken]
    if named:
        more = f", and {len(named) - 5} more" if len(named) > 5 else ""
        warnings.warn(f"Damaged in {folder}, and run again: {'; '.join(named[:5])}{more}.", stacklevel=4)
    return store


def begin_store(
    folder: Path | None, crew: Crew, grid: Grid, block: int | None, memory: int, dims: Dims, stop: Stop
) -> tuple[Store, list[Outcome]] | None:
    """A new store and the blocks that the pilot has done; None where Ctrl-C came first."""
    timing: list[Timing] = []
    if block is None:
        timing = time_runs(crew, grid, memory, stop)
        if stop.asked and not timing:
            return None
        split = next((t.split for t in timing if t.split), "")
        if split:
            warnings.warn(
                f"The vectorised function gives other bits for {split} in a larger call; its results depend on how "
                "the sweep is cut into blocks.",
                stacklevel=4,
            )
    size = block or (block_size(timing, grid, crew.size, memory) if timing else 1)
    shapes = next((outcome.shapes for t in timing for outcome in t.outcomes if outcome.shapes), None)
    if shapes is not None:
        check_outputs(shapes, grid, dims)
    manifest = make_manifest(crew.job, grid, cut(grid.shape, size).chunk, dims)
    with plain_errors(folder, "a new store"):
        store = create(folder, manifest, grid)
        if shapes is not None:
            store.make_outputs(shapes)
    return store, whole_blocks(timing, store.blocks)


def time_runs(crew: Crew, grid: Grid, memory: int, stop: Stop) -> list[Timing]:
    """What the pilots find; none where all of them killed their workers."""
    found: dict[int, Timing] = {}

    def trials() -> Iterator[tuple[Block, int]]:
        for i, (start, end) in enumerate(ranges(grid, crew.size, crew.job.vectorised)):
            yield Block(i, start, *grid.columns(start, end)), memory

    def take(trial: tuple[Block, int], timing: Timing) -> None:
        found[trial[0].index] = timing

    hand_out(crew, run_pilot, trials(), stop, take, lambda trial, cause: None)
    return [found[i] for i in sorted(found)]


def do_blocks(crew: Crew, store: Store, ready: list[Outcome], bar: Bar, stop: Stop) -> None:
    """Write what is ready, run the other blocks that the store lacks, and write them as they come."""
    session, start = uuid.uuid4().hex, time.perf_counter()

    def commit(outcome: Outcome) -> None:
        with plain_errors(store.folder, f"block {outcome.index}"):
            store.commit(outcome, session, time.perf_counter() - start)
        bar.add(outcome)

    def give_up(block: Block, cause: str) -> None:
        n = len(block.seeds)
        commit(Outcome(block.index, block.start, {}, np.zeros(n, bool), dict.fromkeys(range(n), cause)))

    def blocks() -> Iterator[Block]:
        for index in range(store.blocks.count):
            if index not in store.records.found:
                first, last = store.blocks.runs(index)
                yield Block(index, first, *store.grid.columns(first, last), store.shapes)

    for outcome in ready:
        commit(outcome)
    hand_out(crew, run_block, blocks(), stop, lambda block, outcome: commit(outcome), give_up)


def failed_runs(store: Store) -> int:
    """Runs that failed, by the records."""
    return sum(len(record.failures) for record in store.records.found.values())


def finished_or_failed(store: Store) -> int:
    """Runs of all blocks that have a record."""
    spans = (store.blocks.runs(block) for block in store.records.found)
    return sum(stop - start for start, stop in spans)


@contextmanager
def plain_errors(folder: Path | None, what: str) -> Iterator[None]:
    """A disk that is full or cannot be written is said so, with what to do."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"Writing {what} to {folder} failed: {error.strerror or error}. What was finished before is safe: "
            "make room, or make the folder writable, and call the sweep again",
        ) from error
