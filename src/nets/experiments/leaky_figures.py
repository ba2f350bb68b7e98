"""Figures 1 to 3 of the Leaky ResNet paper, one command each: python -m nets.experiments.leaky_figures 1 --quick

    1  ranks against Lt; spectra over layers at the largest Lt; energies over layers for several Lt
    2  test error against L for three kinds of steps; spectra of W and the paths in a plane for adaptive steps
    3  test error of irregular and adaptive steps against equidistant ones, seed by seed

Jacot and Kaiser, arXiv:2405.17573. The quick figure 1 is not the paper's task: networks of width 16 on 60 inputs
through a bottleneck of 2, softplus, followed to critical points. The full one has the paper's size, where some thousand
epochs stay far from critical (`cons`), so that its raw Hamiltonian means little and its stable energies must do.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plots.leaky_numbers import SCHEMES, paired_gains
from .leaky_branch import run_branch
from .leaky_runs import LeakyRun, LeakySetting, run_leaky

if TYPE_CHECKING:
    from nets import LeakyHistory

Progress = Callable[[LeakyRun, int, int], None] | None

SMALL = LeakySetting(
    dims=(6, 2, 6), hidden=30, rows=60, test_rows=200, width=16, layers=20, softplus=20.0, epochs=300, lr=1e-2,
    polish="lbfgs", polish_epochs=800,
)  # fmt: skip
SMALL_DECAY = 0.02  # lam/Lt: at 0.05 a feature is dropped between Lt = 5.5 and 6
SMALL_LT = tuple(np.arange(1, 7.01, 0.5).tolist())
PAPER = LeakySetting(dims=(30, 3, 30), rows=1000, width=100, layers=20, epochs=5000, polish="sgd", polish_epochs=1000)
PAPER_DECAY = 0.001
PAPER_LT = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
STEPS = LeakySetting()  # 30 -> 6 -> 3 -> 30, width 40, 300 inputs, Lt = 3, lam = 0.009
LAYERS, SEEDS = (4, 6, 9, 12, 18), 4  # of figure 2
PAIRED_LAYERS, PAIRED_SEEDS = (6, 12), 12  # of figure 3: fewer depths, the interval of a small difference
QUICK_LAYERS, QUICK_SEEDS, QUICK_EPOCHS = (6, 12), 2, 300


def make_figure(
    number: int, out: Path | str, *, quick: bool = False, jobs: int = 1, fresh: bool = False, progress: Progress = None
) -> Path:
    """Train what figure 1, 2 or 3 needs, draw it, and return the PNG file; finished runs in `out/runs` are used again.

    Raises
    ------
    ValueError
        If there is no such figure.
    """
    figures = {1: _figure_1, 2: _figure_2, 3: _figure_3}
    if number not in figures:
        raise ValueError(f"figure must be 1, 2 or 3, but is {number}.")
    import matplotlib as mpl

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"backend": "agg", "font.size": 9}):
        figure = figures[number](out, quick, jobs, fresh, progress)
        path = out / f"leaky_figure_{number}{'_quick' if quick else ''}.png"
        figure.savefig(path, dpi=150)
    return path


def _figure_1(out: Path, quick: bool, jobs: int, fresh: bool, progress: Progress) -> Any:
    import matplotlib.pyplot as plt

    from ..plots.leaky import animate_spectra, plot_energies, plot_ranks, plot_spectra

    if quick:
        histories = run_branch(SMALL, SMALL_LT, SMALL_DECAY, out=out, fresh=fresh, progress=progress)
        rank = min(SMALL.dims)
    else:
        settings = [replace(PAPER, Lt=Lt, lam=PAPER_DECAY * Lt) for Lt in PAPER_LT]
        runs = run_leaky(settings, 1, jobs=jobs, out=out, fresh=fresh, progress=progress)
        histories, rank = [runs[s][0] for s in settings], min(PAPER.dims)
    fig, axes = plt.subplots(1, 4, figsize=(14, 3.3), layout="constrained")
    plot_ranks(histories, rank, axes[0])
    last = histories[-1].records
    plot_spectra(last["p"], last["spectra_A"], axes[1])
    plot_spectra((last["p"][1:] + last["p"][:-1]) / 2, last["spectra_W"], axes[2])
    for ax, name in ((axes[1], "A_p"), (axes[2], "W_p")):
        ax.set_ylabel(rf"singular values of ${name}$, $\tilde L$ = {histories[-1].settings['Lt']:g}")
    plot_energies([h for h in histories if h.settings["Lt"] % 2 == 1], axes[3])
    animate_spectra(histories, out / f"leaky_spectra{'_quick' if quick else ''}.gif")
    for h in histories:
        H = -2 * h.records["H"] / h.settings["Lt"]
        print(
            f"Lt = {h.settings['Lt']:g}: mse {h.mse[-1]:.3f}, penalty {h.penalty[-1]:.3f}, largest cons "
            f"{h.records['cons'].max():.1e}, -2H/Lt {np.median(H):.3f} ({H.min():.3f} to {H.max():.3f}), least stable "
            f"COI {h.records['stable_coi'].min():.2f}{', collapsed' if h.collapsed else ''}"
        )
    return fig


def _figure_2(out: Path, quick: bool, jobs: int, fresh: bool, progress: Progress) -> Any:
    import matplotlib.pyplot as plt

    from ..plots.leaky import plot_path_plane, plot_spectra, plot_test_error

    base, layers, seeds = _steps(quick, LAYERS, SEEDS)
    histories = _runs_by_steps(base, layers, seeds, out, jobs, fresh, progress)
    deepest = max(layers)
    kept = [replace(base, layers=deepest, rho=rho, keep_path=True) for rho in SCHEMES]
    runs = run_leaky(kept, 1, jobs=jobs, out=out, fresh=fresh, progress=progress)
    shown = {s.rho: histories[0].records for s, histories in runs.items()}
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.3), layout="constrained")
    plot_test_error(histories, axes[0])
    p = shown["adaptive"]["p"]
    plot_spectra(p[1:], shown["adaptive"]["spectra_W"], axes[1], steps=True)
    axes[1].set_ylabel(f"singular values of $W_p$, adaptive, L = {deepest}")
    plot_path_plane({name: shown[name]["A"] for name in SCHEMES}, axes[2])
    return fig


def _figure_3(out: Path, quick: bool, jobs: int, fresh: bool, progress: Progress) -> Any:
    import matplotlib.pyplot as plt

    from ..plots.leaky import plot_gains

    histories = _runs_by_steps(*_steps(quick, PAIRED_LAYERS, PAIRED_SEEDS), out, jobs, fresh, progress)
    fig, ax = plt.subplots(figsize=(5.4, 3.4), layout="constrained")
    plot_gains(histories, ax)
    for name, L, gain in paired_gains(histories):
        seeds = ", ".join(f"{g:+.1f}" for g in gain.percent)
        print(
            f"L = {L}, {name}: test error {gain.mean:+.2f} +- {gain.half_width:.2f} % (95 %) of equidistant "
            f"({seeds}); training objective {gain.objective_percent:+.1f} %"
        )
    return fig


def _steps(quick: bool, layers: Sequence[int], seeds: int) -> tuple[LeakySetting, Sequence[int], int]:
    return (replace(STEPS, epochs=QUICK_EPOCHS), QUICK_LAYERS, QUICK_SEEDS) if quick else (STEPS, layers, seeds)


def _runs_by_steps(
    base: LeakySetting, layers: Sequence[int], seeds: int, out: Path, jobs: int, fresh: bool, progress: Progress
) -> list["LeakyHistory"]:
    """Every scheme with every number of layers."""
    settings = [replace(base, layers=L, rho=rho) for L in layers for rho in SCHEMES]
    runs = run_leaky(settings, seeds, jobs=jobs, out=out, fresh=fresh, progress=progress)
    return [h for some in runs.values() for h in some]


if __name__ == "__main__":
    import typer

    from nets.cli import leaky_figures

    typer.run(leaky_figures)
