"""`report.html` of a fit, one file that needs no other, and its figures as PNG files."""

import math
from pathlib import Path
from typing import Any

from ..files import write_text
from ..fit import ChainFit
from ..fit_files import LoadCurves
from ..pages.style import save_png
from ..pages.template import for_template, render
from . import tables
from .plates import make_plates


def write_report(data: LoadCurves, fit: ChainFit, summary: dict[str, Any], out: Path, *, command: str) -> Path:
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

    Returns
    -------
    Path
        The page.
    """
    out.mkdir(parents=True, exist_ok=True)
    plates = make_plates(data, fit)
    for plate in plates:
        for panel in plate.panels:
            save_png(panel, out)
    page = render(
        "mechanics.fit_report",
        "report.html.j2",
        headline=_headline(data, summary),
        answer=fit.verdict.replace("mu_eff", "μ_eff").replace("+-", "±"),
        notes=summary["notes"],
        plates={plate.key: for_template(plate, i) for i, plate in enumerate(plates, start=1)},
        estimates=tables.estimates(fit),
        quality=tables.quality(fit, len(data.seeds)),
        pulls=tables.pulls(fit) if fit.alternatives else None,
        pull=fit.pull,
        directions=tables.directions(fit),
        silent=[tables.ROWS[name] for name, known in fit.identified.items() if not known and _fitted(fit, name)],
        versions=" · ".join(f"{name} {found or 'not installed'}" for name, found in summary["versions"].items()),
        command=command,
    )
    return write_text(out / "report.html", page)


def _headline(data: LoadCurves, summary: dict[str, Any]) -> str:
    files = summary["files"]
    name = Path(files[0]).name + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    seeds = f"{len(data.seeds)} {'history' if len(data.seeds) == 1 else 'histories'}"
    span = f"epochs from {data.epochs[0]:g} to {data.epochs[-1]:g}"
    setting = f", {summary['setting']}" if summary["setting"] else ""
    return f"{name} ({summary['source']}{setting}): {seeds}, {data.layers} layers, {len(data.epochs)} {span}"


def _fitted(fit: ChainFit, name: str) -> bool:
    return math.isfinite(getattr(fit, name).value)
