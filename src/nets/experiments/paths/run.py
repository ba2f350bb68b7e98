"""`path_dependence`: run the study, judge the hypotheses, write the page."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mechanics.checks import whole_numbers
from mechanics.files import write_text

from ...data import Digits
from ..workers import run_in_processes
from .effects import Sample
from .hypotheses import HYPOTHESES
from .judge import judge_all, judge_lengths
from .result import PathDependence
from .scalings import scaling_rows
from .second_hypotheses import SECOND_HYPOTHESES
from .settings import BASELINE, Plan, full
from .settings import quick as quick_plan
from .tasks import Job, Task

Progress = Callable[[str, int, int], None]


def path_dependence(
    data: Digits | None = None,
    *,
    quick: bool = False,
    copies: int | None = None,
    baselines: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    workers: int = 0,
    progress: Progress | None = None,
    resume: bool = True,
    plan: Plan | None = None,
) -> PathDependence:
    """How path dependent is training? Copies of networks in lockstep along nine axes, laws, exponents, hypotheses.

    Parameters
    ----------
    data : Digits, optional
        Images and labels; the packaged 10x10 MNIST by default.
    quick : bool
        Fewer settings, copies and steps: a look, not a measurement.
    copies : int, optional
        Of each baseline; 20 by default, 6 if quick. Intervals need 3.
    baselines : int, optional
        Trainings of every setting, each with its own initial weights, batches and perturbations, functions of (seed,
        number of the baseline); 4 by default, 1 if quick.
    seed : int
        0 or more, below 1e9; decides initial weights, batches, perturbations and bootstraps.
    out : path, optional
        Folder of report.html, its pictures, summary.json and the finished runs, which a later call takes from there;
        out/path-dependence by default, with "-quick" for quick ones.
    workers : int
        Processes; 0 works in this one. Changes no number.
    progress : function (task, step, steps), optional
        Told how far each task is.
    resume : bool
        Whether finished runs in `out` are used; else they are made again.
    plan : Plan, optional
        Other settings than those of `quick`; see `nets.experiments.paths.settings`.

    Returns
    -------
    PathDependence
        After Ctrl-C with `interrupted`, and with what was finished, which the next call does not do again.

    Raises
    ------
    ValueError
        If a number is out of range.
    RuntimeError
        If a task fails; the message names it.

    Notes
    -----
    With one baseline intervals are those of perturbations of this training. With several, effects are means over
    baselines, and intervals are Student's with one degree of freedom less than there are baselines; see
    `nets.experiments.paths.spread`. Spreads between baselines and between the copies of one are given apart. More
    baselines, or copies of them, may be asked for later: finished runs are kept, and only runs of other copies are made
    again.

    References
    ----------
    Hoogland, "Scaling laws of path dependence" (2022).
    """
    whole_numbers(seed=(seed, 0), workers=(workers, 0))
    if seed >= 10**9:
        raise ValueError(f"seed must be below 1e9, but is {seed}.")
    if copies is not None:
        whole_numbers(copies=(copies, 1))
    chosen = plan if plan is not None else quick_plan() if quick else full()
    chosen = chosen if copies is None else replace(chosen, copies=copies, pairs=min(chosen.pairs, copies))
    if baselines is not None:
        whole_numbers(baselines=(baselines, 1))
        chosen = replace(chosen, baselines=baselines)
    folder = Path(f"out/path-dependence{'-quick' if quick else ''}" if out is None else out)
    begun = time.perf_counter()
    job = Job(chosen, seed, folder / "runs", data)
    done: dict[Task, Any] = {}
    interrupted = _work(job, done, workers, progress, resume)
    found = _judged(job, done, quick, interrupted, time.perf_counter() - begun)
    write_text(folder / "summary.json", json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
    if found.runs:
        from ...path_report import write_report

        write_report(found, folder)
    return found


def tasks_of(plan: Plan) -> tuple[list[Task], list[Task]]:
    """Trainings of one baseline after the other, longest first, and then what is made of them."""
    by_name, baselines = {s.name: s for s in plan.settings}, range(plan.baselines)
    costly = sorted(plan.settings, key=lambda s: -s.steps * s.width * (s.batch_size + 32))
    first = [Task("copies", s, b) for b in baselines for s in costly]
    first += [Task("spectrum", by_name[n], b) for b in baselines for n in plan.spectra]
    then = [Task("laws", s) for s in plan.settings]
    return first, then + [Task("barriers", by_name[n], b) for b in baselines for n in plan.barriers]


def _work(job: Job, done: dict[Task, Any], workers: int, progress: Progress | None, resume: bool) -> bool:
    """Do all tasks that are not done; whether Ctrl-C came."""
    waves = tasks_of(job.plan)
    if not resume:
        for task in (*waves[0], *waves[1]):
            job.path(task).unlink(missing_ok=True)

    def told(task: Task, step: int, steps: int) -> None:
        if progress is not None:
            progress(task.name, step, steps)

    try:
        for wave in waves:
            for task in wave:
                kept = job.read(task)
                if kept is not None:
                    done[task] = kept
                    told(task, 1, 1)
            run_in_processes(job, [task for task in wave if task not in done], done, jobs=workers, progress=told)
    except KeyboardInterrupt:
        return True
    return False


def _judged(job: Job, done: dict[Task, Any], quick: bool, interrupted: bool, seconds: float) -> PathDependence:
    plan, baselines = job.plan, range(job.plan.baselines)
    runs = [
        {s.name: done[task] for s in plan.settings for task in [Task("copies", s, b)] if task in done}
        for b in baselines
    ]
    tables = {
        kind: [done[task] for b in baselines for s in plan.settings for task in [Task(kind, s, b)] if task in done]
        for kind in ("spectrum", "laws", "barriers")
    }
    scales = [{BASELINE: job.logit_scale(b, of[BASELINE])} if BASELINE in of else {} for b, of in enumerate(runs)]
    samples = [Sample(plan.settings, of, scales=scales[b]) for b, of in enumerate(runs) if of or b == 0]
    tests = (*HYPOTHESES, *SECOND_HYPOTHESES)
    how = {"copies": plan.copies, "resamples": plan.resamples, "seed": job.seed}
    verdicts = judge_all(tests, samples, **how)
    return PathDependence(
        plan=plan, seed=job.seed, quick=quick, runs=runs[0],
        laws=tuple(row for rows in tables["laws"] for row in rows),
        scalings=scaling_rows(samples, resamples=plan.resamples, seed=job.seed) if runs[0] else (),
        spectra=tuple(tables["spectrum"]), barriers=tuple(tables["barriers"]),
        hypotheses=verdicts[: len(HYPOTHESES)], second=verdicts[len(HYPOTHESES) :],
        lengths=judge_lengths(tests, samples, verdicts, **how),
        others=tuple(runs[1:]), interrupted=interrupted, seconds=seconds,
    )  # fmt: skip
