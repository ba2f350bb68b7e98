"""Figures of the spring-block paper's networks, each by one call: pictures, numbers, and runs that a second call keeps.

Shi, Pan, Dokmanic, "A spring-block theory of feature learning", PRL (2025), arXiv:2407.19353: Figures 1, 4 and 5a and
the supplement's diagrams and load curves. `mechanet network-figures` is this function with a progress display.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mechanics.files import write_text
from mechanics.threads import default_threads

from . import panels
from .diagram_figures import FULL, QUICK, draw_diagram, run_diagram
from .figure_names import FigureName
from .panels import Panel, describe, measure_panels
from .summary import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS, QUICK_SEEDS = 10, 2
SEEDS_APART = 1000  # seeds of figures with different `seed` do not overlap
Progress = Callable[[str, int, int], None]


class NetworkFigure(NamedTuple):
    """A figure that was made."""

    picture: Path
    """PNG; of the movie a GIF."""
    summary: dict[str, Any]
    """Its numbers, also in summary.json beside it."""


class _Job(NamedTuple):
    folder: Path
    quick: bool
    first: int  # seed
    workers: int
    progress: Progress | None

    def tell(self, run: Any, epoch: int, epochs: int) -> None:
        if self.progress is not None:
            self.progress(run.name, epoch, epochs)


def network_figure(
    name: FigureName,
    out: str | Path | None = None,
    *,
    quick: bool = False,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NetworkFigure:
    """Train the networks of a figure, measure them and draw it.

    Parameters
    ----------
    name : str
        "dropout" (Figure 1), "noise", "learning-rate", "batch-size": phase diagrams, and accuracy against curvature;
        "trajectories" (Figure 4), "movie": load curves during training, and fitted chains; "linear" (Figure 5a);
        "initial-weights", "no-batch-norm", "widths", "depths", "data", "metrics", "regression", "cnn": final load
        curves under dropout.
    out : path, optional
        Folder of figure.png (figure.gif), summary.json and the finished runs, which a later call takes from there;
        out/network-figures/NAME by default, with "-quick" for quick ones.
    quick : bool
        Fewer networks and, where the summary says so, fewer epochs: a look, not a measurement.
    seed : int
        0 or more; decides every number.
    workers : int, optional
        Threads of diagrams, processes of all others; one for each processor by default. Changes no number.
    progress : function (run, step, steps), optional
        Called as training goes on, except in diagrams, which show a bar then.

    Returns
    -------
    NetworkFigure

    Raises
    ------
    ValueError
        If the name is unknown or a number out of range.
    """
    if name not in _FIGURES:
        raise ValueError(f"name must be one of {', '.join(_FIGURES)}, but is {name!r}.")
    if seed < 0:
        raise ValueError(f"seed must not be negative, but is {seed}; use 0, 1, 2, ...")
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, but is {workers}.")
    folder = Path(f"out/network-figures/{name}{'-quick' if quick else ''}" if out is None else out)
    folder.mkdir(parents=True, exist_ok=True)
    job = _Job(folder, quick, SEEDS_APART * seed, workers or default_threads(), progress)
    start = time.perf_counter()
    picture, numbers = _FIGURES[name](job)
    seconds = time.perf_counter() - start
    summary: dict[str, Any] = plain({"figure": name, "quick": quick, "seed": seed, "seconds": seconds, **numbers})
    write_text(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return NetworkFigure(picture, summary)


def _diagram(job: _Job, name: str) -> tuple[Path, dict[str, Any]]:
    settings = (QUICK if job.quick else FULL)[name]
    diagram = run_diagram(
        settings, job.folder / "runs.zarr", seed=job.first, workers=job.workers, progress=job.progress is not None
    )
    figure, numbers = draw_diagram(diagram)
    return _save(figure, job), {"epochs": settings.epochs, "seeds": settings.seeds, **numbers}


def _panels(job: _Job, make: Callable[[bool], list[Panel]]) -> tuple[Path, dict[str, Any]]:
    from ..plots.panels import draw_panels

    wanted = make(job.quick)
    seeds = range(job.first, job.first + (QUICK_SEEDS if job.quick else SEEDS))
    curves = measure_panels(wanted, seeds, job.folder / "runs", workers=job.workers, progress=job.tell)
    return _save(draw_panels(wanted, curves), job), {"panels": describe(wanted, curves)}


def _fig4(job: _Job) -> dict[str, Any]:
    from .fig4 import EPOCHS, QUICK_EPOCHS, run_fig4

    seeds = range(job.first, job.first + (QUICK_SEEDS if job.quick else SEEDS))
    return run_fig4(seeds, QUICK_EPOCHS if job.quick else EPOCHS, job.workers, job.folder, job.tell)


def _trajectories(job: _Job) -> tuple[Path, dict[str, Any]]:
    import matplotlib.pyplot as plt

    from ..plots import plot_load_curves
    from .fig4 import SETTINGS

    runs = _fig4(job)
    figure, axes = plt.subplots(1, len(runs), figsize=(3.3 * len(runs), 2.9), sharey=True, layout="constrained")
    for ax, (name, group) in zip(axes, runs.items(), strict=True):
        plot_load_curves(group[0], ax)
        ax.set_title(SETTINGS[name].label, fontsize="medium")
    return _save(figure, job), {"settings": {name: _ends(group) for name, group in runs.items()}}


def _movie(job: _Job) -> tuple[Path, dict[str, Any]]:
    from ..plots.movie import animate_training
    from .fig4 import SETTINGS
    from .summary import fit_all

    runs = _fig4(job)
    fits = fit_all(runs, other_pulls=False)
    picture = job.folder / "figure.gif"
    labels = {name: SETTINGS[name].label for name in runs}
    animate_training({labels[n]: r for n, r in runs.items()}, {labels[n]: f for n, f in fits.items()}, picture)
    about = {
        name: {**_ends(runs[name]), "mu_eff_over_k": fit.mu_eff_over_k.value, "rmse": fit.rmse, "verdict": fit.verdict}
        for name, fit in fits.items()
    }
    return picture, {"settings": about}


def _ends(runs: list[Any]) -> dict[str, Any]:
    """Final numbers of the runs of a setting, one for each seed."""
    from mechanics.chain import curvature

    D = [run.records["final_load_curve"] for run in runs]
    return {
        "epochs": int(runs[0].epochs[-1]),
        "load_curves": D,
        "curvature": [float(curvature(curve)) for curve in D],
        "test_accuracy": [float(run.records["final_test_accuracy"]) for run in runs],
    }


def _save(figure: "Figure", job: _Job) -> Path:
    import matplotlib.pyplot as plt

    picture = job.folder / "figure.png"
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    return picture


_FIGURES: dict[str, Callable[[_Job], tuple[Path, dict[str, Any]]]] = {
    **{name: partial(_diagram, name=name) for name in FULL},
    "trajectories": _trajectories,
    "movie": _movie,
    "linear": partial(_panels, make=panels.linear),
    "initial-weights": partial(_panels, make=panels.initial_weights),
    "no-batch-norm": partial(_panels, make=panels.no_batch_norm),
    "widths": partial(_panels, make=panels.widths),
    "depths": partial(_panels, make=panels.depths),
    "data": partial(_panels, make=panels.other_data),
    "metrics": partial(_panels, make=panels.metrics),
    "regression": partial(_panels, make=panels.regression),
    "cnn": partial(_panels, make=panels.cnn),
}
