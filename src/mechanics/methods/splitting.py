"""Words of a splitting method: flows of the parts of an equation, one after the other.

    A    q += w dt g(t_B, v)        dq/dt = g(t, v), velocities held
    B    v += w dt f(t_A, q)        dv/dt = f(t, q), positions held

A step runs the word from left to right; its weights of each letter sum to 1. t_A, t_B are t plus dt times the weights
of A, B so far (an explicit time is one more position and one more velocity). Every word of flows is symplectic, and a
palindrome is its own adjoint, so that stepping back with -dt undoes a step but for rounding.

Hairer, Lubich, Wanner, Geometric Numerical Integration, 2nd ed., II.5; McLachlan, Quispel, Acta Numerica 11 (2002)
341-434.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

from .method import Method

FLOWS = "AB"


@dataclass(frozen=True, eq=False)
class Splitting:
    """One word with its weights; made by `splitting` or `composition`, which check it.

    Attributes
    ----------
    word : str
        Letters of `FLOWS`, neighbours different.
    weights : tuple of float
        One for each letter.
    compensated : bool
        Sums q += ..., v += ... carry their rounding errors along (Kahan), so that only the increments are rounded.
    linear_velocity : bool
        The order holds only where dq/dt is linear in v (Runge-Kutta-Nystrom words).
    dense_order : int
        Order conditions met inside the step by the cubic Hermite polynomial through its ends: 3, or the order if lower.
    """

    kind: ClassVar[str] = "symplectic"
    separable: ClassVar[bool] = True  # what the problem must be: `mechanics.separable`
    degree: ClassVar[int] = 3
    fixed_because: ClassVar[str] = "keeps the energy because all its steps are equal"

    word: str
    weights: tuple[float, ...]
    compensated: bool = False
    linear_velocity: bool = False
    dense_order: int = 3

    @property
    def symmetric(self) -> bool:
        """Whether the word is a palindrome, weights included."""
        return self.word == self.word[::-1] and self.weights == self.weights[::-1]

    @property
    def evaluations(self) -> int:
        """Evaluations of the force in a step; one at both ends of a step counts once."""
        both_ends = self.word[0] == self.word[-1] == "B" and len(self.word) > 1
        return self.word.count("B") - both_ends


def splitting(
    word: str,
    weights: Sequence[float],
    *,
    compensated: bool = False,
    linear_velocity: bool = False,
    dense_order: int = 3,
) -> Splitting:
    """Check a word and pack it.

    Parameters
    ----------
    word : str
        Letters, spaces are ignored. Ending in "..." it is the first half of a palindrome, its middle included.
    weights : sequence of float
        One for each letter written.
    compensated, linear_velocity, dense_order
        As in `Splitting`.

    Raises
    ------
    ValueError
        For other letters, equal neighbours, a wrong number of weights, or weights of a letter that do not sum to 1
        within 1e-15 of the sum of their absolute values.
    """
    letters, values = word.replace(" ", ""), tuple(map(float, weights))
    half = letters.endswith("...")
    letters = letters.removesuffix("...")
    if not letters or set(letters) - set(FLOWS):
        raise ValueError(f"A word has the letters {', '.join(FLOWS)}, but is {word!r}.")
    if len(values) != len(letters):
        raise ValueError(f"The word {word!r} needs {len(letters)} weights, but has {len(values)}.")
    if half:
        letters, values = letters + letters[-2::-1], values + values[-2::-1]
    if any(a == b for a, b in pairwise(letters)):
        raise ValueError(f"Neighbours in a word must differ, but the word is {letters!r}: add their weights up.")
    for letter in FLOWS:
        own = [w for w, flow in zip(values, letters, strict=True) if flow == letter]
        if abs(sum(own) - 1.0) > 1e-15 * max(1.0, sum(map(abs, own))):
            raise ValueError(f"The weights of {letter} must sum to 1, but sum to {sum(own)!r}.")
    return Splitting(letters, values, compensated, linear_velocity, dense_order)


def composition(steps: Iterable[float], *, compensated: bool = False) -> Splitting:
    """The word of velocity Verlet steps of lengths w_1 dt, .., w_m dt, .., w_1 dt; kicks that meet are one.

    Parameters
    ----------
    steps : iterable of float
        w_1 .. w_{m-1}; the middle is w_m = 1 - 2 (w_1 + .. + w_{m-1}).
    compensated : bool
        As in `Splitting`.
    """
    w = list(steps)
    w.append(1.0 - 2.0 * sum(w))
    kicks = [w[0] / 2.0, *((a + b) / 2.0 for a, b in pairwise(w))]
    weights = [x for pair in zip(kicks, w, strict=True) for x in pair]
    return splitting("BA" * len(w) + "...", weights, compensated=compensated)


def compensated(method: Method) -> Method:
    """The same splitting method with compensated sums: for long runs, a third to a half slower on cheap forces.

    Raises
    ------
    TypeError
        If the method is not a splitting method.
    """
    if not isinstance(method.data, Splitting):
        raise TypeError(f"compensated takes a splitting method such as VERLET, but {method!r} is none.")
    if method.data.compensated:
        return method
    return replace(method, name=f"{method.name}_COMPENSATED", data=replace(method.data, compensated=True))
