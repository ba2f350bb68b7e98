"""A lockstep run on disk: its state and what was recorded, resumed only by the run that it belongs to."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from mechanics.files import read_own_npz, replacing

from ...ensembles.optimisers import described
from .member import Member
from .recording import Recording
from .state import Plan, State

FORMAT = "mechanet lockstep checkpoint 1"
ARRAYS = ("weights", "functions", "baseline")


def identity(plan: Plan, recording: Recording, backend: str) -> dict[str, Any]:
    """All that decides the bits of a run; arrays as hashes."""
    weights, data = hashlib.sha256(), hashlib.sha256()
    for member in plan.members:
        weights.update(member.parameters.tobytes() + member.buffers.tobytes())
        weights.update(b"".join(m.tobytes() for m in member.memory or ()))
        data.update(_tensors(member.x, member.y))
    sets = hashlib.sha256()
    for inputs in recording.sets:
        sets.update(inputs.name.encode() + _tensors(inputs.x, *([] if inputs.y is None else [inputs.y])))
    return {
        "architecture": repr(plan.model),
        "tensors": {name: list(shape) for name, shape in zip(plan.vectors.names, plan.vectors.shapes, strict=True)},
        "initial weights": weights.hexdigest(),
        "training data": data.hexdigest(),
        "compared inputs": sets.hexdigest(),
        "batch order": [repr(m.order) for m in plan.members],
        "optimisers": [_training(m) for m in plan.members],
        **({} if plan.loss.name == "cross_entropy" else {"loss": plan.loss.name}),
        "seed": plan.seed,
        "recorded steps": recording.steps.tolist(),
        "recorded groups": list(recording.groups),
        "mode": recording.mode,
        "dtype": plan.vectors.dtype.name,
        "backend": backend,
    }


def write_checkpoint(path: Path, state: State, recording: Recording, about: dict[str, Any]) -> None:
    """Write all; not compressed, since weights do not compress."""
    header = json.dumps({"format": FORMAT, "identity": about})
    arrays = {f.name: getattr(state, f.name) for f in fields(State)}
    with replacing(path) as file:
        np.savez(file, about=np.array(header), **arrays, **{f"recorded_{n}": getattr(recording, n) for n in ARRAYS})


def read_checkpoint(path: Path, recording: Recording, about: dict[str, Any]) -> State:
    """The state of the same run; what it had recorded is put into `recording`.

    Raises
    ------
    ValueError
        If the file is of another run; the message names what differs.
    """
    _, arrays = read_own_npz(path, FORMAT, "a checkpoint of a lockstep run", about)
    for name in ARRAYS:
        getattr(recording, name)[...] = arrays.pop(f"recorded_{name}")
    return State(**{**arrays, "step": int(arrays["step"])})


def _training(member: Member) -> dict[str, Any]:
    about = {**described(member.optimiser), "lr": member.lr, "weight_decay": member.weight_decay}
    if member.rates is not None:
        about["rates"] = hashlib.sha256(member.rates.tobytes()).hexdigest()
    if member.smoothing:
        about["label_smoothing"] = member.smoothing
    return about


def _tensors(*tensors: Any) -> bytes:
    return b"".join(f"{t.dtype}{tuple(t.shape)}".encode() + t.numpy().tobytes() for t in tensors)
