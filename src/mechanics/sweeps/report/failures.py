"""Messages of failed runs, as the dataset carries them, found again on the drawn axes."""

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from .numbers import number

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Failure:
    """A message, and its cell as indices along the sheet's axes; None if the cell is not drawn."""

    cell: tuple[int, ...] | None
    where: str
    text: str


def read_failures(dataset: "xarray.Dataset", axes: list[str]) -> list[Failure]:
    """Failures from the attribute `failures`: JSON that maps "axis=value, ..., seed=number" to a message."""
    messages = _listed(dataset.attrs.get("failures"))
    grid = [str(dim) for dim in dataset["failed"].dims] if "failed" in dataset else axes
    places = {name: {str(value): i for i, value in enumerate(dataset[name].values)} for name in axes}
    failures = []
    for key, text in messages.items():
        words = _words(key, grid)
        found = [places[name].get(words.get(name, "")) for name in axes]
        cell = None if None in found else tuple(i for i in found if i is not None)
        where = ", ".join(f"{name} = {_shown(value)}" for name, value in words.items()) or key
        failures.append(Failure(cell, where, str(text)))
    return failures


def _listed(attribute: Any) -> dict[str, Any]:
    """The mapping, or nothing where the attribute is not one."""
    if isinstance(attribute, str):
        try:
            attribute = json.loads(attribute)
        except ValueError:
            return {}
    return {str(key): text for key, text in attribute.items()} if isinstance(attribute, dict) else {}


def _words(key: str, grid: list[str]) -> dict[str, str]:
    """Values by name; a value of text may hold commas itself, so names are looked for in their order."""
    words: dict[str, str] = {}
    names = [*grid, "seed"]
    starts = [(key.find(f"{name}="), name) for name in names]
    known = sorted((at, name) for at, name in starts if at >= 0)
    for k, (at, name) in enumerate(known):
        end = next(islice((a for a, _ in known), k + 1, None), len(key) + 2) - 2
        words[name] = key[at + len(name) + 1 : end]
    return words


def _shown(value: str) -> str:
    try:
        return number(float(value), 6)
    except ValueError:
        return value
