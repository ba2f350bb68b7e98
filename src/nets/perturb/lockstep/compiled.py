"""Backend "compiled": `MLP` with BatchNorm throughout or nowhere, one copy in each thread.

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
from .plain_step import PlainWorkspace, plain_entry, plain_workspace
from .state import Plan, State, weights_reason


class Scratch(NamedTuple):
    """Memory of one thread."""

    work: Workspace | PlainWorkspace
    gradient: NDArray[Any]


class Network(NamedTuple):
    """What compiled code must know of the architecture.

    `sizes` (depth + 1,): features of all layers; `starts` (depth,): where W of each linear layer begins.
    """

    normed: bool
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]
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
    normed = s["norm"] == "batch"
    if normed != s["input_norm"] or s["init"] == "ntk" or not usual or len(rates) > 1:
        return None
    layout = Layout(s["inputs"], s["width"], s["depth"], s["classes"])
    starts = layout.starts
    if not normed:
        sizes = layout.sizes
        starts = np.concatenate([[0], np.cumsum(sizes[1:] * (sizes[:-1] + 1))[:-1]]).astype(np.int64)
    return Network(normed, layout.sizes, starts, s["slope"], rates.pop() if rates else 0.0)


def advance(plan: Plan, state: State, stop: int, *, threads: int) -> State:
    """Train all living networks to step `stop`; see `state`. The bits do not depend on the number of threads."""
    network = network_of(plan.model)
    if network is None:
        raise ValueError(
            "backend 'compiled' trains an MLP with BatchNorm throughout or nowhere; take 'stacked' or 'loop'."
        )
    new, living = state.copy(), state.living
    largest = max((int(np.diff(m.order.epoch(0)[1]).max()) for m in plan.members), default=1)
    scratches: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
    threads = max(1, min(threads, len(living)))
    for _ in range(threads):
        scratches.put(Scratch(_workspace(network, largest, plan.vectors.dtype), np.zeros_like(state.parameters[0])))

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
    scratch: Scratch,
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
    scratch: Scratch,
    start: int,
    stop: int,
) -> int:
    """Steps `start` to `stop` of one network in place; the step before the first piece of work that was not finite."""
    number, per_epoch = plan.vectors.dtype.type, member.order.steps
    keep = 1 - network.dropout
    while start < stop:
        epoch, k = divmod(start, per_epoch)
        last = member.same_rate_until(start, min(stop, (epoch + 1) * per_epoch))
        order, edges = member.order.epoch(epoch)
        own = new.parameters[i], scratch.gradient, new.first[i], new.second[i]
        data = plan.columns[id(member.x)], order, member.y.numpy()[order], edges[k : k + last - start + 1]
        rates = number(network.slope), number(keep), draws.keep_threshold(keep)
        update = constants_of(member.optimiser), member.rate(start), member.weight_decay, np.uint64(plan.seed), start
        with np.errstate(all="ignore"):  # numbers that are not finite are found and reported
            if isinstance(scratch.work, PlainWorkspace):
                faulty = compile_bound(plain_entry)(
                    *own, network.sizes, network.starts, *data, scratch.work, *rates, *update
                )
            else:
                noise = np.empty((int(network.sizes[0]), 0), plan.vectors.dtype)
                _, faulty = compile_bound(train_entry)(
                    *own, running, network.sizes, network.starts, *data, noise, scratch.work, *rates, number(0.0),
                    *update,
                )  # fmt: skip
        if faulty != FINITE:
            return start
        start = last
    return start


def _workspace(network: Network, batch: int, dtype: np.dtype) -> Workspace | PlainWorkspace:
    """Scratch for batches of up to `batch` examples."""
    if not network.normed:
        return plain_workspace(network.sizes, batch, dtype)
    inputs, width, classes = (int(network.sizes[k]) for k in (0, 1, -1))
    return make_workspace(Layout(inputs, width, len(network.starts), classes), batch, dtype)


def _running(plan: Plan) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which buffers are running statistics, and which count batches."""
    counts = [name.endswith("num_batches_tracked") for name in plan.vectors.buffer_names]
    counters = np.repeat(np.array(counts, dtype=bool), np.array(plan.vectors.buffer_sizes, dtype=np.int64))
    return ~counters, counters
