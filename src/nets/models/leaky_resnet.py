"""Leaky ResNet: layers that forget and learn, with steps that add up to the depth one.

    A_0 = P_in x,   A_l = (1 - rho_l Lt) A_{l-1} + rho_l W_l sigma(A_{l-1}),   sigma(z) = (relu(z); 1)
    f(x) = P_out^T A_L;   C = (1/N) sum_i |y_i - f(x_i)|^2,   penalty = lam/(2 Lt) sum_l rho_l |W_l|_F^2

Jacot and Kaiser, "Hamiltonian mechanics of feature learning: bottleneck structure in Leaky ResNets", arXiv:2405.17573,
Section 1.1. C sums over the outputs; torch's MSELoss also averages over them, and its objective with lam is this one
with lam times the number of outputs.
"""

import math
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from mechanics.checks import finite_number, whole_numbers
from mechanics.leaky_resnet.activation import activation_of

from .layer_steps import Scheme, layer_steps, refined_steps


class LeakyResNet(nn.Module):
    """Leaky ResNet of effective depth Lt, deterministic from its seed.

    Parameters
    ----------
    width : int
        Features w of each representation; at least d_in and d_out.
    layers : int
        Number of layers L.
    Lt : float
        Effective depth, positive: how much a layer forgets. 0, the ResNet, has no penalty lam/(2 Lt).
    d_in, d_out : int
        Numbers of inputs and of outputs.
    rho : {"equidistant", "irregular", "adaptive"} or array, shape (layers,)
        Steps; an array of positive numbers that sums to one. `train_leaky` moves the steps of an adaptive network.
    bias : bool
        Whether sigma has a row of ones; the last column of each W_l is then its bias.
    projections : {"fixed", "learned"}
        P_in (width, d_in) and P_out (width, d_out) start with random orthonormal columns. Learned ones are parameters
        that the penalty leaves out.
    activation : "relu", "identity", ("softplus", beta) or ("leaky", slope)
        relu is the paper's.
    init_std : float, optional
        Standard deviation of the initial W (biases too); Lt/sqrt(width) by default. Much less can collapse onto the
        zero map at large Lt.
    dtype : torch.dtype
        torch.float32 or torch.float64; costates of a critical network need the latter.
    seed : int
        Of projections and weights. The global generator is neither read nor changed.

    Attributes
    ----------
    W : Parameter, shape (layers, width, width + 1), without bias (layers, width, width)
    P_in, P_out : Tensor, shapes (width, d_in) and (width, d_out)
    rho : Tensor of float64, shape (layers,)

    Raises
    ------
    ValueError
        If a size is below 1 or the width below d_in or d_out, Lt is not positive, a step rho_l Lt reaches 1 (the
        layer would turn what it keeps around), or a name is unknown.
    """

    uses_global_rng = False
    rho: Tensor
    P_in: Tensor
    P_out: Tensor

    def __init__(
        self,
        width: int,
        layers: int,
        Lt: float,
        d_in: int,
        d_out: int,
        rho: Scheme | ArrayLike = "equidistant",
        bias: bool = True,
        projections: Literal["fixed", "learned"] = "fixed",
        *,
        activation: Any = "relu",
        init_std: float | None = None,
        dtype: torch.dtype = torch.float32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        whole_numbers(width=(width, 1), layers=(layers, 1), d_in=(d_in, 1), d_out=(d_out, 1), seed=(seed, 0))
        if width < max(d_in, d_out):
            raise ValueError(
                f"width must be at least d_in = {d_in} and d_out = {d_out}, but is {width}: projections need "
                "orthonormal columns."
            )
        self.Lt = finite_number("Lt", Lt)
        if self.Lt <= 0:
            raise ValueError(f"Lt must be positive, but is {Lt}; without leak the penalty lam/(2 Lt) is undefined.")
        if projections not in ("fixed", "learned"):
            raise ValueError(f"projections must be 'fixed' or 'learned', but is {projections!r}.")
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"dtype must be torch.float32 or torch.float64, but is {dtype}.")
        std = self.Lt / math.sqrt(width) if init_std is None else finite_number("init_std", init_std)
        self.width, self.layers, self.d_in, self.d_out, self.bias = width, layers, d_in, d_out, bool(bias)
        self.act = activation_of(activation)
        self.adaptive = isinstance(rho, str) and rho == "adaptive"
        self.settings: dict[str, Any] = {
            "width": width, "layers": layers, "Lt": self.Lt, "d_in": d_in, "d_out": d_out,
            "rho": rho if isinstance(rho, str) else "array", "bias": self.bias, "projections": projections,
            "activation": [self.act.name, self.act.parameter], "init_std": std, "dtype": str(dtype), "model_seed": seed,
        }  # fmt: skip
        self.register_buffer("rho", torch.zeros(layers, dtype=torch.float64))
        self.set_steps(layer_steps(rho, layers))
        generator = torch.Generator().manual_seed(seed)
        for name, d in (("P_in", d_in), ("P_out", d_out)):
            P = _orthonormal(width, d, generator).to(dtype)
            if projections == "learned":
                self.register_parameter(name, nn.Parameter(P))
            else:
                self.register_buffer(name, P)
        W = torch.randn(layers, width, width + self.bias, generator=generator, dtype=torch.float64) * std
        self.W = nn.Parameter(W.to(dtype))

    def set_steps(self, rho: ArrayLike) -> None:
        """Take other steps rho (layers,); raises ValueError for what is no set of steps or has one of 1/Lt or more."""
        steps = layer_steps(rho, self.layers)
        if steps.max() * self.Lt >= 1:
            raise ValueError(
                f"rho_l Lt must stay below 1, but reaches {steps.max() * self.Lt:.3g}; take more layers or a smaller "
                f"Lt = {self.Lt:g}."
            )
        self.rho.copy_(torch.from_numpy(steps))
        self._steps = steps.tolist()  # floats: reading them from a tensor in every layer doubles the time of a step

    @torch.no_grad()
    def put_weights(self, W: ArrayLike) -> None:
        """Take other weights W, of the shape of the model's own; ValueError for any other."""
        weights = torch.as_tensor(np.asarray(W))
        if weights.shape != self.W.shape or not bool(torch.isfinite(weights).all()):
            raise ValueError(f"W must be finite and of shape {tuple(self.W.shape)}, but has {tuple(weights.shape)}.")
        self.W.copy_(weights)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, d_out) of inputs x (N, d_in)."""
        h = self._embed(x)
        for rho, W in zip(self._steps, self.W, strict=True):
            h = self._layer(h, rho, W)
        return h @ self.P_out

    def evaluate(self, x: Tensor, layers: int | None = None) -> Tensor:
        """Outputs (N, d_out) with the depth cut into finer steps; see `path`."""
        return self.path(x, layers)[1][-1].T @ self.P_out

    def path(self, x: Tensor, layers: int | None = None) -> tuple[Tensor, Tensor]:
        """Depths p (m + 1,) and representations A_p (m + 1, width, N) of inputs x (N, d_in).

        Parameters
        ----------
        x : Tensor, shape (N, d_in)
        layers : int, optional
            Number of steps m, at least the model's own, which is the default. W is constant in p inside each layer of
            the model, so that more steps approach the solution of dA/dp = -Lt A + W_p sigma(A) for these weights.
        """
        rho, owner = refined_steps(np.array(self._steps), self.layers if layers is None else layers)
        h = self._embed(x)
        A = [h.T]
        for step, l in zip(rho.tolist(), owner.tolist(), strict=True):
            h = self._layer(h, step, self.W[l])
            A.append(h.T)
        p = torch.from_numpy(np.concatenate([[0.0], np.cumsum(rho)]))
        p[-1] = 1.0
        return p, torch.stack(A)

    def penalty(self, lam: float = 1.0) -> Tensor:
        """lam/(2 Lt) sum_l rho_l |W_l|_F^2, biases included."""
        return lam / (2 * self.Lt) * (self.rho.to(self.W.dtype) @ self.W.square().sum((1, 2)))

    def extra_repr(self) -> str:
        """Show sizes and steps in the model's printout."""
        return f"width={self.width}, layers={self.layers}, Lt={self.Lt:g}, rho={self.settings['rho']}"

    def _embed(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != self.d_in:
            raise ValueError(f"x must have shape (N, {self.d_in}), but has {tuple(x.shape)}.")
        return x.to(self.W.dtype) @ self.P_in.T

    def _layer(self, h: Tensor, rho: float, W: Tensor) -> Tensor:
        """One step for rows h (N, width)."""
        s = torch.relu(h) if self.act.name == "relu" else self.act.value(h)
        keep = 1 - rho * self.Lt
        if self.bias:
            return torch.addmm(keep * h + rho * W[:, -1], s, W[:, :-1].T, alpha=rho)
        return torch.addmm(h, s, W.T, beta=keep, alpha=rho)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._steps = self.rho.tolist()


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Matrix of float64 with orthonormal columns, uniformly distributed."""
    Q, R = torch.linalg.qr(torch.randn(rows, columns, generator=generator, dtype=torch.float64))
    return Q * R.diagonal().sign()
