"""Commands that `nets` adds to `mechanet`; torch and matplotlib are imported when a command runs."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .command_needs import need
from .experiments.figure_names import FigureName
from .path_command import path_dependence


def register(app: typer.Typer) -> None:
    """Add the commands to the application; called through the entry point `mechanet.commands`."""
    app.command()(demo)
    app.command("leaky-figures")(leaky_figures)
    app.command("network-figures")(network_figures)
    app.command("path-dependence")(path_dependence)


def demo(
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results (out/demo, with --quick out/demo-quick).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every number of the job.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer seeds and epochs: a look, not a measurement.")] = False,
    seeds_per_setting: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Runs of each setting (3, with --quick 2).")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes (one a processor). Changes no number.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is already there.")] = False,
) -> None:
    """Train three networks on digits, measure them layer by layer, fit a spring-block chain to each.

    Writes report.html, summary.json and PNG files. A second call goes on where the first stopped.
    """
    need("demo", ("torch", "jinja2", "matplotlib"))
    from rich.console import Console

    from mechanics.threads import default_threads
    from nets.experiments.demo import plan, run_demo
    from nets.experiments.progress import show_progress

    console = Console()
    folder = out or Path("out/demo-quick" if quick else "out/demo")
    command = _command(folder, seed, quick, seeds_per_setting)
    with show_progress(console, *plan(quick, seeds_per_setting)) as progress:
        outcome = run_demo(
            folder,
            seed=seed,
            quick=quick,
            seeds_per_setting=seeds_per_setting,
            jobs=jobs or default_threads(),
            fresh=fresh,
            progress=progress,
            command=command,
        )
    if outcome.summary is not None:
        _say(console, outcome.summary)
        print(f"Report: {outcome.report}")
    if outcome.interrupted:
        again = f"{command} goes on with the rest" + (", if called without --fresh." if fresh else ".")
        print(f"mechanet demo: interrupted; finished runs are kept in {folder / 'runs'}: {again}", file=sys.stderr)
        raise typer.Exit(1)


def leaky_figures(
    figure: Annotated[int, typer.Argument(min=1, max=3, help="1 ranks and energies, 2 and 3 kinds of steps.")],
    out: Annotated[Path, typer.Option(help="Folder of the figure and of the finished runs.")] = Path("out/leaky"),
    quick: Annotated[bool, typer.Option("--quick", help="A small task, few seeds: two minutes at most.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes (one a processor). Changes no number.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is already there.")] = False,
) -> None:
    """Train Leaky ResNets and draw a figure of arXiv:2405.17573.

    Writes a PNG file, for figure 1 an animation too, and prints the numbers. A second call goes on where the first
    stopped.
    """
    need("leaky-figures", ("torch", "matplotlib"))
    from mechanics.threads import default_threads
    from nets.experiments.leaky_figures import make_figure
    from nets.experiments.workers import Interrupted

    def told(run: Any, epoch: int, epochs: int) -> None:
        if epoch == epochs:
            print(f"{run.name}: done", file=sys.stderr)

    try:
        path = make_figure(figure, out, quick=quick, jobs=jobs or default_threads(), fresh=fresh, progress=told)
    except (Interrupted, KeyboardInterrupt):
        print(f"mechanet leaky-figures: interrupted; finished runs are kept in {out / 'runs'}.", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"Figure: {path}")


def network_figures(
    name: Annotated[FigureName, typer.Argument(help="Which figure; dropout is Figure 1, linear Figure 5a.")],
    quick: Annotated[bool, typer.Option("--quick", help="Fewer networks: a look, not a measurement.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results (out/network-figures/NAME, with --quick NAME-quick).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every number.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads or processes (one a processor). Changes no number.")
    ] = None,
) -> None:
    """Train the networks of a figure of the spring-block paper, measure them and draw it.

    Writes figure.png (movie: figure.gif) and summary.json. A second call goes on where the first stopped.
    """
    need("network-figures", ("torch", "matplotlib", "xarray", "zarr"), "nets,sweep")
    import matplotlib as mpl

    mpl.use("Agg")
    from nets.experiments import network_figure

    def tell(run: str, step: int, steps: int) -> None:
        if step == steps:
            print(f"run {run}: {steps} epochs done", file=sys.stderr)

    try:
        made = network_figure(name, out, quick=quick, seed=seed, workers=workers, progress=tell)
    except KeyboardInterrupt:
        print("mechanet network-figures: interrupted; the same call goes on with the rest.", file=sys.stderr)
        raise typer.Exit(1) from None
    for measure, found in made.summary.get("correlation", {}).items():
        value, low, high = (_number(found[key]) for key in ("value", "low", "high"))
        print(f"accuracy against |curvature|, {measure}: {value} [{low}, {high}], {found['cells']} cells")
    for panel in made.summary.get("panels", []):
        for curve in panel["curves"]:
            numbers = [_number(curve[key]) for key in ("curvature", "curvature_se", "score", "score_se")]
            print(f"{panel['panel']}, {curve['label']}: curvature {' +- '.join(numbers[:2])}, score", end=" ")
            print(f"{' +- '.join(numbers[2:])}")
    print(f"Figure: {made.picture} ({made.summary['seconds']:.0f} s)")


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _say(console: Any, summary: dict[str, Any]) -> None:
    from mechanics.pages.words import plus_minus
    from nets.report.words import answer

    console.print(answer(summary), highlight=False, markup=False)
    for s in summary["settings"]:
        accuracy = plus_minus(s["accuracy"], s["accuracy_se"])
        curvature = plus_minus(s["curvature"], s["curvature_se"], 2, sign=True)
        console.print(f"  {s['label']:8} curvature {curvature}, test accuracy {accuracy}", highlight=False)


def _command(out: Path, seed: int, quick: bool, seeds_per_setting: int | None) -> str:
    words = ["mechanet demo", f"--out {out}", f"--seed {seed}"]
    words += ["--quick"] if quick else []
    words += [] if seeds_per_setting is None else [f"--seeds-per-setting {seeds_per_setting}"]
    return " ".join(words)
