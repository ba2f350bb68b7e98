"""Which blocks of a store are finished: one small JSON file each, written when the block's chunks are on disk."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..files import replacing

FOLDER = "blocks"


@dataclass(frozen=True)
class Record:
    """A finished block: the hash of what was written, and the message of each failed run by its place."""

    block: int
    sha256: str
    outputs: dict[str, list[int]]
    failures: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    session: str = ""
    elapsed: float = 0.0


class Records:
    """The records of a store on disk, or of one in memory (`folder` None)."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / FOLDER
        self.found: dict[int, Record] = {}
        self.broken: list[str] = []

    def write(self, record: Record) -> None:
        """Add a record; on disk there is the whole record or none."""
        if self.folder is not None:
            with replacing(self.folder / f"{record.block}.json") as file:
                file.write(json.dumps(asdict(record)).encode())
        self.found[record.block] = record

    def read(self, count: int) -> None:
        """Read all records; those that make no sense are named in `broken`."""
        self.found, self.broken = {}, []
        if self.folder is None or not self.folder.is_dir():
            return
        for file in sorted(self.folder.glob("[0-9]*.json")):
            try:
                record = _checked(json.loads(file.read_bytes()))
                if file.name != f"{record.block}.json" or not 0 <= record.block < count:
                    raise ValueError("a record of another block")
            except (ValueError, TypeError, RecursionError):
                self.broken.append(file.name)
            else:
                self.found[record.block] = record


def _checked(raw: Any) -> Record:
    record = Record(**raw)
    whole = isinstance(record.block, int) and isinstance(record.sha256, str) and isinstance(record.session, str)
    outputs = isinstance(record.outputs, dict) and all(
        isinstance(shape, list) and all(isinstance(n, int) and n >= 0 for n in shape)
        for shape in record.outputs.values()
    )
    failures = isinstance(record.failures, dict) and all(
        place.isdigit() and isinstance(text, str) for place, text in record.failures.items()
    )
    times = all(isinstance(t, (int, float)) for t in (record.seconds, record.elapsed))
    if not (whole and outputs and failures and times):
        raise ValueError("not a record of a block")
    return record
