"""Backend "stacked": all copies as one stack of weights, any module, by `torch.func.functional_call` under `vmap`.

Networks whose batches differ in size (one has lost an example) take that step in a stack of their own.
"""

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from .dropout import own_draws, set_step
from .losses import stacked_losses
from .stacked_update import Constants, constants_of, update, with_rates
from .state import Plan, State, loss_reason, weights_reason
from .vectors import Vectors

Buffers = dict[str, Tensor]


def advance(plan: Plan, state: State, stop: int) -> State:
    """Train all living networks to step `stop`; see `state`."""
    new = state.copy()
    living = np.array(state.living, dtype=np.int64)
    if not len(living):
        return new.at(stop)
    w, first, second = (torch.from_numpy(rows[living]) for rows in (state.parameters, state.first, state.second))
    buffers = _buffers(plan, state.buffers[living])
    members = [plan.members[i] for i in living]
    constants = constants_of(members, w.dtype)
    trained = None if plan.vectors.trained.all() else torch.from_numpy(plan.vectors.trained)
    failed: dict[int, tuple[int, str]] = {}
    plan.model.train()
    # vmap has no rule for the fused attention of the CPU and would run it network by network
    with own_draws(), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        for step in range(state.step, stop):
            index = [plan.members[i].order.at(step) for i in living]
            now = with_rates(constants, members, step)
            sizes = np.array([len(batch) for batch in index])
            losses = torch.empty(len(living), dtype=w.dtype)
            for size in np.unique(sizes):
                rows = None if (sizes == size).all() else np.flatnonzero(sizes == size)
                set_step(plan.model, plan.seed, step)
                losses[_at(rows)] = _step(plan, living, index, rows, w, first, second, buffers, now, trained, step)
            fine = torch.isfinite(losses)
            if not fine.all():
                for k in torch.nonzero(~fine)[:, 0].tolist():
                    failed.setdefault(k, (step + 1, loss_reason(float(losses[k]), step + 1)))
    _store(new, living, failed, w, first, second, buffers, stop)
    return new.at(stop)


def _step(
    plan: Plan,
    living: np.ndarray,
    index: list[np.ndarray],
    rows: np.ndarray | None,
    w: Tensor,
    first: Tensor,
    second: Tensor,
    buffers: Buffers,
    constants: Constants,
    trained: Tensor | None,
    step: int,
) -> Tensor:
    """One step of the networks `rows` of the stack (None: all); their losses. A network keeps what was finite last."""
    every = range(len(living)) if rows is None else rows.tolist()
    x, y = _batch(plan, living, index, list(every))
    part = (lambda t: t) if rows is None else (lambda t: t[torch.from_numpy(rows)])
    mine, own = part(w).detach().requires_grad_(True), {name: part(b).clone() for name, b in buffers.items()}
    logits = _forward(plan, mine, own, x)
    losses = stacked_losses(plan.loss, logits, y, constants.of(rows).smoothing)
    (gradient,) = torch.autograd.grad(losses.sum(), mine)
    losses = losses.detach()
    fine = torch.isfinite(losses)
    with torch.no_grad():
        now = [mine.detach().clone(), part(first).clone(), part(second).clone()]
        update(constants.of(rows), now[0], gradient, now[1], now[2], step)
        if trained is not None:
            now = [torch.where(trained, a, b) for a, b in zip(now, (mine, part(first), part(second)), strict=True)]
        at = _at(rows)
        for target, value in zip((w, first, second), now, strict=True):
            target[at] = value if fine.all() else torch.where(fine[:, None], value, target[at])
        for name, value in own.items():
            buffers[name][at] = value
    return losses


def _forward(plan: Plan, w: Tensor, buffers: Buffers, x: Tensor) -> Tensor:
    """Logits (models, batch, classes)."""
    named = plan.vectors.named(w)

    def one(parameters: dict[str, Tensor], own: Buffers, inputs: Tensor) -> Tensor:
        logits: Tensor = functional_call(plan.model, (parameters, own), (inputs,))
        return logits

    stacked: Tensor = vmap(one, randomness="same")(named, buffers, x)
    return stacked


def _batch(plan: Plan, living: np.ndarray, index: list[np.ndarray], every: list[int]) -> tuple[Tensor, Tensor]:
    """Inputs (models, batch, ...) and labels (models, batch); equal ones are gathered once."""
    members = [plan.members[living[k]] for k in every]
    base, same = members[0], index[every[0]]
    xs: list[Tensor] = []
    ys: list[Tensor] = []
    for k, member in zip(every, members, strict=True):
        alike = index[k] is same or np.array_equal(index[k], same)
        at = torch.from_numpy(index[k])
        xs.append(xs[0] if xs and alike and member.x is base.x else member.x[at])
        ys.append(ys[0] if ys and alike and member.y is base.y else member.y[at])
    if all(x is xs[0] for x in xs):
        return xs[0].expand(len(xs), *xs[0].shape), torch.stack(ys)
    return torch.stack(xs), torch.stack(ys)


def _buffers(plan: Plan, rows: np.ndarray) -> Buffers:
    vectors: Vectors = plan.vectors
    kinds = dict(plan.model.named_buffers())
    parts = torch.from_numpy(rows).split(vectors.buffer_sizes, dim=1) if vectors.buffer_names else ()
    return {
        name: part.reshape(len(rows), *shape).to(kinds[name].dtype)
        for name, part, shape in zip(vectors.buffer_names, parts, vectors.buffer_shapes, strict=True)
    }


def _store(
    new: State, living: np.ndarray, failed: dict[int, tuple[int, str]], w: Tensor, first: Tensor, second: Tensor,
    buffers: Buffers, stop: int,
) -> None:  # fmt: skip
    new.parameters[living], new.first[living], new.second[living] = w.numpy(), first.numpy(), second.numpy()
    if buffers:
        new.buffers[living] = torch.cat([b.flatten(1).double() if b.ndim > 1 else b[:, None].double()
                                         for b in buffers.values()], dim=1).numpy()  # fmt: skip
    for k, i in enumerate(living.tolist()):
        if k in failed:
            new.fail(i, *failed[k])
        elif not np.isfinite(new.parameters[i]).all():
            new.fail(i, stop, weights_reason(stop))


def _at(rows: np.ndarray | None) -> slice | Tensor:
    return slice(None) if rows is None else torch.from_numpy(rows)
