"""How well load curves of unseen settings are foretold: cells left out, errors in units of the spread between seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .diagram import Array
from .map_predict import PARAMETERS, Method, cell_coordinates, chain_parameters, predict_from, rest_curves

if TYPE_CHECKING:
    import xarray as xr

LeaveOut = Literal["cell", "level", "alternate"]
WORDS = {
    "chain": "chain of interpolated parameters (fits to the training)",
    "rest": "chain of interpolated parameters (fits to the final curves)",
    "curves": "load curves interpolated layer by layer",
    "nearest": "curve of the nearest cell",
}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Errors of predictions for cells that were left out.

    Attributes
    ----------
    errors : xarray.Dataset
        Over (predictor, level, slope): `predicted` (.., layer), final load curves of cells that were left out, nan in
        others; `error`, root mean square over layers of the predicted minus the mean observed curve, in units of D;
        `misfit`, in the same cells that of the chain of the cell's own parameters, nothing left out. Over (level,
        slope): `spread`, root mean square over layers of the standard deviation between seeds; `inside`, 1 where
        left-out cells lie between known ones, 0 where a prediction extrapolates.
    leave_out : str
    seeds : int
        Most networks of a cell. The mean of n seeds lies sd/sqrt(n) from the truth by itself: no prediction does
        better than 1/sqrt(n) seed spreads for long.
    """

    errors: "xr.Dataset"
    leave_out: str
    seeds: int

    def total(self, method: str, *, inside: bool = False, of: str = "error") -> float:
        """Root mean square over the cells left out (`inside`: those between known ones), in units of D."""
        values = self.errors[of].sel(predictor=method).values
        keep = np.isfinite(values) & self._kept(inside)
        return float(np.sqrt((values[keep] ** 2).mean())) if keep.any() else np.nan

    def in_seed_spread(self, method: str, *, inside: bool = False, of: str = "error") -> float:
        """`total` over the root mean square spread between seeds of the same cells."""
        values = self.errors[of].sel(predictor=method).values
        spread = self.errors["spread"].values
        keep = np.isfinite(values) & np.isfinite(spread) & self._kept(inside)
        if not keep.any():
            return np.nan
        return self.total(method, inside=inside, of=of) / float(np.sqrt((spread[keep] ** 2).mean()))

    def _kept(self, inside: bool) -> NDArray[np.bool_]:
        return np.asarray(self.errors["inside"].values == 1) if inside else np.ones(self.errors["inside"].shape, bool)

    def __str__(self) -> str:
        left = int(np.isfinite(self.errors["error"].values).any(axis=0).sum())
        lines = [f"{left} cells left out ({self.leave_out}); root mean square error, D and in seed spreads:"]
        for name in self.errors["predictor"].values:
            own = self.in_seed_spread(name, of="misfit")
            lines.append(
                f"  {self.total(name):.3f}  {self.in_seed_spread(name):5.2f}  {WORDS[name]}"
                + (f"; with the cell's own parameters {own:.2f}" if name in PARAMETERS else "")
            )
        if self.seeds > 1:
            lines.append(f"  the mean of {self.seeds} seeds is itself known to {self.seeds**-0.5:.2f} seed spreads")
        return "\n".join(lines)


def held_out(cells: "xr.Dataset", noise: str, leave_out: LeaveOut, methods: Sequence[Method]) -> HeldOut:
    """Leave out cells of a map and predict them; see `MechanicsMap.score`."""
    import xarray as xr

    shape = cells["curvature"].shape
    observed, where = cells["load_curve"].values, cell_coordinates(cells, noise)
    predicted = np.full((len(methods), *observed.shape), np.nan)
    for out in _parts(leave_out, shape):
        for i, method in enumerate(methods):
            predicted[i][out] = predict_from(cells, ~out, where[out], noise, method)
    errors = np.sqrt(((predicted - observed) ** 2).mean(axis=-1))
    misfit = np.where(np.isfinite(errors), [_misfit(cells, method, observed) for method in methods], np.nan)
    axes = (noise, "slope")
    return HeldOut(
        errors=xr.Dataset(
            {
                "predicted": (("predictor", *axes, "layer"), predicted),
                "error": (("predictor", *axes), errors),
                "misfit": (("predictor", *axes), misfit),
                "spread": (axes, np.sqrt((cells["load_curve_sd"].values ** 2).mean(axis=-1))),
                "inside": (axes, _inside(leave_out, shape).astype(float)),
            },
            {"predictor": list(methods), **{name: cells[name] for name in axes}},
        ),
        leave_out=leave_out,
        seeds=int(cells["finished"].max()),
    )


def _parts(leave_out: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.bool_]]:
    """Which cells are left out together, one part after the other."""
    levels = np.arange(shape[0])[:, None] + np.zeros(shape)
    if leave_out == "cell":
        for place in np.ndindex(*shape):
            part = np.zeros(shape, dtype=bool)
            part[place] = True
            yield part
    elif leave_out == "level":
        yield from (levels == i for i in range(shape[0]))
    elif leave_out == "alternate":
        yield levels % 2 == 1
    else:
        raise ValueError(f"leave_out must be 'cell', 'level' or 'alternate', but is {leave_out!r}.")


def _inside(leave_out: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells that lie between known ones when they are left out: on no edge along which nothing is known beyond."""
    inside = np.ones(shape, dtype=bool)
    for axis, n in enumerate(shape):
        if n > 1 and (axis == 0 or leave_out == "cell"):
            edge = np.zeros(n, dtype=bool)
            edge[[0, -1]] = True
            inside &= ~np.expand_dims(edge, 1 - axis)
    return inside


def _misfit(cells: "xr.Dataset", method: str, observed: Array) -> Array:
    """Distance of the chain with the cell's own parameters; nan for methods that have none."""
    if method not in PARAMETERS:
        return np.full(observed.shape[:2], np.nan)
    own = rest_curves(chain_parameters(cells, method), observed.shape[-1])
    return np.asarray(np.sqrt(((own - observed) ** 2).mean(axis=-1)))
