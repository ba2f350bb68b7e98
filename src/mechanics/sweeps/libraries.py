"""Workers side by side: BLAS, OpenMP and numba each get one thread while any worker of this process runs a block.

More would oversubscribe the processors, and the order of sums, hence the last bits, depends on the number of threads.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_lock = threading.Lock()
_inside = 0
_limits: Any = None
_controller: tuple[int, Any] = (0, None)  # finding the libraries takes milliseconds: again only after imports


@contextmanager
def single_threaded() -> Iterator[None]:
    """One thread for each library; the limits of the process are lifted when its last block ends."""
    _enter()
    numba = sys.modules.get("numba")
    mask = numba.get_num_threads() if numba is not None and hasattr(numba, "set_num_threads") else None
    try:
        if mask is not None:
            numba.set_num_threads(1)  # type: ignore[union-attr]  # of this thread only
        yield
    finally:
        if mask is not None:
            numba.set_num_threads(mask)  # type: ignore[union-attr]
        _leave()


def _enter() -> None:
    global _inside, _limits, _controller
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    with _lock:
        if _inside == 0:
            if _controller[0] != len(sys.modules):
                _controller = (len(sys.modules), ThreadpoolController())
            _limits = _controller[1].limit(limits=1)
        _inside += 1


def _leave() -> None:
    global _inside, _limits
    with _lock:
        _inside -= 1
        if _inside == 0:
            _limits.restore_original_limits()
            _limits = None


def prepare_process() -> None:
    """In a worker process of our own: libraries that are loaded later start with one thread."""
    for variable in VARIABLES:
        os.environ[variable] = "1"
