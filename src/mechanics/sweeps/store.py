"""A sweep's Zarr store: coordinates, one array per output, one chunk a block.

    zarr.json            the manifest, as attribute `mechanet`
    <axis>, seed         coordinates
    status               0 not run, 1 finished, 2 failed; (*axes, seed)
    <output>             values of each run; (*axes, seed, *own)
    blocks/<k>.json      written when all chunks of block k are on disk, with their hash

There is one writer, which holds a lock while it lives. A chunk without its record counts as not run.
"""

import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import LocalStore, MemoryStore

from .errors import Damaged, StoreError
from .grid import SEED, Blocks, Grid, make_grid
from .manifest import Manifest, read_manifest
from .outputs import check_outputs, own_dims
from .records import FOLDER, Record, Records
from .work import Outcome, Shapes

NOT_RUN, FINISHED, FAILED = 0, 1, 2
CODECS = ("BytesCodec", "ZstdCodec", "VLenUTF8Codec")  # what we write; a store with others is not ours
LARGEST = 2**31  # bytes of a coordinate


class Store:
    """An open store; `folder` is None for one in memory."""

    def __init__(self, root: zarr.Group, folder: Path | None, manifest: Manifest, grid: Grid) -> None:
        self.root, self.folder, self.manifest, self.grid = root, folder, manifest, grid
        self.blocks = Blocks(grid.shape, tuple(manifest.chunk))
        self.records = Records(folder)
        self.status: Any = root["status"]
        self.outputs: dict[str, Any] = {}

    @property
    def shapes(self) -> Shapes | None:
        """Own shapes of the outputs; None until a run has finished."""
        lead = len(self.grid.shape)
        return {name: array.shape[lead:] for name, array in self.outputs.items()} or None

    def dims_of(self, name: str) -> tuple[str, ...]:
        """Names of an output's own dimensions."""
        return own_dims(name, len(self.outputs[name].shape) - len(self.grid.shape), self.manifest.dims)

    def make_outputs(self, shapes: Shapes) -> None:
        """Make the arrays of the outputs, in the order of the function's dict."""
        check_outputs(shapes, self.grid, self.manifest.dims)
        for i, (name, own) in enumerate(shapes.items()):
            attributes: dict[str, Any] = {"output": i}
            if name in self.grid.units:
                attributes["units"] = self.grid.units[name]
            self.outputs[name] = self.root.create_array(
                name,
                shape=(*self.grid.shape, *own),
                chunks=(*self.blocks.chunk, *(max(1, n) for n in own)),
                dtype="float64",
                fill_value=np.nan,
                attributes=attributes,
                dimension_names=(*self.grid.dims, *own_dims(name, len(own), self.manifest.dims)),
                config={"write_empty_chunks": True},  # what is not written could not be told from what is lost
                overwrite=True,  # arrays without a record are left from a sweep that was killed as it made them
            )

    def commit(self, outcome: Outcome, session: str = "", elapsed: float = 0.0) -> None:
        """Write a block: its chunks, then its record."""
        if outcome.done.any() and not self.outputs:
            self.make_outputs(outcome.shapes or {})
        self._conform(outcome)
        region, shape = self.blocks.region(outcome.index), self.blocks.shape_of(outcome.index)
        status = np.where(outcome.done, FINISHED, FAILED).astype(np.uint8).reshape(shape)
        self.status[region] = status
        values = {}
        if outcome.done.any():
            values = {name: outcome.values[name].reshape(*shape, *own) for name, own in (self.shapes or {}).items()}
        for name, rows in values.items():
            self.outputs[name][region] = rows
        record = Record(
            block=outcome.index,
            sha256=_hash(status, values),
            outputs={name: list(own) for name, own in (self.shapes or {}).items()} if values else {},
            failures={str(place): text for place, text in outcome.failures.items()},
            seconds=round(outcome.seconds, 6),
            session=session,
            elapsed=round(elapsed, 3),
        )
        self.records.write(record)

    def read(self, block: int) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float64]]]:
        """Status and outputs of a finished block's runs, each (n, ...); Damaged unless they are what was written."""
        record = self.records.found[block]
        region, n = self.blocks.region(block), -np.subtract(*self.blocks.runs(block))
        try:
            status = np.asarray(self.status[region])
            values = {name: np.asarray(self.outputs[name][region]) for name in record.outputs}
        except Exception as error:  # whatever a decoder makes of damaged bytes
            raise Damaged(f"cannot be read ({type(error).__name__}: {error})") from None
        if _hash(status, values) != record.sha256:
            raise Damaged("does not have the hash of what was written")
        return status.reshape(n), {name: rows.reshape(n, *self.shapes[name]) for name, rows in values.items()}  # type: ignore[index]

    def damaged(self) -> dict[int, str]:
        """Finished blocks that are not as they were written, with the cause."""
        found = {}
        for block in sorted(self.records.found):
            try:
                self.read(block)
            except Damaged as error:
                found[block] = str(error)
        return found

    def _conform(self, outcome: Outcome) -> None:
        """Runs whose outputs differ from the store's count as failed."""
        shapes = outcome.shapes
        if shapes is None or shapes == self.shapes:
            return
        text = f"ValueError: outputs have shapes {shapes}, but {self.shapes} in other cells"
        outcome.failures |= {int(i): text for i in np.flatnonzero(outcome.done)}
        outcome.done[:] = False


