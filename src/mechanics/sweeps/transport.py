"""How a job reaches another process: cloudpickle, so that notebook cells, lambdas and closures travel as they are.

Only what this very sweep sends is unpickled, by its own workers; nothing of a store ever is.
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import PathFinder
from typing import Any

from .work import Job


class NotCarried(RuntimeError):
    """The function cannot travel to the workers, or not be used there."""


def pack(job: Job) -> bytes:
    """The job as bytes; NotCarried names what cannot be sent."""
    import cloudpickle  # type: ignore[import-untyped]

    with _by_value(job.function):
        try:
            return cloudpickle.dumps(job)
        except Exception as error:  # pickle raises whatever an object's own methods raise
            raise NotCarried(
                f"The function or its parameters cannot be sent to other processes ({type(error).__name__}: {error}); "
                "open files and connections inside the function, or use executor='threads'."
            ) from error


def carry(task: Callable[[Job, Any], Any], packed: bytes | Job, argument: Any) -> Any:
    """On a worker: run a task with the job that was sent."""
    return task(packed if isinstance(packed, Job) else _unpack(packed), argument)


@functools.lru_cache(maxsize=4)
def _unpack(packed: bytes) -> Job:
    import cloudpickle

    try:
        job = cloudpickle.loads(packed)
    except Exception as error:
        raise NotCarried(
            f"A worker cannot load the function ({type(error).__name__}: {error}); install there what it imports."
        ) from error
    return job


@contextlib.contextmanager
def _by_value(function: Any) -> Iterator[None]:
    """The function's module travels too, where a worker could not import it."""
    import cloudpickle

    while isinstance(function, functools.partial):
        function = function.func
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or _importable(module.__name__):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _importable(name: str) -> bool:
    """Whether another process with the same path finds the module."""
    place: Any = None
    found = None
    for i in range(name.count(".") + 1):
        part = ".".join(name.split(".")[: i + 1])
        found = PathFinder.find_spec(part, place)
        if found is None:
            return part in sys.builtin_module_names
        place = found.submodule_search_locations
    loaded = getattr(sys.modules[name], "__spec__", None)
    return loaded is None or found is None or found.origin == loaded.origin
