"""What is to be trained in lockstep (`Plan`) and how far it is (`State`): all that a backend is given.

A backend is a function

    advance(plan, state, stop) -> State

that trains every living network from step `state.step` to step `stop` and leaves the given state as it is, so that an
interrupted call loses nothing. A network whose numbers stop being finite keeps its last finite parameters (its
running statistics are of no use then), and the others go on.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .losses import Loss
from .member import Member
from .vectors import Vectors

RUNNING = -1  # in failed_step
CROSS_ENTROPY = Loss("cross_entropy")


@dataclass(frozen=True, eq=False)
class Plan:
    """Networks that are trained together; the first is the baseline.

    Attributes
    ----------
    model : nn.Module
        The architecture with keyed dropout; scratch of the backends and of measurements.
    vectors : Vectors
    members : tuple of Member
    seed : int
        Of masks.
    loss : Loss
    """

    model: nn.Module
    vectors: Vectors
    members: tuple[Member, ...]
    seed: int
    loss: Loss = CROSS_ENTROPY

    @cached_property
    def columns(self) -> dict[int, NDArray[Any]]:
        """Training inputs with an example in each column, by the identity of the tensor."""
        own = {id(m.x): m.x for m in self.members}
        return {k: np.ascontiguousarray(x.flatten(1).numpy().T, dtype=self.vectors.dtype) for k, x in own.items()}


@dataclass(frozen=True, eq=False)
class State:
    """Networks at one step.

    Attributes
    ----------
    step : int
        Steps done.
    parameters, first, second : ndarray, shape (members, P)
        Weights and the optimiser's memories: momentum or mean of gradients; mean of squares.
    buffers : ndarray of float64, shape (members, R)
    failed_step : ndarray of int64, shape (members,)
        Step at which numbers stopped being finite, else -1.
    reasons : ndarray of str, shape (members,)
        What became of it, in words.
    """

    step: int
    parameters: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]
    buffers: NDArray[np.float64]
    failed_step: NDArray[np.int64]
    reasons: NDArray[np.str_]

    @property
    def living(self) -> list[int]:
        """Networks that go on."""
        return np.flatnonzero(self.failed_step == RUNNING).tolist()

    def copy(self) -> "State":
        """A state to write into."""
        arrays = {f.name: getattr(self, f.name).copy() for f in fields(self) if f.name != "step"}
        return replace(self, **arrays)

    def at(self, step: int) -> "State":
        """The same arrays, reached at another step."""
        return replace(self, step=step)

    def fail(self, i: int, step: int, reason: str) -> None:
        """Mark network i; the arrays of a copy are written."""
        self.failed_step[i], self.reasons[i] = step, reason


def first_state(plan: Plan) -> State:
    """All networks before the first step."""
    parameters = np.stack([m.parameters for m in plan.members]).astype(plan.vectors.dtype)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    for i, member in enumerate(plan.members):
        if member.memory is not None:
            first[i], second[i] = member.memory
    return State(
        step=0,
        parameters=parameters,
        first=first,
        second=second,
        buffers=np.stack([m.buffers for m in plan.members]),
        failed_step=np.full(len(parameters), RUNNING, dtype=np.int64),
        reasons=np.full(len(parameters), "", dtype="<U160"),
    )


def loss_reason(loss: float, step: int) -> str:
    """Why a network stopped."""
    return f"its loss became {loss} at step {step}; lower lr"


def weights_reason(step: int) -> str:
    """Why a network stopped."""
    return f"its weights were no longer finite after step {step}; lower lr"
