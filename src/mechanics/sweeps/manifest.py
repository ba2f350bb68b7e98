"""What a store says about the sweep that made it, and how another sweep differs from it.

The manifest is the attribute `mechanet` of the store's root group: plain JSON, written once when the store is made.
"""

import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from .. import __version__
from .grid import Grid
from .identity import describe_parameters, fingerprint_of, name_of, script_of
from .work import Job

FORMAT = "mechanet-sweep/1"
SHOWN = 4  # values that a message lists


@dataclass(frozen=True)
class Manifest:
    """Everything about a sweep but its grid (which the store keeps as coordinates) and its results."""

    format: str
    function: str
    script: str | None
    fingerprint: str
    parameters: dict[str, Any]
    parameter_hashes: dict[str, str]
    restorable: bool
    axes: list[str]
    chunk: list[int]
    vectorised: bool
    allow_nan: bool | list[str]
    retries: int
    dims: dict[str, list[str]]
    units: dict[str, str]
    created: str
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def make_manifest(job: Job, grid: Grid, chunk: tuple[int, ...], dims: dict[str, tuple[str, ...]]) -> Manifest:
    """The manifest of a new sweep."""
    plain, hashes, restorable = describe_parameters(job.parameters)
    return Manifest(
        format=FORMAT,
        function=name_of(job.function),
        script=script_of(job.function),
        fingerprint=fingerprint_of(job.function, job.vectorised),
        parameters=plain,
        parameter_hashes=hashes,
        restorable=restorable,
        axes=list(grid.axes),
        chunk=list(chunk),
        vectorised=job.vectorised,
        allow_nan=job.allow_nan if isinstance(job.allow_nan, bool) else sorted(job.allow_nan),
        retries=job.retries,
        dims={name: list(own) for name, own in dims.items()},
        units=dict(grid.units),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    found = {"mechanet": __version__, "python": platform.python_version()}
    for package in ("numpy", "numba"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def read_manifest(attributes: Any) -> Manifest:
    """The manifest in the attributes of a store; ValueError where there is none that this version understands."""
    found = attributes.get("mechanet") if hasattr(attributes, "get") else None
    if not isinstance(found, dict) or not isinstance(found.get("format"), str):
        raise ValueError("it has no manifest of a sweep")
    if found["format"] != FORMAT:
        raise ValueError(f"its format is {found['format']!r:.60}, but this version of mechanet reads {FORMAT!r}")
    kinds = {
        "function": str, "script": (str, type(None)), "fingerprint": str, "parameters": dict, "parameter_hashes": dict,
        "restorable": bool, "axes": list, "chunk": list, "vectorised": bool, "allow_nan": (bool, list),
        "retries": int, "dims": dict, "units": dict, "created": str, "versions": dict,
    }  # fmt: skip
    for name, kind in kinds.items():
        if name not in found or not isinstance(found[name], kind):  # type: ignore[arg-type]
            raise ValueError(f"its manifest lacks a valid {name!r}")
    if not all(isinstance(name, str) for name in found["axes"]):
        raise ValueError("its manifest lacks valid 'axes'")
    if not all(isinstance(c, int) and c > 0 for c in found["chunk"]) or len(found["chunk"]) != len(found["axes"]) + 1:
        raise ValueError("its manifest lacks a valid 'chunk'")
    return Manifest(**{name: found[name] for name in ("format", *kinds)})


def differences(store: Manifest, stored: Grid, new: Manifest, grid: Grid) -> list[str]:
    """Sentences that say in what another sweep differs; none where it is the same."""
    found = []
    if store.fingerprint != new.fingerprint:
        same = store.function == new.function
        what = "its code, or what it reaches, has changed" if same else f"it is {new.function} now"
        found.append(f"the function was {store.function}, but {what}")
        found += [
            f"the version of {name} was {old}, and is {new.versions.get(name)}"
            for name, old in store.versions.items()
            if name in ("mechanet", "numpy", "python") and new.versions.get(name) != old
        ]
    if store.vectorised != new.vectorised:
        found.append(f"vectorised was {store.vectorised}, and is {new.vectorised}")
    found += _axes(stored, grid)
    found += _parameters(store, new)
    if store.allow_nan != new.allow_nan:
        found.append(f"allow_nan was {store.allow_nan}, and is {new.allow_nan}")
    if store.dims != new.dims:
        found.append(f"dims were {store.dims}, and are {new.dims}")
    return found


def _axes(old: Grid, new: Grid) -> list[str]:
    if list(old.axes) != list(new.axes):
        return [f"the axes were {list(old.axes)}, and are {list(new.axes)}"]
    found = []
    for name, values in old.axes.items():
        if not _same(values, new.axes[name]):
            found.append(f"axis {name!r} {_changed(values, new.axes[name])}")
    if not _same(old.seeds, new.seeds):
        found.append(f"seeds: {_changed(old.seeds, new.seeds)}")
    return found


def _same(old: Any, new: Any) -> bool:
    return old.shape == new.shape and old.dtype.kind == new.dtype.kind and bool((old == new).all())


def _changed(old: Any, new: Any) -> str:
    if old.dtype.kind != new.dtype.kind:
        return f"held {old.dtype} values, and holds {new.dtype} now"
    lost, added = np.setdiff1d(old, new), np.setdiff1d(new, old)
    if not len(lost) and not len(added):
        return "has the same values in another order"
    parts = [f"{word} {_few(values)}" for word, values in (("lost", lost), ("gained", added)) if len(values)]
    return f"({len(old)} values before, {len(new)} now) {' and '.join(parts)}"


def _few(values: Any) -> str:
    shown = ", ".join(str(value) for value in values[:SHOWN].tolist())
    return shown if len(values) <= SHOWN else f"{shown}, ... ({len(values)} values)"


def _parameters(store: Manifest, new: Manifest) -> list[str]:
    found = []
    for name in sorted({*store.parameter_hashes, *new.parameter_hashes}):
        if name not in new.parameter_hashes:
            found.append(f"the parameter {name!r} ({store.parameters.get(name)!r:.60}) is missing")
        elif name not in store.parameter_hashes:
            found.append(f"the parameter {name!r} is new")
        elif store.parameter_hashes[name] != new.parameter_hashes[name]:
            old, now = f"{store.parameters.get(name)!r:.60}", f"{new.parameters[name]!r:.60}"
            found.append(
                f"the parameter {name!r} was {old}, and is {now if now != old else 'another one of that form'}"
            )
    return found
