"""Panels of load curves: the networks of the paper's supplement, by figure, and what is measured of them.

Each panel holds networks that differ by one knob, so that panels compare what else was changed: initial weights,
normalisation, width, depth, data, metric, architecture. Shi, Pan, Dokmanic, arXiv:2407.19353, supplement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mechanics.chain import curvature

from .networks import Network, Run, settings_of, train_networks

if TYPE_CHECKING:
    from nets import History

DROPOUTS = (0.0, 0.06, 0.14, 0.3)
QUICK_DROPOUTS = (0.0, 0.1, 0.3)
LEVEL = 1e-3  # a curve that falls by less has no curvature worth naming: that of orthogonal weights is rounding
CNN_DROPOUTS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)  # the paper's


@dataclass(frozen=True)
class Panel:
    """Networks whose load curves are drawn into one pair of axes.

    Parameters
    ----------
    title : str
        What they have in common.
    networks : dict of str to Network
        By label.
    metric : {"trace", "pinv", "rmse"}
        Trace ratio, He and Su's metric, or the residual of a regression.
    """

    title: str
    networks: dict[str, Network]
    metric: Literal["trace", "pinv", "rmse"] = "trace"


@dataclass(frozen=True, eq=False)
class Curve:
    """What the finished networks of one label have: means and standard errors over seeds.

    Attributes
    ----------
    D, D_se : ndarray, shape (layers,)
        Final load curve.
    curvature, score : (mean, standard error)
        Quadratic curvature, nan for level curves; test accuracy, or the test error of a regression.
    seeds, failed : int
        Finished networks, and those whose numbers stopped being finite.
    """

    D: NDArray[np.float64]
    D_se: NDArray[np.float64]
    curvature: tuple[float, float]
    score: tuple[float, float]
    seeds: int
    failed: int

    @property
    def from_line(self) -> float:
        """Greatest distance of D from the straight line between its ends, as part of the drop D_0 - D_{n-1}."""
        drop = self.D[0] - self.D[-1]
        line = np.linspace(self.D[0], self.D[-1], len(self.D))
        return float(np.abs(self.D - line).max() / abs(drop)) if abs(drop) > LEVEL else float("nan")


def measure_panels(
    panels: Sequence[Panel],
    seeds: Sequence[int],
    folder: Path,
    *,
    workers: int = 1,
    progress: Callable[[Run, int, int], None] | None = None,
) -> list[dict[str, Curve]]:
    """Train the networks of all panels; for each panel its curves by label. Arguments as in `train_networks`."""
    every = [network for panel in panels for network in panel.networks.values()]
    histories = train_networks(every, seeds, folder, workers=workers, progress=progress)
    return [
        {label: _curve(histories[network], panel.metric) for label, network in panel.networks.items()}
        for panel in panels
    ]


def _curve(runs: list["History"], metric: str) -> Curve:
    D = np.stack([run.records[metric] for run in runs])
    score = np.array([float(run.records["score"]) for run in runs])
    good = np.isfinite(D).all(axis=1)
    bend = np.array([float(curvature(curve)) if abs(curve[0] - curve[-1]) > LEVEL else np.nan for curve in D[good]])
    mean, error = _mean_and_error(D[good])
    return Curve(
        D=mean,
        D_se=error,
        curvature=_pair(bend),
        score=_pair(score[good]),
        seeds=int(good.sum()),
        failed=int((~good).sum()),
    )


def _mean_and_error(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over seeds and its standard error; nan for none, and the error of a single one."""
    n, nothing = len(values), np.full(values.shape[1:], np.nan)
    return values.mean(axis=0) if n else nothing, values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else nothing


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    mean, error = _mean_and_error(values)
    return float(mean), float(error)


def describe(panels: Sequence[Panel], curves: Sequence[dict[str, Curve]]) -> list[dict[str, Any]]:
    """All numbers of panels as plain data."""
    return [
        {
            "panel": panel.title,
            "metric": panel.metric,
            "curves": [
                {
                    "label": label, "network": settings_of(panel.networks[label]), "D": c.D, "D_se": c.D_se,
                    "curvature": c.curvature[0], "curvature_se": c.curvature[1], "score": c.score[0],
                    "score_se": c.score[1], "from_line": c.from_line, "seeds": c.seeds, "failed": c.failed,
                }
                for label, c in found.items()
            ],
        }
        for panel, found in zip(panels, curves, strict=True)
    ]  # fmt: skip


