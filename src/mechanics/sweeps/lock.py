"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import StoreError
from .records import FOLDER


@contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Hold the store for writing; the lock ends with the process, however that ends."""
    if folder is None:
        yield
        return
    try:
        import fcntl
    except ImportError:  # Windows: two writers are not kept apart
        yield
        return
    with open(folder / FOLDER / "lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{folder} is being written by another sweep; wait for it, or look at it with open_store."
            ) from None
        except OSError:
            pass  # a file system without locks
        for rest in (*folder.rglob("*.partial"), *(folder / FOLDER).glob(".*.json.*")):
            rest.unlink(missing_ok=True)  # drafts of a writer that was killed
        yield
