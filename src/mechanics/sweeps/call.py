"""`sweep`: a function of a cell and a seed, on a grid of cells, on any workers, into a labelled data set."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from ..checks import whole_numbers
from ..threads import processors
from .extra import require_extra
from .grid import Grid, make_grid
from .work import Job, Outcome

if TYPE_CHECKING:
    import xarray as xr

    from .store import Store

MEMORY = 2**30  # bytes


def sweep(
    function: Callable[..., Mapping[str, Any]],
    axes: Mapping[str, ArrayLike],
    *,
    seeds: int | Sequence[int],
    out: str | os.PathLike[str] | None = None,
    client: Any = None,
    executor: Literal["threads", "processes"] | Executor | None = None,
    workers: int | None = None,
    threads: int | None = None,
    resume: bool | Literal["failed"] = True,
    progress: bool = True,
    vectorised: bool = False,
    block: int | None = None,
    memory: int = MEMORY,
    retries: int = 0,
    allow_nan: bool | Sequence[str] = False,
    parameters: Mapping[str, Any] | None = None,
    units: Mapping[str, str] | None = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    by_seed: bool = False,
) -> "xr.Dataset":
    """Call a function for every cell of a grid and every seed, on threads, processes or a cluster.

    Parameters
    ----------
    function : callable
        `function(cell, seed, **parameters) -> dict`: `cell` holds the value of each axis by name, the dict numbers or
        arrays by name, of the same shapes in every cell. It must depend on nothing else.
    axes : mapping of names to 1-D array_like
        Numbers or strings; a coordinate of xarray brings its unit.
    seeds : int or sequence of int
        Their number (0, 1, ...), or the seeds themselves. Every cell gets the same ones: common random numbers.
    out : path, optional
        Folder of a Zarr store, written block by block. Without it results are kept in memory.
    client : dask.distributed.Client, optional
        Run on a cluster, local or remote.
    executor : {"threads", "processes"} or concurrent.futures.Executor, optional
        Threads of this process are the default: compiled loops release the GIL. Pure Python needs processes.
    workers : int, optional
        Threads or processes; default: one for each processor this process may use.
    threads : int, optional
        What `mechanics` itself may start in a worker. Default: an even share of the processors; on a cluster 1.
        BLAS, OpenMP and numba always get one, since their last bits depend on it.
    resume : bool or "failed"
        Go on with the store at `out`, where there is one and it was made by the same function, grid and parameters;
        with "failed" the blocks that hold failed runs are done again too.
    progress : bool
        A bar on a terminal or in a notebook, and one line at the end.
    vectorised : bool
        `function(cells, seeds, **parameters)` takes many runs at once: arrays of shape (n,), and returns arrays of
        shape (n, ...).
    block : int, optional
        Runs per block at most. Default: measured on the first runs, about a second's worth.
    memory : int
        Bytes that results may take while they wait to be written; it bounds the block.
    retries : int
        Further attempts for a run that raises.
    allow_nan : bool or sequence of str
        Outputs that may be infinite or NaN; elsewhere that is a failure.
    parameters : mapping, optional
        Keyword arguments that all cells share; the store remembers them.
    units : mapping, optional
        Units of axes and outputs, by name.
    dims : mapping, optional
        Names of an output's own dimensions. Default: `name_0`, `name_1`, ...
    by_seed : bool
        Return the value of every run instead of means.

    Returns
    -------
    xarray.Dataset
        For each output: `name` (mean over the seeds), `name_stderr`; `failed` and `finished` count seeds of a cell.
        See `mechanics.sweeps.dataset`. The attributes say where the numbers come from.

    Raises
    ------
    ImportError
        Without the extra: pip install 'mechanet[sweep]'.
    StoreError
        If `out` is something else, or belongs to another sweep; the message names the difference.
    OSError
        If the store cannot be written; what was finished before is safe.

    Notes
    -----
    A run that raises or is not finite is recorded with its message and stops no other. Ctrl-C lets running blocks end
    and returns what is there; a second one stops at once. The numbers depend neither on the workers nor on the blocks
    (a vectorised function must see to the latter itself; the pilot warns where it does not).
    """
    require_extra()
    from .crew import count_workers

    if not callable(function):
        raise TypeError(f"function must be callable, but is {function!r:.80}.")
    whole_numbers(
        memory=(memory, 1),
        retries=(retries, 0),
        workers=(1 if workers is None else workers, 1),
        threads=(1 if threads is None else threads, 1),
        block=(1 if block is None else block, 1),
    )
    grid = make_grid(axes, seeds, units)
    size = count_workers(client, executor, workers)
    share = 1 if client is not None else max(1, processors() // size)
    job = Job(
        function=function,
        parameters=dict(parameters or {}),
        vectorised=bool(vectorised),
        allow_nan=allow_nan if isinstance(allow_nan, bool) else frozenset(allow_nan),
        retries=retries,
        threads=threads or share,
    )
    own = {name: (names,) if isinstance(names, str) else tuple(names) for name, names in (dims or {}).items()}
    folder = None if out is None else Path(out)
    store = _run(folder, job, grid, own, (client, executor, size), resume, progress, block, memory)
    from .dataset import empty_dataset, to_dataset

    return empty_dataset(grid) if store is None else to_dataset(store, by_seed=by_seed)


def _run(
    folder: Path | None,
    job: Job,
    grid: Grid,
    dims: dict[str, tuple[str, ...]],
    workers: tuple[Any, Any, int],
    resume: bool | str,
    progress: bool,
    block: int | None,
    memory: int,
) -> "Store | None":
    from .bar import Bar
    from .crew import make_crew
    from .drive import begin_store, continue_store, do_blocks, failed_runs, finished_or_failed
    from .interrupt import interruptible
    from .lock import locked
    from .store import open_folder

    with ExitStack() as stack:
        store: Store | None = None
        ready: list[Outcome] = []
        if folder is not None and _holds_something(folder):
            _refuse_unless(resume, folder)
            open_folder(folder)  # before a lock is put into it: it may be anything
            stack.enter_context(locked(folder))
            store = continue_store(folder, job, grid, dims, again=resume == "failed")
            if len(store.records.found) == store.blocks.count:
                return store
        stop = stack.enter_context(interruptible())
        crew = make_crew(job, *workers)
        finished = False
        try:
            if store is None:
                begun = begin_store(folder, crew, grid, block, memory, dims, stop)
                if begun is None:
                    return None
                store, ready = begun
                stack.enter_context(locked(folder))
            already = finished_or_failed(store), failed_runs(store)
            with Bar(grid.runs, progress, *already) as bar:
                do_blocks(crew, store, ready, bar, stop)
            finished = True
        finally:
            crew.close(now=not finished)
        bar.summarise(store.blocks.count, crew.size)
    return store


def _holds_something(folder: Path) -> bool:
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"out= must be a folder, but {folder} is a file.")
    return folder.is_dir() and any(folder.iterdir())


def _refuse_unless(resume: bool | str, folder: Path) -> None:
    if resume not in (True, False, "failed"):
        raise ValueError(f"resume must be True, False or 'failed', but is {resume!r:.40}.")
    if not resume:
        raise FileExistsError(
            f"{folder} is not empty, and a sweep deletes nothing: give out= another folder, delete this one yourself, "
            "or go on with it by resume=True."
        )
