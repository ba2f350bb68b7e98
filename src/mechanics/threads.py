"""How many threads a call may start: the processors of this process, or its share of them inside a worker of a sweep.

    with limited_threads(2):
        ensemble(problem, ...)    # takes two threads at most

The limit belongs to a context (of a thread, of a task), so that workers side by side each keep their own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_limit: ContextVar[int | None] = ContextVar("mechanics_threads", default=None)


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads() -> int:
    """Threads of a call that was not told how many: all processors, or what `limited_threads` leaves."""
    return _limit.get() or processors()


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Calls inside start at most this number of threads, unless they are told another number."""
    token = _limit.set(max(1, threads))
    try:
        yield
    finally:
        _limit.reset(token)
