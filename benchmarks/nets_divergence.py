"""Copies in lockstep: backends of `divergence` beside a plain PyTorch loop over the copies, per copy and step.

    PYTHONPATH=src python benchmarks/nets_divergence.py [--quick] [--only N] [--out table.md]

Nine networks (a baseline and eight copies) take the same batches of 100 examples of 10x10 digits. The plain loop is
what one would write: one network after the other, fused `torch.optim`, data gathered batch by batch, nothing
measured. One thread each, in turns, so that a slow moment of the machine hits all; processor time, medians over rounds,
and ratios of the same round. The last table gives a whole call of `divergence`, with records, beside that.
"""

import argparse
import time
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from torch import nn

from harness import table, timing
from nets import CNN, MLP, load_mnist10
from nets.models import ResNet, Transformer
from nets.perturb import divergence
from nets.perturb.lockstep import compiled, loop, stacked
from nets.perturb.lockstep.prepare import prepare
from nets.perturb.lockstep.state import first_state

COPIES, BATCH = 8, 100
CASES = {
    "MLP 100-100x7-10, BatchNorm": (partial(MLP), "adam", ("compiled", "stacked")),
    "MLP 100-100-10": (partial(MLP, depth=2, norm=None, input_norm=False), "sgd", ("compiled", "stacked")),
    "MLP 100-32x3-10": (partial(MLP, width=32, depth=4, norm=None, input_norm=False), "sgd", ("compiled", "stacked")),
    "transformer, width 16": (partial(Transformer), "adam", ("stacked",)),
    "ResNet, width 8": (partial(ResNet), "momentum", ("stacked",)),
    "CNN, 8 channels, 2 layers": (partial(CNN, 1, 10, 8, 3), "sgd", ("stacked",)),
}
LR = {"adam": 1e-3, "sgd": 0.05, "momentum": 0.02}
BACKENDS = {"compiled": partial(compiled.advance, threads=1), "stacked": stacked.advance, "loop": loop.advance}


def plain_round(model, data, optimiser, steps):
    """Steps of all networks, one after another, in an ordinary loop."""
    networks = [deepcopy(model) for _ in range(COPIES + 1)]
    kind = partial(torch.optim.Adam, lr=LR["adam"], fused=True)
    if optimiser != "adam":
        kind = partial(torch.optim.SGD, lr=LR[optimiser], momentum=0.9 * (optimiser == "momentum"), fused=True)
    steppers = [kind(m.parameters()) for m in networks]
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)

    def run():
        order = torch.randperm(len(y))
        for network, stepper in zip(networks, steppers, strict=True):
            network.train()
            for k in range(steps):
                index = order[k * BATCH : (k + 1) * BATCH]
                stepper.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(network(x[index]), y[index]).backward()
                stepper.step()

    return run


def lockstep_round(model, data, optimiser, backend, steps):
    """The same by a backend of `divergence`, nothing recorded."""
    plan, _, _ = prepare(
        model, data, eps=0.1, copies=COPIES, steps=steps, optimiser=optimiser, lr=LR[optimiser], batch_size=BATCH,
        weight_decay=0.0, seed=0, perturb="init", relative=False, times=[0], groups=(), probe=None, examples=1,
        mode="eval",
    )  # fmt: skip
    state = [first_state(plan)]

    def run():
        state[0] = BACKENDS[backend](plan, state[0], state[0].step + steps)

    return run


def speed(report, data, rounds, steps, cases):
    rows = []
    for name, (make, optimiser, backends) in cases:
        model = make(seed=1)
        runs = {"plain": plain_round(model, data, optimiser, steps)}
        runs |= {b: lockstep_round(model, data, optimiser, b, steps) for b in (*backends, "loop")}
        times = timing.interleaved(runs, rounds, batch=0.03, slow=30.0)
        each = 1 / (steps * (COPIES + 1))
        plain = table.seconds(times["plain"].median * each)
        for backend in (*backends, "loop"):
            ratios = times["plain"].cpu / times[backend].cpu
            spread = f"{np.median(ratios):.1f} ({ratios.min():.1f}-{ratios.max():.1f})"
            rows.append([name, optimiser, plain, backend, table.seconds(times[backend].median * each), spread])
    report.add(f"Step of one copy, {COPIES + 1} networks, batch {BATCH}. {timing.load()}.")
    report.add(table.table(["network", "optimiser", "plain loop", "backend", "ours", "ratio (rounds)"], rows))


def whole_call(report, data, steps):
    rows = []
    for name, (make, optimiser, backends) in list(CASES.items())[:2]:
        model = make(seed=1)
        cpu = time.process_time()
        found = divergence(
            model, data, eps=0.1, copies=COPIES, steps=steps, optimiser=optimiser, lr=LR[optimiser], batch_size=BATCH,
            backend=backends[0], threads=1,
        )  # fmt: skip
        cpu = time.process_time() - cpu
        rows.append([name, backends[0], str(steps), str(len(found.steps)), str(len(found)), f"{cpu:.1f} s"])
    report.add("A whole call, records in weight and function space on 2000 examples included:")
    report.add(table.table(["network", "backend", "steps", "records", "curves", "processor time"], rows))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", type=int, default=len(CASES), help="so many of the networks, from the first")
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = load_mnist10()
    report = table.Report("Copies in lockstep", args.out)
    speed(report, data, 3 if args.quick else 7, 20, list(CASES.items())[: args.only])
    whole_call(report, data, 200 if args.quick else 1000)


if __name__ == "__main__":
    main()
