"""Reference backend: one network after another in plain PyTorch, `torch.nn` and `torch.optim`, with our draws.

The other backends are compared with this one, mask for mask. It is slow, and runs wherever torch does.
"""

import itertools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..measure._batch import NotFiniteError
from ..measure.load_curve import measure_layers
from ..models import MLP
from ..training.measured import accuracy
from . import draws
from .config import MLPConfig
from .layout import fill_model, flat_parameters, flat_running
from .plan import Plan, State, Tick
from .torch_optimisers import memory_names, torch_optimiser


class InjectedDropout(nn.Module):
    """Dropout whose mask, already divided by the probability to stay, is set from outside before each step."""

    mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the mask in training mode."""
        return x if self.mask is None or not self.training else x * self.mask


def advance(plan: Plan, state: State, stop: int, tick: Tick) -> None:
    """Train all living networks to epoch `stop`; see `plan`."""
    for model in state.living(stop):
        if not advance_one(plan, state, model, stop, tick):
            return


def make_model(plan: Plan, config: MLPConfig, parameters: NDArray[Any], running: NDArray[Any]) -> MLP:
    """The network of a config with these weights, its dropout injected."""
    model = MLP(**plan.layout.described(), slope=config.slope, seed=config.seed)
    model.to(torch.float64 if plan.dtype == np.float64 else torch.float32)
    for layer in model.hidden:
        layer.dropout = InjectedDropout()
    fill_model(model, parameters, running)
    return model


def set_masks(model: MLP, seed: int, step: int, batch: int, keep: float, stream: np.uint64 = draws.DROPOUT) -> None:
    """Masks of one step for every hidden layer."""
    dtype = next(model.parameters()).dtype
    width = model.output.in_features  # of any layer that drops out
    for l, dropout in enumerate(m for m in model.modules() if isinstance(m, InjectedDropout)):
        dropout.mask = None
        if keep < 1:
            kept = draws.kept_units(seed, step, l + 1, width, batch, keep, stream)
            dropout.mask = torch.from_numpy(kept.T.copy()).to(dtype) / keep


def _load_memories(stepper: torch.optim.Optimizer, config: MLPConfig, rows: list[NDArray[Any]], steps: int) -> None:
    at = 0
    stepper.param_groups[0]["steps"] = steps  # of Langevin, which counts them itself
    for p in stepper.param_groups[0]["params"]:
        kept: dict[str, Any] = {"step": torch.tensor(float(steps))}
        for name, row in zip(memory_names(config.optimiser), rows, strict=True):
            if name is not None:
                kept[name] = torch.from_numpy(row[at : at + p.numel()].copy()).view(p.shape)
        stepper.state[p] = kept
        at += p.numel()


def _store_memories(stepper: torch.optim.Optimizer, config: MLPConfig, rows: list[NDArray[Any]]) -> None:
    for name, row in zip(memory_names(config.optimiser), rows, strict=True):
        if name is not None:
            parts = [stepper.state[p][name].numpy().ravel() for p in stepper.param_groups[0]["params"]]
            row[:] = np.concatenate(parts)


@torch.enable_grad()
def advance_one(plan: Plan, state: State, i: int, stop: int, tick: Tick) -> bool:
    """One network to epoch `stop`; whether to go on with the next."""
    config, seed = plan.configs[i], plan.configs[i].noise_seed
    model = make_model(plan, config, state.parameters[i], state.running[i])
    dtype = next(model.parameters()).dtype
    x_train = torch.from_numpy(plan.data.x_train).to(dtype)
    labels = plan.train_labels(i)
    if state.epoch[i] < 0:
        measure(plan, state, i, 0, model)
        state.epoch[i] = 0
    stepper = torch_optimiser(config.optimiser, list(model.parameters()), lr=1.0, weight_decay=0.0, seed=seed)
    memories = [state.first[i], state.second[i]]
    if state.epoch[i] > 0:
        _load_memories(stepper, config, memories, int(plan.first_steps[i, state.epoch[i]]))
    while state.epoch[i] < stop:
        epoch = int(state.epoch[i])
        lr, dropout, decay, _, input_noise = (float(values[i, epoch]) for values in plan.schedules.values())
        for group in stepper.param_groups:
            group["lr"], group["weight_decay"] = lr, decay
        order, noisy, noise = plan.batches(i, epoch, labels)
        edges, total, first = plan.edges(i, epoch), 0.0, int(plan.first_steps[i, epoch])
        model.train()
        for k, (a, b) in enumerate(itertools.pairwise(edges.tolist())):
            set_masks(model, seed, first + k, b - a, 1 - dropout)
            x = x_train[torch.from_numpy(order[a:b])]
            if input_noise > 0:
                x = x + input_noise * plan.input_std * torch.from_numpy(noise[:, a:b].T.copy()).to(dtype)
            stepper.zero_grad()
            loss = nn.functional.cross_entropy(model(x), torch.from_numpy(noisy[a:b]))
            if not torch.isfinite(loss) or not np.isfinite(flat_running(model)).all():
                state.failed_epoch[i], state.failed_layer[i] = epoch + 1, faulty_layer(model, x)
                return not tick()
            loss.backward()
            stepper.step()
            total += float(loss.detach()) * (b - a)
        state.losses[i, epoch] = total / edges[-1]
        state.parameters[i], state.running[i] = flat_parameters(model), flat_running(model)
        _store_memories(stepper, config, memories)
        done = plan.stops(state.losses[i, : epoch + 1])
        measure(plan, state, i, epoch + 1, model, last=done)
        state.epoch[i] = epoch + 1
        state.stopped[i] = epoch + 1 if done else -1
        if tick():
            return False
        if done or state.failed_epoch[i] >= 0:
            break
    return True


@torch.no_grad()
def faulty_layer(model: MLP, x: Tensor) -> int:
    """First layer whose numbers are not finite; the depth stands for the logits."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]  # the input's and one a hidden layer
    h = x
    for l, layer in enumerate([model.input, *model.hidden]):
        h = layer(h)
        variance = norms[l].running_var
        if not torch.isfinite(h).all() or (variance is not None and not torch.isfinite(variance).all()):
            return l
    return len(norms)


def measure(plan: Plan, state: State, i: int, epoch: int, model: MLP, *, last: bool = False) -> None:
    """Loads and accuracies of one network after an epoch, if the plan asks for them or training ends here (`last`)."""
    at = plan.slots(epoch, last)
    if at.start == at.stop:
        return
    data, mode = plan.data, plan.mode_at(i, epoch)
    dtype = next(model.parameters()).dtype
    by_class = np.argsort(data.y_train, kind="stable")  # masks of mode "train" are those of examples in this order
    x, y = torch.from_numpy(data.x_train[by_class]).to(dtype), data.y_train[by_class]
    set_masks(model, plan.configs[i].noise_seed, epoch, len(y), plan.keep_at(i, epoch), draws.MEASURED)
    try:
        loads = measure_layers(model, x, y, mode=mode)
    except NotFiniteError:
        state.failed_epoch[i] = epoch
        state.failed_layer[i] = faulty_layer(model, x)
        return
    state.load_curves[i, at], state.output_load[i, at] = loads.D, loads.output_load
    state.train_accuracy[i, at] = loads.accuracy
    state.by_batch[i, at] = mode != "eval"
    if state.snapshots.shape[1]:
        state.snapshots[i, at] = flat_parameters(model)
    if len(tested := plan.tested_slots(at)):
        x_test, y_test = torch.from_numpy(data.x_test).to(dtype), torch.from_numpy(data.y_test)
        state.test_accuracy[i, tested] = accuracy(model, x_test, y_test)
