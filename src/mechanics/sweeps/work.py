"""What a worker does: the runs of a block, each failure kept as a message.

This side of a sweep knows nothing of stores or executors: a `Job` is the same for all blocks, a `Block` goes in, an
`Outcome` comes back.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..threads import limited_threads
from .libraries import single_threaded

Shapes = dict[str, tuple[int, ...]]
LONGEST = 500  # characters of a message
EXACT = 2**53  # whole numbers beyond are not float64 numbers


@dataclass(frozen=True)
class Job:
    """What all blocks share."""

    function: Callable[..., Any]
    parameters: dict[str, Any]
    vectorised: bool = False
    allow_nan: bool | frozenset[str] = False
    retries: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Block:
    """Runs to do: axis values and seeds, each of shape (n,); `shapes` of the outputs where they are known."""

    index: int
    start: int
    cells: dict[str, NDArray[Any]]
    seeds: NDArray[np.int64]
    shapes: Shapes | None = None


@dataclass
class Outcome:
    """What became of a block's runs: outputs of shape (n, ...), NaN where a run failed."""

    index: int
    start: int
    values: dict[str, NDArray[np.float64]]
    done: NDArray[np.bool_]
    failures: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def shapes(self) -> Shapes | None:
        """Own shapes of the outputs; None where no run finished."""
        return {name: rows.shape[1:] for name, rows in self.values.items()} if self.done.any() else None


def run_block(job: Job, block: Block) -> Outcome:
    """Do the runs of a block."""
    start = time.perf_counter()
    rows = _Rows(job, block)
    with limited_threads(job.threads), single_threaded():
        if job.vectorised:
            _together(job, block, rows, 0, len(block.seeds))
        else:
            for i in range(len(block.seeds)):
                _one(job, rows, i)
    return rows.outcome(time.perf_counter() - start)


class _Rows:
    """Fills an outcome; the first finished run says what outputs there are, unless that is known."""

    def __init__(self, job: Job, block: Block) -> None:
        self.job, self.block = job, block
        self.n = len(block.seeds)
        self.names = tuple(block.cells)
        self.columns = [column.tolist() for column in block.cells.values()]
        self.seeds = block.seeds.tolist()
        self.values: dict[str, NDArray[np.float64]] | None = None
        if block.shapes is not None:
            self._allocate(block.shapes)
        self.done = np.zeros(self.n, bool)
        self.failures: dict[int, str] = {}

    def cell(self, i: int) -> dict[str, Any]:
        return {name: column[i] for name, column in zip(self.names, self.columns, strict=True)}

    def put(self, i: int, found: dict[str, NDArray[np.float64] | float]) -> None:
        if self.values is None:
            self._allocate({name: np.shape(value) for name, value in found.items()})
        _check_shapes({name: np.shape(value) for name, value in found.items()}, self.values)
        for name, value in found.items():
            self.values[name][i] = value  # type: ignore[index]
        self.done[i] = True

    def put_many(self, start: int, good: NDArray[np.bool_], found: dict[str, NDArray[np.float64]]) -> None:
        shapes = {name: value.shape[1:] for name, value in found.items()}
        if self.values is None and good.any():
            self._allocate(shapes)
        _check_shapes(shapes, self.values)
        places = start + np.flatnonzero(good)
        for name, value in found.items():
            if len(places):
                self.values[name][places] = value[good]  # type: ignore[index]
        self.done[places] = True

    def fail(self, i: int, error: BaseException) -> None:
        self.failures[i] = message_of(error)

    def outcome(self, seconds: float) -> Outcome:
        block = self.block
        return Outcome(block.index, block.start, self.values or {}, self.done, self.failures, seconds)

    def _allocate(self, shapes: Shapes) -> None:
        self.values = {name: np.full((self.n, *shape), np.nan) for name, shape in shapes.items()}


