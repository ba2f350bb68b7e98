"""`train_ensemble`: many networks trained and measured in one call."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from mechanics.files import npz_path
from mechanics.threads import default_threads

from ..data import Digits
from ..training.progress import Progress, progress_reporter
from ..training.stopping import Stop
from .checkpoints import identity, read_checkpoint, write_checkpoint
from .checks import check_options, make_plan
from .config import MLPConfig
from .histories import Histories
from .plan import Mode, Plan, State, new_state
from .starting_weights import Initial, digest, with_initial

Backend = Literal["auto", "compiled", "torch", "loop"]


def train_ensemble(
    configs: Sequence[MLPConfig],
    data: Digits,
    *,
    epochs: int,
    width: int = 100,
    depth: int = 8,
    backend: Backend = "auto",
    measure_every: int | Sequence[int] = 1,
    test_every: int | Sequence[int] | None = None,
    mode: Mode = "auto",
    stop: Stop | None = None,
    record: Sequence[str] = (),
    dtype: DTypeLike = np.float32,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
    progress: Progress = False,
    threads: int | None = None,
    device: str | None = None,
    initial: Initial | None = None,
) -> Histories:
    """Train many networks of one size, each with its own seed and settings, and measure their load curves.

    Parameters
    ----------
    configs : sequence of MLPConfig
        One for each network.
    data : Digits
    epochs : int
        Passes over the data, 0 or more.
    width, depth : int
        Features of the hidden layers, number of linear layers; as in `MLP`.
    backend : {"auto", "compiled", "torch", "loop"}
        "compiled": numba and BLAS, one network in each thread. "torch": networks with equal batches and optimiser as
        one stack, on any device. "loop": plain PyTorch, one network after the other, the reference. "auto" is "torch"
        where a device is named or CUDA is there, else "compiled". All draw the same order, masks and noises.
    measure_every : int or sequence of int
        Epochs between measurements (epoch 0 and the last one are always measured), or the epochs to measure at.
    test_every : int or sequence of int, optional
        The same for the test accuracy, among the measured epochs. By default all of these.
    mode : {"auto", "eval", "batch", "train"}
        Statistics of BatchNorm in measurements of loads and training accuracies: the running ones ("eval") or those of
        all training data ("batch"); "train" is "batch" with dropout, at the rate of the epoch, by masks of its own;
        "auto" as in `train`: "eval" as soon as the running statistics can be trusted. Test accuracies are always
        measured in "eval".
    stop : Stop, optional
        When a network is done before the last epoch, each by its own losses; `Stop()` has the numbers of the published
        code. A stopped network is measured at its end, and these measurements stand at all later epochs.
    record : sequence of {"networks", "weights"}
        Keep the final networks; keep the weights at every measurement.
    dtype : float32 or float64
    checkpoint : path, optional
        File for the state of all networks. If it exists, the run goes on from there: the bits are those of a run that
        was never interrupted.
    checkpoint_every : int
        Epochs between two checkpoints.
    progress : bool or function (epoch, epochs)
        A bar, or a function called after each epoch of each network with sums over all networks.
    threads : int, optional
        Of backend "compiled"; default: one for each processor this process may use. No bit depends on it.
    device : str, optional
        Of backend "torch": "cuda", "cpu", ...; by default CUDA where it is there.
    initial : array, shape (models, P), or sequence of MLP, optional
        Weights to start from: flat vectors in the order of `MLP.parameters()`, or a network for each config, whose
        running statistics are taken too. By default the weights of `MLP(seed=config.seed)`.

    Returns
    -------
    Histories
        Also after Ctrl-C. A network whose numbers stop being finite is left as it was, `status` says where, and the
        others go on.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range; the message names it, its value and the remedy. Also if the checkpoint
        belongs to another run.

    Notes
    -----
    Weights start as those of `MLP(seed=config.seed)` unless they are given, the draws are functions of (seed, step,
    place): the trained networks are not those of `train`, but have the same distribution.

    Examples
    --------
    >>> from nets import MLPConfig, load_mnist10, train_ensemble
    >>> configs = [MLPConfig(seed=s, dropout=p, batch_size=100) for p in (0.0, 0.1) for s in range(4)]
    >>> histories = train_ensemble(configs, load_mnist10(), epochs=1)
    >>> histories.load_curves.shape
    (8, 2, 8)

    References
    ----------
    Shi, Pan, Dokmanic, arXiv:2407.19353.
    """
    begun = time.perf_counter()
    plan = make_plan(configs, data, epochs, width, depth, measure_every, test_every, mode, dtype, stop)
    check_options(backend, record, checkpoint_every, threads, device)
    name = _choose(backend, device)
    about = identity(plan, name, "weights" in record)
    file = None if checkpoint is None else npz_path(checkpoint)
    fresh = new_state(plan, "weights" in record)
    if initial is not None:
        fresh = with_initial(plan, fresh, initial)
        about["initial weights"] = digest(fresh)
    resumed = file is not None and file.exists()
    state = read_checkpoint(file, about) if file and resumed else fresh
    advance = _backend(name, threads or default_threads(), device)
    models, lock = len(plan.configs), Lock()
    with progress_reporter(progress, models * epochs) as report:
        done = int(np.maximum(state.epoch, 0).sum())

        def tick() -> bool:
            nonlocal done
            with lock:
                done += 1
                report(done, models * epochs)
            return False

        with suppress(KeyboardInterrupt):
            halts = _halts(state, epochs, checkpoint_every if file is not None else max(epochs, 1))
            for halt in halts:
                advance(plan, state, halt, tick)
                if file is not None:
                    write_checkpoint(file, state, about)
            if halts and done < models * epochs:  # networks that stopped or failed have no more epochs to do
                report(models * epochs, models * epochs)
    settings = {
        **plan.layout.described(), "epochs": epochs, "mode": mode,
        "stop": None if stop is None else asdict(stop), "dtype": plan.dtype.name, "backend": name,
        "data": data.name, "examples": len(data.y_train),
    }  # fmt: skip
    return _histories(plan, state, settings, record, time.perf_counter() - begun)


def _choose(backend: Backend, device: str | None) -> str:
    if backend != "auto":
        return backend
    import torch

    return "torch" if device is not None or torch.cuda.is_available() else "compiled"


def _backend(name: str, threads: int, device: str | None) -> Callable[..., None]:
    """The backend's function `advance`; see `plan` for what it has to do."""
    if name == "torch":
        import torch

        from ..devices import usable_device
        from .stacked import advance as stacked

        return partial(stacked, device=usable_device(device or ("cuda" if torch.cuda.is_available() else "cpu")))
    if name == "loop":
        from .loop import advance as loop

        return loop
    from .compiled import advance as compiled

    return partial(compiled, threads=threads)


def _halts(state: State, epochs: int, interval: int) -> list[int]:
    """Epochs at which a run halts for a checkpoint; from the start of the network that is least far."""
    living = state.epoch[(state.failed_epoch < 0) & (state.stopped < 0)]
    at = int(living.min()) if len(living) else epochs
    stops = [*range(interval * (max(at, 0) // interval + 1), epochs, interval), epochs]
    return stops if at < epochs or at < 0 else []


def _histories(plan: Plan, state: State, settings: dict[str, Any], record: Sequence[str], seconds: float) -> Histories:
    keep = slice(None) if "networks" in record else slice(0, 0)
    return Histories(
        epochs=plan.measured,
        load_curves=state.load_curves,
        output_load=state.output_load,
        losses=state.losses,
        train_accuracy=state.train_accuracy,
        test_accuracy=state.test_accuracy,
        by_batch=state.by_batch,
        epochs_done=np.maximum(state.epoch, 0),
        failed_epoch=state.failed_epoch,
        failed_layer=state.failed_layer,
        stopped_epoch=state.stopped,
        parameters=state.parameters[keep],
        running=state.running[keep],
        weights=state.snapshots,
        configs=plan.configs,
        settings=settings,
        seconds=seconds,
    )
