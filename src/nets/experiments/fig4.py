"""Figure 4 of the spring-block paper: one network, three ways to train it, three shapes of load curve.

Depth 8, width 100, ReLU, batch normalisation, 10x10 MNIST, Adam. Little noise and a small step give a concave curve
(deep layers work most), more of both a straight one, still more a convex one.

Shi, Pan, Dokmanic, "A spring-block theory of feature learning in deep neural networks", PRL 2025, arXiv:2407.19353.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .run_files import label_run, load_run, settings_hash
from .workers import Interrupted, run_in_processes

if TYPE_CHECKING:
    from nets import History


@dataclass(frozen=True)
class Setting:
    """One way to train the network: what is varied in Fig. 4, and the paper's name for it."""

    name: str
    label: str
    panel: str
    lr: float
    batch_size: int
    dropout: float
    slope: float = 0.0


SETTINGS = {
    s.name: s
    for s in (
        Setting("lazy", "lazy", "b", lr=1e-4, batch_size=200, dropout=0.0),
        Setting("linear", "linear", "c", lr=1e-3, batch_size=100, dropout=0.1),
        Setting("noisy", "noisy", "d", lr=3e-3, batch_size=50, dropout=0.2),
    )
}
EPOCHS = dict.fromkeys(SETTINGS, 100)  # the paper's
# A look: about 620 optimiser steps for every setting. With as many epochs for all, the small steps of "lazy" would have
# hardly begun when the others are done.
QUICK_EPOCHS = {"lazy": 48, "linear": 24, "noisy": 12}
# Running statistics remember their initial values until the tenth epoch or so at the smallest learning rate's 13 steps
# an epoch (pixels of small variance longest), so the way is measured by the statistics of all digits, and only the
# end in evaluation mode.
MEASURE_MODE: Literal["batch"] = "batch"


@dataclass(frozen=True)
class Run:
    """One training run; everything its result depends on, and where it is kept (nowhere if `folder` is None)."""

    setting: Setting
    seed: int
    epochs: int
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name of the setting and the seed, also of the file."""
        return f"{self.setting.name}-seed{self.seed}"

    @property
    def file(self) -> Path | None:
        """Where the finished run is kept."""
        return None if self.folder is None else self.folder / f"{self.name}.npz"

    @property
    def hash(self) -> str:
        """Identity of the result: settings, seed, epochs and versions."""
        return settings_hash(self.setting, seed=self.seed, epochs=self.epochs, measure_mode=MEASURE_MODE)


def run_fig4(
    seeds: int | Sequence[int] = 4,
    epochs: int | Mapping[str, int] | None = None,
    jobs: int = 1,
    out: Path | str | None = None,
    progress: Callable[[Run, int, int], None] | None = None,
    *,
    fresh: bool = False,
) -> dict[str, list["History"]]:
    """Train and measure the three networks of Fig. 4, several seeds each.

    Parameters
    ----------
    seeds : int or sequence of int
        Seeds of the runs, the same for every setting; a number n means 0 .. n-1.
    epochs : int or mapping of str to int, optional
        Epochs of each run, for all settings or by name; the paper's 100 unless given.
    jobs : int
        Worker processes, each with one torch thread; 0 trains in this process. The result does not depend on it.
    out : path, optional
        Finished runs are kept in `out/runs` and taken from there when their settings match.
    progress : callable, optional
        Called as progress(run, epoch, epochs); once with epoch = epochs for a run that was taken from disk.
    fresh : bool
        Train again even where a finished run is kept.

    Returns
    -------
    dict of str to list of History
        By setting, in the order of the seeds. Loads and accuracies over epochs are measured in mode "batch"; the
        records `final_load_curve` (8,) and `final_test_accuracy` () in evaluation mode, once, after the last epoch.

    Raises
    ------
    ValueError
        If there is no seed, a seed comes twice, or `epochs` or `jobs` is out of range.
    RuntimeError
        If a run fails or its loss stops being finite; the message names the run.
    Interrupted
        On Ctrl-C; its `results` hold what was finished, in the same form.
    """
    seeds = list(range(seeds)) if isinstance(seeds, int) else [int(s) for s in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must name at least one seed and each only once, but is {seeds}.")
    by_name = EPOCHS if epochs is None else dict.fromkeys(SETTINGS, epochs) if isinstance(epochs, int) else dict(epochs)
    if set(by_name) != set(SETTINGS) or min(by_name.values()) < 1:
        raise ValueError(
            f"epochs must be at least 1 for each of {', '.join(SETTINGS)}, but is {epochs}; "
            "a load curve needs a trained network."
        )
    if jobs < 0:
        raise ValueError(f"jobs must not be negative, but is {jobs}; use 0 to train in this process.")
    folder = None if out is None else Path(out) / "runs"
    # By seed first, so that an interrupted job has runs of every setting; the longest run of a seed first.
    slowest_first = sorted(SETTINGS.values(), key=lambda s: s.batch_size)
    runs = [Run(setting, seed, by_name[setting.name], folder) for seed in seeds for setting in slowest_first]
    done: dict[Run, History] = {}
    for run in runs if not fresh else []:
        kept = None if run.file is None else load_run(run.file, run.hash)
        if kept is not None:
            done[run] = kept
            if progress is not None:
                progress(run, run.epochs, run.epochs)
    todo = [run for run in runs if run not in done]
    try:
        run_in_processes(train_run, todo, done, jobs=jobs, progress=progress)
    except KeyboardInterrupt:
        raise Interrupted(_by_setting(done, seeds)) from None
    return _by_setting(done, seeds)


def train_run(run: Run, tick: Callable[[int, int], None]) -> "History":
    """Train, measure and keep one run; `tick(epoch, epochs)` is called after each epoch."""
    from nets import MLP, load_mnist10, train
    from nets.measure import measure_layers

    data, setting = load_mnist10(), run.setting
    model = MLP(slope=setting.slope, dropout=setting.dropout, seed=run.seed)
    history = train(
        model,
        data,
        epochs=run.epochs,
        lr=setting.lr,
        batch_size=setting.batch_size,
        seed=run.seed,
        progress=tick,
        measure_mode=MEASURE_MODE,
        test_every=10,
    )
    if not history.finished:
        raise KeyboardInterrupt if history.interrupted else RuntimeError(history.status)
    final = measure_layers(model, data.x_train, data.y_train, mode="eval")
    tested = measure_layers(model, data.x_test, data.y_test, mode="eval")
    history = label_run(history, run.hash, final_load_curve=final.D, final_test_accuracy=tested.accuracy)
    if run.file is not None:
        history.save(run.file)  # whole or not at all
    return history


def _by_setting(done: dict[Run, "History"], seeds: list[int]) -> dict[str, list["History"]]:
    order = sorted(done, key=lambda run: seeds.index(run.seed))
    return {name: [done[run] for run in order if run.setting.name == name] for name in SETTINGS}
