"""`report.html` of a study of path dependence, one file that needs no other, and its figures as PNG files."""

from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mechanics import __version__
from mechanics.files import write_text
from mechanics.pages.style import save_png

from ..experiments.paths.result import PathDependence
from ..experiments.paths.settings import BASELINE
from . import tables
from .figures import make_plates


def write_report(found: PathDependence, out: str | Path) -> Path:
    """Write `report.html` and the PNG files into a folder, which is made if need be; returns the page's path."""
    from mechanics.pages.template import for_template, render

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    plates = make_plates(found)
    for plate in plates:
        for panel in plate.panels:
            save_png(panel, out)
    steps = sorted({s.steps for s in found.plan.settings})
    page = render(
        "nets.path_report",
        "report.html.j2",
        headline=(
            f"{len(found.runs)} of {len(found.plan.settings)} settings, {_count(found)}, {found.plan.copies} copies "
            f"each, {' / '.join(map(str, steps))} steps, 10×10 digits, seed {found.seed}, {found.seconds:.0f} s"
        ),
        answer=answer(found),
        quick=found.quick,
        partial=found.interrupted,
        plates={plate.key: for_template(plate, i) for i, plate in enumerate(plates, start=1)},
        hypotheses=tables.hypotheses(found.hypotheses),
        second=tables.hypotheses(found.second),
        spreads=tables.spreads(found),
        lengths=tables.lengths(found),
        scalings=tables.scalings(found),
        laws=tables.laws(found),
        spectra=tables.spectra(found),
        barriers=tables.barriers(found),
        settings=tables.settings(found),
        plan=found.plan,
        seed=found.seed,
        versions=f"mechanet {__version__}, PyTorch {version('torch')}, NumPy {version('numpy')}",
    )
    return write_text(out / "report.html", page)


def _count(found: PathDependence) -> str:
    n = len(found.trainings)
    return f"{n} baseline" + ("s" if n != 1 else "")


def answer(found: PathDependence) -> str:
    """The verdicts counted, and how far copies of the baseline part."""
    counted = Counter(h.verdict for h in found.hypotheses)
    words = [
        f"Of {len(found.hypotheses)} hypotheses {counted['supported']} are supported, "
        f"{counted['not supported']} are not, and {counted['open']} stay open."
    ]
    made = [runs[BASELINE] for runs in found.trainings if BASELINE in runs and runs[BASELINE].finished.any()]
    if made:
        growth = [(r["distance_2"][r.finished][:, -1] / r["distance_2"][r.finished][:, 0]).mean() for r in made]
        apart = [100 * r["test/disagreement"][r.finished][:, -1].mean() for r in made]
        words.append(
            f"Copies of the baseline that start {100 * found.plan.settings[0].eps:g} % apart end with weights "
            f"{np.mean(growth):.3g} times as far apart, and disagree on {np.mean(apart):.2g} % of the test images."
        )
        if len(made) > 1:
            words.append(f"Over {len(made)} baselines the growth is {min(growth):.3g} to {max(growth):.3g}.")
    return " ".join(words)
