"""`mechanet fit`: fit a spring-block chain to load curves in files."""

import json
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ..fit import ChainFit, ModelComparison
    from ..fit_files import LoadCurves

Pull = Literal["auto", "fixed", "ramped", "measured"]
Last = Literal["auto", "block", "end"]


def fit(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            metavar="FILE...",
            help="CSV (seed, epoch, D_0, D_1, ...), .npz (load_curves, epochs, end; or a saved run or training), or a "
            "Zarr store of the same names; several files are further seeds.",
        ),
    ],
    pull: Annotated[Pull, typer.Option(help="What the far end does; auto keeps what fits best.")] = "auto",
    model: Annotated[
        str, typer.Option(help="Named model, several separated by commas, or auto to try all (docs/fit_models.md).")
    ] = "uniform",
    compare: Annotated[
        str,
        typer.Option(
            help="Also compare with plain curves, where fitted and held out: all, or chains and curves separated by "
            "commas (docs/fit_verdict.md). Takes from seconds to a minute."
        ),
    ] = "",
    last: Annotated[Last, typer.Option(help="What the last layer is: a block, or the pulled end itself.")] = "auto",
    setting: Annotated[int | None, typer.Option(min=0, help="Which of a file's settings, if it holds several.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/fit"),
) -> None:
    """Fit a spring-block chain to load curves measured over time: numbers with intervals, and a verdict.

    Writes summary.json, report.html and PNG files. The fit has no randomness. docs/fit_files.md says what files hold.
    """
    import matplotlib as mpl

    from ..files import write_text
    from ..fit_files import read_load_curves
    from ..fit_report.summary import summarise

    mpl.use("Agg")
    data = read_load_curves(files, setting=setting)
    found = _fit(data, model, pull, last)
    summary = summarise(data, found, files=[str(file) for file in files])
    compared = _compare(data, compare, last) if compare else None
    if compared is not None:
        summary["comparison"] = compared.to_dict()
    write_text(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    for note in data.notes:
        print(note)
    print(found)
    if compared is not None:
        print(f"\n{compared}")
    if find_spec("jinja2") is None:
        print(f"Results: {out} (no page: it needs Jinja2; pip install 'mechanet[sweep]')")
        return
    from ..fit_report import write_report

    command = _command(files, model, pull, compare, last, setting, out)
    print(f"Report: {write_report(data, found, summary, out, command=command, comparison=compared)}")


def _fit(data: "LoadCurves", model: str, pull: Pull, last: Last) -> "ChainFit":
    """The fit with the pull that was asked for, and the others beside it."""
    from dataclasses import replace

    from ..fit import fit_chain

    known = data.last if last == "auto" else last
    if pull == "measured" and data.end is None and known != "end":
        raise ValueError("--pull measured needs the load of the pulled end: a column or an array `end` in the file.")
    names = model.split(",") if "," in model else model
    if pull != "auto" and (names == "auto" or not isinstance(names, str)):
        return fit_chain(data.load_curves, data.epochs, model=names, pull=pull, end=data.end, last=known)
    best = fit_chain(data.load_curves, data.epochs, model=names, end=data.end, last=known)
    if pull in ("auto", best.pull) or not best.alternatives:
        return best
    # again, since an alternative has no lower bound of an open rate; the criteria are those of the common comparison
    chosen = fit_chain(data.load_curves, data.epochs, model=names, pull=pull, end=data.end, last=known)
    tried = {best.pull: best, **best.alternatives}
    return replace(
        chosen,
        information_criterion=tried[pull].information_criterion,
        alternatives={name: one for name, one in tried.items() if name != pull},
    )


def _compare(data: "LoadCurves", models: str, last: Last) -> "ModelComparison":
    """Chains and curves on the same data."""
    from ..fit import compare_models

    known = data.last if last == "auto" else last
    names = models.split(",") if "," in models else models
    return compare_models(data.load_curves, data.epochs, models=names, end=data.end, last=known)


def _command(files: list[Path], model: str, pull: str, compare: str, last: str, setting: int | None, out: Path) -> str:
    words = ["mechanet", "fit", *map(str, files), "--model", model, "--pull", pull, "--last", last]
    words += ["--compare", compare] if compare else []
    words += [] if setting is None else ["--setting", str(setting)]
    return shlex.join([*words, "--out", str(out)])