def message_of(error: BaseException) -> str:
    """One line that says what went wrong."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:LONGEST]


def _one(job: Job, rows: _Rows, i: int) -> None:
    for attempt in range(job.retries + 1):
        try:
            found = job.function(rows.cell(i), rows.seeds[i], **job.parameters)
            rows.put(i, _outputs(found, job.allow_nan))
            return
        except (Exception, SystemExit) as error:
            if attempt == job.retries:
                rows.fail(i, error)


def _outputs(found: Any, allow_nan: bool | frozenset[str]) -> dict[str, NDArray[np.float64] | float]:
    _check_names(found)
    outputs = {}
    for name, value in found.items():
        if type(value) is not float:
            value = as_numbers(name, value)
        finite = math.isfinite(value) if type(value) is float else np.isfinite(value).all()
        if not finite and not _may_be_nan(name, allow_nan):
            raise ValueError(f"output {name!r} is not finite")
        outputs[name] = value
    return outputs


def _check_names(found: Any) -> None:
    if not isinstance(found, Mapping) or not found or not all(isinstance(name, str) for name in found):
        raise TypeError(f"the function must return a dict of outputs by name, but returned {found!r:.80}")


def _may_be_nan(name: str, allow_nan: bool | frozenset[str]) -> bool:
    return allow_nan if isinstance(allow_nan, bool) else name in allow_nan


def as_numbers(name: str, value: Any) -> NDArray[np.float64]:
    """The output as float64 numbers; TypeError or ValueError where it has no exact float64 value."""
    numbers = np.asarray(value)
    if numbers.dtype.kind in "iu" and numbers.size and max(-int(numbers.min()), int(numbers.max())) > EXACT:
        raise ValueError(f"output {name!r} holds whole numbers beyond 2^53, which float64 cannot hold")
    if numbers.dtype.kind not in "fiub":
        hint = "; return its real and imaginary parts" if numbers.dtype.kind == "c" else ""
        raise TypeError(f"output {name!r} must be numbers, but its type is {numbers.dtype}{hint}")
    return numbers.astype(np.float64)


def _check_shapes(found: Shapes, values: dict[str, NDArray[np.float64]] | None) -> None:
    if values is None:
        return
    if found.keys() != values.keys():
        raise ValueError(f"outputs are {sorted(found)}, but those of other cells are {sorted(values)}")
    for name, shape in found.items():
        if shape != values[name].shape[1:]:
            raise ValueError(f"output {name!r} has shape {shape}, but {values[name].shape[1:]} in other cells")


def _together(job: Job, block: Block, rows: _Rows, start: int, stop: int) -> None:
    """Runs start..stop in one call; where it raises, each half by itself, down to the runs that fail."""
    n = stop - start
    cells = {name: column[start:stop].copy() for name, column in block.cells.items()}
    for attempt in range(job.retries + 1):
        try:
            found = job.function(cells, block.seeds[start:stop].copy(), **job.parameters)
            _check_names(found)
            outputs = {name: as_numbers(name, value) for name, value in found.items()}
            for name, value in outputs.items():
                if value.shape[:1] != (n,):
                    raise ValueError(f"output {name!r} must have {n} runs as first axis, but has shape {value.shape}")
            finite: dict[str, Any] = {
                name: np.ones(n, bool)
                if _may_be_nan(name, job.allow_nan)
                else np.isfinite(value.reshape(n, math.prod(value.shape[1:]))).all(axis=1)
                for name, value in outputs.items()
            }
            break
        except (Exception, SystemExit) as error:
            if attempt < job.retries:
                continue
            if n == 1:
                rows.fail(start, error)
                return
            middle = start + n // 2
            _together(job, block, rows, start, middle)
            _together(job, block, rows, middle, stop)
            return
    good = np.logical_and.reduce(list(finite.values()))
    try:
        rows.put_many(start, good, outputs)
    except ValueError as error:
        for i in np.flatnonzero(good):
            rows.fail(start + int(i), error)
    for i in np.flatnonzero(~good):
        bad = next(name for name in outputs if not finite[name][i])
        rows.fail(start + int(i), ValueError(f"output {bad!r} is not finite"))
