"""Overdamped spring-block chain: explicit steps of an ensemble over vector lanes.

    x_l <- x_l + dt sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps_bar e^{-lambda t} xi_l),   x_0 = 0, x_L = target    (5)

Shi, Pan, Dokmanic, PRL 2025, arXiv:2407.19353. With stiffnesses k_l that differ the force is
k_{l+1} (x_{l+1} - x_l) - k_l (x_l - x_{l-1}).
"""

import numpy as np

from ..engine import kernel
from .friction import pulled, slid, slip
from .lone import advance_lone
from .parameters import ChainParameters
from .rows import first_of, row_of
from .scheme import Scheme


@kernel(forceinline=False)
def move(here, new, v, z, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """One step of (5) for all lanes."""
    springs, lanes = here.shape[0] - 1, here.shape[1]
    shared, springs_shared = p.mu_right.shape[1] == 1, p.k.shape[1] == 1
    for l in range(1, springs):
        x_left, x, x_right, moved = here[l - 1], here[l], here[l + 1], new[l]
        xi = z[0] if common else z[l - 1]
        k_left, k_right = first_of(p.k, l - 1), first_of(p.k, l)
        if shared:
            right, left = first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1)
            eps = first_of(p.eps_bar, l - 1) * fade
            for i in range(lanes):
                moved[i] = slid(x_left[i], x[i], x_right[i], xi[i], k_left, k_right, right, left, eps, rate[i])
            continue
        rights, lefts, amplitudes = row_of(p.mu_right, l - 1), row_of(p.mu_left, l - 1), row_of(p.eps_bar, l - 1)
        # In two passes: LLVM does not vectorise a loop over more than eight arrays, any two of which might overlap.
        if springs_shared:
            for i in range(lanes):
                moved[i] = pulled(x_left[i], x[i], x_right[i], k_left, k_right)
        else:
            ks_left, ks_right = row_of(p.k, l - 1), row_of(p.k, l)
            for i in range(lanes):
                moved[i] = pulled(x_left[i], x[i], x_right[i], ks_left[i], ks_right[i])
        for i in range(lanes):
            moved[i] = x[i] + rate[i] * slip(moved[i] + amplitudes[i] * fade * xi[i], rights[i], lefts[i])


@kernel
def move_alone(here, new, v, z, j, p, fade, common, rate, work, trouble):  # type: ignore[no-untyped-def]
    """`move` for a single lane."""
    for l in range(1, here.shape[0] - 1):
        new[l, 0] = slid(
            here[l - 1, 0], here[l, 0], here[l + 1, 0], z[0, j] if common else z[l - 1, j],
            first_of(p.k, l - 1), first_of(p.k, l), first_of(p.mu_right, l - 1), first_of(p.mu_left, l - 1),
            first_of(p.eps_bar, l - 1) * fade, rate[0],
        )  # fmt: skip


@kernel
def settle(here, before, v, p, i):  # type: ignore[no-untyped-def]
    """The largest move of a block in the last step."""
    change = 0.0
    for l in range(here.shape[0]):
        change = max(change, abs(here[l, i] - before[l, i]))
    return change


def limit(chain: ChainParameters) -> float:
    """The step at which the shortest wave of the chain is multiplied by -1."""
    return 1.0 / (2.0 * float(np.max(chain.k)))


EXPLICIT = Scheme(move, move_alone, settle, limit, "1/(2k)", lone=advance_lone)
