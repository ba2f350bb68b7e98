"""CIFAR-10 from its binary version: records of a label and 3 x 32 x 32 bytes in a tar archive.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009), and the description of the binary version
on the data set's page. The archive of pickles is not read: files here are safe to open.
"""

import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .digits import Digits, scale_pixels
from .download import retrieve
from .resize import resize_images

MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
SHA256 = {"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}
SIDE = 32
RECORD = 1 + 3 * SIDE**2
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)


def load_cifar10(
    size: int = 32, *, antialias: bool = True, folder: str | Path | None = None, progress: bool = False
) -> Digits:
    """CIFAR-10: 50000 training and 10000 test images of ten classes, in colour.

    Parameters
    ----------
    size : int
        Pixels per side, 1 .. 32; below 32 the images are resized bilinearly. The paper's CNN takes 10.
    antialias : bool
        As torchvision's Resize since version 0.17.
    folder : path, optional
        Where the archive is or will be; the user's cache folder by default (170 MB).
    progress : bool
        Show the download's progress.

    Returns
    -------
    Digits
        Rows of 3 size^2 numbers in [0, 1], channel by channel: reshape to (N, 3, size, size).

    Raises
    ------
    ValueError
        If `size` is out of range, or the archive is damaged.
    ConnectionError
        If the archive cannot be downloaded; the message says where to put it.
    """
    if isinstance(size, bool) or int(size) != size or not 1 <= size <= SIDE:
        raise ValueError(f"size must be a whole number in 1 .. {SIDE}, but is {size!r}; CIFAR-10 has 32 pixels a side.")
    (archive,) = retrieve(SHA256, MIRRORS, data_set="CIFAR-10", folder=folder, progress=progress).values()
    records = read_archive(archive)
    x_train, y_train = _rows([records[name] for name in TRAIN], int(size), antialias)
    x_test, y_test = _rows([records[name] for name in TEST], int(size), antialias)
    return Digits(x_train, y_train, x_test, y_test, classes=10, name=f"CIFAR-10 {size}x{size}")


def read_archive(path: Path) -> dict[str, NDArray[np.uint8]]:
    """Records (n, 3073) of each file in the archive, read without extracting anything.

    Raises
    ------
    ValueError
        If it is no archive, a file is missing or its length is not a multiple of a record's.
    """
    records = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = Path(member.name).name
                file = archive.extractfile(member) if member.isfile() and name in TRAIN + TEST else None
                if file is not None:
                    raw = np.frombuffer(file.read(), np.uint8)
                    if len(raw) == 0 or len(raw) % RECORD:
                        raise ValueError(f"{name} in {path} must hold records of {RECORD} bytes, but has {len(raw)}.")
                    records[name] = raw.reshape(-1, RECORD)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a whole tar archive ({error}); delete it and download it again.") from error
    missing = [name for name in TRAIN + TEST if name not in records]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; delete it and download it again.")
    return records


def _rows(
    records: list[NDArray[np.uint8]], size: int, antialias: bool
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images as rows in [0, 1] and their labels."""
    rows = np.concatenate(records)
    images = rows[:, 1:].reshape(-1, SIDE, SIDE)
    if size != SIDE:
        images = resize_images(images, size, antialias=antialias)
    return scale_pixels(images).reshape(len(rows), -1), rows[:, 0].astype(np.int64)
