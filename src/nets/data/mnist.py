"""MNIST and Fashion-MNIST in full: IDX files, downloaded once and checked by sha256."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .digits import Digits, scale_pixels
from .download import retrieve
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
FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
FASHION_SHA256 = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}


def load_mnist(
    size: int = 28, *, antialias: bool = True, folder: str | Path | None = None, progress: bool = False
) -> Digits:
    """Full MNIST: 60000 training and 10000 test images.

    Parameters
    ----------
    size : int
        Pixels per side, 1 .. 28; below 28 the images are resized bilinearly.
    antialias : bool
        As torchvision's Resize since version 0.17. Without it D_0 of the load curve is higher by about 0.4.
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
    return _load("MNIST", SHA256, MIRRORS, size, antialias, folder, progress)


def load_fashion_mnist(
    size: int = 28, *, antialias: bool = True, folder: str | Path | None = None, progress: bool = False
) -> Digits:
    """Fashion-MNIST: 60000 training and 10000 test images of ten articles; arguments and errors as in `load_mnist`.

    References
    ----------
    Xiao, Rasul, Vollgraf, arXiv:1708.07747. 31 MB, MIT licence.
    """
    return _load("Fashion-MNIST", FASHION_SHA256, FASHION_MIRRORS, size, antialias, folder, progress)


def _load(
    data_set: str,
    sha256: Mapping[str, str],
    mirrors: Sequence[str],
    size: int,
    antialias: bool,
    folder: str | Path | None,
    progress: bool,
) -> Digits:
    if isinstance(size, bool) or int(size) != size or not 1 <= size <= 28:
        raise ValueError(f"size must be a whole number in 1 .. 28, but is {size!r}; {data_set} has 28 pixels per side.")
    files = retrieve(sha256, mirrors, data_set=data_set, folder=folder, progress=progress)
    x_train, y_train, x_test, y_test = (read_idx(files[name]) for name in sha256)
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if x.ndim != 3 or y.shape != x.shape[:1]:
            raise ValueError(f"the {part} files of {data_set} do not match: images {x.shape}, labels {y.shape}.")
    if size != x_train.shape[1]:
        x_train, x_test = (resize_images(x, int(size), antialias=antialias) for x in (x_train, x_test))
    return Digits(
        x_train=scale_pixels(x_train),
        y_train=y_train.astype(np.int64),
        x_test=scale_pixels(x_test),
        y_test=y_test.astype(np.int64),
        classes=10,
        name=f"{data_set} {size}x{size}",
    )
