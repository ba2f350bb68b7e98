"""Arrays and text on disk without pickle, and never half a file."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np


def write_npz(path: str | os.PathLike[str], **arrays: Any) -> Path:
    """Write a compressed .npz file; a reader sees the old file or the whole new one.

    The folder is made, and the suffix .npz added, where missing. Returns the file's path.
    """
    path = Path(path)
    path = path if path.suffix else path.with_suffix(".npz")
    return _replace(path, lambda file: np.savez_compressed(file, **arrays))


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file (UTF-8); a reader sees the old file or the whole new one. The folder is made where missing."""
    return _replace(Path(path), lambda file: file.write(text.encode()))


def _replace(path: Path, write: Callable[[IO[bytes]], Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path
