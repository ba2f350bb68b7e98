"""One network over a range of effective depths Lt: each critical point is the start of the next.

    W(Lt') starts as Lt'/Lt W(Lt)

From a random start at Lt = 5 the training can fall to the zero map (its objective three times that of the branch); the
branch from Lt = 1 keeps the features. Where a feature is dropped on the way, the penalty was worth more than it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .leaky_runs import LeakyRun, LeakySetting, kept_run, measured_at_the_end, network_and_data
from .run_files import label_run, settings_hash

if TYPE_CHECKING:
    from nets import LeakyHistory


def run_branch(
    setting: LeakySetting,
    Lts: Sequence[float],
    weight_decay: float,
    *,
    seed: int = 0,
    out: Path | str | None = None,
    fresh: bool = False,
    progress: Callable[[LeakyRun, int, int], None] | None = None,
) -> list["LeakyHistory"]:
    """Follow a network through effective depths; lam = weight_decay Lt at each.

    Parameters
    ----------
    setting : LeakySetting
        Its epochs train the first network, its polish each; Lt and lam are replaced.
    Lts : sequence of float
        In the order of the branch.
    weight_decay : float
        lam/Lt, the same for all.
    seed, out, fresh, progress
        As in `run_leaky`, for one seed.

    Returns
    -------
    list of LeakyHistory
        One an Lt, as from `run_leaky`.
    """
    from nets import train_leaky
    from nets.geodesic import hamiltonian_profile

    folder = None if out is None else Path(out) / "runs"
    histories: list[LeakyHistory] = []
    W: np.ndarray | None = None
    for i, Lt in enumerate(Lts):
        run = LeakyRun(replace(setting, Lt=Lt, lam=weight_decay * Lt), seed, folder)
        run_hash = settings_hash(run.setting, seed=seed, branch=list(Lts[: i + 1]))
        file = None if folder is None else folder / f"{run.name}-branch-{run_hash[:6]}.npz"
        history = None if fresh else kept_run(file, run_hash)
        if history is None:
            model, data = network_and_data(run)
            if W is not None:
                model.put_weights(Lt / Lts[i - 1] * W)
            history = train_leaky(
                model, data, lam=run.setting.lam, epochs=setting.epochs if W is None else 0, lr=setting.lr,
                polish=setting.polish, polish_epochs=setting.polish_epochs, measure_every=50,  # type: ignore[arg-type]
            )  # fmt: skip
            if not history.finished:
                raise KeyboardInterrupt if history.interrupted else RuntimeError(history.status)
            profile = hamiltonian_profile(model, data.x_train, data.y_train, run.setting.lam)
            history = label_run(history, run_hash, W=profile.W, **measured_at_the_end(profile, setting.keep_path))
            if file is not None:
                history.save(file)
        W = history.records["W"]
        histories.append(history)
        if progress is not None:
            progress(run, 1, 1)
    return histories
