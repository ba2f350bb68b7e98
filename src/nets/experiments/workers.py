"""Training runs in worker processes: one torch thread each, progress through a queue, a clean stop on Ctrl-C.

Processes are spawned, not forked: a fork copies the locks of torch's threads in whatever state they are.
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

Task = TypeVar("Task")
Tick = tuple[int, int, int]  # index of the task, step, steps
POLL = 0.1  # seconds between two looks at the progress queue

_ticks: Any = None
_stop: Any = None


class Interrupted(Exception):
    """Ctrl-C came; `results` hold what was finished before."""

    def __init__(self, results: Any) -> None:
        super().__init__("interrupted")
        self.results = results


class _Stopped(Exception):
    """Raised inside a worker at the end of an epoch when the parent wants it to stop."""


def run_in_processes(
    work: Callable[[Task, Callable[[int, int], None]], Any],
    tasks: Sequence[Task],
    results: dict[Task, Any],
    *,
    jobs: int,
    progress: Callable[[Task, int, int], None] | None = None,
) -> None:
    """Call work(task, tick) for every task and put what it returns into `results`.

    Parameters
    ----------
    work : callable
        A module-level function; it calls tick(step, steps) as it goes.
    tasks : sequence
        Hashable and picklable; started in this order.
    results : dict
        Filled as tasks finish, so that it is right also when the call is interrupted.
    jobs : int
        Number of processes; 0 works in this process.
    progress : callable, optional
        Called here, in the parent, as progress(task, step, steps).

    Raises
    ------
    RuntimeError
        If a task fails; the message names it and the cause. The other tasks are stopped.
    KeyboardInterrupt
        On Ctrl-C, after the running tasks have been stopped.
    """
    if not tasks:
        return
    reached: dict[int, int] = {}

    def told(i: int, step: int, steps: int) -> None:
        if step > reached.get(i, -1):  # a result can overtake its last ticks: never step back
            reached[i] = step
            if progress is not None:
                progress(tasks[i], step, steps)

    if jobs == 0:
        with _one_torch_thread():
            for i, task in enumerate(tasks):
                results[task] = work(task, partial(told, i))
        return
    context = multiprocessing.get_context("spawn")
    ticks, stop = context.Queue(), context.Event()
    pool = ProcessPoolExecutor(
        min(jobs, len(tasks)), mp_context=context, initializer=_start_worker, initargs=(ticks, stop)
    )
    try:
        with _deaf_to_ctrl_c():  # workers inherit it: only the parent hears Ctrl-C
            running: dict[Future[Any], Task] = {pool.submit(_call, work, i, t): t for i, t in enumerate(tasks)}
        pending = set(running)
        while pending:
            finished, pending = wait(pending, timeout=POLL, return_when=FIRST_COMPLETED)
            for tick in _drain(ticks):
                told(*tick)
            for future in finished:
                results[running[future]], last_tick = _result(future, running[future])
                told(*last_tick)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ticks.cancel_join_thread()


def _result(future: "Future[Any]", task: Any) -> tuple[Any, Tick]:
    try:
        return future.result()
    except Exception as error:
        name = getattr(task, "name", task)
        raise RuntimeError(f"run {name} failed: {type(error).__name__}: {error}") from error


def _drain(ticks: Any) -> Iterator[Tick]:
    while True:
        try:
            yield ticks.get_nowait()
        except queue.Empty:
            return


def _start_worker(ticks: Any, stop: Any) -> None:
    global _ticks, _stop
    _ticks, _stop = ticks, stop
    _ticks.cancel_join_thread()  # a worker must be able to leave while its last ticks are unread
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)


def _leave_with_parent() -> None:
    """End this worker when its parent was killed: nobody would collect what it makes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(work: Callable[..., Any], i: int, task: Any) -> tuple[Any, Tick]:
    """The result and the last tick, which may still be on its way when the result arrives."""
    last: Tick = (i, 0, 0)

    def tick(step: int, steps: int) -> None:
        nonlocal last
        if _stop.is_set():
            raise _Stopped
        last = (i, step, steps)
        _ticks.put(last)

    return work(task, tick), last


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """As in a worker: the number of threads decides the order of sums, hence the last bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
