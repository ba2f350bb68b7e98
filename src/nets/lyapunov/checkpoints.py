"""A spectrum of a training on disk, whole or not at all, and only ever resumed by the run that it belongs to."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mechanics.files import array_hash, read_own_npz, replacing

from ..ensembles.optimisers import described
from .functions import Effect
from .measured import Measured
from .product import Product
from .result import TrainingSpectrum
from .run import State, Training
from .step import Point

FORMAT = "mechanet training spectrum 1"


def identity(job: Training, steps: int, per_block: int, wanted: tuple[int, ...]) -> dict[str, Any]:
    """All that decides the bits of a run, with data and initial weights as hashes and the loss by its first value."""
    network, batches = job.network, job.batches
    with torch.no_grad(), network.masks.at(0):
        loss = float(network.value(network.start, *batches.at(0)))
    return {
        "optimiser": described(job.constants.optimiser),
        "weight_decay": job.constants.weight_decay,
        "dampening": job.constants.dampening,
        "lr": _hashed(np.array([job.lr(n) for n in range(steps)])),
        "batch_size": batches.size,
        "steps": steps,
        "block": per_block,
        "k": job.k,
        "seed": job.seed,
        "coordinates": job.coordinates,
        "interval": job.fixed,
        "chunk": job.chunk,
        "dtype": str(network.start.dtype),
        "data": _hashed(batches.x, batches.y),
        "initial weights": _hashed(network.start),
        "first loss": loss,
        "probe": "" if job.probe is None else job.metric + _hashed(job.probe),
        "measure_at": list(wanted),
    }


def write_checkpoint(path: Path, spectrum: TrainingSpectrum, about: dict[str, Any]) -> None:
    """Write what a run needs to go on; not compressed, because weights do not compress."""
    state, m = spectrum.end, spectrum.measured
    header = {
        "format": FORMAT, "identity": about, "n": state.n, "interval": state.interval,
        "divergence": spectrum.divergence, "reason": spectrum.reason, "growth ratio": spectrum.growth_ratio,
    }  # fmt: skip
    arrays: dict[str, Any] = {
        "point": _array(torch.stack((state.at.w, *state.at.memory))), "frame": _array(torch.stack(state.Q)),
        "boundary": state.boundary, "sums": spectrum.sums, "losses": spectrum.losses, "resets": spectrum.resets,
        **{f"measured_{name}": value for name, value in m._asdict().items()},
    }  # fmt: skip
    if state.product is not None and spectrum.first_effect is not None:
        arrays |= {"product_l": state.product.l, "product_U": state.product.U}
        arrays |= {"effect": spectrum.first_effect.triangle, "effect_first": np.array(spectrum.first_effect.first)}
    with replacing(path) as file:
        np.savez(file, about=np.array(json.dumps(header)), **arrays)


def read_checkpoint(path: Path, fresh: TrainingSpectrum, about: dict[str, Any]) -> TrainingSpectrum:
    """The spectrum as far as it had come.

    Raises
    ------
    ValueError
        If the file is of another run; the message names what differs.
    """
    header, arrays = read_own_npz(path, FORMAT, "a checkpoint of a training spectrum", about)
    like = fresh.training.network.start
    w, *memory = _tensors(arrays["point"], like)
    product = Product(arrays["product_l"], arrays["product_U"]) if "product_l" in arrays else None
    effect = Effect(arrays["effect"], float(arrays["effect_first"])) if "effect" in arrays else None
    end = State(
        Point(w, tuple(memory)), tuple(_tensors(arrays["frame"], like)), header["n"], header["interval"],
        arrays["boundary"], product,
    )  # fmt: skip
    measured = Measured(**{name: arrays[f"measured_{name}"] for name in Measured._fields})
    return replace(
        fresh, end=end, step=end.n, sums=arrays["sums"], losses=arrays["losses"], resets=arrays["resets"],
        growth_ratio=header["growth ratio"], divergence=header["divergence"], reason=header["reason"],
        measured=measured, first_effect=effect,
    )  # fmt: skip


def _hashed(*arrays: Any) -> str:
    return array_hash(*(_array(each) if isinstance(each, Tensor) else each for each in arrays))


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()


def _tensors(stacked: Any, like: Tensor) -> list[Tensor]:
    return list(torch.as_tensor(stacked, dtype=like.dtype, device=like.device).unbind(0))
