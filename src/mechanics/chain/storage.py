"""Runs of a chain on disk: arrays and JSON in one .npz file, never pickle."""

import json
import os
from pathlib import Path

from ..files import read_npz, write_npz
from .run import ChainRun
from .spring_chain import SpringChain

FORMAT = "mechanet-chain-run/1"
ARRAYS = ("ts", "x", "members", "stopped_at")
SCALARS = ("seed", "dt", "steps", "save_every", "status", "method")


def save_run(run: ChainRun, path: str | os.PathLike[str]) -> Path:
    """Write a run to `path`, replacing what is there only once the new file is complete."""
    about = {
        "format": FORMAT,
        "chain": run.chain.to_dict(),
        **{name: getattr(run, name) for name in SCALARS},
    }
    arrays = {name: getattr(run, name) for name in ARRAYS}
    if run.v is not None:
        arrays["v"] = run.v
    return write_npz(path, about=json.dumps(about), **arrays)


def load_run(path: str | os.PathLike[str]) -> ChainRun:
    """Read what `save_run` wrote; `proceed` goes on from it.

    Raises
    ------
    ValueError
        If the file is not of this format.
    """
    about, arrays = read_npz(path, FORMAT, "a saved chain run")
    scalars = {name: about[name] for name in SCALARS if name in about}
    return ChainRun(chain=SpringChain.from_dict(about["chain"]), **arrays, **scalars)
