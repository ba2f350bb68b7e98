"""Where blocks run: threads here, processes here, any executor of `concurrent.futures`, or a Dask cluster.

Each crew submits `task(job, argument)` and gives a future. They differ in how the job travels, what a lost worker looks
like, and whether a new one can be had.
"""

import concurrent.futures as futures
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from ..threads import default_threads
from .libraries import prepare_process
from .transport import carry, pack
from .work import Job

LOOK = 2.0  # seconds between looks at the size of a cluster

_job: bytes | None = None  # of a worker process of our own


class Crew:
    """Workers of one kind; subclasses say how a task reaches them."""

    losses = 3  # lost workers after which a block that ran alone is given up
    breaks = True  # a lost worker takes all running blocks with it

    def __init__(self, job: Job, size: int) -> None:
        self.job, self.size = job, size

    def submit(self, task: Callable[[Job, Any], Any], argument: Any) -> Future[Any]:
        """Run `task(job, argument)` on a worker."""
        raise NotImplementedError

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error says that a worker was lost, not that something is wrong."""
        return isinstance(error, (BrokenExecutor, futures.CancelledError))

    def renew(self) -> None:
        """New workers in place of lost ones; RuntimeError where there are none to be had."""
        raise RuntimeError("The executor lost its workers; make a new one and resume the sweep with it.")

    def close(self, now: bool) -> None:
        """Release what was started here; `now` does not wait for running blocks."""


class Threads(Crew):
    """Threads of this process: for functions that release the GIL, as compiled loops do."""

    def __init__(self, job: Job, size: int) -> None:
        super().__init__(job, size)
        self.pool = ThreadPoolExecutor(size, thread_name_prefix="sweep")

    def submit(self, task: Callable[[Job, Any], Any], argument: Any) -> Future[Any]:
        """See `Crew`."""
        return self.pool.submit(task, self.job, argument)

    def close(self, now: bool) -> None:
        """See `Crew`."""
        self.pool.shutdown(wait=not now, cancel_futures=True)


class Processes(Crew):
    """Worker processes; started by a fork server (or spawned), so that no lock of a running thread is copied."""

    def __init__(self, job: Job, size: int) -> None:
        super().__init__(job, size)
        self.packed = pack(job)
        self.pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        pool = ProcessPoolExecutor(self.size, context, initializer=_begin, initargs=(self.packed, list(sys.path)))
        try:
            pool.submit(_ready).result()
        except BrokenExecutor as error:
            raise RuntimeError(
                "The worker processes ended as they started. A script that starts processes must keep its work under "
                "`if __name__ == '__main__':`, because each worker imports the script; or use executor='threads'."
            ) from error
        return pool

    def submit(self, task: Callable[[Job, Any], Any], argument: Any) -> Future[Any]:
        """See `Crew`."""
        return self.pool.submit(_in_process, task, argument)

    def renew(self) -> None:
        """A new pool."""
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.pool = self._start()

    def close(self, now: bool) -> None:
        """See `Crew`."""
        workers = list((self.pool._processes or {}).values()) if now else []
        for worker in workers:
            worker.kill()
        self.pool.shutdown(wait=not now, cancel_futures=True)


class Given(Crew):
    """An executor that the user made; the job travels with each block."""

    def __init__(self, job: Job, executor: futures.Executor, size: int) -> None:
        super().__init__(job, size)
        self.executor = executor
        self.here = isinstance(executor, ThreadPoolExecutor)
        self.packed = job if self.here else pack(job)

    def submit(self, task: Callable[[Job, Any], Any], argument: Any) -> Future[Any]:
        """See `Crew`."""
        return self.executor.submit(carry, task, self.packed, argument)


class Dask(Crew):
    """A `dask.distributed.Client`; Dask runs the blocks of a lost worker again by itself."""

    losses = 1  # Dask has tried several workers by then
    breaks = False

    def __init__(self, job: Job, client: Any) -> None:
        self._looked, self._size = -LOOK, 1
        super().__init__(job, 1)
        self.client = client
        self.executor = client.get_executor(pure=False)
        # The job is the result of a task, not scattered data: where all workers that hold it die, it is made again.
        self.packed = client.submit(bytes, pack(job), pure=False)

    @property
    def size(self) -> int:
        """Threads of all workers now: a cluster may grow while it runs."""
        if time.monotonic() > self._looked + LOOK:
            self._looked, self._size = time.monotonic(), max(1, sum(self.client.nthreads().values()))
        return self._size

    @size.setter
    def size(self, value: int) -> None:
        pass

    def submit(self, task: Callable[[Job, Any], Any], argument: Any) -> Future[Any]:
        """See `Crew`."""
        return self.executor.submit(carry, task, self.packed, argument)

    def is_loss(self, error: BaseException) -> bool:
        """See `Crew`."""
        return super().is_loss(error) or type(error).__name__ in (
            "KilledWorker",
            "CommClosedError",
            "FutureCancelledError",
            "FutureLostError",
        )

    def renew(self) -> None:
        """Dask starts new workers by itself."""

    def close(self, now: bool) -> None:
        """See `Crew`."""
        self.executor.shutdown(wait=not now)
        self.packed.release()


def count_workers(client: Any, executor: Any, workers: int | None) -> int:
    """Number of workers that the arguments of `sweep` ask for; raises where they do not fit together."""
    if client is not None:
        if executor is not None or workers is not None:
            raise ValueError("client= brings its own workers: leave executor= and workers= out.")
        if not hasattr(client, "get_executor") or not hasattr(client, "nthreads"):
            raise TypeError(f"client must be a dask.distributed.Client, but is a {type(client).__name__}.")
        return max(1, sum(client.nthreads().values()))
    if executor in (None, "threads", "processes"):
        return workers or default_threads()
    if isinstance(executor, futures.Executor):
        return workers or getattr(executor, "_max_workers", None) or default_threads()
    raise TypeError(
        f"executor must be 'threads', 'processes' or an executor of concurrent.futures, but is {executor!r:.80}."
    )


def make_crew(job: Job, client: Any, executor: Any, size: int) -> Crew:
    """The crew that the arguments of `sweep` ask for, after `count_workers`."""
    if client is not None:
        return Dask(job, client)
    if executor is None or executor == "threads":
        return Threads(job, size)
    return Processes(job, size) if executor == "processes" else Given(job, executor, size)


def _begin(packed: bytes, path: list[str]) -> None:
    """In a worker process: Ctrl-C is the driver's business, and the worker ends with its driver."""
    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_process()
    sys.path[:] = path
    _job = packed
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    with contextlib.suppress(Exception):
        parent.join()
    os._exit(1)


def _ready() -> None:
    """What the first worker is asked."""


def _in_process(task: Callable[[Job, Any], Any], argument: Any) -> Any:
    return carry(task, _job or b"", argument)
