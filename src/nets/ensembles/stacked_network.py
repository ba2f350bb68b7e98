"""Forward pass of many networks at once: weights stacked along the first axis, activations (models, units, batch).

Each layer is one batched product; BatchNorm sees the models' units as channels of one example, which gives every model
the statistics of its own batch from torch's native kernel.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .layout import Layout


@dataclass(frozen=True, eq=False)
class Stack:
    """Networks of one layout, their parameters (models, P) and running statistics (models, R) on a device."""

    layout: Layout
    parameters: Tensor
    running: Tensor
    slopes: Tensor
    """(models, 1, 1)"""

    def forward(self, x: Tensor, *, training: bool, masks: list[Tensor] | None = None, momentum: float = 0.1) -> Tensor:
        """Logits (models, classes, batch) of inputs (models, d, batch).

        `training`: BatchNorm by the batch's statistics, which move the running ones by `momentum` (0 leaves them).
        `masks` are those of the hidden layers, divided by the probability to stay.
        """
        *_, logits = self.layers(x, training=training, masks=masks, momentum=momentum)
        return logits

    def layers(
        self, x: Tensor, *, training: bool, masks: list[Tensor] | None = None, momentum: float = 0.1
    ) -> list[Tensor]:
        """Outputs of all layers: input BatchNorm, activations before dropout, logits."""
        sizes, starts = self.layout.sizes.tolist(), self.layout.starts.tolist()
        inputs, depth = sizes[0], len(starts)
        h = self._normed(x, 0, inputs, 0, training, momentum)
        found = [h]
        at = 2 * inputs
        for l in range(depth):
            fan_in, fan_out = sizes[l], sizes[l + 1]
            W = self.parameters[:, starts[l] : starts[l] + fan_out * fan_in].unflatten(1, (fan_out, fan_in))
            b = starts[l] + fan_out * fan_in
            z = torch.baddbmm(self.parameters[:, b : b + fan_out, None], W, h)
            if l == depth - 1:
                found.append(z)
                break
            h = self._normed(z, b + fan_out, fan_out, at, training, momentum)
            h = torch.where(h > 0, h, self.slopes * h)
            found.append(h)
            if masks is not None:
                h = h * masks[l]
            at += 2 * fan_out
        return found

    def _normed(self, z: Tensor, affine: int, units: int, at: int, training: bool, momentum: float) -> Tensor:
        """BatchNorm of z (models, units, batch): gamma and beta begin at `affine`, running statistics at `at`."""
        models, _, batch = z.shape
        gamma, beta = (self.parameters[:, affine + k * units : affine + (k + 1) * units] for k in (0, 1))
        mean, var = (self.running[:, at + k * units : at + (k + 1) * units].flatten().clone() for k in (0, 1))
        out = F.batch_norm(
            z.reshape(1, models * units, batch), mean, var, gamma.reshape(-1), beta.reshape(-1), training, momentum
        )
        if training and momentum:
            with torch.no_grad():
                self.running[:, at : at + units] = mean.view(models, units)
                self.running[:, at + units : at + 2 * units] = var.view(models, units)
        return out.view(models, units, batch)
