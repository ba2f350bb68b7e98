"""What bounds a stack of convolutional or attention networks on a processor: overhead of calls, or arithmetic.

    PYTHONPATH=src python benchmarks/nets_divergence_bounds.py [--quick] [--out table.md]

First a plain training step of each network with 100 examples and with 2, where next to nothing is computed and what is
left is the cost of the calls. A stack saves that and no more, unless its kernels are faster: t(100) / (t(100) - t(2)).
Then how fast the products themselves are: floating-point operations of convolutions and matrix products (additions and
multiplications, `torch.utils.flop_counter`) over time, for the same layer done in the ways that a stack of nine could
do it. One thread, processor time, medians over interleaved rounds.
"""

import argparse
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness import table, timing
from nets import CNN, MLP, load_mnist10
from nets.models import ResNet, Transformer

COPIES, BATCH, FEW, CHANNELS, SIZE = 9, 100, 2, 8, 10
NETWORKS = {
    "MLP 100-100x7-10, BatchNorm": partial(MLP),
    "transformer, width 16": partial(Transformer),
    "ResNet, width 8": partial(ResNet),
    "CNN, 8 channels, 2 layers": partial(CNN, 1, 10, 8, 3),
}


def step(model, x, y):
    stepper = torch.optim.SGD(model.parameters(), 0.01, fused=True)

    def run():
        stepper.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x), y).backward()
        stepper.step()

    return run


def overheads(report, rounds):
    data = load_mnist10()
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    runs, work = {}, {}
    for name, make in NETWORKS.items():
        model = make(seed=1).train()
        for n in (BATCH, FEW):
            runs[name, n] = step(model, x[:n], y[:n])
        with FlopCounterMode(display=False) as counter:
            runs[name, BATCH]()
        work[name] = counter.get_total_flops()
    times = timing.interleaved(runs, rounds, batch=0.05)
    rows = []
    for name in NETWORKS:
        many, few = times[name, BATCH].median, times[name, FEW].median
        rows.append([
            name, table.seconds(many), table.seconds(few), f"{many / (many - few):.1f}", f"{work[name] / 1e6:.0f}",
            f"{work[name] / many / 1e9:.1f}",
        ])  # fmt: skip
    report.add(f"Plain step. {timing.load()}.")
    head = ["network", "100 examples", "2 examples", "gain without overhead", "MFLOP", "GFLOP/s"]
    report.add(table.table(head, rows))


def there_and_back(product, *arguments):
    """The product and its derivatives by both arguments."""
    leaves = [a.requires_grad_() for a in arguments]
    with torch.no_grad():
        d = torch.randn_like(product(*leaves))
    return lambda: torch.autograd.grad(product(*leaves), leaves, d)


def columns(padded):
    """Neighbourhoods (copies, channels, 9, examples, size, size) of padded images (copies, channels, examples, ...)."""
    parts = [padded[..., i : i + SIZE, j : j + SIZE] for i in range(3) for j in range(3)]
    return torch.stack(parts, 2)


def products(report, rounds):
    """Rates of one 3x3 convolution of a stack, and of the transformer's matrix products, forward and backward."""
    c, s = CHANNELS, COPIES
    conv = partial(nn.functional.conv2d, padding=1)
    image, weight = torch.randn(BATCH, c, SIZE, SIZE), torch.randn(c, c, 3, 3)
    last = {"memory_format": torch.channels_last}
    neighbours, flat = torch.randn(s, 9 * c, BATCH * SIZE**2), torch.randn(s, c, 9 * c)
    padded = torch.randn(s, c, BATCH, SIZE + 2, SIZE + 2)

    def unfolded(x, w):
        return torch.bmm(w, columns(x).flatten(3).flatten(1, 2))

    per_image = 2 * 9 * c * c * SIZE**2 * BATCH * 3
    runs = {
        "convolution, one copy": (there_and_back(conv, image.clone(), weight.clone()), per_image),
        "convolution, one copy, channels last": (
            there_and_back(conv, image.clone().to(**last), weight.clone().to(**last)), per_image,
        ),
        "convolution in 9 groups": (
            there_and_back(partial(conv, groups=s), torch.randn(BATCH, s * c, SIZE, SIZE), torch.randn(s * c, c, 3, 3)),
            s * per_image,
        ),
        "neighbourhoods copied, batched product": (there_and_back(unfolded, padded, flat.clone()), s * per_image),
        "batched product alone": (there_and_back(torch.bmm, flat.clone(), neighbours), s * per_image),
    }  # fmt: skip
    for rows, inner, out in ((1000, 16, 48), (1000, 16, 64), (1000, 64, 16)):
        made = there_and_back(torch.bmm, torch.randn(s, rows, inner), torch.randn(s, inner, out))
        runs[f"batched product {rows} x {inner} x {out}"] = made, s * 6 * rows * inner * out
    heads = there_and_back(torch.bmm, torch.randn(200 * s, 10, 8), torch.randn(200 * s, 8, 10))
    runs["attention, 200 products 10 x 8 x 10 a copy"] = heads, s * 200 * 6 * 800
    square = torch.randn(512, 512)
    runs["product 512 x 512 x 512"] = (lambda: square @ square), 2 * 512**3
    times = timing.interleaved({name: run for name, (run, _) in runs.items()}, rounds, batch=0.05)
    rows = [
        [name, table.seconds(times[name].median), f"{work / times[name].median / 1e9:.1f}",
         f"{work / times[name].smallest / 1e9:.1f}"]
        for name, (_, work) in runs.items()
    ]  # fmt: skip
    report.add(f"Products of {COPIES} copies (first rows: of one), forward and backward. {timing.load()}.")
    report.add(table.table(["product", "time", "GFLOP/s", "in the best round"], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    report = table.Report("What bounds a stack of networks", args.out)
    rounds = 9 if args.quick else 25
    overheads(report, rounds)
    products(report, rounds)


if __name__ == "__main__":
    main()
