"""What a simulation of a chain returns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .load_curve import load_curve
from .parameters import ChainParameters

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False)
class ChainRun:
    """Saved positions (and velocities) of an ensemble of chains.

    Attributes
    ----------
    chain : SpringChain
        The parameters.
    ts : ndarray, shape (saved,)
        Saved times, the first and the last state included.
    x : ndarray, shape (members, saved, blocks + 2)
        Positions x_0 = 0, ..., x_L, the pulled end.
    members : ndarray of int, shape (members,)
        Index of each member in the ensemble that the seed names.
    stopped_at : ndarray of int, shape (members,)
        Step at which a member met the stopping rule, -1 where it ran to the end.
    v : ndarray, shape (members, saved, blocks + 2), or None
        Velocities, 0 at both ends; None for overdamped chains, which have none.
    method : str
        The way of stepping.
    seed, dt, steps, save_every
        As given; `steps` counts from the start of the first run of a continued one.
    status : str
        "finished", or why there is less than was asked for.
    """

    chain: ChainParameters
    ts: NDArray[np.float64]
    x: NDArray[np.float64]
    members: NDArray[np.int64]
    stopped_at: NDArray[np.int64]
    seed: int
    dt: float
    steps: int
    save_every: int | None = None
    status: str = "finished"
    v: NDArray[np.float64] | None = None
    method: str | None = None

    @property
    def load_curve(self) -> NDArray[np.float64]:
        """D_l = x_L - x_l, shape (members, saved, blocks + 2)."""
        return load_curve(self.x)

    @property
    def stop_reasons(self) -> list[str]:
        """For each member why it ended: the stopping rule with its step, or the end of the run."""
        return [
            f"at rest since step {step}" if step >= 0 else f"all {self.steps} steps done" for step in self.stopped_at
        ]

    def to_xarray(self) -> "xarray.Dataset":
        """Positions and loads as a labelled dataset (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        dims = ("member", "time", "block")
        names = {"x": (self.x, "position"), "load": (self.load_curve, "load D")}
        if self.v is not None:
            names["v"] = (self.v, "velocity")
        fields = self.chain.to_dict().items()
        attributes = {name: value for name, value in fields if value is not None and not isinstance(value, dict)}
        return xarray.Dataset(
            {name: (dims, values, {"long_name": text}) for name, (values, text) in names.items()},
            coords={"member": self.members, "time": self.ts, "block": np.arange(self.x.shape[-1])},
            attrs={**attributes, "seed": str(self.seed), "dt": self.dt, "steps": self.steps, "status": self.status},
        )
