"""Training of one network by minibatch gradient descent, measured layer by layer on the way.

    minimise the mean cross-entropy of model(x) against y;  after each epoch: D_l, accuracies, recorders

Everything random (batch order, dropout masks, noises) is a function of (seed, purpose). The global generators are
neither read nor changed by our models; a foreign model's draws from them are seeded and their state is restored.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from ..data import Digits
from ..devices import usable_device
from ..measure.hooks import Layers
from ..measure.modes import Mode, check_mode
from ..measure.reduce import Reduce, check_reduce
from ..measure.statistics import NotFiniteError
from ..models.dropout import dropout_generator
from .batches import Batches
from .checks import check_arguments, check_outputs
from .history import History
from .measured import Measurements, Recorder
from .optimisers import Optimiser, make_optimiser, optimiser_name
from .progress import Progress, progress_reporter
from .seeds import derived_seed, generator
from .stopping import Stop

# BatchNorm's running variance forgets its initial 1 as 0.9^steps; 110 steps leave 1e-5, the eps added to variances.
# 44 steps (1 %) are too few: that 1 % outweighs the variance of border pixels and lowers D_0 from 1.37 to 1.0.
WARM_UP_STEPS = 110
# With fewer steps an epoch the running statistics lag the weights by several epochs.
MIN_STEPS_FOR_EVAL = 10


def train(
    model: nn.Module,
    data: Digits,
    *,
    epochs: int = 100,
    lr: float = 1e-3,
    batch_size: int | None = None,
    optimiser: Optimiser = "adam",
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    label_noise: float = 0.0,
    input_noise: float = 0.0,
    seed: int = 0,
    device: torch.device | str | None = None,
    measure_every: int = 1,
    test_every: int = 1,
    measure_mode: Mode | Literal["auto"] = "auto",
    layers: Layers = "auto",
    reduce: Reduce = "flatten",
    stop: Stop | None = None,
    recorders: Mapping[str, Recorder] | tuple[()] = (),
    progress: Progress = False,
    checkpoint: str | Path | None = None,
) -> History:
    """Train a model in place and return its measured history.

    Parameters
    ----------
    model : nn.Module
        Any network from (n, d) inputs to (n, classes) logits (`nn.Unflatten` makes images or tokens of them); trained
        in place.
    data : Digits
        Training and test arrays; held on the device as a whole.
    epochs : int
        Passes over the data, 0 or more.
    lr : float
        Learning rate, positive.
    batch_size : int, optional
        Examples a step; all of them by default.
    optimiser : {"adam", "sgd"}, record of `nets.ensembles` or function (params, lr) -> Optimizer
        PyTorch's own, with default betas; or SGD(...), Adam(...), AdamW(...), RMSProp(...), SGLD(temperature=...).
    weight_decay, momentum : float
        Of the named optimisers; momentum of "sgd" only.
    label_noise : float
        In [0, 1]: floor(label_noise * B) labels of each batch are drawn anew over all classes, some to the true one.
    input_noise : float
        Standard deviation of Gaussian noise added to the inputs of each batch, in units of the standard deviation of
        all numbers of x_train.
    seed : int
        Of batch order, noises (that of SGLD too) and dropout masks; the weights have the model's own seed.
    device : str or torch.device, optional
        Where to train; the model is moved there. Its own device by default.
    measure_every : int
        Epochs between measurements; epoch 0 and the last one are always measured.
    test_every : int
        Epochs between measurements of the test accuracy among these, again with both ends; nan between them. The
        accuracy of 10,000 test digits costs more than the load curve of 2560 training digits.
    measure_mode : {"auto", "eval", "batch", "train"}
        As in `nets.measure.load_curve`. "auto": "eval" once BatchNorm's running statistics can be trusted (110 steps
        done, at least 10 steps an epoch), before that "batch". `settings["batch_mode_until_epoch"]` says which
        measurements these were. Full batches are always measured in mode "batch".
    layers, reduce : see `nets.measure.load_curve`
        Layers of the load curve, and how their outputs become rows of features.
    stop : Stop, optional
        When training is done before the last epoch; `Stop()` has the numbers of the published code. The network is
        measured there.
    recorders : mapping of str to function (model, epoch) -> number or array
        Called at each measurement, without gradients; results are stacked in `history.records`.
    progress : bool or function (epoch, epochs)
        A bar on the terminal or in a notebook, or a function called after each epoch.
    checkpoint : path, optional
        File to which the history so far is saved at every measurement.

    Returns
    -------
    History
        Also of a run that was interrupted (Ctrl-C) or whose loss became infinite or nan: `status` says so.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range; the message names it, its value and the remedy.

    Notes
    -----
    The same seeds, thread count and versions give the same bits on a CPU. Measuring changes no weight.
    The defaults are those of arXiv:2407.19353, supplement S3: Adam at 1e-3, full batches, 100 epochs.
    """
    size = check_arguments(
        model, data, epochs=epochs, lr=lr, batch_size=batch_size, weight_decay=weight_decay, momentum=momentum,
        label_noise=label_noise, input_noise=input_noise, seed=seed, measure_every=measure_every, test_every=test_every,
        recorders=recorders, stop=stop,
    )  # fmt: skip
    if measure_mode != "auto":
        check_mode(measure_mode)
    check_reduce(reduce)
    where = usable_device(device if device is not None else next(model.parameters()).device)
    model.to(where)
    x, y, x_test, y_test = (
        torch.from_numpy(array).to(where) for array in (data.x_train, data.y_train, data.x_test, data.y_test)
    )
    batches = Batches(x, y, size, data.classes, label_noise, input_noise, seed)
    stepper = make_optimiser(
        optimiser, [p for p in model.parameters() if p.requires_grad], lr, weight_decay, momentum, seed
    )
    with _own_randomness(model, seed, where):
        check_outputs(model, x[:2], data.classes)
    measured = Measurements(x, y, x_test, y_test, layers, reduce, dict(recorders))
    settings: dict[str, Any] = {
        **getattr(model, "settings", {}), "epochs": epochs, "lr": lr, "batch_size": size,
        "optimiser": optimiser_name(optimiser), "stop": None if stop is None else asdict(stop),
        "weight_decay": weight_decay, "momentum": momentum, "label_noise": label_noise, "input_noise": input_noise,
        "seed": seed, "measure_every": measure_every, "test_every": test_every,
        "measure_mode": measure_mode, "batch_mode_until_epoch": -1,
        "data": data.name, "device": str(where), "torch": torch.__version__,
    }  # fmt: skip
    losses: list[float] = []

    def measure(epoch: int, *, last: bool = False) -> None:
        mode = _mode(measure_mode, epoch * len(batches), len(batches))
        test = epoch % test_every == 0 or epoch == epochs or last
        measured.measure(model, epoch, mode, derived_seed(seed, f"measurement {epoch}"), test=test)
        if mode == "batch":
            settings["batch_mode_until_epoch"] = epoch
        if checkpoint is not None:
            measured.history(losses, settings, f"running, epoch {epoch} done").save(checkpoint)

    status = "finished"
    with _own_randomness(model, seed, where), _training_flags(model), progress_reporter(progress, epochs) as report:
        try:
            measure(0)
            for epoch in range(1, epochs + 1):
                loss = _train_epoch(model, batches, stepper)
                if not math.isfinite(loss):
                    kind = "nan" if math.isnan(loss) else "infinite"
                    status = f"loss became {kind} at epoch {epoch}; lower lr={lr} or the noise"
                    break
                losses.append(loss)
                reason = stop.reason(losses) if stop is not None else ""
                if epoch % measure_every == 0 or epoch == epochs or reason:
                    measure(epoch, last=bool(reason))
                report(epoch, epochs)
                if reason:
                    status = f"stopped after epoch {epoch}: {reason}"
                    break
        except NotFiniteError as error:
            of = f" of layer {error.layer!r}" if error.layer else ""
            status = f"activations{of} became infinite or nan at epoch {len(losses)}; lower lr={lr}"
        except KeyboardInterrupt:
            status = f"interrupted at epoch {len(losses)}"
    history = measured.history(losses, settings, status)
    if checkpoint is not None:
        history.save(checkpoint)
    return history


@torch.enable_grad()  # also inside a caller's no_grad
def _train_epoch(model: nn.Module, batches: Batches, stepper: torch.optim.Optimizer) -> float:
    """One pass over the data; the mean loss per example."""
    model.train()
    total = torch.zeros((), dtype=torch.float64)
    n = 0
    for x, y in batches.epoch():
        stepper.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        stepper.step()
        total = total.to(loss.device) + loss.detach() * len(y)  # no .item(): it would wait for a GPU at every step
        n += len(y)
    return float(total) / n


def _mode(asked: Mode | Literal["auto"], steps_done: int, steps_per_epoch: int) -> Mode:
    if asked != "auto":
        return asked
    trusted = steps_done >= WARM_UP_STEPS and steps_per_epoch >= MIN_STEPS_FOR_EVAL
    return "eval" if trusted else "batch"


@contextmanager
def _training_flags(model: nn.Module) -> Iterator[None]:
    """Leave the model's training flags as they were."""
    flags = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in flags:
            module.training = training


@contextmanager
def _own_randomness(model: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """Dropout by our generator; for foreign models also a seeded global generator, restored afterwards."""
    foreign = getattr(model, "uses_global_rng", True)
    devices = [device.index or 0] if device.type == "cuda" else []
    with (
        dropout_generator(model, generator(seed, "dropout", device)),
        torch.random.fork_rng(devices=devices) if foreign else nullcontext(),
    ):
        if foreign:
            torch.manual_seed(derived_seed(seed, "global generator"))
        yield
