"""Small trainings with every optimiser."""

import itertools

import numpy as np
import torch
from torch import nn

from nets.ensembles import SGD, Adam, AdamW, RMSProp
from nets.lyapunov.setup import arranged

EVERY = {
    "sgd": (SGD(), {}),
    "sgd decay": (SGD(), {"weight_decay": 0.03}),
    "momentum": (SGD(0.9), {}),
    "momentum dampening decay": (SGD(0.8), {"dampening": 0.3, "weight_decay": 0.03}),
    "half momentum": (SGD(0.5), {}),
    "nesterov": (SGD(0.9, nesterov=True), {"weight_decay": 0.03}),
    "adam": (Adam(0.9, 0.99), {"weight_decay": 0.03}),
    "adamw": (AdamW(0.8, 0.95), {"weight_decay": 0.03}),
    "rmsprop": (RMSProp(0.9), {"weight_decay": 0.03}),
    "rmsprop momentum": (RMSProp(0.9, momentum=0.7), {}),
}


def network(seed=0, sizes=(4, 3, 3), activation=nn.Tanh):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [m for a, b in itertools.pairwise(sizes) for m in (nn.Linear(a, b), activation())]
        return nn.Sequential(*layers[:-1]).double()


def examples(n=12, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.normal(size=(n, features))), torch.arange(n) % classes


class Scalars(nn.Module):
    """Free parameters as the output, whatever the input."""

    def __init__(self, *values):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(values, dtype=torch.float64))

    def forward(self, x):
        return self.w.expand(len(x), -1)


NOTHING = (torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))


def double_well(f, y):
    return ((f**2 - 1) ** 2 / 4).sum(1).mean()


def arrange(name, k=1, model=None, data=None, lr=0.05, **more):
    optimiser, settings = EVERY[name]
    given = {
        "loss": nn.functional.cross_entropy, "batch_size": None, "seed": 3, "weight_decay": 0.0, "dampening": 0.0,
        "coordinates": "raw", "dtype": torch.float64, "interval": 1, **settings, **more,
    }  # fmt: skip
    return arranged(model or network(), data or examples(), k, optimiser=optimiser, lr=lr, **given)
