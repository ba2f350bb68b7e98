"""Whether two networks are built alike, as far as their printouts tell, and whether something is a network at all."""

from itertools import zip_longest
from typing import Any

from torch import nn


def check_network(name: str, model: Any) -> None:
    """Raise TypeError unless it is an nn.Module."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"{name} must be an nn.Module, but is {model!r}.")


def difference(model: nn.Module, other: nn.Module, *, dropout: bool = True) -> str:
    """The first line in which two printouts differ (slopes, kernels, probabilities), or "" if none does.

    Without `dropout`, probabilities of dropout layers may differ: in evaluation they have no effect.
    """
    lines = [
        [line.strip() for line in repr(m).splitlines() if dropout or "Dropout" not in line] for m in (model, other)
    ]
    for mine, theirs in zip_longest(*lines, fillvalue="nothing"):
        if mine != theirs:
            return f"{theirs} in place of {mine}"
    return ""
