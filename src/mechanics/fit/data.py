"""Measured load curves as chain positions: x_l(t) = D_0(t) - D_l(t), checked once, here."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_EPOCHS = 200  # more are thinned: they cost time and, correlated as they are, add next to nothing

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChainData:
    """Positions of the blocks in S histories.

    Parameters
    ----------
    ts : ndarray, shape (m,)
    x : ndarray, shape (S, m, blocks)
        Positions of moving blocks.
    end : ndarray, shape (S, m), or None
        Position of the pulled end, where it was measured.
    thinned : int
        Number of epochs given, if that is more than m; else 0.
    """

    ts: Array
    x: Array
    end: Array | None
    thinned: int

    @property
    def histories(self) -> int:
        """S, the number of independent histories (seeds)."""
        return self.x.shape[0]

    @property
    def scale(self) -> float:
        """Largest displacement; the unit of length inside the fit."""
        return float(np.abs(self.x).max())

    @property
    def known_target(self) -> float | None:
        """The end's position if it was measured and never moved."""
        if self.end is None or np.ptp(self.end) > 1e-9 * np.abs(self.end).max():
            return None
        return float(self.end.mean())

    def without(self, seed: int) -> tuple[Array, Array | None]:
        """Mean positions and mean end over all histories but one."""
        keep = np.arange(self.histories) != seed
        return self.x[keep].mean(axis=0), None if self.end is None else self.end[keep].mean(axis=0)


def chain_data(
    load_curves: ArrayLike,
    epochs: ArrayLike,
    end: ArrayLike | None,
    last: Literal["auto", "block", "end"],
) -> ChainData:
    """Check the arguments of `fit_chain` and turn loads into positions."""
    D = np.asarray(load_curves, dtype=float)
    if D.ndim == 2:
        D = D[None]
    if D.ndim != 3:
        raise ValueError(f"load_curves must be (epochs, layers) or (seeds, epochs, layers), but has shape {D.shape}.")
    ts = np.asarray(epochs, dtype=float)
    if ts.shape != D.shape[1:2]:
        raise ValueError(f"epochs must have shape {D.shape[1:2]}, one time a curve, but has {ts.shape}.")
    bad = np.flatnonzero(~np.isfinite(ts) | ~np.isfinite(D).all(axis=(0, 2)))
    if bad.size:
        shown = ", ".join(f"{ts[i]:g}" for i in bad[:5])
        raise ValueError(f"load_curves and epochs must be finite, but are not at epochs {shown}; leave those out.")
    if not (np.diff(ts) > 0).all():
        i = int(np.flatnonzero(np.diff(ts) <= 0)[0])
        raise ValueError(f"epochs must increase, but {ts[i + 1]:g} follows {ts[i]:g}; sort both arrays by epoch.")
    x = D[..., :1] - D
    if last not in ("auto", "block", "end"):
        raise ValueError(f"last must be 'auto', 'block' or 'end', but is {last!r}.")
    if last == "auto":
        # a simulated chain carries its own end, whose load is zero but for rounding; a measured load never is
        last = "end" if np.abs(D[..., -1]).max() <= 1e-9 * np.abs(D).max() else "block"
    pulled = _end(end, D, last, x)
    x = x[..., 1:-1] if last == "end" else x[..., 1:]
    if x.shape[-1] < 2:
        raise ValueError(f"load_curves must show at least 2 moving blocks, but shows {x.shape[-1]}; add layers.")
    if len(ts) < 5:
        raise ValueError(f"epochs must be at least 5 to tell a rate from a rest state, but are {len(ts)}.")
    if np.abs(x).max() <= 1e-12 * max(np.abs(D).max(), 1e-300):
        raise ValueError("load_curves are level: no layer separates more than the first, so there is no chain to fit.")
    if x[:, -1, -1].mean() <= 0:
        raise ValueError(
            f"load_curves rise with depth at the last epoch (D_0 - D_last = {x[:, -1, -1].mean():.3g}): nothing was "
            "pulled. Order layers from input (D_0) to output, leave later epochs out, or check that D is a load "
            "(small = separated)."
        )
    thinned = 0
    if len(ts) > MOST_EPOCHS:
        since = ts - ts[0] + (ts[1] - ts[0])
        keep = np.unique(np.searchsorted(since, np.geomspace(since[0], since[-1], MOST_EPOCHS) * (1 - 1e-12)))
        thinned, ts, x = len(ts), ts[keep], x[:, keep]
        pulled = None if pulled is None else pulled[:, keep]
    return ChainData(ts, x, pulled, thinned)


def _end(end: ArrayLike | None, D: Array, last: str, x: Array) -> Array | None:
    """Position (S, m) of the pulled end from its load, or from the last column."""
    if end is None:
        return x[..., -1] if last == "end" else None
    if last == "end":
        raise ValueError("end is given, but the last column of load_curves is the end already; give last='block'.")
    load = np.asarray(end, dtype=float)
    if load.shape not in (D.shape[:2], D.shape[1:2]):
        raise ValueError(f"end must have shape {D.shape[1:2]} or {D.shape[:2]} like load_curves, not {load.shape}.")
    if not np.isfinite(load).all():
        raise ValueError("end must be finite; leave those epochs out.")
    return D[..., 0] - np.broadcast_to(load, D.shape[:2])
