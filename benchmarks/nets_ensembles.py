"""Ensembles of networks: compiled training beside a plain PyTorch loop, per network and optimiser step.

    PYTHONPATH=src python benchmarks/nets_ensembles.py [--quick] [--out table.md]

The network of the spring-block paper on 2560 digits of 10x10 pixels: depth 8, width 100, BatchNorm, ReLU, Adam. The
loop is what one would write: `torch.nn` with its own Dropout, fused Adam, data gathered batch by batch, no measurement.
Both run in one thread and in turns, so that a slow moment of the machine hits both; processor time, medians over rounds
of 260 steps, or 20 of full batches. Rates count the products alone, 6 per weight and example, and stand
beside the machine's own for such products: 16 times 100 x 100 x 100 by `torch.bmm`, 100 x 100 x 2560 by `torch.mm`.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

from harness import table, timing
from mechanics.engine import compile_counts
from nets import MLP, MLPConfig, load_mnist10, train_ensemble
from nets.ensembles.checks import make_plan
from nets.ensembles.compiled import advance
from nets.ensembles.plan import new_state

WEIGHTS = 100 * 100 * 7 + 100 * 10
EPOCHS = {100: 10, 2560: 20}  # of a round
CASES = [(batch, dropout) for batch in (100, 2560) for dropout in (0.0, 0.1)]


def plain_loop(data, batch, dropout):
    """A round of an ordinary training loop."""
    model = MLP(seed=1)
    for layer in model.hidden:
        layer.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    model.train()

    def some_epochs():
        for _ in range(EPOCHS[batch]):
            for index in torch.randperm(len(y)).split(batch):
                optimiser.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(model(x[index]), y[index]).backward()
                optimiser.step()

    return some_epochs


def compiled_epochs(data, batch, dropout, rounds):
    """A round of the compiled backend, data prepared anew for each, nothing measured."""
    epochs = rounds * EPOCHS[batch]
    config = MLPConfig(seed=1, dropout=dropout, batch_size=batch)
    plan = make_plan([config], data, epochs, 100, 8, [0], [0], "batch", np.float32)
    state = new_state(plan, snapshots=False)
    stops = iter(range(EPOCHS[batch], epochs + 1, EPOCHS[batch]))
    return lambda: advance(plan, state, next(stops), lambda: False, threads=1)


def products():
    """The machine's own products, each with its floating-point operations."""
    small, wide, weights = torch.rand(16, 100, 100), torch.rand(100, 2560), torch.rand(100, 100)
    many, out = torch.empty(16, 100, 100), torch.empty(100, 2560)
    return {
        "bmm": (lambda: torch.bmm(small, small, out=many), 16 * 2e6),
        "mm": (lambda: torch.mm(weights, wide, out=out), 2 * 1e4 * 2560),
    }


def speed(report, data, rounds):
    runs, steps = {}, {}
    for batch, dropout in CASES:
        steps[batch] = EPOCHS[batch] * -(-len(data.y_train) // batch)
        runs["plain", batch, dropout] = plain_loop(data, batch, dropout)
        runs["compiled", batch, dropout] = compiled_epochs(data, batch, dropout, 2 * rounds + 4)
    own = products()
    runs |= {name: run for name, (run, _) in own.items()}
    times = timing.interleaved(runs, rounds, batch=0.03, slow=10.0)
    rate = {name: operations / times[name].median / 1e9 for name, (_, operations) in own.items()}
    report.add(
        f"Products of this machine: bmm {rate['bmm']:.0f}, mm {rate['mm']:.0f} GFLOP/s in one thread. {timing.load()}."
    )
    rows = []
    for batch, dropout in CASES:
        plain, ours = (times[kind, batch, dropout] for kind in ("plain", "compiled"))
        ratios = plain.cpu / ours.cpu
        operations = 6 * WEIGHTS * len(data.y_train) * EPOCHS[batch] / steps[batch]
        gflops = operations / (ours.median / steps[batch]) / 1e9
        best = rate["bmm" if batch == 100 else "mm"]
        each = [table.seconds(times.median / steps[batch]) for times in (plain, ours)]
        spread = f"{np.median(ratios):.1f} ({ratios.min():.1f}-{ratios.max():.1f})"
        rows.append([str(batch), f"{dropout:g}", *each, spread, f"{gflops:.0f}", f"{100 * gflops / best:.0f} %"])
    head = ["batch", "dropout", "plain loop", "compiled", "ratio (rounds)", "GFLOP/s", "of own products"]
    report.add(table.table(head, rows))


def whole_call(report, data, models, epochs):
    """A call with measurements: networks a minute."""
    for batch in (100, None):
        configs = [MLPConfig(seed=s, dropout=0.1, batch_size=batch) for s in range(models)]
        begun, cpu = time.perf_counter(), time.process_time()
        train_ensemble(configs, data, epochs=epochs, measure_every=1, test_every=[epochs])
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        report.add(
            f"{models} networks, {epochs} epochs, batch {batch or 'full'}, loads after every epoch: {wall:.1f} s, "
            f"{cpu / models:.2f} s of processor time each. {timing.load()}."
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = load_mnist10()
    report = table.Report("Ensembles of networks", args.out)
    cpu = time.process_time()
    train_ensemble([MLPConfig(dropout=0.1)], data, epochs=1)
    counts = compile_counts()
    report.add(
        f"First call: {time.process_time() - cpu:.1f} s of processor time, {counts.compiled} functions compiled in "
        f"{counts.seconds:.1f} s, {counts.loaded} loaded from disk."
    )
    speed(report, data, 3 if args.quick else 9)
    whole_call(report, data, 2 if args.quick else 4, 5 if args.quick else 50)


if __name__ == "__main__":
    main()
