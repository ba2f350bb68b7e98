"""Ways to run a network while it is measured, each of which leaves the network as it was."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal, get_args

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from ..devices import usable_device
from ..models.dropout import dropout_generator

Mode = Literal["eval", "batch", "train"]


@contextmanager
def measuring(model: nn.Module, mode: Mode, seed: int = 0) -> Iterator[None]:
    """Put the model into a measuring mode; on leaving restore its training flags, buffers and generators.

    Parameters
    ----------
    model : nn.Module
        Any model.
    mode : {"eval", "batch", "train"}
        "eval": as for prediction. "batch": BatchNorm normalises by the statistics of the data passed, without
        dropout; needed while the running statistics still remember their initial values (some 110 steps at PyTorch's
        momentum 0.1). "train": as "batch", with dropout.
    seed : int
        Of the dropout masks of "train"; the global generator's state is restored.

    Raises
    ------
    ValueError
        If the mode is unknown.
    """
    check_mode(mode)
    masks = torch.Generator(device=usable_device(_device(model))).manual_seed(seed)
    foreign = mode == "train" and getattr(model, "uses_global_rng", True)
    with (
        _restored(model),
        dropout_generator(model, masks),
        _seeded_globally(model, seed) if foreign else nullcontext(),
        torch.no_grad(),
    ):
        model.train(mode == "train")
        if mode != "eval":
            for module in model.modules():
                if isinstance(module, _NormBase):
                    module.training = True
                    module.track_running_stats = False  # the layer then ignores its buffers and leaves them alone
        yield


@contextmanager
def _seeded_globally(model: nn.Module, seed: int) -> Iterator[None]:
    """Seed the global generators for a model that draws from them; restore their states on leaving."""
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def check_mode(mode: str) -> None:
    """Raise ValueError unless the mode is known."""
    if mode not in get_args(Mode):
        raise ValueError(f"mode must be one of {', '.join(get_args(Mode))}, but is {mode!r}.")


def _device(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return parameter.device if parameter is not None else torch.device("cpu")


@contextmanager
def _restored(model: nn.Module) -> Iterator[None]:
    """Restore training flags, BatchNorm's tracking flags and all buffers on leaving."""
    flags = [(module, module.training) for module in model.modules()]
    tracking = [(module, module.track_running_stats) for module in model.modules() if isinstance(module, _NormBase)]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        for module, training in flags:
            module.training = training
        for norm, tracked in tracking:
            norm.track_running_stats = tracked
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
