"""One layer passed by a batch: values forward and back, and the derivatives of both along k directions.

Arrays have a feature in each row and an example in each column: h (F, B); tangents are (k, F, B), parts of directions
along a weight (k, size). `pass_on` of a layer gives its output, `Passed.back` takes the derivative d of the loss by the
output to that by the input, and the other two are the derivatives of these maps (the R-operator of Pearlmutter, Neural
Computation 6 (1994) 147). None stands for a tangent that is zero, and for a derivative nobody asks for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from ..masks import Masks
from .activations import Derivatives

Parts = Sequence[Tensor]  # of a vector or of k of them, one for each weight
Maybe = Tensor | None


class Along(NamedTuple):
    """The tangent of an output, what `back_along` needs, and whether the next layer may write over the tangent."""

    dh: Maybe
    kept: Any
    free: bool


class Passed(Protocol):
    """What a layer keeps of a batch."""

    out: Tensor

    def back(self, d: Tensor, g: Parts, need: bool) -> Maybe:
        """Write gradients of the layer's weights into g; the derivative by the input if it is needed."""

    def along(self, V: Parts, dh: Maybe, free: bool) -> Along:
        """The tangent of the output; that of the input may be written over if it is free."""

    def back_along(self, V: Parts, kept: Any, dd: Tensor, HV: Parts, need: bool) -> Maybe:
        """The tangent of `back`; dd is that of d, and is written over."""


class Layer(Protocol):
    """A layer before it has seen a batch."""

    @property
    def slots(self) -> tuple[int | None, ...]:
        """Of its weights among those that are trained."""

    def pass_on(self, w: Parts, h: Tensor, masks: Masks) -> Passed:
        """Take a batch."""


@dataclass(frozen=True, eq=False)
class Linear:
    """z = scale W h + b; `fixed` weights are those without a slot."""

    slots: tuple[int | None, ...]
    module: nn.Linear
    scale: float = 1.0

    def pass_on(self, w: Parts, h: Tensor, masks: Masks) -> "PassedLinear":
        """Take a batch."""
        m = self.module
        W = _weight(self.slots[0], w, m.weight).view(m.out_features, m.in_features)
        W = W if self.scale == 1.0 else self.scale * W
        b = None if m.bias is None else _weight(self.slots[1], w, m.bias)
        z = torch.mm(W, h) if b is None else torch.addmm(b[:, None], W, h)
        return PassedLinear(z, self, W, h)


@dataclass(eq=False)
class PassedLinear:
    """z' = dW h + W h' + db;  d W = d h^T, so that its tangent is d' h^T + d h'^T."""

    out: Tensor
    layer: Linear
    W: Tensor
    h: Tensor
    d: Tensor | None = None

    def back(self, d: Tensor, g: Parts, need: bool) -> Maybe:
        """From the derivative by the output to that by the input."""
        self.d = d
        weight, bias = self.layer.slots
        if weight is not None:
            torch.mm(d, self.h.t(), out=g[weight].view(self.W.shape))
            if self.layer.scale != 1.0:
                g[weight].mul_(self.layer.scale)
        if bias is not None:
            torch.sum(d, 1, out=g[bias])
        return torch.mm(self.W.t(), d) if need else None

    def along(self, V: Parts, dh: Maybe, free: bool) -> Along:
        """The tangent of the output."""
        weight, bias = self.layer.slots
        z: Maybe = None if bias is None else V[bias][:, :, None]
        if dh is not None:
            W = self.W.expand(len(dh), *self.W.shape)
            z = torch.bmm(W, dh) if z is None else torch.baddbmm(z, W, dh)
        if weight is not None:
            dW, h, a = self._matrices(V[weight]), self.h.expand(len(V[weight]), *self.h.shape), self.layer.scale
            if z is None:
                z = torch.bmm(dW, h).mul_(a) if a != 1.0 else torch.bmm(dW, h)
            else:
                z = z.baddbmm_(dW, h, alpha=a) if dh is not None else torch.baddbmm(z, dW, h, alpha=a)
        elif z is not None and dh is None:
            z = z.expand(-1, -1, self.h.shape[1]).contiguous()
        return Along(z, dh, True)

    def back_along(self, V: Parts, kept: Any, dd: Tensor, HV: Parts, need: bool) -> Maybe:
        """The tangent of `back`."""
        assert self.d is not None
        weight, bias = self.layer.slots
        k, dh, d = len(dd), kept, self.d.expand(len(dd), *self.d.shape)
        if weight is not None:
            into, a = self._matrices(HV[weight]), self.layer.scale
            found = torch.bmm(dd, self.h.t().expand(k, *self.h.t().shape))
            if dh is not None:
                found.baddbmm_(d, dh.transpose(1, 2))
            torch.mul(found, a, out=into) if a != 1.0 else into.copy_(found)
        if bias is not None:
            HV[bias].copy_(dd.sum(2))
        if not need:
            return None
        back = torch.bmm(self.W.t().expand(k, *self.W.t().shape), dd)
        if weight is not None:
            back.baddbmm_(self._matrices(V[weight]).transpose(1, 2), d, alpha=self.layer.scale)
        return back

    def _matrices(self, part: Tensor) -> Tensor:
        return part.unflatten(1, self.W.shape)


@dataclass(frozen=True, eq=False)
class Activation:
    """h = phi(z), each number for itself."""

    derivatives: Callable[[Tensor, Any], Derivatives]
    module: nn.Module
    slots: tuple[int | None, ...] = ()

    def pass_on(self, w: Parts, h: Tensor, masks: Masks) -> "PassedActivation":
        """Take a batch."""
        return PassedActivation(*self.derivatives(h, self.module))


@dataclass(eq=False)
class PassedActivation:
    """h' = phi' z';  d phi' has the tangent d' phi' + d phi'' z', or d' phi' + d bend h' if bend = phi''/phi'."""

    out: Tensor
    slope: Tensor
    bend: Maybe
    by_output: bool = True  # bend multiplies h' rather than z'
    bent: Maybe = None  # d bend

    def back(self, d: Tensor, g: Parts, need: bool) -> Maybe:
        """From the derivative by the output to that by the input."""
        self.bent = None if self.bend is None else d * self.bend
        return d * self.slope

    def along(self, V: Parts, dh: Maybe, free: bool) -> Along:
        """The tangent of the output."""
        if dh is None:
            return Along(None, None, False)
        if self.bend is None or self.by_output:
            after = dh.mul_(self.slope) if free else dh * self.slope
            return Along(after, None if self.bend is None else after, self.bend is None)
        return Along(dh * self.slope, dh, True)

    def back_along(self, V: Parts, kept: Any, dd: Tensor, HV: Parts, need: bool) -> Maybe:
        """The tangent of `back`."""
        dd = dd.mul_(self.slope)
        return dd if kept is None or self.bent is None else dd.addcmul_(kept, self.bent)


@dataclass(frozen=True, eq=False)
class Dropped:
    """Units multiplied by the mask of the step."""

    module: nn.Module
    slots: tuple[int | None, ...] = ()

    def pass_on(self, w: Parts, h: Tensor, masks: Masks) -> PassedActivation:
        """Take a batch."""
        mask = masks.factor(self.module, h.t())
        mask = torch.ones_like(h) if mask is None else mask.t()
        return PassedActivation(h * mask, mask, None)


def _weight(slot: int | None, w: Parts, own: Tensor) -> Tensor:
    return own.detach() if slot is None else w[slot]


def scale_of(linear: nn.Linear, ntk: bool) -> float:
    """What the weights are multiplied by."""
    return 1 / math.sqrt(linear.in_features) if ntk else 1.0
