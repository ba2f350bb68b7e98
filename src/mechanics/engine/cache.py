"""Where compiled kernels are kept on disk, and numba's file cache keyed by our fingerprint.

The folder is $MECHANET_CACHE_DIR, else $NUMBA_CACHE_DIR/mechanet, else the user's cache folder. It holds machine code
made by this user; nothing is ever loaded from anywhere else. Deleting it costs one compilation.
"""

import contextlib
import os
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import platformdirs
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator


def cache_folder() -> Path:
    """Folder of the compiled kernels; it need not exist yet."""
    if own := os.environ.get("MECHANET_CACHE_DIR"):
        return Path(own)
    if numba := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(numba) / "mechanet"
    return Path(platformdirs.user_cache_dir("mechanet", appauthor=False)) / "kernels"


def cache_size() -> tuple[int, int]:
    """Number of files in the cache folder and their size in bytes."""
    files = [f.stat().st_size for f in cache_folder().rglob("*.nb[ic]")]
    return len(files), sum(files)


def clear_cache() -> tuple[int, int]:
    """Delete all compiled kernels; return how many files and bytes were freed."""
    freed = cache_size()
    folder = cache_folder()
    for file in folder.rglob("*.nb[ic]"):
        file.unlink(missing_ok=True)
    if folder.exists() and not any(f.is_file() for f in folder.rglob("*")):
        shutil.rmtree(folder)
    return freed


@dataclass
class CompileCounts:
    """What the process has compiled and what it has loaded from disk."""

    compiled: int = 0
    loaded: int = 0
    seconds: float = 0.0  # spent compiling


class _Locator(_CacheLocator):
    """Numba asks this for the folder and for the stamp that outdates a file: ours is the fingerprint."""

    def __init__(self, tag: str, py_file: str) -> None:
        self._tag, self._py_file = tag, py_file

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return self._tag

    def get_disambiguator(self) -> str:
        return self._tag

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> None:
        return None


class _Impl(CompileResultCacheImpl):
    def __init__(self, py_func: FunctionType) -> None:
        self._lineno = py_func.__code__.co_firstlineno
        name, tag = py_func.__qualname__.rsplit(".", 1)
        self._locator = _Locator(tag, py_func.__code__.co_filename)
        self._filename_base = self.get_filename_base(name.replace("<", "").replace(">", ""), "")


class KernelCache(FunctionCache):
    """Numba's file cache under our key; counts what it does, and never stops a run.

    `py_func.__qualname__` must end in `.<fingerprint>`. A file that cannot be read counts as a miss; a folder that
    cannot be written costs a warning, and the kernels are compiled in every process.
    """

    _impl_class = _Impl

    def __init__(self, py_func: FunctionType, counts: CompileCounts, *, on_disk: bool) -> None:
        super().__init__(py_func)
        self._counts = counts
        self._started = time.perf_counter()
        if not on_disk:
            self.disable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Machine code for a signature, or None."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file raises: forget it and compile again
            found = None
            with contextlib.suppress(OSError):
                self.flush()
        if found is not None:
            self._counts.loaded += 1
        self._started = time.perf_counter()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was just compiled."""
        self._counts.compiled += 1
        self._counts.seconds += time.perf_counter() - self._started
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            warnings.warn(
                f"Compiled kernels cannot be kept in {cache_folder()} ({error.strerror}); every process will compile "
                "them again. Set MECHANET_CACHE_DIR to a folder that can be written.",
                stacklevel=2,
            )
