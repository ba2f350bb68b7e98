"""Histories of a chain with the pull that a mean-field fit gave them: what a simulation must start from and follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import real_numbers
from .result import ChainFit

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Histories:
    """Positions of moving blocks in H histories, and the pull.

    Parameters
    ----------
    ts : ndarray, shape (m,)
        Epochs, as in the fit.
    x : ndarray, shape (H, m, n)
        Displacements x_l = D_0 - D_l of the moving blocks.
    fitted : ndarray, shape (m, n)
        The mean field fitted to their mean.
    end : ndarray, shape (m,), or None
        Position of the pulled end, where it was measured.
    pull : {"fixed", "ramped", "measured"}
    scale : float
        Largest displacement R, the unit of length inside the refinement.
    target_known : bool
        Whether the fixed target was measured and is not fitted.
    """

    ts: Array
    x: Array
    fitted: Array
    end: Array | None
    pull: str
    scale: float
    last_end: float
    target_known: bool

    @classmethod
    def of(cls, fit: ChainFit, load_curves: ArrayLike, epochs: ArrayLike, end: ArrayLike | None) -> "Histories":
        """The histories that `fit` was made from.

        Raises
        ------
        ValueError
            If they are not those of the fit, not all measured, the measured end is missing, or the fit is of an
            extended model.
        """
        if fit.model != "uniform":
            cure = "; with mass, refine that with dynamics='second_order'" if fit.model == "second_order" else ""
            raise ValueError(
                f"Only uniform chains are simulated, but the fit is of model {fit.model!r}; fit with model='uniform'"
                f"{cure}."
            )
        D = real_numbers("load_curves", load_curves)
        D = D[None] if D.ndim == 2 else D
        ts = real_numbers("epochs", epochs)
        if D.ndim != 3 or ts.shape != D.shape[1:2]:
            raise ValueError(
                f"load_curves must be (epochs, layers) or (seeds, epochs, layers), one epoch a curve, but have shape "
                f"{np.shape(load_curves)} and epochs {ts.shape}; give what fit_chain was given."
            )
        missing = sum(int((~np.isfinite(np.asarray(a, dtype=float))).sum()) for a in (D, () if end is None else end))
        if missing:
            raise ValueError(
                f"load_curves and end must be measured throughout, but {missing} loads are not finite; leave such "
                "seeds, epochs or last layers out, and fit again."
            )
        rows = np.clip(np.searchsorted(ts, fit.epochs), 0, len(ts) - 1)  # fit_chain thins long histories
        x = (D[..., :1] - D)[:, rows]
        hidden = x.shape[-1] == fit.observed.shape[1]
        if not hidden and x.shape[-1] != fit.observed.shape[1] + 1:
            raise ValueError(f"load_curves have {x.shape[-1]} layers, but the fit {fit.observed.shape[1]}.")
        blocks = x[..., 1:] if hidden else x[..., 1:-1]
        scale = float(np.abs(blocks).max())
        if not np.allclose(blocks.mean(axis=0), fit.observed[:, 1:], rtol=0, atol=1e-9 * scale):
            raise ValueError("load_curves are not those that the fit was made from; fit them first with fit_chain.")
        pulled = None if hidden else x[..., -1].mean(axis=0)
        if end is not None:
            load = real_numbers("end", end)
            if load.shape not in (D.shape[:2], D.shape[1:2]):
                raise ValueError(f"end must have shape {D.shape[1:2]} or {D.shape[:2]}, but has {load.shape}.")
            pulled = (D[..., 0] - load)[:, rows].mean(axis=0)
        if fit.pull == "measured" and pulled is None:
            raise ValueError("The fit was pulled by a measured end; give the same end= here.")
        known = fit.pull == "fixed" and fit.Y.stderr == 0
        last = fit.Y.value if pulled is None else float(pulled[-1])
        return cls(fit.epochs, blocks, fit.fitted[:, 1:], pulled, fit.pull, scale, last, known)

    @property
    def blocks(self) -> int:
        """n, the number of moving blocks."""
        return self.x.shape[-1]
