"""Curvature of load curves over a grid of parameters: the phase diagram of the chain.

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353, figure 1: which loads are concave, linear, or convex where noise and
friction are varied.
"""

import itertools
import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from ..checks import finite_number, whole_numbers
from ..noise import seed_word
from .cells import LANES, final_states
from .load_curve import curvature, load_curve
from .parameters import ChainParameters
from .phase_record import PhaseDiagram
from .spring_chain import SpringChain

BLOCK_UPDATES = 2_000_000_000  # block-steps between two writes to `out`: some seconds
FEWEST = 16  # cells between two writes: fewer do not fill lanes
AXES = tuple(f.name for f in fields(ChainParameters) if f.name != "drive")


def phase_diagram(
    chain: ChainParameters,
    *,
    steps: int = 10_000,
    dt: float | ArrayLike = 0.01,
    seeds: int | Sequence[int] = 8,
    seed: int | np.random.SeedSequence = 0,
    method: str | None = None,
    kind: Literal["quadratic", "ends"] = "quadratic",
    out: str | os.PathLike[str] | None = None,
    resume: bool | Literal["failed"] = True,
    progress: bool = False,
    threads: int | None = None,
    **axes: ArrayLike,
) -> PhaseDiagram:
    """Simulate a chain on a grid of parameters and measure the curvature of its load curves.

    Parameters
    ----------
    chain : SpringChain
        What the axes leave as it is.
    steps : int
        Number of steps of each simulation, which starts from x = 0.
    dt : float or array_like
        Step; a sequence makes it an axis.
    seeds : int or sequence of int
        Members of the ensemble in each cell: their number (0, 1, ...), or which.
    seed : int or numpy.random.SeedSequence
        Names the ensemble, as in `simulate`.
    method, threads
        As in `simulate`.
    kind : {"quadratic", "ends"}
        As in `curvature`.
    out : path, optional
        Folder of a store that is written while the diagram is made, and continued after an interruption (needs the
        extra `sweep`).
    resume : bool or "failed"
        Go on with the store at `out`; "failed" repeats failed runs.
    progress : bool
        Show a progress bar.
    **axes : array_like
        Parameters of the chain to vary, by name: a sequence of values each. At least one; the result has an axis for
        each, in the order given (dt last).

    Returns
    -------
    PhaseDiagram
        `.curvature`, `.curvature_stderr`, `.load_curves`, `.plot()`, `.to_xarray()`, `.save(path)`.

    Raises
    ------
    ValueError
        If an axis is unknown or empty, or a cell is not a valid chain; the message says which.

    Notes
    -----
    Every cell meets the same noise (common random numbers): a cell's load curves are those of
    `cell.simulate(steps, dt, seed=seed, members=seeds)`, bit for bit, and two cells differ by their parameters, not by
    luck. In return the errors of neighbouring cells are not independent.
    """
    whole_numbers(steps=(steps, 0))
    members = _members(seeds)
    grid = {name: _axis(name, values) for name, values in axes.items()}
    if np.ndim(dt) > 0:
        grid["dt"] = _axis("dt", dt)
    if not grid:
        raise ValueError("phase_diagram needs a parameter to vary: give a sequence, such as eps_bar=[0.0, 0.1, 0.2].")
    shape = tuple(len(values) for values in grid.values())
    settings: dict[str, Any] = {
        "chain": chain.to_dict(),
        "steps": steps,
        "dt": 0.0 if "dt" in grid else finite_number("dt", dt),
        "seed": int(seed_word(seed)),
        "method": method,
        "kind": kind,
        "layers": int(max(grid.get("blocks", [chain.blocks]))) + 2,
    }
    cells = _columns(grid)
    _check(cells, settings)
    if out is None:
        found = _without_store(cells, members, settings, progress, threads)
    else:
        found = _with_store(grid, members, settings, out, resume, progress, threads)
    curvatures = found["curvature"].reshape(*shape, len(members))
    curves = found["load_curve"].reshape(*shape, len(members), settings["layers"])
    return PhaseDiagram(
        SpringChain.from_dict(settings["chain"]), grid, np.array(members), curvatures, curves, steps,
        None if "dt" in grid else settings["dt"], settings["seed"], method, kind,
    )  # fmt: skip


