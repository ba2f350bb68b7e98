"""What a method may need of a problem beside its drift."""

from typing import Any, NamedTuple


class Parts(NamedTuple):
    """Functions of a problem beside its drift, and the structure of its noise; None where it has none."""

    jacobian: Any = None
    diffusion: Any = None
    noise: str | None = None
    noises: int | None = None  # Brownian motions, where their number is not that of the components


NO_PARTS = Parts()


def no_memory(n: int) -> int:
    """Steps that depend on nothing but t and y."""
    return 0
