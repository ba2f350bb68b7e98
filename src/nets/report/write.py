"""`report.html`, one file that needs no other, and its figures as PNG files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mechanics.files import write_text
from mechanics.pages.style import save_png

from . import tables, words
from .plates import make_plates

if TYPE_CHECKING:
    from mechanics.fit import ChainFit
    from nets import History

SETUP = (
    "Depth 8, width 100, ReLU, batch normalisation, Adam; 2560 training and 10000 test digits of 10×10 pixels. Loads "
    "are measured on the training digits after each epoch, after each layer's activation, with natural logarithms: "
    "during training with batch normalisation by the statistics of all digits, because its running statistics lag the "
    "weights, and for the final curves and accuracies in evaluation mode."
)


def write_report(
    summary: dict[str, Any],
    histories: dict[str, list["History"]],
    fits: dict[str, "ChainFit"],
    out: Path | str,
    *,
    command: str | None = None,
    partial: bool = False,
) -> Path:
    """Write `report.html` and the PNG files into the folder `out`, which is made if need be.

    Parameters
    ----------
    summary : dict
        From `nets.experiments.summary.summarise`.
    histories, fits : dict
        What the summary was made of.
    out : path
        Folder.
    command : str, optional
        How to do it again; `mechanet demo` with the seed if not given.
    partial : bool
        Say that the job was interrupted.

    Returns
    -------
    Path
        The page.
    """
    from mechanics.pages.template import for_template, render

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    plates = make_plates(summary, histories, fits)
    for plate in plates:
        for panel in plate.panels:
            save_png(panel, out)
    page = render(
        "nets.report",
        "report.html.j2",
        headline=_headline(summary),
        answer=words.answer(summary),
        quick=_quick(summary),
        partial=partial,
        plates={plate.key: for_template(plate, i) for i, plate in enumerate(plates, start=1)},
        parameters=tables.parameters(summary),
        settings=tables.settings(summary),
        versions=words.versions(summary),
        residuals=[words.residual_sentence(s) for s in summary["settings"]],
        accuracy=words.accuracy_sentence(summary),
        setup=SETUP,
        command=command or f"mechanet demo --seed {summary['seed']}",
    )
    return write_text(out / "report.html", page)


def _headline(summary: dict[str, Any]) -> str:
    first = summary["settings"][0]
    seeds = len(first["seeds"])
    took = "" if summary["seconds"] is None else f", {summary['seconds']:.0f} s"
    plural = "seed" if seeds == 1 else "seeds"
    return f"{seeds} {plural} a setting, {_epochs(summary)} epochs on 10×10 MNIST, seed {summary['seed']}{took}"


def _quick(summary: dict[str, Any]) -> str:
    if not summary["quick"]:
        return ""
    first = summary["settings"][0]
    return f"{len(first['seeds'])} seeds a setting and {_epochs(summary)} epochs, where the published figure has 100"


def _epochs(summary: dict[str, Any]) -> str:
    """One number, or one for each setting."""
    numbers = [str(s["epochs"]) for s in summary["settings"]]
    return numbers[0] if len(set(numbers)) == 1 else " / ".join(numbers)
