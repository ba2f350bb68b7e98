"""Arrays and text on disk without pickle, and never half a file."""

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray


def npz_path(path: str | os.PathLike[str]) -> Path:
    """The path, with the suffix .npz where it has none."""
    path = Path(path)
    return path if path.suffix else path.with_suffix(".npz")


def array_hash(*arrays: NDArray[Any]) -> str:
    """SHA-256 of arrays: of their types, shapes and numbers."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def write_npz(path: str | os.PathLike[str], **arrays: Any) -> Path:
    """Write a compressed .npz file; a reader sees the old file or the whole new one.

    The folder is made, and the suffix .npz added, where missing. Returns the file's path.
    """
    path = npz_path(path)
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)
    return path


def read_npz(path: str | os.PathLike[str], form: str, what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record and the arrays of a file whose array `about` holds JSON with `format`: `form`.

    Raises
    ------
    ValueError
        If the file is of another format; `what` names what was wanted.
    """
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"])) if "about" in file else {}
        if about.get("format") != form:
            raise ValueError(f"{path} is not {what} ({form}), but {about.get('format', 'unmarked')!r}.")
        return about, {name: file[name] for name in file if name != "about"}


def read_own_npz(
    path: str | os.PathLike[str], form: str, what: str, identity: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`read_npz` for a run that goes on: the record's `identity` must be this one.

    Raises
    ------
    ValueError
        If the file is of another format or run; the message names what differs.
    """
    header, arrays = read_npz(path, form, what)
    known, wanted = header["identity"], json.loads(json.dumps(identity))
    differing = [name for name in {**known, **wanted} if known.get(name) != wanted.get(name)]
    if differing:
        raise ValueError(
            f"{path} is {what} of another run: {', '.join(differing)} differ(s). Give another file, or delete it."
        )
    return header, arrays


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file (UTF-8); a reader sees the old file or the whole new one. The folder is made where missing."""
    with replacing(path) as file:
        file.write(text.encode())
    return Path(path)


_reading_mask = threading.Lock()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write; a reader of `path` sees the old file or the whole new one. Its folder is made where missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(draft, 0o666 & ~_mask())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _mask() -> int:
    """What new files of this process are not open to; a draft is open to its owner alone."""
    with _reading_mask:  # the mask can only be read by setting it
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
