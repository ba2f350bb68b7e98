"""Which map belongs to an optimiser's record."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from torch import Tensor

from ..ensembles.optimisers import SGD, Adam, Optimiser, RMSProp
from . import adam, rmsprop, sgd
from .step import Block, Point, Step


class Rule(NamedTuple):
    """The step of an optimiser, its derivative, and the chart in which tangent vectors are measured."""

    memories: int
    advance: Callable[[Point, Tensor, Step], Point]
    tangent: Callable[[Block, Tensor, Point, Point, Tensor, Step], Block]
    to_chart: Callable[[Block, Point, Step], Block]
    from_chart: Callable[[Block, Point, Step], Block]


def rule_of(optimiser: Optimiser) -> Rule:
    """The rule of a record of `nets.ensembles`.

    Raises
    ------
    TypeError
        If it is none.
    """
    kinds: list[tuple[type[Any], ModuleType]] = [(SGD, sgd), (Adam, adam), (RMSProp, rmsprop)]
    for kind, home in kinds:
        if isinstance(optimiser, kind):
            return Rule(home.memories(optimiser), home.advance, home.tangent, home.to_chart, home.from_chart)
    raise TypeError(
        f"optimiser must be SGD(), Adam(), AdamW() or RMSProp() of nets.ensembles, but is {optimiser!r}; its name as "
        "text or a class without brackets will not do."
    )


def identity_chart(V: Block, at: Point, step: Step) -> Block:
    """Components as they are: the weights and the memories in their own units."""
    return V
