"""Checks of what `divergence` is given, once, and the plan that they come to."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mechanics.checks import finite_number, whole_numbers
from mechanics.noise import seed_word

from ...ensembles.optimisers import described
from ..rates import Rate, rates_of
from ..same_network import check_network
from .dropout import own_draws, with_keyed_dropout
from .examples import Examples, examples_of, inputs_of
from .kinds import KINDS, Context
from .losses import loss_of
from .member import Member, optimiser_of
from .order import Order
from .recording import GROUPS, InputSet, Recording, new_recording
from .state import Plan
from .vectors import check_same, read_vectors, vectors_of

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class About:
    """What the result says of the run.

    Attributes
    ----------
    eps, sizes : ndarray, shape (copies,)
        Asked for, and realised.
    settings : dict
        As JSON can hold it.
    """

    eps: Array
    sizes: Array
    settings: dict[str, Any]


def prepare(
    model: nn.Module,
    data: Any,
    *,
    eps: float | Sequence[float] | None,
    copies: int | Sequence[nn.Module],
    steps: int,
    optimiser: Any,
    lr: Rate,
    batch_size: int | None,
    weight_decay: float,
    seed: int,
    loss: Any,
    label_smoothing: float,
    perturb: str,
    relative: bool,
    times: int | Sequence[int],
    groups: Sequence[str],
    probe: Any,
    examples: int,
    mode: str,
) -> tuple[Plan, Recording, About]:
    """The checked plan, empty records, and a description; see `divergence`."""
    whole_numbers(steps=(steps, 0), seed=(seed, 0), examples=(examples, 1))
    if int(seed_word(seed)) >= 2**63:
        raise ValueError(f"seed must be below 2^63, but is {seed}.")
    if not finite_number("weight_decay", weight_decay) >= 0:
        raise ValueError(f"weight_decay must not be negative, but is {weight_decay}.")
    first, rates = rates_of(lr, steps)
    minimised = loss_of(loss, finite_number("label_smoothing", label_smoothing))
    if mode not in ("eval", "batch"):
        raise ValueError(f"mode must be 'eval' or 'batch', but is {mode!r}.")
    if isinstance(groups, str) or not set(groups) <= set(GROUPS):
        raise ValueError(f"record must list some of {', '.join(GROUPS)}, but is {groups!r}.")
    check_network("model", model)
    vectors = vectors_of(model)
    scratch = with_keyed_dropout(model).to("cpu")  # a copy: the model itself stays where it is
    found = examples_of(data, vectors.dtype)
    base = _baseline(scratch, found, optimiser, first, batch_size, weight_decay, seed)
    base = replace(base, rates=rates, smoothing=float(label_smoothing))
    classes = _classes(scratch, found)
    if base.order.batch == 1:
        _check_single(scratch, found)
    members, asked, sizes = _copies(
        model, scratch, base, eps, copies, Context(scratch, classes, seed, relative, minimised), perturb
    )
    plan = Plan(scratch, vectors, (base, *members), seed, minimised)
    sets = _sets(found, probe, examples, vectors.dtype)
    recording = new_recording(plan, _times(times, steps), groups, sets, mode)  # type: ignore[arg-type]
    settings = {
        "perturb": perturb if isinstance(copies, (int, np.integer)) else "given", "seed": seed, "relative": relative,
        "mode": mode,
        "optimiser": described(base.optimiser), "lr": first, "weight_decay": float(weight_decay),
        "last_lr": first if rates is None else float(rates[-1]), "loss": minimised.name,
        "label_smoothing": float(label_smoothing),
        "batch_size": base.order.batch, "examples": base.order.examples, "parameters": len(base.parameters),
        "classes": classes, "dtype": vectors.dtype.name, "steps_per_epoch": base.order.steps,
        "tensors": {name: list(shape) for name, shape in zip(vectors.names, vectors.shapes, strict=True)},
    }  # fmt: skip
    return plan, recording, About(asked, sizes, settings)


def _baseline(
    model: nn.Module, data: Examples, optimiser: Any, lr: float, batch_size: int | None, weight_decay: float, seed: int
) -> Member:
    n = len(data.y)
    size = n if batch_size is None else batch_size
    whole_numbers(batch_size=(size, 1))
    if size > n:
        raise ValueError(f"batch_size must be at most the {n} training examples, but is {size}; None takes all.")
    parameters, buffers = read_vectors(model)
    if not (np.isfinite(parameters).all() and np.isfinite(buffers).all()):
        raise ValueError("the model's parameters and buffers must be finite at the start.")
    order = Order(seed, n, size)
    return Member(parameters, buffers, data.x, data.y, order, optimiser_of(optimiser), float(lr), float(weight_decay))


def _classes(model: nn.Module, data: Examples) -> int:
    """Number of logits; ValueError if the labels do not fit them, or the outputs are no logits."""
    training = model.training
    with own_draws(), torch.no_grad():
        try:
            logits = model.eval()(data.x[:2])
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise ValueError(f"the model does not take inputs of shape {tuple(data.x[:2].shape)}: {error}") from error
    model.train(training)
    if not isinstance(logits, torch.Tensor):
        raise ValueError(f"the model must give logits (N, classes), but gives a {type(logits).__name__}.")
    if logits.ndim != 2 or len(logits) != len(data.x[:2]):
        raise ValueError(
            f"the model must give logits (N, classes), but gives shape {tuple(logits.shape)} for 2 inputs."
        )
    classes = logits.shape[1]
    labels = torch.cat([data.y, data.y_test])
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(
            f"labels must lie in 0 .. {classes - 1}, the model's logits, but span {int(labels.min())} .. "
            f"{int(labels.max())}."
        )
    return classes


def _check_single(model: nn.Module, data: Examples) -> None:
    """ValueError if the network cannot be trained with one example at a time, as BatchNorm of rows cannot."""
    with own_draws(), torch.no_grad():
        try:
            deepcopy(model).train()(data.x[:1])
        except ValueError as error:
            raise ValueError(f"batch_size must be at least 2 for this model: {error}") from error


def _copies(
    model: nn.Module,
    scratch: nn.Module,
    base: Member,
    eps: float | Sequence[float] | None,
    copies: int | Sequence[nn.Module],
    context: Context,
    perturb: str,
) -> tuple[list[Member], Array, Array]:
    """Copies, the sizes asked for, and those realised."""
    if not isinstance(copies, (int, np.integer)):
        given = list(copies) if isinstance(copies, Sequence) else []
        if eps is not None or not given or not all(isinstance(c, nn.Module) for c in given):
            raise ValueError("copies must be a number, or a list of networks together with eps=None.")
        members = []
        for i, copy in enumerate(given):
            check_same(model, copy, f"copies[{i}]")
            parameters, buffers = read_vectors(copy)
            if not (np.isfinite(parameters).all() and np.isfinite(buffers).all()):
                raise ValueError(f"copies[{i}] must have finite parameters and buffers at the start.")
            members.append(replace(base, parameters=parameters, buffers=buffers))
        start = base.parameters.astype(np.float64)
        sizes = np.array([np.linalg.norm(m.parameters.astype(np.float64) - start) for m in members])
        return members, np.full(len(members), np.nan), sizes
    whole_numbers(copies=(copies, 1))
    if perturb not in KINDS:
        raise ValueError(f"perturb must be one of {', '.join(KINDS)}, but is {perturb!r}.")
    if eps is None:
        raise ValueError("eps must be given, the size of the perturbation; None goes with a list of networks only.")
    try:
        asked = np.asarray(eps, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"eps must be a number, or one for each copy, but is {eps!r}.") from None
    if asked.ndim > 1 or (asked.ndim == 1 and len(asked) != copies) or not np.isfinite(asked).all():
        raise ValueError(f"eps must be a finite number, or one for each of the {copies} copies, but is {eps!r}.")
    asked = np.broadcast_to(asked, (copies,)).copy()
    made = [KINDS[perturb](base, float(e), i, context) for i, e in enumerate(asked)]
    return [m.member for m in made], asked, np.array([m.size for m in made], dtype=np.float64)


def _sets(data: Examples, probe: Any, examples: int, dtype: np.dtype) -> list[InputSet]:
    sets = [InputSet("train", data.x[:examples], data.y[:examples])]
    if len(data.x_test):
        sets.append(InputSet("test", data.x_test[:examples], data.y_test[:examples]))
    if probe is not None:
        x = inputs_of(probe, dtype, "probe inputs")
        if x.shape[1:] != data.x.shape[1:] or not len(x):
            raise ValueError(f"probe must hold inputs of shape {tuple(data.x.shape[1:])}, but has {tuple(x.shape)}.")
        sets.append(InputSet("probe", x, None))
    return sets


def _times(times: int | Sequence[int], steps: int) -> NDArray[np.int64]:
    """Recorded steps: 0, some between, and the last."""
    if np.ndim(times) == 0:
        whole_numbers(times=(times, 2))  # type: ignore[arg-type]
        inner = np.geomspace(1, max(steps, 1), int(times) - 1).round()  # type: ignore[arg-type]
        return np.unique([0, *inner, steps]).astype(np.int64)[: None if steps else 1]
    listed = np.unique(np.asarray(times))
    if not len(listed) or listed[0] < 0 or listed[-1] > steps or (listed != listed.astype(np.int64)).any():
        raise ValueError(f"times must be a number of records, or a list of steps in 0 .. {steps}, but is {times!r}.")
    return listed.astype(np.int64)
