"""A progress bar on a terminal or in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(t0: float, t1: float, show: bool, unit: str = "t") -> Iterator[Callable[[float], None] | None]:
    """A function that takes the time reached, or None where nothing is to be shown."""
    if not show:
        yield None
        return
    from tqdm.auto import tqdm

    form = "{l_bar}{bar}| {unit} = {n:.4g} of {total:.4g} [{elapsed}<{remaining}]"
    with tqdm(total=abs(t1 - t0), unit=unit, bar_format=form) as bar:

        def update(t: float) -> None:
            bar.update(abs(t - t0) - bar.n)

        yield update
        if bar.n < bar.total:
            bar.refresh()
