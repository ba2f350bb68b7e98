"""Runs of the figures of the Leaky ResNet paper: a teacher, a network, a training, and what is measured at its end.

Jacot and Kaiser, arXiv:2405.17573, Appendix B. A run is a pure function of its settings and its seed, which draws the
teacher, the data and the weights alike, so that runs that differ in their steps alone share all three.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .run_files import KEY, label_run, settings_hash
from .workers import Interrupted, run_in_processes

if TYPE_CHECKING:
    from nets import LeakyHistory, LeakyResNet
    from nets.data import Regression
    from nets.geodesic import HamiltonianProfile

SINGULAR_VALUES = 30  # kept of each representation and each weight matrix


@dataclass(frozen=True)
class LeakySetting:
    """Everything that decides a run but its seed."""

    dims: tuple[int, ...] = (30, 6, 3, 30)
    hidden: int = 60
    rows: int = 300
    test_rows: int = 1000
    width: int = 40
    layers: int = 12
    Lt: float = 3.0
    lam: float = 0.009
    rho: str = "equidistant"
    softplus: float | None = None
    """beta of a softplus in place of the relu, which lets a polish reach a critical point."""
    epochs: int = 800
    lr: float = 3e-3
    polish: str | None = None
    polish_epochs: int = 0
    keep_path: bool = False

    @property
    def name(self) -> str:
        """Part of the file's name."""
        dims = "-".join(map(str, self.dims))
        return f"leaky-{dims}-w{self.width}-L{self.layers}-Lt{self.Lt:g}-lam{self.lam:g}-{self.rho}"


@dataclass(frozen=True)
class LeakyRun:
    """A setting, a seed, and where the finished run is kept (nowhere if `folder` is None)."""

    setting: LeakySetting
    seed: int
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name of the setting and the seed."""
        return f"{self.setting.name}-seed{self.seed}"

    @property
    def hash(self) -> str:
        """Identity of the result: settings, seed and versions."""
        return settings_hash(self.setting, seed=self.seed, kind="leaky")

    @property
    def file(self) -> Path | None:
        """Where the finished run is kept; the name ends in a part of the hash."""
        return None if self.folder is None else self.folder / f"{self.name}-{self.hash[:6]}.npz"


def run_leaky(
    settings: Sequence[LeakySetting],
    seeds: int | Sequence[int] = 1,
    *,
    jobs: int = 1,
    out: Path | str | None = None,
    fresh: bool = False,
    progress: Callable[[LeakyRun, int, int], None] | None = None,
) -> dict[LeakySetting, list["LeakyHistory"]]:
    """Train and measure each setting with each seed.

    Parameters
    ----------
    settings : sequence of LeakySetting
    seeds : int or sequence of int
        A number n means 0 .. n-1.
    jobs : int
        Worker processes, each with one torch thread; 0 trains in this process. The result does not depend on it.
    out : path, optional
        Finished runs are kept in `out/runs` and taken from there.
    fresh : bool
        Train again even where a finished run is kept.
    progress : callable, optional
        Called as progress(run, epoch, epochs).

    Returns
    -------
    dict of LeakySetting to list of LeakyHistory
        In the order of the seeds, with the numbers of `measured_at_the_end` among their records.

    Raises
    ------
    RuntimeError
        If a run fails or its loss stops being finite.
    Interrupted
        On Ctrl-C; its `results` hold what was finished, in the same form.
    """
    seeds = list(range(seeds)) if isinstance(seeds, int) else [int(s) for s in seeds]
    folder = None if out is None else Path(out) / "runs"
    runs = [LeakyRun(setting, seed, folder) for seed in seeds for setting in settings]
    done: dict[LeakyRun, LeakyHistory] = {}
    for run in runs if not fresh else []:
        kept = kept_run(run.file, run.hash)
        if kept is not None:
            done[run] = kept
    try:
        todo = [run for run in runs if run not in done]
        run_in_processes(train_leaky_run, todo, done, jobs=jobs, progress=progress)
    except KeyboardInterrupt:
        raise Interrupted(_by_setting(settings, runs, done)) from None
    return _by_setting(settings, runs, done)


def train_leaky_run(run: LeakyRun, tick: Callable[[int, int], None]) -> "LeakyHistory":
    """Train, measure and keep one run; `tick(epoch, epochs)` is called after each epoch."""
    from nets import train_leaky
    from nets.geodesic import hamiltonian_profile

    s = run.setting
    model, data = network_and_data(run)
    history = train_leaky(
        model, data, lam=s.lam, epochs=s.epochs, lr=s.lr, polish=s.polish,  # type: ignore[arg-type]
        polish_epochs=s.polish_epochs, seed=run.seed, measure_every=50, progress=tick,
    )  # fmt: skip
    if not history.finished:
        raise KeyboardInterrupt if history.interrupted else RuntimeError(history.status)
    profile = hamiltonian_profile(model, data.x_train, data.y_train, s.lam)
    history = label_run(history, run.hash, **measured_at_the_end(profile, s.keep_path))
    if run.file is not None:
        history.save(run.file)
    return history


def network_and_data(run: LeakyRun) -> tuple["LeakyResNet", "Regression"]:
    """The untrained network of a run, and its data."""
    import torch

    from nets import LeakyResNet
    from nets.data import teacher

    s = run.setting
    data = teacher(s.dims, s.hidden, run.seed).sample(s.rows, s.test_rows, seed=run.seed)
    model = LeakyResNet(
        s.width, s.layers, s.Lt, s.dims[0], s.dims[-1], s.rho,
        activation="relu" if s.softplus is None else ("softplus", s.softplus),
        dtype=torch.float64 if s.polish in ("lbfgs", "newton") else torch.float32, seed=run.seed,
    )  # fmt: skip
    return model, data


def measured_at_the_end(profile: "HamiltonianProfile", keep_path: bool) -> dict[str, Any]:
    """Numbers of a profile that the figures draw, by their names there; the path in single precision if wanted."""
    names = ("p", "H", "stable_H", "stable_coi", "stable_kinetic", "cons", "distances")
    numbers = {name: getattr(profile, name) for name in names}
    numbers |= {name: getattr(profile, name)[:, :SINGULAR_VALUES] for name in ("spectra_A", "spectra_W")}
    numbers["ranks"] = np.array(list(profile.rank.values()))
    return numbers | ({"A": profile.A.astype(np.float32)} if keep_path else {})


def kept_run(file: Path | None, run_hash: str) -> "LeakyHistory | None":
    """The kept run, or None if there is none, it cannot be read, or other settings made it."""
    if file is None or not file.exists():
        return None
    from nets import LeakyHistory

    try:
        history = LeakyHistory.load(file)
    except Exception:  # a damaged file, whatever it raises, costs one training run
        return None
    return history if history.settings.get(KEY) == run_hash else None


def _by_setting(
    settings: Sequence[LeakySetting], runs: Sequence[LeakyRun], done: dict[LeakyRun, "LeakyHistory"]
) -> dict[LeakySetting, list["LeakyHistory"]]:
    return {s: [done[run] for run in runs if run.setting == s and run in done] for s in settings}
