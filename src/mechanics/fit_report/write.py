"""`report.html` of a fit, one file that needs no other, and its figures as PNG files."""

from pathlib import Path
from typing import Any

from ..files import write_text
from ..fit import ChainFit, ModelComparison
from ..fit_files import LoadCurves
from ..pages.style import save_png
from ..pages.template import for_template, render
from . import tables
from .plates import comparison_plate, make_plates


def write_report(
    data: LoadCurves,
    fit: ChainFit,
    summary: dict[str, Any],
    out: Path,
    *,
    command: str,
    comparison: ModelComparison | None = None,
) -> Path:
    """Write `report.html` and the PNG files into the folder `out`, which is made if need be.

    Parameters
    ----------
    data, fit
        What was fitted, and the fit.
    summary : dict
        From `summarise`.
    out : path
        Folder.
    command : str
        How to do it again.
    comparison : ModelComparison, optional
        Of chains and curves on the same data, from `compare_models`: a section of its own.

    Returns
    -------
    Path
        The page.
    """
    out.mkdir(parents=True, exist_ok=True)
    plates = make_plates(data, fit) + ([] if comparison is None else [comparison_plate(comparison)])
    for plate in plates:
        for panel in plate.panels:
            save_png(panel, out)
    page = render(
        "mechanics.fit_report",
        "report.html.j2",
        headline=_headline(data, summary),
        answer=_symbols(fit.verdict),
        notes=summary["notes"],
        plates={plate.key: for_template(plate, i) for i, plate in enumerate(plates, start=1)},
        estimates=tables.estimates(fit),
        quality=tables.quality(fit, len(data.seeds)),
        pulls=tables.pulls(fit) if fit.alternatives else None,
        pull=fit.pull,
        comparison=None if comparison is None else tables.comparison(comparison),
        compared="" if comparison is None else _symbols(comparison.verdict),
        directions=tables.directions(fit),
        silent=tables.silent(fit),
        versions=" · ".join(f"{name} {found or 'not installed'}" for name, found in summary["versions"].items()),
        command=command,
    )
    return write_text(out / "report.html", page)


def _symbols(words: str) -> str:
    return words.replace("mu_eff", "μ_eff").replace("+-", "±")


def _headline(data: LoadCurves, summary: dict[str, Any]) -> str:
    files = summary["files"]
    name = Path(files[0]).name + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    seeds = f"{len(data.seeds)} {'history' if len(data.seeds) == 1 else 'histories'}"
    span = f"epochs from {data.epochs[0]:g} to {data.epochs[-1]:g}"
    setting = f", {summary['setting']}" if summary["setting"] else ""
    return f"{name} ({summary['source']}{setting}): {seeds}, {data.layers} layers, {len(data.epochs)} {span}"
