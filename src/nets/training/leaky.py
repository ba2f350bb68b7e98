"""Training of a Leaky ResNet: Adam, then a polish towards a critical point.

    minimise (1/N) |Y - f(X)|_F^2 + lam/(2 Lt) sum_l rho_l |W_l|_F^2

Jacot and Kaiser, arXiv:2405.17573, Appendix B: Adam, then SGD. At a critical point W_l = Lt B_l sigma(A_{l-1})^T, which
gradient descent is far from at the paper's length of training; L-BFGS and Newton's method get nearer.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from mechanics.checks import finite_number, finite_numbers, whole_numbers

from ..data import Regression
from ..geodesic.steps import adapt_steps, updated_steps
from ..models.leaky_resnet import LeakyResNet
from .leaky_history import LeakyHistory
from .leaky_measured import LeakyMeasurements
from .leaky_polish import Minimiser, minimise
from .measured import Recorder
from .optimisers import make_optimiser
from .progress import Progress, progress_reporter
from .seeds import generator

ADAPT_EVERY = 10
ADAPT_UNTIL = 0.9  # of the Adam epochs; the weights then settle on fixed steps

Polish = Literal["sgd"] | Minimiser


class _NotFinite(ArithmeticError):
    """The loss became infinite or nan."""


def train_leaky(
    model: LeakyResNet,
    data: Regression,
    *,
    lam: float,
    epochs: int = 800,
    lr: float = 3e-3,
    schedule: Literal["cosine", "constant"] = "cosine",
    batch_size: int | None = None,
    polish: Polish | None = None,
    polish_epochs: int = 200,
    polish_lr: float = 1e-3,
    loss: Literal["sum", "mean"] = "sum",
    damping: float = 0.2,
    cap: float = 0.95,
    seed: int = 0,
    measure_every: int = 10,
    recorders: Mapping[str, Recorder] | tuple[()] = (),
    progress: Progress = False,
) -> LeakyHistory:
    """Train a Leaky ResNet in place and return its measured history.

    Parameters
    ----------
    model : LeakyResNet
        One with rho="adaptive" has its steps adapted every 10 epochs of Adam, frozen for the last 10 %.
    data : Regression
        `teacher(...).sample(...)` makes some.
    lam : float
        Price of the weights, positive. The paper's weight decay is lam/Lt.
    epochs : int
        Epochs of Adam.
    lr : float
        Learning rate of Adam.
    schedule : {"cosine", "constant"}
        Of the learning rate of Adam; the cosine ends at 0.
    batch_size : int, optional
        Rows a step, in an order that `seed` decides; all of them by default.
    polish : {"sgd", "lbfgs", "newton"}, optional
        What follows Adam: gradient descent at `polish_lr` with the same batches, or a minimiser on all rows in double
        precision (fixed projections only). Newton's is for smooth activations: with a kink the second derivative
        misses what the objective does. The result is rounded to the model's precision.
    polish_epochs : int
        Epochs, or at most so many iterations, of the polish.
    polish_lr : float
        Learning rate of "sgd".
    loss : {"sum", "mean"}
        C of this package sums over outputs. "mean" is torch's MSELoss, an average over N d_out numbers: the objective
        C/d_out + penalty, whose minimisers, costates and energies are those of "sum" with lam d_out. The history
        has mse and penalty of that problem, with lam_effective = lam d_out among its settings.
    damping, cap : float
        As for `nets.geodesic.adapt_steps`.
    seed : int
        Of the batch order; the weights have the model's own seed.
    measure_every : int
        Epochs between measurements; the first, the last of Adam and the last are always measured.
    recorders : mapping of str to function (model, epoch) -> number or array
        Called at each measurement, without gradients; results are stacked in `history.records`.
    progress : bool or function (epoch, epochs)
        A bar on the terminal or in a notebook, or a function called after each epoch.

    Returns
    -------
    LeakyHistory
        Also of a run that was interrupted (Ctrl-C) or whose loss became infinite or nan: `status` says so, and the
        model keeps the weights it had. Look at `collapsed` too.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range; the message names it, its value and the remedy.

    Notes
    -----
    The same seeds, thread count and versions give the same bits on a CPU.
    """
    lam_effective = _check(model, data, lam, lr, polish, polish_lr, schedule, loss)
    N = len(data.x_train)
    size = N if batch_size is None else batch_size
    whole_numbers(
        epochs=(epochs, 0), batch_size=(size, 1), polish_epochs=(polish_epochs, 0), seed=(seed, 0),
        measure_every=(measure_every, 1),
    )  # fmt: skip
    if size > N:
        raise ValueError(f"batch_size must be at most {N}, the number of training rows, but is {size}.")
    if model.adaptive:
        updated_steps(model.rho.cpu().numpy(), np.ones(model.layers), model.Lt, damping, cap)  # raises now, not later
    measured = LeakyMeasurements(model, data, lam_effective, recorders)
    x, y = measured.x, measured.y
    total = epochs + (polish_epochs if polish is not None else 0)
    scale = 1.0 if loss == "sum" else 1 / data.y_train.shape[1]
    order = generator(seed, "batch order")
    settings: dict[str, Any] = {
        **model.settings, "lam": lam, "lam_effective": lam_effective, "loss": loss, "epochs": epochs, "lr": lr,
        "schedule": schedule, "batch_size": size, "polish": polish, "polish_epochs": polish_epochs,
        "polish_lr": polish_lr, "damping": damping, "cap": cap, "seed": seed, "measure_every": measure_every,
        "rows": N, "error_without_weights": _error_without_weights(model, x, y), "torch": torch.__version__,
    }  # fmt: skip
    done = 0

    def descend(optimiser: torch.optim.Optimizer, rate: Callable[[int], float], count: int, adaptive: bool) -> None:
        for epoch in range(1, count + 1):
            for group in optimiser.param_groups:
                group["lr"] = rate(epoch)
            for rows in _batches(N, size, order):
                _step(model, optimiser, x if rows is None else x[rows], y if rows is None else y[rows],
                      lam_effective, scale)  # fmt: skip
            if adaptive and epoch % ADAPT_EVERY == 0 and epoch <= ADAPT_UNTIL * count:
                adapt_steps(model, x, damping, cap)
            finish(1, epoch == count)

    def finish(epochs_more: int, last: bool) -> None:
        nonlocal done
        done += epochs_more
        if last or done % measure_every == 0:
            measured.measure(done)
        report(done, total)

    status = "finished"
    with progress_reporter(progress, total) as report:
        try:
            measured.measure(0)
            parameters = [p for p in model.parameters() if p.requires_grad]
            descend(
                make_optimiser("adam", parameters, lr, 0.0, 0.0), _rate(lr, schedule, epochs), epochs, model.adaptive
            )
            if polish == "sgd":
                sgd = make_optimiser("sgd", parameters, polish_lr, 0.0, 0.0)
                descend(sgd, lambda epoch: polish_lr, polish_epochs, False)
            elif polish is not None:
                words = minimise(model, data, lam_effective, polish, polish_epochs, lambda: finish(1, False))
                settings["polish_ended"] = words
                finish(0, True)
        except _NotFinite:
            status = f"loss became infinite or nan at epoch {done + 1}; lower lr={lr} or polish_lr={polish_lr}"
        except KeyboardInterrupt:
            status = f"interrupted at epoch {done}"
            measured.measure(done)
    return measured.history(settings, status)


def objective(model: LeakyResNet, x: Tensor, y: Tensor, lam: float) -> Tensor:
    """(1/N) |Y - f(X)|_F^2 + penalty for rows x (N, d_in), y (N, d_out)."""
    return (model(x) - y).square().sum() / len(x) + model.penalty(lam)


@torch.no_grad()
def _error_without_weights(model: LeakyResNet, x: Tensor, y: Tensor) -> float:
    """C at W = 0, where only leaks act: A_L = prod_l (1 - rho_l Lt) A_0."""
    left = float(torch.prod(1 - model.rho * model.Lt))
    return float((left * (x @ model.P_in.T) @ model.P_out - y).square().sum()) / len(x)


@torch.enable_grad()
def _step(model: LeakyResNet, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, lam: float, scale: float) -> None:
    optimiser.zero_grad(set_to_none=True)
    value = scale * objective(model, x, y, lam)
    if not math.isfinite(value.item()):
        raise _NotFinite
    value.backward()
    optimiser.step()


def _batches(N: int, size: int, order: torch.Generator) -> Iterator[Tensor | None]:
    """Rows of each batch of an epoch; None for all rows."""
    if size == N:
        yield None
    else:
        yield from torch.randperm(N, generator=order).split(size)


def _rate(lr: float, schedule: str, epochs: int) -> Callable[[int], float]:
    if schedule == "constant":
        return lambda epoch: lr
    return lambda epoch: lr * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2


def _check(
    model: Any, data: Any, lam: float, lr: float, polish: Any, polish_lr: float, schedule: Any, loss: Any
) -> float:
    """Raise for what cannot be trained; return lam in the convention of C that sums over outputs."""
    if not isinstance(model, LeakyResNet):
        raise TypeError(f"model must be a LeakyResNet, but is {type(model).__name__}; `train` is for classifiers.")
    if not isinstance(data, Regression):
        raise TypeError(f"data must be Regression, but is {type(data).__name__}; use teacher(...).sample(...).")
    for part, least in (("train", 1), ("test", 0)):
        x, y = (finite_numbers(f"{name}_{part}", getattr(data, f"{name}_{part}")) for name in "xy")
        if x.shape != (len(x), model.d_in) or y.shape != (len(x), model.d_out) or len(x) < least:
            raise ValueError(
                f"x_{part} and y_{part} must have shapes (N, {model.d_in}) and (N, {model.d_out}), as the model, "
                f"but have {x.shape} and {y.shape}."
            )
    for name, value in (("lam", lam), ("lr", lr), ("polish_lr", polish_lr)):
        if finite_number(name, value) <= 0:
            raise ValueError(f"{name} must be positive, but is {value}.")
    if polish not in ("sgd", "lbfgs", "newton", None):
        raise ValueError(f"polish must be 'sgd', 'lbfgs', 'newton' or None, but is {polish!r}.")
    if schedule not in ("cosine", "constant"):
        raise ValueError(f"schedule must be 'cosine' or 'constant', but is {schedule!r}.")
    if loss not in ("sum", "mean"):
        raise ValueError(f"loss must be 'sum' or 'mean', but is {loss!r}.")
    learned = isinstance(model.P_in, nn.Parameter)
    if polish in ("lbfgs", "newton") and learned:
        raise ValueError(f"polish {polish!r} moves the weights alone, but the projections are learned; use 'sgd'.")
    if polish == "newton" and model.act.kinked:
        raise ValueError(f"polish 'newton' needs a smooth activation, but the model has {model.act.name}; use 'lbfgs'.")
    return float(lam) * (1 if loss == "sum" else data.y_train.shape[1])