def measure(
    cells: dict[str, NDArray[Any]],
    seeds: NDArray[np.int64],
    *,
    threads: int | None = None,
    bar: Any = None,
    **settings: Any,
) -> dict[str, NDArray[np.float64]]:
    """Curvature (n,) and load curve (n, layers) of n runs, each a cell and a seed; NaN where a run failed.

    Runs of one cell are simulated together, and all cells at once.
    """
    names = list(cells)
    rows = list(zip(*(cells[name].tolist() for name in names), strict=True))
    unique = {row: i for i, row in enumerate(dict.fromkeys(rows))}
    members = {int(s): i for i, s in enumerate(dict.fromkeys(np.asarray(seeds).tolist()))}
    chains = [_cell(dict(zip(names, row, strict=True)), settings) for row in unique]
    states, troubles = final_states(
        chains, list(members), settings["steps"], seed=settings["seed"], method=settings["method"], threads=threads,
        bar=tqdm(disable=True) if bar is None else bar,
    )  # fmt: skip
    column = np.array([members[m] for m in np.asarray(seeds).tolist()])
    cell = np.array([unique[row] for row in rows])
    fine = troubles[cell, column] == ""
    curves, bends = np.full((len(rows), settings["layers"]), np.nan), np.full(len(rows), np.nan)
    for layers in {state.shape[1] for state in states}:
        those = np.flatnonzero([state.shape[1] == layers for state in states])
        where = np.flatnonzero(fine & np.isin(cell, those))
        found = load_curve(np.stack([states[i] for i in those])[np.searchsorted(those, cell[where]), column[where]])
        finite = np.isfinite(found).all(axis=1)
        curves[where[finite], :layers] = found[finite]
        bends[where[finite]] = curvature(found[finite], kind=settings["kind"])
    return {"curvature": bends, "load_curve": curves}


def _without_store(
    cells: dict[str, NDArray[Any]], members: list[int], settings: dict[str, Any], progress: bool, threads: int | None
) -> dict[str, NDArray[np.float64]]:
    n = len(next(iter(cells.values())))
    runs = {name: np.repeat(column, len(members)) for name, column in cells.items()}
    total = n * len(members) * settings["steps"]
    with tqdm(total=total, disable=not progress, unit="step", unit_scale=True, desc="phase diagram") as bar:
        return measure(runs, np.tile(members, n), threads=threads, bar=bar, **settings)


def _with_store(
    grid: dict[str, NDArray[Any]], members: list[int], settings: dict[str, Any], out: str | os.PathLike[str],
    resume: bool | str, progress: bool, threads: int | None,
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    from ..sweeps import sweep

    updates = max(1, settings["steps"] * settings["layers"] * len(members))
    block = len(members) * int(np.clip(BLOCK_UPDATES // updates, FEWEST, LANES))
    found = sweep(
        measure, grid, seeds=members, out=out, workers=1, threads=threads, resume=resume, progress=progress,  # type: ignore[arg-type]
        vectorised=True, block=block, allow_nan=("load_curve",), parameters=settings, dims={"load_curve": ["layer"]},
        by_seed=True,
    )  # fmt: skip
    return {name: found[name].to_numpy() for name in ("curvature", "load_curve")}


def _members(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, (int, np.integer)):
        whole_numbers(seeds=(seeds, 1))
        return list(range(seeds))
    members = [int(s) for s in seeds]
    if not members or min(members) < 0 or len(set(members)) < len(members):
        raise ValueError(f"seeds must be a count or different members of at least 0, but are {members}.")
    return members


def _axis(name: str, values: ArrayLike) -> NDArray[Any]:
    if name not in (*AXES, "dt"):
        raise ValueError(f"{name} is no parameter of a chain; an axis is one of {', '.join(AXES)}, dt.")
    axis = np.asarray(values)
    if axis.ndim != 1 or axis.size == 0 or axis.dtype.kind not in "fiuU":
        raise ValueError(f"The axis {name} must be a sequence of numbers (or names), but is {values!r}.")
    if len(np.unique(axis)) < len(axis):
        raise ValueError(f"The axis {name} must not hold a value twice, but is {axis.tolist()}.")
    return axis.astype(float) if axis.dtype.kind in "iu" and name != "blocks" else axis


def _columns(grid: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """All cells, the last axis fastest: name -> (cells,)."""
    mesh = np.meshgrid(*grid.values(), indexing="ij")
    return {name: values.ravel() for name, values in zip(grid, mesh, strict=True)}


def _cell(values: dict[str, Any], settings: dict[str, Any]) -> tuple[SpringChain, float]:
    dt = float(values.pop("dt", settings["dt"]))
    if "blocks" in values:
        values["blocks"] = int(values["blocks"])
    return SpringChain.from_dict(settings["chain"]).replace(**values), dt


def _check(cells: dict[str, NDArray[Any]], settings: dict[str, Any]) -> None:
    """Corners of the grid are valid chains: fail before hours of work, not after."""
    corners = [
        sorted({0, int(np.argmin(c)), int(np.argmax(c))}) if c.dtype.kind != "U" else [0] for c in cells.values()
    ]
    for i in sorted(set(itertools.chain(*corners))):
        chain, _ = _cell({name: column[i].item() for name, column in cells.items()}, settings)
        if chain.target == 0 and settings["kind"] == "quadratic":
            raise ValueError(
                "target=0 pulls nothing, and a load curve without a drop has no curvature; pull the chain."
            )
