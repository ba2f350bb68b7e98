"""State of an ensemble on disk, whole or not at all, and only ever resumed by the run that it belongs to."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from mechanics.files import array_hash, read_own_npz, replacing

from .plan import Plan, State

FORMAT = "mechanet ensemble checkpoint 2"


def identity(plan: Plan, backend: str, snapshots: bool) -> dict[str, Any]:
    """All that decides the bits of a run, with the data as a hash."""
    data = plan.data
    return {
        "sizes": plan.layout.described(),
        "epochs": plan.epochs,
        "measured epochs": plan.measured.tolist(),
        "tested epochs": plan.tested.tolist(),
        "mode": plan.mode,
        "stop": None if plan.stop is None else asdict(plan.stop),
        "dtype": plan.dtype.name,
        "backend": backend,
        "recorded weights": snapshots,
        "data": array_hash(data.x_train, data.y_train, data.x_test, data.y_test),
        "configs": [config.described(plan.epochs) for config in plan.configs],
    }


def write_checkpoint(path: Path, state: State, about: dict[str, Any]) -> None:
    """Write the state; not compressed, because weights do not compress and a checkpoint must not take long."""
    header = json.dumps({"format": FORMAT, "identity": about})
    with replacing(path) as file:
        np.savez(file, about=np.array(header), **{f.name: getattr(state, f.name) for f in fields(State)})


def read_checkpoint(path: Path, about: dict[str, Any]) -> State:
    """The state of the same run.

    Raises
    ------
    ValueError
        If the file is of another run; the message names what differs.
    """
    _, arrays = read_own_npz(path, FORMAT, "a checkpoint of an ensemble", about)
    return State(**arrays)
