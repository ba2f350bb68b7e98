"""Work of a study, one file a task: copies in lockstep, then exponents, laws and barriers of the same trainings.

Files are whole or absent and carry the hash of what made them, so that a second call takes what is there.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mechanics.files import array_hash, write_text

from ...data import Digits, load_mnist10
from ...perturb.lockstep import Divergence
from ...training.seeds import derived_seed
from ..run_files import KEY, settings_hash
from .records import BarrierRow, Law, Spectrum
from .settings import Plan, Setting, model_of, optimiser_of

if TYPE_CHECKING:
    from ...models import MLP

Tick = Callable[[int, int], None]
CURVES = ("distance_2", "test/logit_rms")  # whose laws are fitted
PROBE = 100  # test images at which function-space exponents are taken
LINE = 1000  # test images on the line of a barrier


@dataclass(frozen=True)
class Task:
    """One piece of work: `kind` is "copies", "spectrum", "laws" or "barriers"; of which baseline, counted from 0."""

    kind: str
    setting: Setting
    baseline: int = 0

    @property
    def name(self) -> str:
        """For progress and messages."""
        which = f" of baseline {self.baseline}" if self.baseline else ""
        return f"{self.setting.name}: {self.kind}{which}"


@dataclass(frozen=True, eq=False)
class Job:
    """What all tasks share; data of None is the packaged MNIST."""

    plan: Plan
    seed: int
    folder: Path
    data: Digits | None

    def __call__(self, task: Task, tick: Tick) -> Any:
        """Do a task, or read its file."""
        done = self.read(task)
        if done is not None:
            tick(1, 1)
            return done
        return _WORK[task.kind](self, task, tick)

    def digits(self) -> Digits:
        """The data."""
        return load_mnist10() if self.data is None else self.data

    def path(self, task: Task) -> Path:
        """File of a task."""
        folder = self.folder / f"baseline-{task.baseline}" if task.baseline else self.folder
        return folder / f"{task.setting.name}.{'npz' if task.kind == 'copies' else f'{task.kind}.json'}"

    def seed_of(self, task: Task) -> int:
        """Seed of the task's baseline."""
        return baseline_seed(self.seed, task.baseline)

    def model(self, task: Task) -> "MLP":
        """The task's network at its start."""
        digits = self.digits()
        return model_of(task.setting, digits.features, digits.classes, self.seed_of(task))

    def logit_scale(self, baseline: int, run: Divergence) -> tuple[float, float]:
        """Root mean square of the baseline's centred logits on test images, at the start and at the end."""
        import torch

        model = self.model(Task("copies", self.plan.settings[0], baseline))
        x = torch.from_numpy(self.digits().x_test[: self.plan.examples])
        with torch.no_grad():
            logits = [net.eval()(x).double().numpy() for net in (model, run.network(0, model))]
        start, end = (float(np.sqrt(np.square(f - f.mean(1, keepdims=True)).mean())) for f in logits)
        return start, end

    def hash(self, task: Task) -> str:
        """Of all that decides a task's numbers."""
        p = self.plan
        more: dict[str, Any] = {"copies": p.copies, "times": p.times, "examples": p.examples}
        if task.kind == "spectrum":
            more = {"k": p.exponents, "spectrum_steps": p.spectrum_steps}
        elif task.kind == "laws":
            more |= {"resamples": p.law_resamples, "laws": p.laws}
        elif task.kind == "barriers":
            more |= {"pairs": p.pairs, "points": p.points}
        return settings_hash(task.setting, kind=task.kind, seed=self.seed_of(task), data=_data_hash(self.data), **more)

    def read(self, task: Task) -> Any:
        """What a finished task left, or None."""
        path, wanted = self.path(task), self.hash(task)
        if not path.exists():
            return None
        try:
            if task.kind == "copies":
                found = Divergence.load(path)
                return found if found.settings.get(KEY) == wanted else None
            about = json.loads(path.read_text())
            return _RECORDS[task.kind](about["found"]) if about[KEY] == wanted else None
        except Exception:  # a damaged file, whatever it raises, costs one task
            return None

    def write(self, task: Task, found: Any) -> Any:
        """Keep what a task found."""
        text = json.dumps({KEY: self.hash(task), "found": found})
        write_text(self.path(task), text + "\n")
        return _RECORDS[task.kind](json.loads(text)["found"])  # what a second call would read


def baseline_seed(seed: int, baseline: int) -> int:
    """Seed of a baseline's initial weights, batches and perturbations; that of the first is the study's own."""
    return derived_seed(seed, f"baseline {baseline}") if baseline else seed


