"""BatchNorm over a batch as a layer with derivatives through its statistics.

    n = r (z - mean z),  r = (var z + e)^(-1/2),  h = gamma n + beta
    n' = r (c - n m),  c = z' - mean z',  m = mean(n c),  r' = -r^2 m
    back: a = r q,  q = e - mean e - n mean(e n),  e = gamma d

Means are over the examples, which are the columns here.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..masks import Masks
from .layers import Along, Maybe, Parts, _weight


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """With gamma and beta in the slots, or without both."""

    slots: tuple[int | None, ...]
    module: nn.BatchNorm1d

    def pass_on(self, w: Parts, h: Tensor, masks: Masks) -> "PassedNorm":
        """Take a batch."""
        m = self.module
        centred = h - h.mean(1, keepdim=True)
        r = (centred.square().mean(1, keepdim=True) + m.eps).rsqrt_()
        n = centred.mul_(r)
        if not m.affine:
            return PassedNorm(n, self, n, r, None)
        gamma, beta = (_weight(s, w, own)[:, None] for s, own in zip(self.slots, (m.weight, m.bias), strict=True))
        return PassedNorm(torch.addcmul(beta, gamma, n), self, n, r, gamma)


class Kept(NamedTuple):
    """Tangents of n (None: zero), and m."""

    dn: Maybe
    m: Maybe


@dataclass(eq=False)
class PassedNorm:
    """See the head of the file."""

    out: Tensor
    layer: BatchNorm
    n: Tensor
    r: Tensor
    gamma: Maybe
    d: Maybe = None
    e: Maybe = None
    en: Maybe = None  # mean(e n)
    a: Maybe = None

    def back(self, d: Tensor, g: Parts, need: bool) -> Maybe:
        """From the derivative by the output to that by the input."""
        gamma, beta = self.layer.slots if self.layer.slots else (None, None)
        if gamma is not None:
            torch.sum(d * self.n, 1, out=g[gamma])
        if beta is not None:
            torch.sum(d, 1, out=g[beta])
        self.d, self.e = d, d if self.gamma is None else self.gamma * d
        self.en = (self.e * self.n).mean(1, keepdim=True)
        self.a = (self.e - self.e.mean(1, keepdim=True)).sub_(self.n * self.en).mul_(self.r)
        return self.a

    def along(self, V: Parts, dh: Maybe, free: bool) -> Along:
        """The tangent of the output."""
        gamma, beta = self.layer.slots if self.layer.slots else (None, None)
        kept = Kept(None, None)
        found: Maybe = None
        if dh is not None:
            c = (dh.sub_ if free else dh.sub)(dh.mean(2, keepdim=True))
            m = (c * self.n).mean(2, keepdim=True)
            dn = c.addcmul_(self.n, m, value=-1.0).mul_(self.r)
            found, kept = dn if self.gamma is None else dn * self.gamma, Kept(dn, m)
        if gamma is not None:
            along = V[gamma][:, :, None]
            found = along * self.n if found is None else found.addcmul_(along, self.n)
        if beta is not None:
            along = V[beta][:, :, None]
            found = along.expand(-1, *self.n.shape).contiguous() if found is None else found.add_(along)
        return Along(found, kept, found is not kept.dn)

    def back_along(self, V: Parts, kept: Any, dd: Tensor, HV: Parts, need: bool) -> Maybe:
        """The tangent of `back`."""
        d, e, en, a = self.d, self.e, self.en, self.a
        assert d is not None
        assert e is not None
        assert en is not None
        assert a is not None
        gamma, beta = self.layer.slots if self.layer.slots else (None, None)
        if gamma is not None:
            slopes = (dd * self.n).sum(2)
            HV[gamma].copy_(slopes if kept.dn is None else slopes.add_((kept.dn * d).sum(2)))
        if beta is not None:
            HV[beta].copy_(dd.sum(2))
        if not need:
            return None
        de = dd if self.gamma is None else dd.mul_(self.gamma)
        if gamma is not None:
            de.addcmul_(V[gamma][:, :, None], d)
        den = de * self.n if kept.dn is None else (de * self.n).addcmul_(kept.dn, e)
        back = de.sub_(de.mean(2, keepdim=True)).addcmul_(self.n, den.mean(2, keepdim=True), value=-1.0)
        if kept.dn is not None:
            back.addcmul_(kept.dn, en, value=-1.0)
        back.mul_(self.r)
        return back if kept.m is None else back.addcmul_(a, self.r * kept.m, value=-1.0)
