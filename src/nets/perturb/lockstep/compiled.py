"""Backend "compiled": `MLP` with BatchNorm by the kernels of `train_ensemble`, one copy in each thread.

A call of compiled code takes the steps between two records that lie in one epoch. Where it stops for numbers that are
not finite, the steps are taken again one by one, to know which it was.
"""

import queue
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mechanics.engine import compile_bound

from ...ensembles import draws
from ...ensembles.compiled import one_blas_thread
from ...ensembles.layout import Layout
from ...ensembles.step import FINITE, train_entry
from ...ensembles.update import constants_of
from ...ensembles.workspace import Workspace, make_workspace
from ...models import MLP
from .dropout import KeyedDropout
from .member import Member
from .state import Plan, State, weights_reason


class Network(NamedTuple):
    """What compiled code must know of the architecture."""

    layout: Layout
    slope: float
    dropout: float


def network_of(model: nn.Module) -> Network | None:
    """The architecture, or None where it is not one that the compiled kernels know."""
    if type(model) is not MLP or not all(p.requires_grad for p in model.parameters()):
        return None
    s: dict[str, Any] = model.settings
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    usual = all((m.eps, m.momentum, m.affine, m.track_running_stats) == (1e-5, 0.1, True, True) for m in norms)
    rates = {m.p for m in model.modules() if isinstance(m, KeyedDropout)}
    if s["norm"] != "batch" or not s["input_norm"] or s["init"] == "ntk" or not usual or len(rates) > 1:
        return None
    layout = Layout(s["inputs"], s["width"], s["depth"], s["classes"])
    return Network(layout, s["slope"], rates.pop() if rates else 0.0)


def advance(plan: Plan, state: State, stop: int, *, threads: int) -> State:
    """Train all living networks to step `stop`; see `state`. The bits do not depend on the number of threads."""
    network = network_of(plan.model)
    if network is None:
        raise ValueError("backend 'compiled' trains an MLP with BatchNorm, all of it; take 'stacked' or 'loop'.")
    new, living = state.copy(), state.living
    largest = max((int(np.diff(m.order.epoch(0)[1]).max()) for m in plan.members), default=1)
    scratches: queue.SimpleQueue[tuple[Workspace, NDArray[Any]]] = queue.SimpleQueue()
    threads = max(1, min(threads, len(living)))
    for _ in range(threads):
        scratches.put((make_workspace(network.layout, largest, plan.vectors.dtype), np.zeros_like(state.parameters[0])))

    _ = plan.columns  # made once, before the threads ask for it

    def run(i: int) -> None:
        scratch = scratches.get()
        try:
            _advance_one(plan, network, state, new, i, stop, scratch)
        finally:
            scratches.put(scratch)

    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(run, i) for i in living]:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return new.at(stop)


def _advance_one(
    plan: Plan,
    network: Network,
    state: State,
    new: State,
    i: int,
    stop: int,
    scratch: tuple[Workspace, NDArray[Any]],
) -> None:
    where, counters = _running(plan)
    running = new.buffers[i][where].astype(plan.vectors.dtype)
    train = partial(_train, plan, network, plan.members[i], new, i, running, scratch)
    reached = train(state.step, stop)
    if reached < stop:  # not finite on the way: once more, step by step
        for name in ("parameters", "first", "second"):
            getattr(new, name)[i] = getattr(state, name)[i]
        running[:] = state.buffers[i][where]
        reached = state.step
        while train(reached, reached + 1) > reached:
            reached += 1
        new.fail(i, reached + 1, f"its numbers became infinite or nan at step {reached + 1}; lower lr")
    elif not np.isfinite(new.parameters[i]).all():
        new.fail(i, stop, weights_reason(stop))
    new.buffers[i][where] = running
    new.buffers[i][counters] += reached - state.step


def _train(
    plan: Plan,
    network: Network,
    member: Member,
    new: State,
    i: int,
    running: NDArray[Any],
    scratch: tuple[Workspace, NDArray[Any]],
    start: int,
    stop: int,
) -> int:
    """Steps `start` to `stop` of one network in place; the step before the first piece of work that was not finite."""
    number, layout, per_epoch = plan.vectors.dtype.type, network.layout, member.order.steps
    keep = 1 - network.dropout
    while start < stop:
        epoch, k = divmod(start, per_epoch)
        last = min(stop, (epoch + 1) * per_epoch)
        order, edges = member.order.epoch(epoch)
        with np.errstate(all="ignore"):  # numbers that are not finite are found and reported
            _, faulty = compile_bound(train_entry)(
                new.parameters[i], scratch[1], new.first[i], new.second[i], running, layout.sizes, layout.starts,
                plan.columns[id(member.x)], order, member.y.numpy()[order],
                edges[k : k + last - start + 1], np.empty((layout.inputs, 0), plan.vectors.dtype), scratch[0],
                number(network.slope), number(keep), draws.keep_threshold(keep), number(0.0),
                constants_of(member.optimiser), member.lr, member.weight_decay, np.uint64(plan.seed), start,
            )  # fmt: skip
        if faulty != FINITE:
            return start
        start = last
    return start


def _running(plan: Plan) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which buffers are running statistics, and which count batches."""
    names = np.repeat(plan.vectors.buffer_names, plan.vectors.buffer_sizes)
    counters = np.char.endswith(names, "num_batches_tracked")
    return ~counters, counters
