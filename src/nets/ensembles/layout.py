"""Where the parameters of one network lie in its flat vector: the order of `MLP.parameters()`.

input BN: gamma, beta;   each hidden layer: W (out, in), b, gamma, beta;   output: W, b
running statistics: mean and variance of the input BN, then of each hidden layer
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Layout:
    """Sizes of the networks of an ensemble; all of them alike."""

    inputs: int
    width: int
    depth: int
    classes: int

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Features of input, hidden layers and logits, shape (depth + 1,)."""
        return np.array([self.inputs, *[self.width] * (self.depth - 1), self.classes], dtype=np.int64)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where W of each linear layer begins, shape (depth,)."""
        sizes = self.sizes
        fan_in, fan_out = sizes[:-1], sizes[1:]
        lengths = fan_out * fan_in + 3 * fan_out  # W, b, gamma, beta
        return 2 * self.inputs + np.concatenate([[0], np.cumsum(lengths)[:-1]])

    @property
    def parameters(self) -> int:
        """Length of the flat vector."""
        return int(self.starts[-1] + self.classes * (self.sizes[-2] + 1))

    @property
    def running(self) -> int:
        """Length of the running statistics."""
        return 2 * (self.inputs + self.width * (self.depth - 1))

    @property
    def layers(self) -> int:
        """Layers of a load curve: input and activations."""
        return self.depth

    def described(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"inputs": self.inputs, "width": self.width, "depth": self.depth, "classes": self.classes}


def flat_parameters(model: Any) -> NDArray[Any]:
    """Parameters of an `MLP` with BatchNorm as one vector."""
    return np.concatenate([p.detach().cpu().numpy().ravel() for p in model.parameters()])


def flat_running(model: Any) -> NDArray[Any]:
    """Running means and variances of an `MLP` with BatchNorm as one vector."""
    buffers = [b for name, b in model.named_buffers() if "running" in name]
    return np.concatenate([b.detach().cpu().numpy().ravel() for b in buffers])


def fill_model(model: Any, parameters: NDArray[Any], running: NDArray[Any]) -> None:
    """Write both vectors into a model."""
    import torch

    buffers = [b for name, b in model.named_buffers() if "running" in name]
    with torch.no_grad():
        for tensors, vector in ((list(model.parameters()), parameters), (buffers, running)):
            at = 0
            for tensor in tensors:
                count = tensor.numel()
                tensor.copy_(torch.from_numpy(vector[at : at + count].copy()).view(tensor.shape))
                at += count
            if at != len(vector):
                raise ValueError(f"the vector has {len(vector)} numbers, but the model takes {at}.")
