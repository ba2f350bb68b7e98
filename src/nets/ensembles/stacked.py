"""Backend "torch": networks with equal batches and optimiser trained as one stack, on any device.

Order, masks and noises are those of every backend (`draws`), so that the networks equal the reference's up to rounding.
The choice on a GPU; on a CPU it helps with small batches only, since one network's full batch fills the cache already.
A network whose numbers stop being finite is handed to the reference, which finds the step and the layer.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from . import draws, loop
from .device_masks import kept_units, seed_words, thresholds
from .plan import Plan, State, Tick
from .stacked_measure import Masks, accuracies, measure_stack
from .stacked_network import Stack
from .stacked_update import update


def advance(plan: Plan, state: State, stop: int, tick: Tick, *, device: torch.device) -> None:
    """Train all living networks to epoch `stop`; see `plan`."""
    while True:
        groups: dict[object, list[int]] = {}
        for i in state.living(stop):
            alike = (int(state.epoch[i]), *_batching(plan, state, i), plan.configs[i].optimiser)
            groups.setdefault(alike, []).append(i)
        if not groups:
            return
        for members in groups.values():
            if state.epoch[members[0]] < 0:
                _measure(plan, state, members, 0, _stack(plan, state, members, device), device)
                state.epoch[members] = 0
            elif not _epoch(plan, state, members, tick, device):
                return


def _batching(plan: Plan, state: State, i: int) -> tuple[int, int]:
    """First step and batch size of a network's next epoch."""
    epoch = max(int(state.epoch[i]), 0)
    return int(plan.first_steps[i, epoch]), int(plan.batch_sizes[i, epoch]) if plan.epochs else 0


def _stack(plan: Plan, state: State, members: list[int], device: torch.device) -> Stack:
    slopes = torch.tensor([plan.configs[i].slope for i in members], dtype=_dtype(plan), device=device)
    return Stack(
        plan.layout,
        torch.from_numpy(state.parameters[members]).to(device),
        torch.from_numpy(state.running[members]).to(device),
        slopes[:, None, None],
    )


def _dtype(plan: Plan) -> torch.dtype:
    return torch.float64 if plan.dtype == np.float64 else torch.float32


def _epoch(plan: Plan, state: State, members: list[int], tick: Tick, device: torch.device) -> bool:
    """One epoch of networks that are alike; whether to go on."""
    epoch, first = int(state.epoch[members[0]]), _batching(plan, state, members[0])[0]
    stack = _stack(plan, state, members, device)
    means, squares = (torch.from_numpy(rows[members]).to(device) for rows in (state.first, state.second))
    lr, decay = (
        torch.tensor(plan.schedules[name][members, epoch], dtype=_dtype(plan), device=device)[:, None]
        for name in ("lr", "weight_decay")
    )
    keep = (1 - plan.schedules["dropout"][members, epoch]).tolist()
    noise_seeds = [plan.configs[i].noise_seed for i in members]
    seeds = seed_words(noise_seeds, device)
    alive = torch.ones(len(members), dtype=torch.bool, device=device)
    total = torch.zeros(len(members), dtype=torch.float64, device=device)
    for k, (x, y) in enumerate(_batches(plan, members, epoch, device)):
        size = y.shape[1]
        masks = None if min(keep) == 1 else _masks(plan, seeds, first + k, size, keep)
        w = stack.parameters.requires_grad_(True)
        losses = F.cross_entropy(stack.forward(x, training=True, masks=masks), y, reduction="none").mean(1)
        (gradient,) = torch.autograd.grad(losses.sum(), w)
        w.requires_grad_(False)
        alive &= torch.isfinite(losses.detach()) & torch.isfinite(stack.running).all(1)
        update(plan.configs[members[0]].optimiser, w, gradient, means, squares, first + k, lr, decay, noise_seeds)
        total += losses.detach().double() * size
    good = alive.cpu().numpy()
    for i, fine in zip(members, good, strict=True):
        if not fine:
            loop.advance_one(plan, state, i, epoch + 1, lambda: False)
    rows = np.array(members)[good]
    if len(rows):
        for target, source in (
            (state.parameters, stack.parameters), (state.running, stack.running),
            (state.first, means), (state.second, squares),
        ):  # fmt: skip
            target[rows] = source.cpu().numpy()[good]
        state.losses[rows, epoch] = total.cpu().numpy()[good] / len(plan.data.y_train)
        done = np.array([plan.stops(state.losses[i, : epoch + 1]) for i in rows])
        for last in (False, True):
            if some := rows[done == last].tolist():
                _measure(plan, state, some, epoch + 1, _stack(plan, state, some, device), device, last=last)
        state.epoch[rows] = epoch + 1
        state.stopped[rows] = np.where(done, epoch + 1, -1)
    stops = [tick() for _ in members]
    return not any(stops)


