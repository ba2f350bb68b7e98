"""`divergence`: a baseline and perturbed copies trained in lockstep, and the distances between them."""

import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from mechanics.checks import whole_numbers
from mechanics.files import npz_path
from mechanics.threads import default_threads

from ...data import Digits
from ...ensembles.optimisers import Optimiser
from ...training.progress import Progress, progress_reporter
from ..rates import Rate
from .checkpoints import identity, read_checkpoint, write_checkpoint
from .compiled import network_of
from .outcome import result_of, status_of
from .prepare import prepare
from .recording import Mode, compare, forget_after
from .result import Divergence
from .state import Plan, State, first_state

Backend = Literal["auto", "compiled", "stacked", "loop"]
SEGMENT = 500  # steps between two ticks of the progress bar, so that Ctrl-C loses no more


def divergence(
    model: nn.Module,
    data: Digits | Sequence[Any],
    *,
    eps: float | Sequence[float] | None,
    copies: int | Sequence[nn.Module],
    steps: int,
    optimiser: str | Optimiser,
    lr: Rate,
    batch_size: int | None,
    weight_decay: float = 0.0,
    loss: str | Callable[[Tensor, Tensor], Tensor] = "cross_entropy",
    label_smoothing: float = 0.0,
    seed: int = 0,
    perturb: str = "init",
    relative: bool = False,
    times: int | Sequence[int] = 60,
    record: Sequence[str] = ("weights", "functions"),
    probe: Any = None,
    examples: int = 1000,
    mode: Mode = "eval",
    backend: Backend = "auto",
    threads: int | None = None,
    progress: Progress = False,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 2000,
) -> Divergence:
    """Train a network and perturbed copies of it with the same batches and masks, and measure how they part.

    Parameters
    ----------
    model : nn.Module
        The baseline at its start: (N, ...) -> logits (N, classes). It is not changed.
    data : Digits, (x, y) or (x, y, x_test, y_test)
        Labelled examples, arrays or tensors.
    eps : float or sequence of float
        Size of the perturbation, for all copies or for each; what it counts depends on `perturb`. 0 changes nothing:
        such a copy stays at distance 0 bit by bit.
    copies : int or sequence of nn.Module
        How many; or the copies themselves, with any initial weights (eps is then None).
    steps : int
        Optimiser steps.
    optimiser : {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"} or record of `nets.ensembles`
        "momentum" and "nesterov" have 0.9.
    lr : float, function or array, shape (steps,)
        Learning rate; or a function of the number of steps done (`nets.perturb.rates`: `step_decay`, `cosine`,
        `warm_up`), or one number for each step.
    weight_decay : float
    batch_size : int, optional
        Examples a step; None takes all.
    loss : {"cross_entropy", "mse"} or function (outputs, labels) -> mean loss
        "mse" is the mean over examples and classes of (output - one-hot label)^2. A function must be one that `vmap`
        takes for backend "stacked".
    label_smoothing : float
        In [0, 1): share of each target that is spread over all classes; of the named losses.
    seed : int
        Of batches, masks and perturbations, each a function of (seed, step) or (seed, copy).
    perturb : str
        "init" (weights, each tensor on its own sphere; eps = |w - w0|), "init-global", "init-gaussian"; "swap",
        "permute", "order" (batches); "lr", "momentum", "weight_decay", "beta1", "beta2" (h (1 + e), a schedule of lr as
        a whole); "label_smoothing" (greater by |e|); "optimiser_state" (memories that are not 0 at the start, in units
        of those after the first step); "replace", "drop", "input_noise" (training data), "flip" (labels). See
        `nets.perturb.lockstep.kinds`.
    relative : bool
        eps of perturbed weights in units of |w0|.
    times : int or sequence of int
        Steps at which distances are recorded: about so many, logarithmically spaced, with both ends; or a list.
    record : sequence of {"weights", "tensors", "functions"}
        Distances of the whole weight vectors, of each tensor, and of the functions.
    probe : array or tensor, optional
        Inputs without labels on which functions are compared too.
    examples : int
        Of training and test inputs, so many are compared (the first).
    mode : {"eval", "batch"}
        Statistics of BatchNorm when functions are compared: running ones, or those of the compared inputs.
    backend : {"auto", "compiled", "stacked", "loop"}
        "compiled": an `MLP` with BatchNorm throughout or nowhere trained by plain cross-entropy, one copy in each
        thread, a call for each run of equal learning rates. "stacked": any module that
        `torch.func.vmap` takes, all copies at once. "loop": any module, one after another, plain PyTorch, the
        reference. "auto" is "compiled" where it can be, else "loop" for networks with convolutions and "stacked" for
        others.
    threads : int, optional
        Of backend "compiled"; no bit depends on it.
    progress : bool or function (step, steps)
    checkpoint : path, optional
        File for the state. If it exists, the run goes on from there, with the bits of one never interrupted.
    checkpoint_every : int
        Steps between two checkpoints.

    Returns
    -------
    Divergence
        Also after Ctrl-C, with a warning: `interrupted` and `status` say so, later records are nan, and a checkpoint
        is written where one was asked for, from which the same call goes on. A copy whose numbers stop being finite is
        flagged with step and reason; the others go on.

    Raises
    ------
    ValueError
        If an argument is out of range, a copy does not match the baseline, the model does not fit the backend, or the
        checkpoint belongs to another run.

    Examples
    --------
    >>> from nets import MLP, load_mnist10
    >>> found = divergence(MLP(width=20, depth=3), load_mnist10(), eps=0.1, copies=3, steps=40, optimiser="sgd",
    ...                    lr=0.1, batch_size=100)
    >>> found["distance_2"].shape == (3, len(found.steps))
    True
    """
    begun = time.perf_counter()
    whole_numbers(checkpoint_every=(checkpoint_every, 1), **({} if threads is None else {"threads": (threads, 1)}))
    plan, recording, about = prepare(
        model, data, eps=eps, copies=copies, steps=steps, optimiser=optimiser, lr=lr, batch_size=batch_size,
        weight_decay=weight_decay, seed=seed, loss=loss, label_smoothing=label_smoothing, perturb=perturb,
        relative=relative, times=times, groups=record, probe=probe, examples=examples, mode=mode,
    )  # fmt: skip
    name = _choose(backend, plan)
    advance = _backend(name, threads or default_threads())
    file = None if checkpoint is None else npz_path(checkpoint)
    own = identity(plan, recording, name)
    resumed = file is not None and file.exists()
    state = read_checkpoint(file, recording, own) if file and resumed else first_state(plan)
    interrupted, begins = False, resumed
    with progress_reporter(progress, steps) as report:
        try:
            if not resumed:
                state = compare(plan, state, recording)
                begins = True
            for stop in _stops(recording.steps, state.step, steps, checkpoint_every):
                if state.failed_step[0] >= 0:
                    break
                state = compare(plan, advance(plan, state, stop), recording)
                if file is not None and (stop % checkpoint_every == 0 or stop == steps):
                    write_checkpoint(file, state, recording, own)
                report(stop, steps)
        except KeyboardInterrupt:
            interrupted = state.step < steps
    settings = {**about.settings, "backend": name, "steps": steps}
    status = status_of(state, steps, None if file is None else str(file))
    if interrupted:
        forget_after(recording, state.step)
        if file is not None and begins:
            write_checkpoint(file, state, recording, own)
        warnings.warn(f"divergence was {status}", stacklevel=2)
    return result_of(plan, recording, state, about, settings, time.perf_counter() - begun, model, status)


