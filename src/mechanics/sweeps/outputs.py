"""Names and dimensions of outputs, and what they must not clash with."""

from typing import Any

from .grid import SEED, Grid
from .records import FOLDER
from .work import Shapes

RESERVED = (SEED, "status", "failed", "finished", FOLDER)


def own_dims(name: str, count: int, dims: dict[str, Any]) -> tuple[str, ...]:
    """Names of an output's own dimensions: given, or `name_0`, `name_1`, ..."""
    given = dims.get(name)
    return tuple(given) if given is not None else tuple(f"{name}_{i}" for i in range(count))


def check_outputs(shapes: Shapes, grid: Grid, dims: dict[str, Any]) -> None:
    """ValueError where names or dimensions of outputs clash."""
    sizes = dict(zip(grid.dims, grid.shape, strict=True))
    for name, own in shapes.items():
        if name in grid.dims or name in RESERVED or "/" in name or name.startswith(".") or not name:
            raise ValueError(f"An output cannot be called {name!r}: the name is taken by the sweep; rename it.")
        if name.endswith("_stderr") and name.removesuffix("_stderr") in shapes:
            raise ValueError(f"An output cannot be called {name!r}: that is the standard error of another output.")
        names = own_dims(name, len(own), dims)
        if len(names) != len(own) or len(set(names)) < len(names):
            raise ValueError(f"dims names {names} for output {name!r}, but its own shape is {own}.")
        for dim, size in zip(names, own, strict=True):
            if dim in grid.dims or dim in shapes:
                raise ValueError(f"dims of output {name!r}: {dim!r} is taken by an axis or an output.")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(
                    f"dims of output {name!r}: {dim!r} has {size} values here, and {sizes[dim]} elsewhere."
                )
