"""The family of backward differentiation formulas: kernels for one order, number of components, Jacobian and band."""

from functools import cache
from typing import Any

from ..methods.bdf import Multistep
from . import bdf
from .bdf_attempt import make_attempt
from .bdf_layout import HEAD, ROWS
from .compile import inlined
from .jacobian import make_jacobian
from .linear import elements, make_linear, storage
from .parts import Parts, Step


@inlined
def _nothing() -> None:
    """In place of the kernels that `bdf.bdf_run` has no use for."""


def bdf_step(data: Multistep, n: int | None, parts: Parts) -> Step:
    """The kernels and sizes; the order is limited by `bdf_run` itself."""
    return _kernels(n, parts.jacobian, parts.band)


@cache
def _kernels(n: int | None, jacobian: Any, band: tuple[int, int] | None) -> Step:
    linear = make_linear(n, band)

    def memory(size: int) -> int:
        return HEAD + (ROWS + 1) * size + elements(storage(size, band), size)

    attempt = make_attempt(linear, make_jacobian(jacobian, band))
    sizes = (ROWS, ROWS - 1, 0, 0, 0, 0)
    kernels = (_nothing, attempt, _nothing, bdf.nordsieck_dense, _nothing)
    return Step(*kernels, *sizes, run=bdf.bdf_run, lanes=False, memory=memory)
