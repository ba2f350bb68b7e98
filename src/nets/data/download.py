"""Files of public data sets: downloaded once, checked by sha256, from the first mirror that has them."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def retrieve(
    names: Mapping[str, str],
    mirrors: Sequence[str],
    *,
    data_set: str,
    folder: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Path]:
    """Paths of files, from the folder where they are there and whole, otherwise downloaded into it.

    Parameters
    ----------
    names : mapping of str to str
        File name -> sha256.
    mirrors : sequence of str
        Addresses to which a file's name is appended.
    data_set : str
        Name for messages and of the cache folder.
    folder : path, optional
        The user's cache folder by default.
    progress : bool
        Show a bar.

    Raises
    ------
    ConnectionError
        If no mirror can be reached or their files have the wrong sha256; the message says where to put the files.
    """
    place = Path(folder) if folder is not None else cache_folder(data_set)
    return {name: _retrieve(name, sha256, mirrors, place, data_set, progress) for name, sha256 in names.items()}


def cache_folder(data_set: str) -> Path:
    """Where the files of a data set are kept unless a folder is named."""
    import pooch

    return Path(pooch.os_cache("mechanet")) / data_set.lower()


def _retrieve(name: str, sha256: str, mirrors: Sequence[str], place: Path, data_set: str, progress: bool) -> Path:
    import pooch

    reasons = []
    for mirror in mirrors:
        try:
            found = pooch.retrieve(
                mirror + name, known_hash=f"sha256:{sha256}", fname=name, path=place, progressbar=progress
            )
            return Path(found)
        except (OSError, ValueError) as error:  # no network, refused, or a wrong hash: the next mirror may do
            reasons.append(f"{mirror}: {type(error).__name__}")
    raise ConnectionError(
        f"{data_set}'s {name} could not be downloaded ({'; '.join(reasons)}). Use load_mnist10(), which needs no "
        f"download, or place {name} in {place}."
    )
