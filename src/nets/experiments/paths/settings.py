"""Trainings that are compared: a baseline, and one number changed at a time along nine axes.

    baseline: 100-100-10 on 10x10 MNIST, ReLU, He's initial weights, no normalisation; SGD, lr 0.1, batch 64;
    copies start at |w' - w| = 0.01 |w| on the sphere of each layer.

Depth changes at constant size: the width follows from the number of parameters. Small learning rates have more steps,
so that they overlap with larger ones in step x lr.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...perturb.laws import LAWS

if TYPE_CHECKING:
    from ...ensembles.optimisers import Optimiser
    from ...models import MLP

SPHERE = math.sqrt(2)  # eps / |w| of orthogonal weights: another start, independent in high dimension
ADAPTIVE = ("adam", "adamw", "rmsprop")
BASELINE = "baseline"
ALL_LAWS = tuple(LAWS)
START = "eps-1.414"  # one hidden layer, independent starts


@dataclass(frozen=True)
class Setting:
    """One training of a network and its copies; eps is relative to |w(0)|, `axis` names the number that `value` is."""

    name: str
    axis: str
    value: float
    steps: int
    width: int = 100
    hidden: int = 1
    optimiser: str = "sgd"
    momentum: float = 0.0
    lr: float = 0.1
    batch_size: int = 64
    weight_decay: float = 0.0
    eps: float = 0.01


@dataclass(frozen=True)
class Plan:
    """What a study runs.

    Attributes
    ----------
    settings : tuple of Setting
        The baseline first.
    copies : int
    times : int
        Records of each run, about; half of them evenly spaced, half logarithmically.
    examples : int
        Training and test images each on which functions are compared.
    resamples : int
        Bootstrap samples of hypotheses and scalings.
    laws : tuple of str
        Names of `nets.perturb.LAWS` that are compared.
    law_resamples : int
        Bootstrap samples of each fitted law.
    spectra : tuple of str
        Settings whose Lyapunov exponents are computed.
    exponents, spectrum_steps : int
    pairs : int
        Copies whose loss barriers to the baseline are computed.
    barriers : tuple of str
        In these settings.
    points : int
        Of the line of a barrier.
    baselines : int
        Trainings of every setting, each with its own initial weights, batches and perturbations. Laws are fitted to the
        first, all else is done with each.
    """

    settings: tuple[Setting, ...]
    copies: int
    times: int
    examples: int
    resamples: int
    laws: tuple[str, ...]
    law_resamples: int
    spectra: tuple[str, ...]
    exponents: int
    spectrum_steps: int
    pairs: int
    barriers: tuple[str, ...]
    points: int
    baselines: int = 1


def full(copies: int = 20, baselines: int = 4) -> Plan:
    """Every axis, 1000 steps (25 epochs), 3000 where the learning rate is at most 0.01."""
    settings = settings_of(
        1000, lr=(0.001, 0.003, 0.01, 0.03, 0.3), momentum=(0.3, 0.6, 0.9, 0.95), width=(25, 50, 200, 400),
        hidden=(2, 3, 5, 8), batch_size=(16, 32, 128, 256), weight_decay=(1e-4, 1e-3, 1e-2),
        eps=(0.001, 0.1, 0.5, SPHERE), far=(3,),
    )  # fmt: skip
    spectra = (BASELINE, "lr-0.3", "momentum-0.9", "optimiser-adam", "hidden-5")
    barriers = (BASELINE, START, "far-3")
    return Plan(settings, copies, 40, 500, 1000, ALL_LAWS, 200, spectra, 6, 600, 5, barriers, 25, baselines)


def quick(copies: int = 6, baselines: int = 1) -> Plan:
    """Fewer values of each axis, 200 steps (5 epochs): a look, not a measurement.

    One baseline: two would take twice as long, and an interval from two is 13 times their standard error.
    """
    settings = settings_of(
        200, lr=(0.01, 0.03), momentum=(0.3, 0.9), width=(50, 200), hidden=(2, 4), batch_size=(16, 256),
        weight_decay=(1e-3, 1e-2), eps=(0.1, SPHERE), far=(3,),
    )  # fmt: skip
    spectra, barriers = (BASELINE, "optimiser-adam"), (START, "far-3")
    return Plan(settings, copies, 24, 300, 300, ALL_LAWS, 20, spectra, 3, 100, 2, barriers, 11, baselines)


def settings_of(
    steps: int, *, lr: tuple[float, ...] = (), momentum: tuple[float, ...] = (), width: tuple[int, ...] = (),
    hidden: tuple[int, ...] = (), optimiser: tuple[str, ...] = ADAPTIVE, batch_size: tuple[int, ...] = (),
    weight_decay: tuple[float, ...] = (), eps: tuple[float, ...] = (), far: tuple[int, ...] = (),
) -> tuple[Setting, ...]:  # fmt: skip
    """The baseline, and settings that differ from it in one number each; `far`: hidden layers of independent starts."""
    base = Setting(BASELINE, BASELINE, 0.0, steps)
    found = [base]
    for v in lr:
        found.append(replace(base, name=f"lr-{v:g}", axis="lr", value=v, lr=v, steps=3 * steps if v <= 0.01 else steps))
    for v in momentum:
        found.append(replace(base, name=f"momentum-{v:g}", axis="momentum", value=v, momentum=v))
    for n in width:
        found.append(replace(base, name=f"width-{n}", axis="width", value=n, width=n))
    for n in hidden:
        found.append(replace(base, name=f"hidden-{n}", axis="hidden", value=n, hidden=n, width=width_at(n)))
    for k, rule in enumerate(optimiser):
        decay = 0.01 if rule == "adamw" else 0.0
        found.append(
            replace(
                base, name=f"optimiser-{rule}", axis="optimiser", value=k, optimiser=rule, lr=1e-3, weight_decay=decay
            )
        )
    for n in batch_size:
        found.append(replace(base, name=f"batch-{n}", axis="batch_size", value=n, batch_size=n))
    for v in weight_decay:
        found.append(replace(base, name=f"decay-{v:g}", axis="weight_decay", value=v, weight_decay=v))
    for v in eps:
        found.append(replace(base, name=f"eps-{v:.4g}", axis="eps", value=v, eps=v))
    for n in far:
        found.append(replace(base, name=f"far-{n}", axis="far", value=n, hidden=n, width=width_at(n), eps=SPHERE))
    return tuple(found)


def width_at(hidden: int) -> int:
    """Width at which a network has most nearly the baseline's number of parameters."""
    from ...models import MLP

    size = MLP.parameter_count(width=100, depth=2, norm=None, input_norm=False)
    return MLP.width_for(size, depth=hidden + 1, norm=None, input_norm=False)


def parameters_of(setting: Setting) -> int:
    """Number of parameters of the network."""
    from ...models import MLP

    return MLP.parameter_count(width=setting.width, depth=setting.hidden + 1, norm=None, input_norm=False)


def model_of(setting: Setting, inputs: int, classes: int, seed: int) -> "MLP":
    """The network at its start."""
    from ...models import MLP

    return MLP(
        inputs, setting.width, setting.hidden + 1, classes, norm=None, input_norm=False, init="variance", seed=seed
    )


def optimiser_of(setting: Setting) -> "Optimiser":
    """The record of the optimiser."""
    from ...ensembles.optimisers import SGD, Adam, AdamW, RMSProp

    adaptive: dict[str, type[Adam | AdamW | RMSProp]] = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSProp}
    return adaptive[setting.optimiser]() if setting.optimiser in adaptive else SGD(setting.momentum)


def on_axis(settings: tuple[Setting, ...], axis: str) -> list[Setting]:
    """The baseline and all settings that differ from it in `axis`, in the order of its values."""
    if axis == "optimiser":
        return [s for s in settings if s.axis in (BASELINE, axis)]
    return sorted((s for s in settings if s.axis in (BASELINE, axis)), key=lambda s: float(getattr(s, axis)))
