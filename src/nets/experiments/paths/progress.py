"""A bar of all tasks of a study on a terminal, a line for each finished one elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any


@contextmanager
def show_progress(console: Any, quick: bool, baselines: int | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function progress(task, step, steps) that draws on the rich console for the length of the block."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from .run import tasks_of
    from .settings import full
    from .settings import quick as quick_plan

    plan = quick_plan() if quick else full()
    total = sum(map(len, tasks_of(plan if baselines is None else replace(plan, baselines=baselines))))
    columns = TextColumn("{task.description:28}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn()
    reached: dict[str, float] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("starting", total=total, count=f"0 of {total}")

        def progress(name: str, step: int, steps: int) -> None:
            newly_done = step == steps and reached.get(name) != 1.0
            reached[name] = step / steps if steps else 1.0
            if newly_done and not console.is_terminal:
                console.print(f"{name}: done", highlight=False)
            count = f"{sum(share == 1.0 for share in reached.values())} of {total}"
            bars.update(bar, completed=sum(reached.values()), description=name, count=count)

        yield progress
