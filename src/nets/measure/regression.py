"""Load of a regression network: what the best linear readout of a layer's features leaves of the targets.

    MSE_l = min_{R, r} (1/N) sum_i |y_i - R h_i - r|^2        (summed over the outputs),   RMSE_l its root

Shi, Pan, Dokmanic, arXiv:2407.19353, supplement, "Regression". The normal equations are summed in float64 about the
first batch's mean and solved by eigenvalues with a relative cut, so that dead and repeated features do no harm; the
residual then agrees with an SVD's to 1e-13. For condition numbers above 1e7 use `lstsq` on the features themselves.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ..devices import tensor_of_numbers
from ._batch import NotFiniteError
from .hooks import OUTPUT, Layers
from .modes import Mode, check_mode
from .reduce import Reduce, check_reduce
from .sweep import batch_length, paired, sweep

Array = NDArray[np.float64]

CUT = 1e-10  # eigenvalues of the Gram matrix below this share of the largest are rounding


class LinearReadout:
    """Best linear readout of features that arrive in batches; memory O(d^2 + d outputs)."""

    def __init__(self) -> None:
        self.count = 0
        self._origin: Tensor | None = None

    def update(self, x: Tensor | ArrayLike, y: Tensor | ArrayLike) -> "LinearReadout":
        """Add features (N, ...), flattened, with targets (N,) or (N, outputs); returns itself.

        Raises
        ------
        ValueError
            If shapes do not match earlier ones or each other, or a number is not finite.
        """
        features, targets = tensor_of_numbers(x, "x").detach(), tensor_of_numbers(y, "y").detach()
        if features.ndim < 1 or targets.ndim not in (1, 2) or len(features) != len(targets):
            raise ValueError(
                f"x and y must have shapes (N, ...) and (N,) or (N, outputs), but have {tuple(features.shape)} and "
                f"{tuple(targets.shape)}."
            )
        if len(targets) == 0:
            return self
        rows = torch.cat([features.reshape(len(targets), -1).double(), targets.reshape(len(targets), -1).double()], 1)
        if self._origin is None:
            self._d = rows.shape[1] - targets.reshape(len(targets), -1).shape[1]
            self._origin = rows.mean(0)
            self._sum = torch.zeros_like(self._origin)
            self._gram = torch.zeros(len(self._origin), len(self._origin), dtype=torch.float64, device=rows.device)
        elif rows.shape[1] != len(self._origin):
            raise ValueError(
                f"features and targets must have {len(self._origin)} columns together as in earlier batches, but have "
                f"{rows.shape[1]}."
            )
        rows = rows - self._origin
        self._gram += rows.T @ rows
        self._sum += rows.sum(0)
        self.count += len(targets)
        if not bool(torch.isfinite(self._sum).all()):
            raise NotFiniteError("features and targets must be finite, but some are not.")
        return self

    def solution(self) -> tuple[Array, Array]:
        """Matrix R (outputs, d) and offset r (outputs,) of the best readout, of least norm.

        Raises
        ------
        ValueError
            If no data were given.
        """
        cov, origin = self._covariance()
        d = self._d
        eigenvalues, V = np.linalg.eigh(cov[:d, :d])
        keep = eigenvalues > CUT * max(eigenvalues[-1], 0.0)
        R = (cov[d:, :d] @ V[:, keep] / eigenvalues[keep]) @ V[:, keep].T
        return R, origin[d:] - R @ origin[:d]

    @property
    def mse(self) -> float:
        """Mean squared residual, summed over the outputs."""
        cov, _ = self._covariance()
        d = self._d
        R, _ = self.solution()
        residual = cov[d:, d:] - R @ cov[:d, d:] - cov[d:, :d] @ R.T + R @ cov[:d, :d] @ R.T
        return max(float(np.trace(residual)), 0.0)

    @property
    def rmse(self) -> float:
        """Root of the mean squared residual."""
        return float(np.sqrt(self.mse))

    @property
    def variance(self) -> float:
        """Variance of the targets, summed over the outputs: the residual without features."""
        cov, _ = self._covariance()
        return float(np.trace(cov[self._d :, self._d :]))

    def _covariance(self) -> tuple[Array, Array]:
        if self._origin is None:
            raise ValueError("a readout needs data; call update first.")
        mean = self._sum / self.count
        cov = (self._gram / self.count - torch.outer(mean, mean)).cpu().numpy()
        return cov, (self._origin + mean).cpu().numpy()


def regression_curve(
    model: nn.Module,
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
    *,
    loss: Literal["mse", "rmse"] = "rmse",
    mode: Mode = "eval",
    layers: Layers = "auto",
    reduce: Reduce = "flatten",
    batch_size: int | None = None,
    seed: int = 0,
) -> Array:
    """Residual of the best linear readout after each layer: the load curve of a regression network.

    Parameters
    ----------
    model : nn.Module
        Any network.
    x, y : array or tensor, shapes (N, ...), and (N,) or (N, outputs)
        Inputs and real targets.
    loss : {"rmse", "mse"}
        Root mean square, or its square.
    mode, layers, reduce, batch_size, seed
        As in `load_curve`.

    Returns
    -------
    ndarray, shape (layers,)

    Raises
    ------
    ValueError
        If an argument is out of range, no layer is selected, or a number is not finite.
    """
    if loss not in ("mse", "rmse"):
        raise ValueError(f"loss must be 'mse' or 'rmse', but is {loss!r}.")
    check_mode(mode)
    rows = check_reduce(reduce)
    inputs, targets = paired(model, x, y)
    readouts: dict[str, LinearReadout] = {}

    def add(name: str, h: Tensor, at: slice) -> None:
        if name != OUTPUT:
            readouts.setdefault(name, LinearReadout()).update(h, targets[at])

    sweep(model, inputs, targets, batch_length(batch_size, len(targets)), mode, seed, layers, rows, add)
    return np.array([getattr(readout, loss) for readout in readouts.values()])
