"""What a way of stepping a chain must say of itself.

A scheme moves every lane by one step,

    move(here, new, v, z, p, fade, common, rate, work, trouble)

    here, new  (blocks + 2, lanes)   positions before and after; the ends of `new` are already in place
    v          (blocks + 2, lanes)   velocities, replaced; (1, lanes) and unused where there are none
    z          (draws, lanes)        standard normals of this step
    p          Rows                  parameters
    fade       float                 e^{-lambda t}, what is left of the noise's amplitude
    common     bool                  one draw for all blocks
    rate       (lanes,)              dt, or 0 for a lane at rest
    work       (rows, lanes)         scratch of `work(blocks)` rows, zero before the first step and kept between steps
    trouble    (lanes,)              set to 1 where the step failed

and `move_alone`, the same operations in the same order for a single lane whose normals are column j of z, takes j
after z. `settle(here, before, v, p, i)` is how far lane i still is from rest, a length that the stopping rule looks at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .parameters import ChainParameters


def no_work(blocks: int) -> int:
    """A scheme that needs no scratch."""
    return 0


@dataclass(frozen=True)
class Scheme:
    """Kernels of one way of stepping, and the largest step that it is stable at."""

    move: Any
    move_alone: Any
    settle: Any
    limit: Callable[[ChainParameters], float]  # the step must stay below it; infinity where there is none
    limit_formula: str = ""
    inertial: bool = False
    work: Callable[[int], int] = no_work
    trouble: str = ""  # the sentence for lanes in trouble, cause and remedy
    lone: Any = None  # entry that takes the place of `steps.advance` for one member, see `lone`
    proceed: Callable[..., Any] | None = None  # continues a run without steps: proceed(run, steps) -> ChainRun
