"""The main job: train the networks of Fig. 4, fit a chain to each, write the report.

`mechanet demo` is this function with a progress display.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fig4 import EPOCHS, QUICK_EPOCHS, Run, run_fig4
from .summary import fit_all, summarise, write_summary
from .workers import Interrupted

SEEDS = 3  # per setting: standard errors, and under three minutes on two cores
QUICK_SEEDS = 2
SEEDS_APART = 1000  # seeds of jobs with different --seed do not overlap


@dataclass(frozen=True)
class Outcome:
    """Where the report is, what it says, and whether the job was cut short (then `report` may be None)."""

    report: Path | None
    summary: dict[str, Any] | None
    interrupted: bool


def plan(quick: bool, seeds_per_setting: int | None) -> tuple[int, Mapping[str, int]]:
    """Runs of each setting, and epochs of a run by setting."""
    if seeds_per_setting is None:
        seeds_per_setting = QUICK_SEEDS if quick else SEEDS
    if not 1 <= seeds_per_setting <= SEEDS_APART:
        raise ValueError(f"seeds_per_setting must be in 1..{SEEDS_APART}, but is {seeds_per_setting}.")
    return seeds_per_setting, QUICK_EPOCHS if quick else EPOCHS


def run_demo(
    out: Path | str,
    *,
    seed: int = 0,
    quick: bool = False,
    seeds_per_setting: int | None = None,
    jobs: int = 1,
    fresh: bool = False,
    progress: Callable[[Run, int, int], None] | None = None,
    command: str | None = None,
) -> Outcome:
    """Run the whole job and write `report.html`, `summary.json` and PNG files into `out`.

    Parameters
    ----------
    out : path
        Folder; finished runs are kept in its subfolder `runs` and used again.
    seed : int
        0 or more; decides every number of the job.
    quick : bool
        Fewer seeds and epochs, no other kinds of pull; the report says so.
    seeds_per_setting : int, optional
        1 to 1000; 3 if not given, 2 for a quick run.
    jobs, fresh, progress
        As in `run_fig4`.
    command : str, optional
        Shown in the report as the way to do it again.

    Returns
    -------
    Outcome
        After Ctrl-C the report is of the finished runs, if every setting has one.

    Raises
    ------
    ValueError
        If `seed` or `seeds_per_setting` is out of range.
    """
    if seed < 0:
        raise ValueError(f"seed must not be negative, but is {seed}; use 0, 1, 2, ...")
    seeds, epochs = plan(quick, seeds_per_setting)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    first = SEEDS_APART * seed
    interrupted = False
    try:
        histories = run_fig4(range(first, first + seeds), epochs, jobs, out, progress, fresh=fresh)
    except Interrupted as stop:
        histories, interrupted = stop.results, True
    if not all(histories.values()):
        return Outcome(None, None, interrupted)
    fits = fit_all(histories, other_pulls=not quick)
    summary = summarise(histories, fits, seed=seed, quick=quick, seconds=time.perf_counter() - start)
    from nets.report import write_report

    write_summary(summary, out / "summary.json")
    report = write_report(summary, histories, fits, out, command=command, partial=interrupted)
    return Outcome(report, summary, interrupted)
