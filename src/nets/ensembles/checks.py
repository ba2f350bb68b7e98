"""Checks of what `train_ensemble` is given, once, before anything is computed."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import DTypeLike

from ..data import Digits
from ..training.stopping import Stop
from .config import MLPConfig
from .layout import Layout
from .plan import Mode, Plan, every

RECORDS = ("networks", "weights")


def make_plan(
    configs: Sequence[MLPConfig],
    data: Digits,
    epochs: int,
    width: int,
    depth: int,
    measure_every: int | Sequence[int],
    test_every: int | Sequence[int] | None,
    mode: Mode,
    dtype: DTypeLike,
    stop: Stop | None = None,
) -> Plan:
    """The checked plan of a call."""
    if isinstance(configs, MLPConfig) or not all(isinstance(c, MLPConfig) for c in configs) or not len(configs):
        raise TypeError("configs must be a sequence of at least one MLPConfig(...).")
    if not isinstance(data, Digits):
        raise TypeError(
            f"data must be Digits, but is {type(data).__name__}; use load_mnist10() or "
            "Digits(x_train, y_train, x_test, y_test, classes)."
        )
    for name, whole, least in (("epochs", epochs, 0), ("width", width, 1), ("depth", depth, 1)):
        if isinstance(whole, bool) or int(whole) != whole or whole < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, but is {whole!r}.")
    if mode not in get_args(Mode):
        raise ValueError(f"mode must be one of {', '.join(get_args(Mode))}, but is {mode!r}.")
    if not (stop is None or isinstance(stop, Stop)):
        raise TypeError(f"stop must be Stop(...) of nets.training, or None, but is {stop!r}.")
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, but is {kind}.")
    n = len(data.y_train)
    for i, config in enumerate(configs):
        try:
            config.batch_sizes(int(epochs), n)
        except ValueError as error:
            raise ValueError(f"batch_size of configs[{i}] {error}") from None
    counts = np.bincount(data.y_train, minlength=data.classes)
    if (counts > 0).sum() < 2 or (counts == 1).any():
        raise ValueError(
            f"y_train must name at least 2 classes, each with 2 examples or more (one has no variance), but classes "
            f"0 .. {data.classes - 1} have {counts.tolist()}."
        )
    measured = every(measure_every, epochs, "measure_every")
    tested = measured if test_every is None else np.intersect1d(every(test_every, epochs, "test_every"), measured)
    layout = Layout(data.features, int(width), int(depth), data.classes)
    plan = Plan(tuple(configs), layout, data, int(epochs), measured, tested, mode, kind, stop)
    _ = plan.schedules  # a schedule that is too short is found here
    return plan


def check_options(
    backend: str, record: Sequence[str], checkpoint_every: int, threads: int | None, device: str | None
) -> None:
    """Raise ValueError for options that make no sense."""
    if backend not in ("auto", "compiled", "torch", "loop"):
        raise ValueError(f"backend must be 'auto', 'compiled', 'torch' or 'loop', but is {backend!r}.")
    if device is not None and backend not in ("auto", "torch"):
        raise ValueError(f"device={device!r} needs backend='torch', but backend is {backend!r}, which runs on the CPU.")
    if isinstance(record, str) or not set(record) <= set(RECORDS):
        raise ValueError(f"record must list names among {', '.join(RECORDS)}, but is {record!r}.")
    for name, whole in (("checkpoint_every", checkpoint_every), ("threads", 1 if threads is None else threads)):
        if isinstance(whole, bool) or int(whole) != whole or whole < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, but is {whole!r}.")