def _choose(backend: str, plan: Plan) -> str:
    model = plan.model
    if backend not in ("auto", "compiled", "stacked", "loop"):
        raise ValueError(f"backend must be 'auto', 'compiled', 'stacked' or 'loop', but is {backend!r}.")
    plain = plan.loss.name == "cross_entropy" and not any(m.smoothing for m in plan.members)
    fits = network_of(model) is not None and plain
    if backend == "compiled" and not fits:
        raise ValueError(
            "backend 'compiled' trains an MLP of nets with BatchNorm in all layers or in none, nothing frozen, by "
            "cross-entropy without label smoothing; "
            "take backend='stacked' or 'loop'."
        )
    if backend != "auto":
        return backend
    if fits:
        return "compiled"
    convolves = any(isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Conv3d)) for m in model.modules())
    return "loop" if convolves else "stacked"  # grouped convolutions are slower than one after another


def _backend(name: str, threads: int) -> Callable[..., State]:
    if name == "compiled":
        from .compiled import advance as compiled

        return partial(compiled, threads=threads)
    if name == "stacked":
        from .stacked import advance as stacked

        return stacked
    from .loop import advance as loop

    return loop


def _stops(recorded: NDArray[np.int64], at: int, steps: int, checkpoint_every: int) -> list[int]:
    """Steps at which the run halts: those recorded, and some on the way."""
    own = {*recorded.tolist(), *range(0, steps, checkpoint_every), *range(0, steps, SEGMENT), steps}
    return sorted(stop for stop in own if stop > at)
