"""`mechanet report STORE`: the page of a sweep."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    store: Annotated[Path, typer.Argument(help="Folder of the store: `out` of the sweep.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file, or a folder for it.")] = None,
    axes: Annotated[str | None, typer.Option(help="The axes drawn horizontally and vertically: x,y.")] = None,
    title: Annotated[str | None, typer.Option(help="Title; the function's name unless given.")] = None,
) -> None:
    """Write the HTML page of a sweep: maps, curves, tables, provenance."""
    from ..sweeps.extra import require_extra

    require_extra()
    from ..sweeps.report import write_report

    chosen = None if axes is None else tuple(name.strip() for name in axes.split(","))
    print(write_report(store, out, axes=chosen, title=title))
