"""Parameters of chains as kernels read them: one row a block or spring, one column a lane.

A parameter that all blocks share has one row, one that all lanes share has one column. Kernels reach a row with
`row_of` and choose between one column and many once for a whole step.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engine import kernel
from .parameters import ChainParameters

Row = NDArray[np.float64]


class Rows(NamedTuple):
    """Each of shape (1 or number of blocks, 1 or lanes), `k` (1 or number of springs, 1 or lanes)."""

    k: Row
    mu_right: Row
    mu_left: Row
    eps_bar: Row
    gamma: Row
    mass: Row
    static_right: Row
    static_left: Row
    v_smooth: Row


@kernel
def row_of(parameter, l):  # type: ignore[no-untyped-def]
    """Row l of a parameter, or its only one."""
    return parameter[min(l, parameter.shape[0] - 1)]


@kernel
def first_of(parameter, l):  # type: ignore[no-untyped-def]
    """The value of row l that all lanes share."""
    return parameter[min(l, parameter.shape[0] - 1), 0]


@kernel
def value_of(parameter, l, i):  # type: ignore[no-untyped-def]
    """The value of row l for lane i."""
    return parameter[min(l, parameter.shape[0] - 1), min(i, parameter.shape[1] - 1)]


def rows_of(chains: Sequence[ChainParameters], dt: float) -> Rows:
    """Rows of one chain that all lanes share, or of one chain a lane; `k` has one column where chains agree on it."""
    k = _stack([c.k for c in chains])
    return Rows(
        np.ascontiguousarray(k[:, :1]) if len(chains) > 1 and (k == k[:, :1]).all() else k,
        _stack([c.mu_right for c in chains]),
        _stack([c.mu_left for c in chains]),
        _stack([c.noise_per_step(dt) for c in chains]),
        _stack([0.0 if c.gamma is None else c.gamma for c in chains]),
        _stack([c.mass for c in chains]),
        _stack([c.mu_right if c.mu_static_right is None else c.mu_static_right for c in chains]),
        _stack([c.mu_left if c.mu_static_left is None else c.mu_static_left for c in chains]),
        _stack([0.0 if c.v_smooth is None else c.v_smooth for c in chains]),
    )


def _stack(values: Sequence[float | NDArray[np.float64]]) -> Row:
    if len(values) == 1:
        return np.array(values[0], dtype=float, ndmin=1)[:, None]
    columns = np.broadcast_arrays(*[np.atleast_1d(v) for v in values])
    return np.ascontiguousarray(np.stack(columns, axis=1))
