"""Which public data sets are on this machine already, so that nothing needs to be downloaded."""

from .cifar import SHA256 as CIFAR_FILES
from .download import cache_folder
from .mnist import FASHION_SHA256 as FASHION_FILES


def present() -> tuple[str, ...]:
    """Names among "Fashion-MNIST" and "CIFAR-10" whose files are all in the cache folder."""
    files = {"Fashion-MNIST": FASHION_FILES, "CIFAR-10": CIFAR_FILES}
    return tuple(
        name for name, wanted in files.items() if all((cache_folder(name) / file).is_file() for file in wanted)
    )
