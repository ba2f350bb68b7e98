"""Progress of a run: nothing, a bar, or the caller's function."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = bool | Callable[[int, int], object]


@contextmanager
def progress_reporter(progress: Progress, epochs: int) -> Iterator[Callable[[int, int], object]]:
    """Function (epoch, epochs) to call after each epoch."""
    if callable(progress):
        yield progress
    elif progress:
        from tqdm.auto import tqdm

        with tqdm(total=epochs, unit="epoch") as bar:
            yield lambda epoch, epochs: bar.update(epoch - bar.n)
    else:
        yield lambda epoch, epochs: None