def _batches(plan: Plan, members: list[int], epoch: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (models, d, size) and labels (models, size) of each batch of an epoch."""
    x_train = torch.from_numpy(plan.data.x_train).to(device=device, dtype=_dtype(plan)).T.contiguous()
    drawn = [plan.batches(i, epoch, plan.train_labels(i)) for i in members]
    order = torch.from_numpy(np.stack([d[0] for d in drawn])).to(device)
    labels = torch.from_numpy(np.stack([d[1] for d in drawn])).to(device)
    scale = plan.schedules["input_noise"][members, epoch] * plan.input_std
    for a, b in itertools.pairwise(plan.edges(members[0], epoch).tolist()):
        x = x_train[:, order[:, a:b]].transpose(0, 1)
        if scale.any():
            x = x + torch.from_numpy(_noise(plan, drawn, scale, a, b)).to(x)
        yield x, labels[:, a:b]


def _noise(
    plan: Plan, drawn: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]],
    scale: NDArray[np.float64], a: int, b: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Input noise of one batch, (models, d, b - a)."""
    nothing = np.zeros((plan.layout.inputs, b - a))
    return np.stack([s * d[2][:, a:b] if s > 0 else nothing for d, s in zip(drawn, scale.tolist(), strict=True)])


def _masks(
    plan: Plan, seeds: Tensor, step: int, size: int, keep: list[float], stream: np.uint64 = draws.DROPOUT
) -> list[Tensor]:
    """Masks of all hidden layers, divided by the probability to stay."""
    bounds = thresholds(keep, seeds.device)
    share = torch.tensor(keep, dtype=_dtype(plan), device=seeds.device)[:, None, None]
    return [
        kept_units(seeds, step, l + 1, plan.layout.width, size, bounds, stream).to(share) / share
        for l in range(plan.layout.depth - 1)
    ]


def _measure(
    plan: Plan, state: State, members: list[int], epoch: int, stack: Stack, device: torch.device, *, last: bool = False
) -> None:
    """Loads and accuracies of networks that are alike, if the plan asks for them or they end here (`last`)."""
    at = plan.slots(epoch, last)
    if at.start == at.stop:
        return
    data, by_batch = plan.data, plan.mode_at(members[0], epoch) != "eval"
    keep = [plan.keep_at(i, epoch) for i in members]
    seeds = seed_words([plan.configs[i].noise_seed for i in members], device)

    def masks(part: slice) -> Masks:
        if min(keep[part]) == 1:
            return None
        return _masks(plan, seeds[part], epoch, len(data.y_train), keep[part], draws.MEASURED)

    x = torch.from_numpy(data.x_train).to(device=device, dtype=_dtype(plan)).T.contiguous()
    loads, right, finite = measure_stack(stack, x, data.y_train, data.classes, by_batch, masks)
    state.load_curves[members, at], state.output_load[members, at] = loads[:, None, :-1], loads[:, -1:]
    state.train_accuracy[members, at] = np.where(finite, right, np.nan)[:, None]
    state.by_batch[members, at] = by_batch
    if state.snapshots.shape[1]:
        state.snapshots[members, at] = stack.parameters.cpu().numpy()[:, None]
    if len(tested := plan.tested_slots(at)):
        x_test = torch.from_numpy(data.x_test).to(x).T.contiguous()
        y_test = torch.from_numpy(data.y_test).to(device)
        found = np.where(finite, accuracies(stack, x_test, y_test), np.nan)
        state.test_accuracy[np.ix_(np.array(members), tested)] = found[:, None]
    for i, fine in zip(members, finite, strict=True):
        if not fine:
            loop.measure(
                plan, state, i, epoch, loop.make_model(plan, plan.configs[i], state.parameters[i], state.running[i]),
                last=last,
            )  # fmt: skip
