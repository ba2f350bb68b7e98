"""Initial weights: on the sphere of each layer, on one sphere, or anywhere near."""

from dataclasses import replace
from typing import Literal

from ...sphere import perturb_on_sphere
from ..member import Member
from ..vectors import read_vectors, write_vectors
from .context import Context, Perturbed

Mode = Literal["sphere-per-layer", "sphere-global", "gaussian"]


def _perturb(base: Member, eps: float, copy: int, context: Context, mode: Mode) -> Perturbed:
    write_vectors(context.model, base.parameters, base.buffers)
    done = perturb_on_sphere(context.model, eps, seed=context.seed, copy=copy + 1, mode=mode, relative=context.relative)
    parameters, _ = read_vectors(context.model)
    return Perturbed(replace(base, parameters=parameters), done.distance)


def init(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Each weight tensor on its own sphere by the same angle."""
    return _perturb(base, eps, copy, context, "sphere-per-layer")


def init_global(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """All weight tensors on one sphere."""
    return _perturb(base, eps, copy, context, "sphere-global")


def init_gaussian(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Independent normal shifts eps / sqrt(D), which keep no norm."""
    return _perturb(base, eps, copy, context, "gaussian")
