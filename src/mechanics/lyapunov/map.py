"""A discrete map: what a state becomes at the next iteration."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parameters import normalise
from ..problem import check_arguments, initial_state


@dataclass(frozen=True, eq=False)
class Map:
    """x_{n+1} = f(n, x_n, p), or f(n, x_n, z_n, p) with independent standard normals z_n.

    Parameters
    ----------
    f : callable
        `f(n, x, p, out) -> None` fills out (d,) from x (d,) and the iteration n, counted from 0. With `noises`,
        `f(n, x, z, p, out)`. Plain Python; it is compiled.
    x0 : array_like, shape (d,)
        Initial state.
    p : None, float, array_like, or NamedTuple of these
        Parameters. New values never compile anything anew.
    jacobian : callable, optional
        `jacobian(n, x, p, J) -> None` fills J (d, d), J[i, j] = d f_i / d x_j, which holds zeros when it is called.
        Without it the derivative is found from f itself. Not with `noises`.
    noises : int
        Number m of standard normals of an iteration; they are functions of the seed and the iteration, so that all
        tangent vectors, and any copy of the system, see the same ones.

    Raises
    ------
    TypeError
        If a function takes the wrong number of arguments, or x0 or p hold what is not a real number.
    ValueError
        If x0 is empty, not one-dimensional, or not finite, or noises is negative.
    """

    f: Callable[..., None]
    x0: NDArray[np.float64]
    p: Any = None
    jacobian: Callable[..., None] | None = field(default=None, kw_only=True)
    noises: int = field(default=0, kw_only=True)
    p_key: Hashable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.noises, bool) or int(self.noises) != self.noises or self.noises < 0:
            raise ValueError(f"noises must be a whole number, 0 or more, but is {self.noises!r}.")
        check_arguments(self.f, "f", "n, x, z, p, out" if self.noises else "n, x, p, out")
        if self.jacobian is not None:
            if self.noises:
                raise ValueError("A map with noises takes no jacobian=: its derivative is found from f itself.")
            check_arguments(self.jacobian, "jacobian", "n, x, p, J")
        p, key = normalise(self.p)
        object.__setattr__(self, "x0", initial_state(self.x0))
        object.__setattr__(self, "p", p)
        object.__setattr__(self, "p_key", key)
