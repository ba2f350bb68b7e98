"""`mechanet path-dependence`: the study of path dependence with a progress display."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .command_needs import need


def path_dependence(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer settings, copies, steps: two minutes at most.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results (out/path-dependence, with --quick -quick).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=10**9 - 1, help="Decides every number.")] = 0,
    copies: Annotated[
        int | None, typer.Option(min=1, help="Of each network (20, with --quick 6); intervals need 3.")
    ] = None,
    baselines: Annotated[
        int | None,
        typer.Option(min=1, help="Trainings of each setting (4, with --quick 1); intervals over them need 2."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes (one a processor). Changes no number.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is already there.")] = False,
) -> None:
    """Train copies of networks that start a little apart, and test claims on how they part.

    Writes report.html, summary.json and PNG files. A second call goes on where the first stopped.
    """
    need("path-dependence", ("torch", "jinja2", "matplotlib"))
    from rich.console import Console

    from mechanics.threads import default_threads
    from nets.experiments import path_dependence as study
    from nets.experiments.paths.progress import show_progress

    console = Console()
    folder = out or Path("out/path-dependence-quick" if quick else "out/path-dependence")
    with show_progress(console, quick, baselines) as progress:
        found = study(
            quick=quick, copies=copies, baselines=baselines, seed=seed, out=folder,
            workers=workers or default_threads(), progress=progress, resume=not fresh,
        )  # fmt: skip
    for h in found.hypotheses:
        console.print(
            f"{h.verdict:14} {h.effect:9.3g} [{h.interval[0]:.3g}, {h.interval[1]:.3g}]  {h.statement}", markup=False
        )
    if found.runs:
        print(f"Report: {folder / 'report.html'}")
    if found.interrupted:
        print("mechanet path-dependence: interrupted; the same call goes on with the rest.", file=sys.stderr)
        raise typer.Exit(1)
