"""Finished runs on disk, recognised by a hash of what made them."""

import hashlib
import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mechanics import __version__

if TYPE_CHECKING:
    from nets import History, LeakyHistory

KEY = "run_hash"  # in the settings of a history


def settings_hash(setting: Any, **more: Any) -> str:
    """Hash of a settings record, further named values, and the versions of mechanet and torch."""
    identity = {**asdict(setting), **more, "mechanet": __version__, "torch": version("torch")}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


Kept = TypeVar("Kept", "History", "LeakyHistory")


def label_run(history: Kept, run_hash: str, **records: Any) -> Kept:
    """The history with the hash of what made it among its settings, and further numbers among its records."""
    more = {name: np.asarray(record) for name, record in records.items()}
    return replace(history, settings={**history.settings, KEY: run_hash}, records={**history.records, **more})


def load_run(path: Path, run_hash: str) -> "History | None":
    """The kept run, or None if there is none, it cannot be read, or other settings made it."""
    if not path.exists():
        return None
    from nets import History

    try:
        history = History.load(path)
    except Exception:  # a damaged file, whatever it raises, costs one training run
        return None
    return history if history.settings.get(KEY) == run_hash else None
