"""What `mechanet doctor` finds: versions, threads, processor, and the folder of compiled kernels."""

import importlib
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    from rich.table import Table

# Read from metadata: importing torch to learn its version takes seconds.
PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "torch")
FEATURES = {"avx2": "AVX2", "avx512f": "AVX-512", "fma": "FMA", "neon": "NEON"}
LAYERS = {"tbb": "tbbpool", "omp": "omppool", "workqueue": "workqueue"}


def examine(*, clear_cache: bool = False, compile: bool = False) -> dict[str, Any]:
    """Facts about this installation, as plain data for a table or for JSON.

    Parameters
    ----------
    clear_cache : bool
        Delete the compiled kernels first; `cache.freed` says what was deleted.
    compile : bool
        Compile a small parallel kernel, run it, and give the times in seconds.

    Returns
    -------
    dict
        `versions`, `threads`, `cpu`, `cache`, `compile` (None unless asked for) and `notes`, a list of sentences
        about what will cost speed.

    Raises
    ------
    OSError
        If the cache cannot be deleted.
    """
    freed = _clear() if clear_cache else None
    timing = _time_a_kernel() if compile else None
    facts = {
        "versions": versions(),
        "threads": _threads(),
        "cpu": _cpu(),
        "cache": {**_cache(), "freed": freed},
        "compile": timing,
    }
    return {**facts, "notes": _notes(facts)}


def versions() -> dict[str, str | None]:
    """Versions of mechanet, python and the packages it stands on; None for what is not installed."""
    found: dict[str, str | None] = {"mechanet": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def make_table(facts: dict[str, Any]) -> "Table":
    """The facts of `examine` as a table for a terminal."""
    from rich.table import Table

    cpu, threads, cache, timing = facts["cpu"], facts["threads"], facts["cache"], facts["compile"]
    rows = [(name, found or "not installed") for name, found in facts["versions"].items()]
    rows += [
        ("threads", f"{threads['count']} of {threads['cpus']} processors, layer {threads['layer'] or 'none'}"),
        ("processor", f"{cpu['name']} (LLVM: {cpu['llvm_name']})"),
        ("vector units", ", ".join(name for name, has in cpu["features"].items() if has) or "none known"),
        ("kernel cache", cache["folder"]),
        ("", f"{cache['files']} files, {cache['bytes'] / 1e6:.1f} MB"),
    ]
    if cache["freed"] is not None:
        rows.append(("", f"deleted {cache['freed']['files']} files, {cache['freed']['bytes'] / 1e6:.1f} MB"))
    if timing is not None:
        rows.append(("compiling", f"{timing['compile_seconds']:.2f} s for a small parallel kernel"))
        rows.append(("", f"{1e6 * timing['call_seconds']:.0f} microseconds for a call of it"))
    table = Table(show_header=False, title="mechanet doctor", title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def _clear() -> dict[str, int]:
    from .engine.cache import clear_cache

    files, size = clear_cache()
    return {"files": files, "bytes": size}


def _cache() -> dict[str, Any]:
    from .engine.cache import cache_folder, cache_size

    files, size = cache_size()
    folder = cache_folder()
    existing = next((f for f in (folder, *folder.parents) if f.exists()), Path("/"))
    return {"folder": str(folder), "files": files, "bytes": size, "writable": os.access(existing, os.W_OK)}


def _threads() -> dict[str, Any]:
    import numba

    return {"layer": _layer(), "count": numba.get_num_threads(), "cpus": os.cpu_count()}


def _layer() -> str | None:
    """The threading layer in use, else the first of numba's priority list that can be loaded."""
    import numba
    from numba.core import config

    try:
        return str(numba.threading_layer())
    except ValueError:  # no parallel kernel has run in this process
        pass
    wanted = config.THREADING_LAYER  # type: ignore[attr-defined]
    for name in [wanted] if wanted in LAYERS else config.THREADING_LAYER_PRIORITY:  # type: ignore[attr-defined]
        try:
            importlib.import_module(f"numba.np.ufunc.{LAYERS[name]}")
        except ImportError:
            continue
        return str(name)
    return None


def _cpu() -> dict[str, Any]:
    import llvmlite.binding as llvm

    found = llvm.get_host_cpu_features()
    return {
        "name": _processor_name(),
        "llvm_name": llvm.get_host_cpu_name(),
        "features": {name: bool(found.get(key, False)) for key, name in FEATURES.items()},
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _time_a_kernel() -> dict[str, float]:
    """Seconds to compile a parallel sum of squares without any cache, and of the fastest of 20 calls to it."""
    import numba
    import numpy as np

    def sum_of_squares(y):  # type: ignore[no-untyped-def]
        total = 0.0
        for i in numba.prange(y.size):
            total += y[i] * y[i]
        return total

    compiled = numba.njit(parallel=True)(sum_of_squares)
    y = np.ones(1000)
    start = time.perf_counter()
    compiled(y)
    compiled_at = time.perf_counter()
    calls = []
    for _ in range(20):
        called_at = time.perf_counter()
        compiled(y)
        calls.append(time.perf_counter() - called_at)
    return {"compile_seconds": compiled_at - start, "call_seconds": min(calls)}


def _notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if not facts["cache"]["writable"]:
        notes.append(
            f"{facts['cache']['folder']} cannot be written: every process will compile its kernels again. "
            "Set MECHANET_CACHE_DIR to a folder that can be written."
        )
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        notes.append("NUMBA_DISABLE_JIT is set: kernels run as plain Python, a hundred times slower.")
    if facts["versions"]["torch"] is None:
        notes.append("torch is not installed: networks and `mechanet demo` need pip install 'mechanet[nets]'.")
    return notes
