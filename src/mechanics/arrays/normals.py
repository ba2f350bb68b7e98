"""Normals for steps on arrays: those of the compiled engine, made on the host and moved beside y0.

    z(step)    an array that broadcasts against y, and one for the time integrals where the method needs them

Member i of the first axis (or the one `member`) takes the numbers f(seed, member + i, step, component) of
`mechanics.noise`, with the components of a member flattened in C order. Many steps are drawn and moved at once.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compile import compile_bound
from ..noise.normals import fill_normals, seed_word
from .framework import Framework

Z = NDArray[np.float64]
AT_ONCE = 2**18  # numbers drawn at once, but for larger states
LEAST, MOST = 16, 256  # steps drawn at once; short loops over those of a lone member do not vectorise


def _draw(z, seed, member, step, over_steps):  # type: ignore[no-untyped-def]
    fill_normals(z, seed, member, step, over_steps)


class Normals:
    """Normals of one run.

    Parameters
    ----------
    framework : Framework
        Of y0.
    noise : str
        Structure of the noise.
    noises : int or None
        Brownian motions of general noise.
    areas : bool
        Whether a second normal belongs to each Brownian motion.
    seed : int or SeedSequence
    member : int
        Whose noise; of the first member, where the first axis counts them.
    members : int
        Length of that axis; 0 where y0 is one member.
    steps : int
        Of the whole run: no more are drawn.
    """

    def __init__(
        self,
        framework: Framework,
        noise: str,
        noises: int | None,
        areas: bool,
        seed: Any,
        member: int,
        members: int,
        steps: int,
    ) -> None:
        self.framework, self.areas = framework, areas
        self.seed, self.member, self.members = seed_word(seed), np.uint64(member), members
        inner = framework.shape[1:] if members else framework.shape
        one = (1,) * len(inner)
        # the shape of the Brownian motions of one member
        own = {"scalar": one, "general": (*one, noises or 1)}.get(noise, inner)
        self.wieners = math.prod(own)
        self.shape = (members, *own) if members else own
        self._first, self._z = 0, []  # type: int, list[tuple[Any, Any]]
        rows = self.wieners * (1 + areas)
        self._rows = rows + rows % 2
        by_size = AT_ONCE // (self._rows * max(1, members))
        self._ahead, self._steps = min(MOST, max(1 if members else LEAST, by_size)), steps
        self._fill = compile_bound(_draw)

    def __call__(self, step: int) -> tuple[Any, Any]:
        """Normals of the increments of one step, and of the time integrals (None where nobody asks for them)."""
        if not 0 <= step - self._first < len(self._z):
            self._first, self._z = step, self._drawn(step)
        return self._z[step - self._first]

    def _drawn(self, step: int) -> list[tuple[Any, Any]]:
        m, real = self.wieners, self.framework.real
        ahead = min(self._ahead, self._steps - step)
        z = self._of_members(step, ahead) if self.members else self._of_steps(step, ahead)
        together = real(np.ascontiguousarray(z[..., : m * (1 + self.areas)]))
        found = []
        for i in range(len(z)):
            increments = self._shaped(together[i, ..., :m])
            found.append((increments, self._shaped(together[i, ..., m:]) if self.areas else None))
        return found

    def _shaped(self, z: Any) -> Any:
        return self.framework.xp.reshape(z, self.shape)

    def _of_steps(self, step: int, ahead: int) -> Z:
        z = np.empty((self._rows, ahead))
        with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
            self._fill(z, self.seed, self.member, np.uint64(step), True)
        return z.T

    def _of_members(self, step: int, ahead: int) -> Z:
        z = np.empty((ahead, self.members, self._rows))
        columns = np.empty((self._rows, self.members))
        with np.errstate(over="ignore"):
            for i in range(ahead):
                self._fill(columns, self.seed, self.member, np.uint64(step + i), False)
                z[i] = columns.T
        return z