def create(folder: Path | None, manifest: Manifest, grid: Grid) -> Store:
    """A new store, whole or not at all."""
    if folder is None:
        return Store(_fill(MemoryStore(), manifest, grid), None, manifest, grid)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        _fill(LocalStore(draft), manifest, grid)
        os.chmod(draft, 0o777 & ~_umask())
        if folder.is_dir():
            folder.rmdir()  # empty, or this raises
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return open_folder(folder, writing=True)


def _fill(target: Any, manifest: Manifest, grid: Grid) -> zarr.Group:
    root = zarr.create_group(target, zarr_format=3, attributes={"mechanet": manifest.to_json()})
    for name, values in {**grid.axes, SEED: grid.seeds}.items():
        data = values.astype(np.dtypes.StringDType()) if values.dtype.kind == "U" else values
        attributes: dict[str, Any] = {"units": grid.units[name]} if name in grid.units else {}
        array = root.create_array(
            name, shape=data.shape, chunks=data.shape, dtype=data.dtype, dimension_names=(name,), attributes=attributes
        )
        array[:] = data
    chunk = tuple(manifest.chunk)
    root.create_array(
        "status",
        shape=grid.shape,
        chunks=chunk,
        dtype="uint8",
        fill_value=NOT_RUN,
        dimension_names=grid.dims,
        attributes={"flag_values": [0, 1, 2], "flag_meanings": "not_run finished failed"},
    )
    root.create_group(FOLDER)
    return root


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def open_folder(folder: Path, *, writing: bool = False) -> Store:
    """Open a store on disk; StoreError says what is wrong with it."""
    if not folder.exists():
        raise FileNotFoundError(f"There is no store at {folder}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of zarr, about foreign files
            root = zarr.open_group(
                LocalStore(folder, read_only=not writing), mode="r+" if writing else "r", zarr_format=3
            )
            manifest = read_manifest(root.attrs)
            grid = _read_grid(root, manifest)
            store = Store(root, folder, manifest, grid)
            _check_array(store.status, grid.shape, store.blocks.chunk, "uint8")
            store.records.read(store.blocks.count)
            _find_outputs(store)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        raise StoreError(f"{folder} is not the store of a sweep: {error}") from None
    except Exception as error:  # whatever zarr makes of foreign or damaged metadata
        raise StoreError(f"{folder} is not the store of a sweep: {' '.join(str(error).split())[:300]}") from None
    return store


def _read_grid(root: zarr.Group, manifest: Manifest) -> Grid:
    found = {}
    for name in (*manifest.axes, SEED):
        array: Any = root[name]
        if not isinstance(array, zarr.Array) or array.ndim != 1 or array.nbytes > LARGEST:
            raise ValueError(f"{name!r} is not a coordinate")
        _check_codecs(array)
        found[name] = np.asarray(array[:])
    seeds = found.pop(SEED)
    return make_grid(found, seeds, {k: v for k, v in manifest.units.items() if isinstance(v, str)})


def _find_outputs(store: Store) -> None:
    """Arrays of the outputs, of the shapes that records say; a record of other outputs is broken."""
    records = store.records
    if not any(record.outputs for record in records.found.values()):
        return
    shapes = next(record.outputs for record in records.found.values() if record.outputs)
    arrays = {name: store.root[name] for name in shapes}
    for name, array in sorted(arrays.items(), key=lambda item: item[1].attrs.get("output", 0)):  # type: ignore[arg-type,return-value]
        own = tuple(shapes[name])
        chunk = (*store.blocks.chunk, *(max(1, n) for n in own))
        _check_array(array, (*store.grid.shape, *own), chunk, "float64")
        store.outputs[name] = array
    check_outputs(store.shapes or {}, store.grid, store.manifest.dims)
    for block, record in list(records.found.items()):
        if record.outputs and record.outputs != shapes:
            records.broken.append(f"{block}.json")
            del records.found[block]


def _check_array(array: Any, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: str) -> None:
    if not isinstance(array, zarr.Array):
        raise ValueError(f"{array!r:.60} is not an array")
    name = array.path
    if array.shape != shape or array.chunks != chunk:
        raise ValueError(
            f"{name!r} has shape {array.shape} in chunks {array.chunks}, but {shape} in {chunk} is expected"
        )
    if array.dtype != np.dtype(dtype):
        raise ValueError(f"{name!r} has type {array.dtype}, but {dtype} is expected")
    _check_codecs(array)


def _check_codecs(array: zarr.Array[Any]) -> None:
    for codec in array.metadata.codecs:  # type: ignore[union-attr]
        if type(codec).__name__ not in CODECS:
            raise ValueError(f"{array.path!r} is encoded by {type(codec).__name__}, which a sweep does not write")


def _hash(status: NDArray[np.uint8], values: dict[str, NDArray[np.float64]]) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(status).tobytes())
    for name in sorted(values):
        digest.update(f"\n{name} {values[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(values[name]).data)
    return digest.hexdigest()
