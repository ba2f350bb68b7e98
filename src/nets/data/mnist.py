"""The full MNIST data set, downloaded once and checked by sha256."""

from pathlib import Path

import numpy as np

from .digits import Digits, scale_pixels
from .idx import read_idx
from .resize import resize_images

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}


def load_mnist(size: int = 28, *, folder: str | Path | None = None, progress: bool = False) -> Digits:
    """Full MNIST: 60000 training and 10000 test images.

    Parameters
    ----------
    size : int
        Pixels per side, 1 .. 28; below 28 the images are resized bilinearly with antialiasing.
    folder : path, optional
        Where the four IDX files are or will be; the user's cache folder by default (11 MB).
    progress : bool
        Show the download's progress.

    Returns
    -------
    Digits
        Rows of size^2 pixels in [0, 1].

    Raises
    ------
    ValueError
        If `size` is out of range, or a file is damaged.
    ConnectionError
        If no mirror can be reached or their files have the wrong sha256; the message says where to put the files.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (1998) 2278-2324.
    """
    if isinstance(size, bool) or int(size) != size or not 1 <= size <= 28:
        raise ValueError(f"size must be a whole number in 1 .. 28, but is {size!r}; MNIST has 28 pixels per side.")
    import pooch

    place = Path(folder) if folder is not None else Path(pooch.os_cache("mechanet")) / "mnist"
    files = {name: _retrieve(name, place, progress) for name in SHA256}
    x_train, y_train, x_test, y_test = (read_idx(files[name]) for name in SHA256)
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if x.ndim != 3 or y.shape != x.shape[:1]:
            raise ValueError(f"the {part} files in {place} do not match: images {x.shape}, labels {y.shape}.")
    if size != x_train.shape[1]:
        x_train, x_test = resize_images(x_train, int(size)), resize_images(x_test, int(size))
    return Digits(
        x_train=scale_pixels(x_train),
        y_train=y_train.astype(np.int64),
        x_test=scale_pixels(x_test),
        y_test=y_test.astype(np.int64),
        classes=10,
        name=f"MNIST {size}x{size}",
    )


def _retrieve(name: str, place: Path, progress: bool) -> Path:
    """Path of one file, from the folder if it is there and whole, otherwise from the first mirror that has it."""
    import pooch

    reasons = []
    for mirror in MIRRORS:
        try:
            found = pooch.retrieve(
                mirror + name, known_hash=f"sha256:{SHA256[name]}", fname=name, path=place, progressbar=progress
            )
            return Path(found)
        except (OSError, ValueError) as error:  # no network, refused, or a wrong hash: the next mirror may do
            reasons.append(f"{mirror}: {type(error).__name__}")
    raise ConnectionError(
        f"MNIST's {name} could not be downloaded ({'; '.join(reasons)}). Use load_mnist10(), which needs no "
        f"download, or place the four files {', '.join(SHA256)} in {place}."
    )