def over_dropout(base: Network, levels: Sequence[float]) -> dict[str, Network]:
    """The network with each level of dropout."""
    return {f"$p = {p:g}$": replace(base, dropout=p) for p in levels}


def initial_weights(quick: bool) -> list[Panel]:
    """Laws and scales of the initial weights."""
    laws = {
        "default": Network(),
        "Kaiming": Network(init="kaiming"),
        "orthogonal": Network(init="orthogonal"),
        "NTK": Network(init="ntk"),
        r"default $\times$ 0.3": Network(init_scale=0.3),
        r"default $\times$ 3": Network(init_scale=3.0),
    }
    return _by_dropout(laws, quick)


def no_batch_norm(quick: bool) -> list[Panel]:
    """Weights of the variance that keeps the scale of activations in place of BatchNorm."""
    slopes = (0.0, 0.4, 1.0) if quick else (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    return _by_dropout({rf"no BatchNorm, $\alpha = {s:g}$": Network(norm="variance", slope=s) for s in slopes}, quick)


def widths(quick: bool) -> list[Panel]:
    """Features of the hidden layers."""
    sizes = (20, 50, 100, 200) if quick else (20, 50, 100, 200, 400)
    return _by_dropout({f"width {width}": Network(width=width) for width in sizes}, quick)


def depths(quick: bool) -> list[Panel]:
    """Numbers of layers."""
    return _by_dropout({f"depth {d}": Network(depth=d) for d in ((4, 8, 12) if quick else (4, 6, 8, 12, 16))}, quick)


def other_data(quick: bool) -> list[Panel]:
    """Data sets; those that would be downloaded only where they are already there."""
    from nets.data.public import present

    names = ["MNIST", "Gaussian mixture", *present()]
    return _by_dropout({name: Network(data=name) for name in names}, quick)  # type: ignore[arg-type]


def metrics(quick: bool) -> list[Panel]:
    """Trace ratio beside He and Su's log Tr(Sigma_W Sigma_B^+), arXiv:2210.17020, of the same networks."""
    networks = over_dropout(Network(), QUICK_DROPOUTS if quick else DROPOUTS)
    return [Panel("trace ratio", networks), Panel("He and Su", networks, metric="pinv")]


def regression(quick: bool) -> list[Panel]:
    """Residual of the best linear readout in regression networks."""
    base = Network(data="regression", examples=2000, test_examples=1000)
    slopes = {rf"regression, $\alpha = {s:g}$": replace(base, slope=s) for s in (0.0, 0.4)}
    return [replace(panel, metric="rmse") for panel in _by_dropout(slopes, quick)]


def cnn(quick: bool) -> list[Panel]:
    """Convolutional networks: the paper's on CIFAR-10; quick on 640 digits."""
    if quick:
        small = Network(kind="cnn", width=20, examples=640, test_examples=2000, epochs=80)
        return [Panel("CNN, 640 digits", over_dropout(small, (0.0, 0.08, 0.32)))]
    paper = Network(kind="cnn", data="CIFAR-10", width=20, lr=1e-4, epochs=2000)
    return [Panel("CNN, CIFAR-10", over_dropout(paper, CNN_DROPOUTS))]


def linear(quick: bool) -> list[Panel]:
    """Linear networks from orthogonal weights on orthogonal data (Figure 5a), gradient descent."""
    base = Network(
        data="orthogonal", slope=1.0, norm=None, init="orthogonal", input_norm=False, optimiser="sgd", lr=0.3,
        test_examples=90,
    )  # fmt: skip
    epochs = (0, 10, 30, 100, 300) if quick else (0, 10, 30, 100, 300, 1000, 3000)
    return [Panel("linear network, orthogonal", {f"epoch {e}": replace(base, epochs=e) for e in epochs})]


def _by_dropout(bases: dict[str, Network], quick: bool) -> list[Panel]:
    levels = QUICK_DROPOUTS if quick else DROPOUTS
    return [Panel(title, over_dropout(base, levels)) for title, base in bases.items()]
