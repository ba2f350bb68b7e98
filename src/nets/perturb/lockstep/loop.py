"""Reference backend: one network after another in plain PyTorch, with `torch.optim`; any module, any layer."""

import numpy as np
import torch
from torch import nn

from ...ensembles.torch_optimisers import memory_names, torch_optimiser
from .dropout import own_draws, set_step
from .losses import mean_loss
from .member import Member
from .state import Plan, State, loss_reason, weights_reason
from .vectors import read_vectors, write_vectors


def advance(plan: Plan, state: State, stop: int) -> State:
    """Train all living networks to step `stop`; see `state`."""
    new = state.copy()
    with own_draws(), torch.enable_grad():
        for i in state.living:
            _advance_one(plan, new, i, state.step, stop)
    return new.at(stop)


def _advance_one(plan: Plan, new: State, i: int, start: int, stop: int) -> None:
    model, member = plan.model, plan.members[i]
    write_vectors(model, new.parameters[i], new.buffers[i])
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    stepper = torch_optimiser(
        member.optimiser, parameters, lr=member.lr, weight_decay=member.weight_decay, seed=plan.seed
    )
    trained = plan.vectors.trained
    if start > 0 or member.memory is not None:
        _load(stepper, member, parameters, new.first[i][trained], new.second[i][trained], start)
    failed = None
    for step in range(start, stop):
        set_step(model, plan.seed, step)
        index = torch.from_numpy(member.order.at(step))
        loss = mean_loss(plan.loss, model(member.x[index]), member.y[index], member.smoothing)
        if not torch.isfinite(loss):
            failed = step + 1, loss_reason(float(loss.detach()), step + 1)
            break
        stepper.param_groups[0]["lr"] = member.rate(step)
        stepper.zero_grad(set_to_none=True)
        loss.backward()
        stepper.step()
    if failed:
        new.fail(i, *failed)
    new.parameters[i], new.buffers[i] = read_vectors(model)
    for row, name in zip((new.first[i], new.second[i]), memory_names(member.optimiser), strict=True):
        if name is not None and (start > 0 or stepper.state):
            row[trained] = np.concatenate([stepper.state[p][name].numpy().ravel() for p in parameters])
    if not failed and not np.isfinite(new.parameters[i]).all():
        new.fail(i, stop, weights_reason(stop))


def _load(
    stepper: torch.optim.Optimizer,
    member: Member,
    parameters: list[nn.Parameter],
    first: np.ndarray,
    second: np.ndarray,
    steps: int,
) -> None:
    at = 0
    for p in parameters:
        kept = {"step": torch.tensor(float(steps))}
        for name, row in zip(memory_names(member.optimiser), (first, second), strict=True):
            if name is not None:
                kept[name] = torch.from_numpy(row[at : at + p.numel()].copy()).view(p.shape)
        stepper.state[p] = kept
        at += p.numel()
