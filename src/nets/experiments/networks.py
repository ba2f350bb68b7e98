"""Networks of a figure: what each is made of, trained side by side in worker processes and kept on disk.

A finished run is recognised by a hash of everything its numbers depend on, so that a second call goes on with the rest
and figures share what they have in common.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .run_files import label_run, load_run, settings_hash
from .workers import run_in_processes

if TYPE_CHECKING:
    from torch import nn

    from nets import Digits, History
    from nets.models.initial import Init

DataName = Literal["MNIST", "Fashion-MNIST", "CIFAR-10", "Gaussian mixture", "orthogonal", "regression"]


@dataclass(frozen=True)
class Network:
    """A network, its data and its training; the defaults are the paper's.

    Parameters
    ----------
    kind : {"mlp", "cnn"}
        `nets.MLP` or `nets.CNN`.
    data : str
        Images at 10 x 10 pixels, or a synthetic set.
    examples, test_examples : int
        How many of the data's are taken, at most.
    width, depth, slope, dropout, norm, init, init_scale, input_norm
        As in `MLP`; a CNN takes the first four.
    optimiser, lr, batch_size, epochs
        As in `train`.
    noise : float
        Label and input noise together.
    """

    kind: Literal["mlp", "cnn"] = "mlp"
    data: DataName = "MNIST"
    examples: int = 2560
    test_examples: int = 10_000
    width: int = 100
    depth: int = 8
    slope: float = 0.0
    dropout: float = 0.0
    norm: Literal["batch", "variance"] | None = "batch"
    init: "Init | None" = None
    init_scale: float = 1.0
    input_norm: bool = True
    optimiser: Literal["adam", "sgd"] = "adam"
    lr: float = 1e-3
    batch_size: int | None = None
    noise: float = 0.0
    epochs: int = 100

    def __str__(self) -> str:
        return ", ".join(
            f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default
        )


@dataclass(frozen=True)
class Run:
    """One network with its seed, and the folder where it is kept."""

    network: Network
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """For messages."""
        return f"of the network ({self.network}) with seed {self.seed}"

    @property
    def hash(self) -> str:
        """Identity of the result."""
        return settings_hash(self.network, seed=self.seed)

    @property
    def file(self) -> Path:
        """Where the finished run is kept."""
        return self.folder / f"{self.hash}.npz"


def train_networks(
    networks: Sequence[Network],
    seeds: Sequence[int],
    folder: Path,
    *,
    workers: int = 1,
    progress: Callable[[Run, int, int], None] | None = None,
) -> dict[Network, list["History"]]:
    """Train every network from every seed, or take it from `folder`.

    Parameters
    ----------
    networks : sequence of Network
        Equal ones are trained once.
    seeds : sequence of int
        Of weights and training.
    folder : path
        Runs are kept here as they finish.
    workers : int
        Processes of one thread each; 0 trains in this process. No number depends on it.
    progress : callable, optional
        Called as progress(run, epoch, epochs).

    Returns
    -------
    dict of Network to list of History
        In the order of the seeds. Records: what `train_run` says. A network whose numbers stop being finite keeps its
        place; its `status` says so.
    """
    runs = [Run(network, int(seed), folder) for network in dict.fromkeys(networks) for seed in seeds]
    done: dict[Run, History] = {}
    for run in runs:
        kept = load_run(run.file, run.hash)
        if kept is not None:
            done[run] = kept
            if progress is not None:
                progress(run, run.network.epochs, run.network.epochs)
    run_in_processes(train_run, [run for run in runs if run not in done], done, jobs=workers, progress=progress)
    return {network: [done[run] for run in runs if run.network == network] for network in dict.fromkeys(networks)}


def train_run(run: Run, tick: Callable[[int, int], None]) -> "History":
    """Train, measure and keep one run.

    Returns
    -------
    History
        With the records `trace` and `pinv`, final load curves by trace ratio and by He and Su's metric, and `score`,
        the test accuracy; of regressions `rmse`, and `score` is the test error.
    """
    if run.network.data == "regression":
        from .regression import train_regression

        history = label_run(train_regression(run.network, run.seed, tick), run.hash)
    else:
        history = _train_classifier(run, tick)
    history.save(run.file)  # whole or not at all
    return history


def _train_classifier(run: Run, tick: Callable[[int, int], None]) -> "History":
    from nets import train
    from nets.measure import measure_layers

    n = run.network
    data, model = load_data(n), make_model(n, run.seed)
    history = train(
        model, data, epochs=n.epochs, lr=n.lr, batch_size=n.batch_size, optimiser=n.optimiser, seed=run.seed,
        label_noise=n.noise, input_noise=n.noise, measure_every=max(n.epochs, 1), test_every=max(n.epochs, 1),
        progress=tick,
    )  # fmt: skip
    if not history.finished:
        nothing = np.full(n.depth, np.nan)
        return label_run(history, run.hash, trace=nothing, pinv=nothing, score=np.nan)
    by_batch = history.settings["batch_mode_until_epoch"] == n.epochs
    pinv = measure_layers(model, data.x_train, data.y_train, mode="batch" if by_batch else "eval", metric="pinv").D
    return label_run(history, run.hash, trace=history.load_curves[-1], pinv=pinv, score=history.test_accuracy[-1])


def make_model(network: Network, seed: int) -> "nn.Module":
    """The untrained network for its data."""
    from nets import CNN, MLP

    n, data = network, load_data(network)
    if n.kind == "cnn":
        channels = data.features // 100
        return CNN(channels, 10, n.width, n.depth, data.classes, slope=n.slope, dropout=n.dropout, seed=seed)
    return MLP(
        data.features, n.width, n.depth, data.classes, norm=n.norm, slope=n.slope, dropout=n.dropout, init=n.init,
        init_scale=n.init_scale, input_norm=n.input_norm, seed=seed,
    )  # fmt: skip


def load_data(network: Network) -> "Digits":
    """The first examples of the network's data."""
    from nets import Digits

    whole = _whole(network.data)
    n, t = network.examples, network.test_examples
    return Digits(
        whole.x_train[:n], whole.y_train[:n], whole.x_test[:t], whole.y_test[:t], classes=whole.classes, name=whole.name
    )


@cache
def _whole(name: DataName) -> "Digits":
    from nets import data

    loaders: dict[str, Callable[[], Digits]] = {
        "MNIST": data.load_mnist10,
        "Fashion-MNIST": partial(data.load_fashion_mnist, 10),
        "CIFAR-10": partial(data.load_cifar10, 10),
        "Gaussian mixture": data.gaussian_mixture,
        "orthogonal": data.orthogonal_data,
    }
    if name not in loaders:
        raise ValueError(f"data must be one of {', '.join(loaders)} for a classifier, but is {name!r}.")
    return loaders[name]()


def settings_of(network: Network) -> dict[str, object]:
    """The record as JSON can hold it, without defaults."""
    return {name: value for name, value in asdict(network).items() if value != getattr(Network(), name)}
