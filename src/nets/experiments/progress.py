"""A bar for each setting on a terminal, a line for each finished run elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .fig4 import SETTINGS, Run


@contextmanager
def show_progress(console: Any, seeds: int, epochs: Mapping[str, int]) -> Iterator[Callable[[Run, int, int], None]]:
    """Give a function progress(run, epoch, epochs) that draws on the rich console for the length of the block."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        TextColumn("{task.fields[runs]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    reached: dict[Run, int] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks = {
            name: bars.add_task(s.label, total=seeds * epochs[name], runs=f"0 of {seeds} runs")
            for name, s in SETTINGS.items()
        }

        def progress(run: Run, epoch: int, epochs: int) -> None:
            newly_done = epoch == epochs and reached.get(run) != epochs
            reached[run] = epoch
            if newly_done and not console.is_terminal:
                console.print(f"{run.name}: {epochs} epochs done", highlight=False)
            mine = [e for r, e in reached.items() if r.setting == run.setting]
            done = f"{sum(e == epochs for e in mine)} of {seeds} runs"
            bars.update(tasks[run.setting.name], completed=sum(mine), runs=done)

        yield progress
