"""Backend for processors: one network after another in each thread, each epoch one call of compiled code."""

import importlib
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.engine import compile_bound

from . import draws
from .measure import loads_from, measure_entry
from .plan import Plan, State, Tick
from .step import FINITE, train_entry
from .update import constants_of
from .workspace import Workspace, make_workspace

TEST_BATCH = 1000  # activations of this many columns stay in the cache


class Prepared(NamedTuple):
    """Data as the compiled code takes them: (features, examples), also sorted by class, and the test set in blocks."""

    x: NDArray[Any]
    sorted_x: NDArray[Any]
    sorted_y: NDArray[np.int64]
    edges: NDArray[np.int64]
    test: list[tuple[NDArray[Any], NDArray[np.int64]]]


class Scratch(NamedTuple):
    """Memory of one thread."""

    work: Workspace
    gradient: NDArray[Any]
    buffers: NDArray[Any]
    classes: NDArray[np.float64]


def advance(plan: Plan, state: State, stop: int, tick: Tick, *, threads: int) -> None:
    """Train all living networks to epoch `stop`; see `plan`. The bits do not depend on the number of threads."""
    living = state.living(stop)
    if not living:
        return
    data = prepared(plan)
    largest = max(int(np.diff(plan.edges(i)).max()) for i in living)
    scratches: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
    threads = min(threads, len(living))
    for _ in range(threads):
        scratches.put(_make_scratch(plan, largest))

    def run(model: int) -> None:
        scratch = scratches.get()
        try:
            _advance_one(plan, state, model, stop, tick, data, scratch)
        finally:
            scratches.put(scratch)

    with one_blas_thread():
        if threads == 1:
            for model in living:
                run(model)
            return
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(run, model) for model in living]:
                done.result()


def one_blas_thread() -> Any:
    """Context in which BLAS starts no threads of its own: in products of this size they only wait for each other."""
    importlib.import_module("scipy.linalg.cython_blas")  # the BLAS of numba's products: it must be there to be limited
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            "backend 'compiled' needs threadpoolctl; install it with: pip install 'mechanet[nets]'"
        ) from None
    return threadpool_limits(1, user_api="blas")


def prepared(plan: Plan) -> Prepared:
    """The data of a plan, transposed and sorted."""
    data = plan.data
    by_class = np.argsort(data.y_train, kind="stable")
    counts = np.bincount(data.y_train, minlength=data.classes)
    blocks = [slice(a, a + TEST_BATCH) for a in range(0, len(data.y_test), TEST_BATCH)]
    columns = [np.ascontiguousarray(data.x_test[at].T, dtype=plan.dtype) for at in blocks]
    return Prepared(
        x=np.ascontiguousarray(data.x_train.T, dtype=plan.dtype),
        sorted_x=np.ascontiguousarray(data.x_train[by_class].T, dtype=plan.dtype),
        sorted_y=data.y_train[by_class],
        edges=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        test=[(x, data.y_test[at]) for x, at in zip(columns, blocks, strict=True)],
    )


def _make_scratch(plan: Plan, largest: int) -> Scratch:
    layout = plan.layout
    columns = max(len(plan.data.y_train), min(TEST_BATCH, len(plan.data.y_test)))
    return Scratch(
        work=make_workspace(layout, largest, plan.dtype),
        gradient=np.zeros(layout.parameters, plan.dtype),
        buffers=np.empty((2, max(layout.inputs, layout.width, layout.classes) * columns), plan.dtype),
        classes=np.empty((2, layout.classes)),
    )


def _advance_one(plan: Plan, state: State, i: int, stop: int, tick: Tick, data: Prepared, scratch: Scratch) -> None:
    """One network to epoch `stop`."""
    config, layout, number = plan.configs[i], plan.layout, plan.dtype.type
    sizes, starts, edges = layout.sizes, layout.starts, plan.edges(i)
    labels, constants = plan.train_labels(i), constants_of(config.optimiser)
    train = compile_bound(train_entry)
    if state.epoch[i] < 0:
        measure(plan, state, i, 0, data, scratch)
        state.epoch[i] = 0
    while state.epoch[i] < stop:
        epoch = int(state.epoch[i])
        lr, dropout, decay, _, input_noise = (float(values[i, epoch]) for values in plan.schedules.values())
        order, noisy, noise = plan.batches(i, epoch, labels)
        with np.errstate(all="ignore"):  # numbers that are not finite are found and reported; see `rows`
            loss, faulty = train(
                state.parameters[i], scratch.gradient, state.first[i], state.second[i], state.running[i], sizes, starts,
                data.x, order, noisy, edges, noise.astype(plan.dtype), scratch.work, number(config.slope),
                number(1 - dropout), draws.keep_threshold(1 - dropout), number(input_noise * plan.input_std), constants,
                lr, decay, np.uint64(config.noise_seed), epoch * (len(edges) - 1),
            )  # fmt: skip
        if faulty != FINITE:
            state.failed_epoch[i], state.failed_layer[i] = epoch + 1, faulty
            tick()
            return
        state.losses[i, epoch] = loss
        measure(plan, state, i, epoch + 1, data, scratch)
        state.epoch[i] = epoch + 1
        if tick() or state.failed_epoch[i] >= 0:
            return


def measure(plan: Plan, state: State, i: int, epoch: int, data: Prepared, scratch: Scratch) -> None:
    """Loads and accuracies of one network after an epoch, if the plan asks for them."""
    at = int(np.searchsorted(plan.measured, epoch))
    if at == len(plan.measured) or plan.measured[at] != epoch:
        return
    layout, entry = plan.layout, compile_bound(measure_entry)
    slope = plan.dtype.type(plan.configs[i].slope)
    own = plan.mode_at(i, epoch) == "batch"
    traces = np.empty((layout.layers + 1, 3))
    network = state.parameters[i], state.running[i], layout.sizes, layout.starts
    memory = slope, scratch.buffers, scratch.classes, traces
    n = len(plan.data.y_train)
    with np.errstate(all="ignore"):
        correct = entry(*network, data.sorted_x, data.sorted_y, data.edges, own, *memory)
    broken = np.flatnonzero(~np.isfinite(traces).all(axis=1))
    if len(broken):
        state.failed_epoch[i], state.failed_layer[i] = epoch, broken[0]
        return
    loads = loads_from(traces, n)
    state.load_curves[i, at], state.output_load[i, at] = loads[:-1], loads[-1]
    state.train_accuracy[i, at] = correct / n
    state.by_batch[i, at] = own
    if state.snapshots.shape[1]:
        state.snapshots[i, at] = state.parameters[i]
    if epoch in plan.tested and data.test:
        nothing = np.empty(0, dtype=np.int64)
        right = sum(entry(*network, x, y, nothing, False, *memory) for x, y in data.test)
        state.test_accuracy[i, at] = right / len(plan.data.y_test)
