"""What exponents cost, in steps of plain training, and the memory they take.

    python benchmarks/training_lyapunov.py [--quick]

Time: a tanh network 64-32-32-10 (D = 3466), batches of 128 examples, SGD with momentum, float64, one thread. CPU time
of one step, medians over interleaved rounds; the unit is a step of `torch.optim.SGD`, forward and backward included.
Memory: growth of the resident peak in a fresh process each, in units of the D k numbers of the frame's weights.
Networks: the same unit for the networks of `nets.models` on 10x10 digits.
"""

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path

import torch
from torch import nn

from nets import CNN, MLP, load_mnist10
from nets.ensembles import SGD
from nets.lyapunov import training_spectrum
from nets.lyapunov.run import advance
from nets.lyapunov.setup import arranged
from nets.models import ResNet, Transformer

MOMENTUM, LR, BATCH = 0.9, 1e-3, 128


def network(width):
    return nn.Sequential(
        nn.Linear(64, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 10)
    ).double()


def data(n=1280):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 64, generator=generator, dtype=torch.float64), torch.arange(n) % 10


def plain(model, x, y):
    """A step as users write it, from one batch to the next."""
    optimiser = torch.optim.SGD(model.parameters(), LR, MOMENTUM)
    batch = [0]

    def step():
        at = batch[0] % (len(y) // BATCH) * BATCH
        batch[0] += 1
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x[at : at + BATCH]), y[at : at + BATCH]).backward()
        optimiser.step()

    return step


def with_exponents(model, x, y, k, momentum=MOMENTUM):
    job = arranged(
        model, (x, y), k, optimiser=SGD(momentum), lr=LR, loss=nn.functional.cross_entropy, batch_size=BATCH, seed=0,
        weight_decay=0.0, dampening=0.0, coordinates="scaled", dtype=torch.float64, interval=None,
    )  # fmt: skip
    state = [job.start()]
    steps = 1 if job.fixed == 1 else 10

    def step():
        state[0] = advance(job, state[0], steps).state

    return step, steps


def times(rounds):
    x, y = data()
    steps = {"plain": (plain(network(32), x, y), 1)}
    steps |= {f"k = {k}": with_exponents(network(32), x, y, k) for k in (1, 5, 20)}
    steps |= {f"k = {k}, no momentum": with_exponents(network(32), x, y, k, 0.0) for k in (5, 20)}
    in_turns(steps, rounds)


def architectures(rounds):
    """Networks of the package; those without a closed form take the graph of the gradient."""
    digits = load_mnist10()
    x, y = torch.from_numpy(digits.x_train[:1280]).double(), torch.from_numpy(digits.y_train[:1280])
    makers = {
        "MLP 100-100x7-10, BatchNorm": MLP(seed=1), "CNN, 8 channels, 2 layers": CNN(1, 10, 8, 3, seed=1),
        "ResNet, width 8": ResNet(seed=1), "transformer, width 16": Transformer(seed=1),
    }  # fmt: skip
    for name, model in makers.items():
        print(f"{name}: D = {sum(p.numel() for p in model.parameters())}")
        model = model.double()
        steps = {"plain": (plain(model, x, y), 1)}
        in_turns(steps | {f"k = {k}": with_exponents(model, x, y, k) for k in (1, 5, 20)}, rounds)


def in_turns(steps, rounds):
    """Print the time of each step, in units of the plain one."""
    spent = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (step, count) in steps.items():
            start = time.process_time()
            step()
            spent[name].append((time.process_time() - start) / count)
    unit = statistics.median(spent["plain"])
    for name, values in spent.items():
        ratios = sorted(v / p for v, p in zip(values, spent["plain"], strict=True))
        median = statistics.median(values)
        print(f"{name:22} {1e6 * median:8.0f} us = {median / unit:5.2f} plain steps"
              f" (median of ratios {statistics.median(ratios):5.2f})", flush=True)  # fmt: skip


def _peak(k, width, queue):
    torch.set_num_threads(1)
    x, y = data(128)
    training_spectrum(network(8), (x, y), optimiser=SGD(MOMENTUM), lr=LR, steps=1, k=1)  # libraries are loaded
    model = network(width)
    D = sum(p.numel() for p in model.parameters())
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident now
    before = _resident_peak()
    training_spectrum(model, (x, y), optimiser=SGD(MOMENTUM), lr=LR, steps=3, k=k)
    queue.put((_resident_peak() - before, D))


def _resident_peak():
    """Megabytes (Linux)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def memory(k, width):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_peak, args=(k, width, queue))
    process.start()
    peak, D = queue.get()
    process.join()
    queue.close()
    frame = 8 * D * k / 2**20
    print(f"memory: D = {D}, k = {k}: {peak:.0f} MB, {peak / frame:.1f} times the {frame:.0f} MB of D k numbers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    times(20 if quick else 100)
    architectures(3 if quick else 9)
    for k in (10, 20):
        memory(k, 256 if quick else 640)


if __name__ == "__main__":
    main()
