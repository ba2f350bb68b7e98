"""Langevin equations split into flows that are known exactly, one letter each; a method is a word of them.

    dq = v dt,   m dv = F(t, q) dt - friction(v) dt - gamma m v dt + sigma dW,   sigma^2 = 2 gamma m kT in equilibrium

    V    v += w dt F / m                      kick, positions held
    R    q += w dt v                          drift, velocities held
    O    v = c v + s z                        c = exp(-gamma w dt), s^2 = (sigma/m)^2 (1 - c^2) / (2 gamma)
    U    R and O at once                      q, v = free Brownian particle, two correlated normals
    W    V and O at once                      v = c v + (1 - c) F / (gamma m) + s z
    F    m v' = -friction                     dry friction: v falls to 0 and stays there
    D    V and F at once                      m v' = F - friction, with reversal and sticking

A step runs the word from left to right. A letter that occurs k times acts for w dt = dt / k each time.

Leimkuhler, Matthews, Molecular Dynamics (2015), chapter 7; Appl. Math. Res. Express 2013 (2013) 34-56.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from .method import Method

# what each letter moves and what acts on the velocities in it: words must contain each once
MOVES, KICKS, DAMPS, RUBS = "RU", "VWD", "OUW", "FD"
LETTERS = "VROUWFD"
DRAWS = {"O": 1, "U": 2, "W": 1}  # normals for each velocity


@dataclass(frozen=True)
class LangevinMethod:
    """What methods for `mechanics.Langevin` problems have in common: fixed steps, no interpolant.

    Attributes
    ----------
    sampling_order : int
        Stationary averages of positions are exact to O(dt^sampling_order).
    """

    kind: ClassVar[str] = "langevin"
    dense_order: ClassVar[int] = 0
    degree: ClassVar[int] = 0
    structured: ClassVar[bool] = True  # whether the problem must be a `mechanics.Langevin`
    rubs: ClassVar[bool] = False  # whether dry friction acts
    draws: ClassVar[int] = 1  # normals for each velocity and step
    fixed_because: ClassVar[str] = "takes the noise of fixed steps"

    sampling_order: int


@dataclass(frozen=True)
class Word(LangevinMethod):
    """One word with its weights; made by `langevin_splitting`, which checks it.

    Attributes
    ----------
    letters : str
        Letters of `LETTERS`, neighbours different.
    weights : tuple of float
        One for each letter.
    """

    letters: str
    weights: tuple[float, ...]

    @property
    def draws(self) -> int:  # type: ignore[override]
        """Normals for each velocity and step."""
        return sum(DRAWS.get(letter, 0) for letter in self.letters)

    @property
    def rubs(self) -> bool:  # type: ignore[override]
        """Whether dry friction acts."""
        return any(letter in RUBS for letter in self.letters)


@dataclass(frozen=True)
class BrooksKarplus(LangevinMethod):
    """u = (1 - g) v + dt (F + R_i) / (2 m),  q1 = q + dt u,  v1 = (u + dt (F1 + R_(i+1)) / (2 m)) / (1 + g).

    g = gamma dt / 2, R_i = sigma z_i / sqrt(dt).
    """

    both: ClassVar[bool] = True  # draws of this step and of the next one


@dataclass(frozen=True)
class FarJensen(LangevinMethod):
    """q1 = q + b dt (v + (dt F + r) / (2 m)),  v1 = a v + dt (a F + F1) / (2 m) + b r / m,  r = sigma sqrt(dt) z.

    b = 1 / (1 + gamma dt / 2), a = (1 - gamma dt / 2) b.
    """


@dataclass(frozen=True)
class AveragedNoise(LangevinMethod):
    """y1 = y + f dt + g sqrt(dt) (z_i + z_(i+1)) / 2, for additive noise: each normal serves two steps."""

    structured: ClassVar[bool] = False
    both: ClassVar[bool] = True
    noises: ClassVar[frozenset[str]] = frozenset({"additive"})
    any_diagonal: ClassVar[bool] = True


def langevin_splitting(
    word: str,
    *,
    name: str | None = None,
    weights: Sequence[float] | None = None,
    weak_order: float | None = None,
    sampling_order: int | None = None,
    reference: str = "",
) -> Method:
    """A method from a word of flows.

    Parameters
    ----------
    word : str
        Letters V, R, O, U, W, F, D; spaces are ignored. "V R O R V" is BAOAB.
    name : str, optional
        By default the word itself.
    weights : sequence of float, optional
        One for each letter, those of a letter with the sum 1; by default equal ones.
    weak_order, sampling_order : optional
        Claims; by default 2 for palindromes and 1 for other words.
    reference : str
        Where it was published.

    Returns
    -------
    Method

    Raises
    ------
    ValueError
        For other letters, equal neighbours, wrong weights, or words that leave out a part of the equation or take one
        twice: positions move in R or U, the force acts in V, W or D, damping and noise in O, U or W, friction in F, D.

    Examples
    --------
    >>> from mechanics.methods import langevin_splitting
    >>> langevin_splitting("R V O V R", name="RVOVR").weak_order
    2.0
    """
    letters = word.replace(" ", "")
    if not letters or set(letters) - set(LETTERS):
        raise ValueError(f"A word has the letters {', '.join(LETTERS)}, but is {word!r}.")
    if any(a == b for a, b in pairwise(letters)):
        raise ValueError(f"Neighbours in a word must differ, but the word is {letters!r}: write the letter once.")
    for what, able in (("position", MOVES), ("force", KICKS), ("damping and noise", DAMPS)):
        used = {letter for letter in letters if letter in able}
        if len(used) != 1:
            found = ", ".join(sorted(used)) or "none"
            raise ValueError(f"A word has one of {', '.join(able)} for the {what}, but {letters!r} has {found}.")
    if {"F", "D"} <= set(letters):
        raise ValueError(f"D holds the friction already, so that {letters!r} has it twice: take V with F, or D alone.")
    given = tuple(1.0 / letters.count(letter) for letter in letters) if weights is None else tuple(map(float, weights))
    if len(given) != len(letters):
        raise ValueError(f"The word {letters!r} needs {len(letters)} weights, but has {len(given)}.")
    for letter in set(letters):
        own = [w for w, flow in zip(given, letters, strict=True) if flow == letter]
        if min(own) <= 0.0 or abs(sum(own) - 1.0) > 1e-15 * len(own):
            raise ValueError(f"The weights of {letter} must be positive with the sum 1, but are {own}.")
    order = 2 if letters == letters[::-1] and given == given[::-1] else 1
    return Method(
        name or letters,
        order=order,
        data=Word(order if sampling_order is None else sampling_order, letters, given),
        reference=reference or "Leimkuhler, Matthews, Molecular Dynamics (2015), chapter 7.",
        weak_order=float(order if weak_order is None else weak_order),
    )