def _copies(job: Job, task: Task, tick: Tick) -> Divergence:
    from ...perturb import divergence

    s, digits = task.setting, job.digits()
    found = divergence(
        job.model(task), digits, eps=s.eps, relative=True, copies=job.plan.copies, steps=s.steps,
        optimiser=optimiser_of(s), lr=s.lr, batch_size=s.batch_size, weight_decay=s.weight_decay,
        seed=job.seed_of(task), times=times_of(s.steps, job.plan.times), examples=job.plan.examples, threads=1,
        progress=tick,
    )  # fmt: skip
    if found.interrupted:
        raise KeyboardInterrupt
    found = replace(found, settings={**found.settings, KEY: job.hash(task)}, model=None)
    found.save(job.path(task))
    return found


def times_of(steps: int, count: int) -> list[int]:
    """Recorded steps: half evenly spaced, half logarithmically, both ends."""
    spaced = np.linspace(0, steps, count // 2 + 1), np.geomspace(1, steps, count - count // 2)
    return np.unique(np.concatenate(spaced).round().astype(int)).tolist()


def _spectrum(job: Job, task: Task, tick: Tick) -> Spectrum:
    from ...lyapunov import training_spectrum

    s, digits, plan = task.setting, job.digits(), job.plan
    found = training_spectrum(
        job.model(task), digits, optimiser=optimiser_of(s), lr=s.lr,
        steps=plan.spectrum_steps, k=plan.exponents, batch_size=s.batch_size, seed=job.seed_of(task),
        weight_decay=s.weight_decay, measure_at=(0, plan.spectrum_steps), probe=digits.x_test[:PROBE],
    )  # fmt: skip
    if found.interrupted:
        raise KeyboardInterrupt
    tick(1, 1)
    kept: Any = np.unique(np.linspace(0, len(found.times) - 1, 60).astype(int)) if len(found.times) else []
    at_end = found.measured.function[-1] if len(found.measured.function) > 1 else []
    return job.write(task, {
        "setting": s.name, "exponents": found.exponents.tolist(), "stderr": found.stderr.tolist(),
        "times": [float(found.times[i]) for i in kept], "history": [found.history[i].tolist() for i in kept],
        "function": list(map(float, at_end)),
        "edge": float(found.measured.edge[-1]) if len(found.measured.edge) else np.nan, "verdict": found.verdict,
        "baseline": task.baseline,
    })  # fmt: skip


def _laws(job: Job, task: Task, tick: Tick) -> list[Law]:
    run, rows = job.read(replace(task, kind="copies")), []
    for k, curve in enumerate(CURVES):
        try:
            fit = run.fit(curve, laws=job.plan.laws, resamples=job.plan.law_resamples, seed=job.seed_of(task))
            rows.append(
                Law(task.setting.name, curve, fit.law, fit.parameters, fit.intervals, fit.scores[0].weight,
                    fit.scores[0].rms, fit.verdict)
            )  # fmt: skip
        except ValueError as why:
            rows.append(Law(task.setting.name, curve, "none", {}, {}, np.nan, np.nan, str(why)))
        tick(k + 1, len(CURVES))
    return job.write(task, [row._asdict() for row in rows])


def _barriers(job: Job, task: Task, tick: Tick) -> BarrierRow:
    import torch
    from torch.nn.functional import cross_entropy

    from ...perturb import barrier

    run, digits, model = job.read(replace(task, kind="copies")), job.digits(), job.model(task)
    x, y = torch.from_numpy(digits.x_test[:LINE]), torch.from_numpy(digits.y_test[:LINE])
    chosen = [i for i in range(run.copies) if run.finished[i]][: job.plan.pairs]
    lines = []
    for k, i in enumerate(chosen):
        lines.append(
            barrier(run.network(0, model), run.network(1 + i, model), x, y, cross_entropy, points=job.plan.points)
        )
        tick(k + 1, len(chosen))
    return job.write(task, {
        "setting": task.setting.name, "raw": [b.alignment.raw for b in lines],
        "aligned": [b.alignment.aligned for b in lines], "before": [b.before.barrier for b in lines],
        "after": [b.after.barrier for b in lines], "baseline": task.baseline,
    })  # fmt: skip


def _data_hash(data: Digits | None) -> str:
    if data is None:
        return "MNIST 10x10"
    return array_hash(data.x_train, data.y_train, data.x_test, data.y_test)


def _law_rows(found: Any) -> list[Law]:
    return [Law(**{**row, "intervals": {k: tuple(v) for k, v in row["intervals"].items()}}) for row in found]


def _spectrum_of(found: Any) -> Spectrum:
    tuples = {k: tuple(map(tuple, v)) if k == "history" else tuple(v) for k, v in found.items() if isinstance(v, list)}
    return Spectrum(**{**found, **tuples})


def _barrier_of(found: Any) -> BarrierRow:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}
    return BarrierRow(**values)


_WORK: dict[str, Callable[[Job, Task, Tick], Any]] = {
    "copies": _copies, "spectrum": _spectrum, "laws": _laws, "barriers": _barriers,
}  # fmt: skip
_RECORDS: dict[str, Callable[[Any], Any]] = {"spectrum": _spectrum_of, "laws": _law_rows, "barriers": _barrier_of}
