"""Backend for processors: one network after another in each thread, each epoch one call of compiled code."""

import importlib
import itertools
import math
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.engine import compile_bound

from . import draws
from .columns import TEST_BATCH
from .diffusion import diffuse
from .measure import loads_from, measure_entry
from .optimisers import SGLD
from .plan import Plan, State, Tick
from .step import FINITE, train_entry
from .update import constants_of
from .workspace import Workspace, make_workspace


class Scratch(NamedTuple):
    """Memory of one thread."""

    work: Workspace
    gradient: NDArray[Any]
    buffers: NDArray[Any]
    words: NDArray[np.uint64]
    classes: NDArray[np.float64]


def advance(plan: Plan, state: State, stop: int, tick: Tick, *, threads: int) -> None:
    """Train all living networks to epoch `stop`; see `plan`. The bits do not depend on the number of threads."""
    living = state.living(stop)
    if not living:
        return
    n = len(plan.data.y_train)
    largest = min(int(plan.batch_sizes[living].max(initial=0)) + 1, n)  # a last batch of one joins the one before it
    scratches: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
    threads = min(threads, len(living))
    for _ in range(threads):
        scratches.put(_make_scratch(plan, largest))

    _ = plan.columns  # made once, before the threads ask for it
    cancelled = threading.Event()

    def run(model: int) -> None:
        if cancelled.is_set():
            return
        scratch = scratches.get()
        try:
            _advance_one(plan, state, model, stop, lambda: tick() or cancelled.is_set(), scratch)
        except BaseException:
            cancelled.set()
            raise
        finally:
            scratches.put(scratch)

    # Also one thread is not this one: Ctrl-C then never falls between the end of an epoch and its entry in the state.
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(run, model) for model in living]:
                done.result()
        except BaseException:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
            raise


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


def _make_scratch(plan: Plan, largest: int) -> Scratch:
    layout = plan.layout
    columns = max(len(plan.data.y_train), min(TEST_BATCH, len(plan.data.y_test)))
    return Scratch(
        work=make_workspace(layout, largest, plan.dtype),
        gradient=np.zeros(layout.parameters, plan.dtype),
        buffers=np.empty((2, max(layout.inputs, layout.width, layout.classes) * columns), plan.dtype),
        words=np.empty(2 * draws.dropout_blocks(columns), dtype=np.uint64),
        classes=np.empty((2, layout.classes)),
    )


def _advance_one(plan: Plan, state: State, i: int, stop: int, tick: Tick, scratch: Scratch) -> None:
    """One network to epoch `stop`."""
    config, layout, number = plan.configs[i], plan.layout, plan.dtype.type
    sizes, starts, seed = layout.sizes, layout.starts, np.uint64(config.noise_seed)
    labels, constants = plan.train_labels(i), constants_of(config.optimiser)
    temperature = config.optimiser.temperature if isinstance(config.optimiser, SGLD) else 0.0
    train = compile_bound(train_entry)
    if state.epoch[i] < 0:
        measure(plan, state, i, 0, scratch)
        state.epoch[i] = 0
    while state.epoch[i] < stop:
        epoch = int(state.epoch[i])
        lr, dropout, decay, _, input_noise = (float(values[i, epoch]) for values in plan.schedules.values())
        order, noisy, noise = plan.batches(i, epoch, labels)
        edges, step, total = plan.edges(i, epoch), int(plan.first_steps[i, epoch]), 0.0
        # all batches in one call, or one by one where noise comes between them
        spans = [np.array(pair) for pair in itertools.pairwise(edges)] if temperature > 0 else [edges]
        for span in spans:
            with np.errstate(all="ignore"):  # numbers that are not finite are found and reported; see `rows`
                loss, faulty = train(
                    state.parameters[i], scratch.gradient, state.first[i], state.second[i], state.running[i], sizes,
                    starts, plan.columns.x, order, noisy, span, noise.astype(plan.dtype), scratch.work,
                    number(config.slope), number(1 - dropout), draws.keep_threshold(1 - dropout),
                    number(input_noise * plan.input_std), constants, lr, decay, seed, step,
                )  # fmt: skip
            if faulty != FINITE:
                state.failed_epoch[i], state.failed_layer[i] = epoch + 1, faulty
                tick()
                return
            if temperature > 0:
                diffuse(state.parameters[i], math.sqrt(2 * lr * temperature), seed, step)
            total += loss
            step += 1
        state.losses[i, epoch] = total / edges[-1]
        done = plan.stops(state.losses[i, : epoch + 1])
        measure(plan, state, i, epoch + 1, scratch, last=done)
        state.epoch[i] = epoch + 1
        state.stopped[i] = epoch + 1 if done else -1
        if tick() or done or state.failed_epoch[i] >= 0:
            return


def measure(plan: Plan, state: State, i: int, epoch: int, scratch: Scratch, *, last: bool = False) -> None:
    """Loads and accuracies of one network after an epoch, if the plan asks for them or training ends here (`last`)."""
    at = plan.slots(epoch, last)
    if at.start == at.stop:
        return
    layout, data, entry, number = plan.layout, plan.columns, compile_bound(measure_entry), plan.dtype.type
    own, keep, seed = plan.mode_at(i, epoch) != "eval", plan.keep_at(i, epoch), np.uint64(plan.configs[i].noise_seed)
    traces = np.empty((layout.layers + 1, 3))
    network = state.parameters[i], state.running[i], layout.sizes, layout.starts
    memory = np.uint64(epoch), scratch.buffers, scratch.words, scratch.classes, traces
    slope, n = number(plan.configs[i].slope), len(plan.data.y_train)
    dropout = number(keep), draws.keep_threshold(keep), seed
    with np.errstate(all="ignore"):
        correct = entry(*network, data.sorted_x, data.sorted_y, data.edges, own, slope, *dropout, *memory)
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
    if len(tested := plan.tested_slots(at)):
        nothing, none = np.empty(0, dtype=np.int64), (number(1), draws.keep_threshold(1), seed)
        right = sum(entry(*network, x, y, nothing, False, slope, *none, *memory) for x, y in data.test)
        state.test_accuracy[i, tested] = right / len(plan.data.y_test)
