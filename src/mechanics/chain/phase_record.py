"""What a phase diagram holds."""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..files import read_npz, write_npz
from .load_curve import curvature, load_curve
from .spring_chain import SpringChain

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

FORMAT = "mechanet-phase-diagram/1"
SETTINGS = ("steps", "dt", "seed", "method", "kind")


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Load curves and their curvature over a grid of parameters; convex > 0 > concave.

    Attributes
    ----------
    chain : SpringChain
        What the axes leave as it is.
    axes : dict of str to ndarray
        Values of the parameters that vary, in the order of the arrays' axes.
    seeds : ndarray, shape (seeds,)
        Members of the ensemble in each cell.
    curvatures : ndarray, shape (cells ..., seeds)
        Of each run; NaN where it failed.
    curves : ndarray, shape (cells ..., seeds, layers)
        Load curves at the end of each run, D_0 first; NaN where it failed, and beyond the end of a shorter chain.
    steps, dt, seed, method, kind
        As given; dt is None where it is an axis.
    """

    chain: SpringChain
    axes: dict[str, NDArray[Any]]
    seeds: NDArray[np.int64]
    curvatures: NDArray[np.float64]
    curves: NDArray[np.float64]
    steps: int
    dt: float | None
    seed: int
    method: str | None = None
    kind: str = "quadratic"

    @property
    def curvature(self) -> NDArray[np.float64]:
        """Mean over the seeds that finished, shape (cells ...)."""
        return _mean(self.curvatures)

    @property
    def curvature_stderr(self) -> NDArray[np.float64]:
        """Standard error of `curvature`; NaN for fewer than two seeds."""
        n = np.isfinite(self.curvatures).sum(axis=-1)
        spread = self.curvatures - self.curvature[..., None]
        variance = np.nansum(spread**2, axis=-1) / np.where(n > 1, n - 1, 1)
        return np.where(n > 1, np.sqrt(variance / np.maximum(n, 1)), np.nan)

    @property
    def load_curves(self) -> NDArray[np.float64]:
        """Mean load curves over the seeds that finished, shape (cells ..., layers)."""
        return _mean(np.moveaxis(self.curves, -2, -1))

    def cell(self, **values: Any) -> tuple[SpringChain, float]:
        """The chain and the step of the cell nearest to the given values of the axes (all of them)."""
        index = self._nearest(values)
        if len(index) < len(self.axes):
            raise ValueError(f"cell needs a value for each of the axes {', '.join(self.axes)}, but got {values}.")
        return self._cell({name: self.axes[name][i] for name, i in index.items()})

    def sel(self, **values: Any) -> "PhaseDiagram":
        """The diagram over the other axes, at the values nearest to the given ones."""
        index = self._nearest(values)
        if len(index) == len(self.axes):
            raise ValueError("sel must leave an axis; use cell(...) and the arrays for a single cell.")
        chain, dt = self._cell({name: self.axes[name][i] for name, i in index.items()})
        pick = tuple(index.get(name, slice(None)) for name in self.axes)
        axes = {name: axis for name, axis in self.axes.items() if name not in index}
        return dataclasses.replace(
            self, chain=chain, axes=axes, curvatures=self.curvatures[pick], curves=self.curves[pick],
            dt=None if "dt" in axes else dt,
        )  # fmt: skip

    def theory(self) -> NDArray[np.float64]:
        """Curvature of the mean field's load curves at the end of the simulated time, shape (cells ...).

        NaN where the mean field is not known: other dynamics, bounded noise, parameters that differ between blocks, a
        driven end.
        """
        found = np.full(self.curvature.shape, np.nan)
        for index in np.ndindex(found.shape):
            chain, dt = self._cell({name: axis[i] for (name, axis), i in zip(self.axes.items(), index, strict=True)})
            if chain.dynamics == "overdamped" and chain.drive is None:
                try:
                    field = chain.mean_field(dt)
                except ValueError:
                    continue
                x = field.solve([0.0, self.steps * dt], rtol=1e-6)[-1] if self.steps > 0 else None
                if x is not None:
                    found[index] = curvature(load_curve(x), kind=self.kind)  # type: ignore[arg-type]
        return found

    def plot(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the diagram: see `mechanics.plots.plot_phase_diagram`."""
        from ..plots import plot_phase_diagram

        return plot_phase_diagram(self, ax, **options)

    def to_xarray(self) -> "xarray.Dataset":
        """All of it as a labelled dataset (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        cells = tuple(self.axes)
        attributes = {"chain": json.dumps(self.chain.to_dict()), "seed": str(self.seed), "steps": self.steps}
        return xarray.Dataset(
            {
                "curvature": (cells, self.curvature, {"long_name": "curvature of the load curve"}),
                "curvature_stderr": (cells, self.curvature_stderr),
                "load_curve": ((*cells, "layer"), self.load_curves, {"long_name": "load D"}),
                "curvatures": ((*cells, "seed"), self.curvatures),
            },
            coords={**self.axes, "seed": self.seeds, "layer": np.arange(self.curves.shape[-1])},
            attrs=attributes,
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the diagram as one .npz file."""
        about = {"format": FORMAT, "chain": self.chain.to_dict(), "axes": list(self.axes)}
        about |= {name: getattr(self, name) for name in SETTINGS}
        arrays = {f"axis_{name}": axis for name, axis in self.axes.items()}
        return write_npz(
            path, about=json.dumps(about), seeds=self.seeds, curvatures=self.curvatures, curves=self.curves, **arrays
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "PhaseDiagram":
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is not of this format.
        """
        about, arrays = read_npz(path, FORMAT, "a phase diagram")
        axes = {name: arrays.pop(f"axis_{name}") for name in about["axes"]}
        return cls(
            chain=SpringChain.from_dict(about["chain"]), axes=axes, **arrays, **{name: about[name] for name in SETTINGS}
        )

    def _nearest(self, values: dict[str, Any]) -> dict[str, int]:
        index = {}
        for name, value in values.items():
            if name not in self.axes:
                raise ValueError(f"{name} is no axis of this diagram; it has {', '.join(self.axes)}.")
            axis = self.axes[name]
            if axis.dtype.kind == "U":
                if value not in axis:
                    raise ValueError(f"{name}={value!r} is not on the axis {axis.tolist()}.")
                index[name] = int(np.flatnonzero(axis == value)[0])
            else:
                index[name] = int(np.argmin(np.abs(axis - value)))
        return index

    def _cell(self, values: dict[str, Any]) -> tuple[SpringChain, float]:
        changes = {name: getattr(value, "item", lambda v=value: v)() for name, value in values.items()}
        dt = changes.pop("dt", self.dt)
        return self.chain.replace(**changes), dt


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    n = np.isfinite(values).sum(axis=-1)
    return np.where(n > 0, np.nansum(values, axis=-1) / np.maximum(n, 1), np.nan)
