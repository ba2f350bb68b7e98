"""Parameters of a spring-block chain as a frozen record, checked when it is made."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from ..checks import finite_number

EPS_BAR = 0.1  # noise per step of the published notebook


@dataclass(frozen=True)
class ChainParameters:
    """Fields and checks of `SpringChain`, which documents them; what the other files of this folder take."""

    blocks: int = 7
    k: float = 1.0
    mu_right: float = 0.1
    mu_left: float = 0.1
    target: float = 1.0
    eps_bar: float | None = None
    dynamics: Literal["overdamped"] = "overdamped"
    gamma: float | None = None
    mass: float = 1.0
    eps: float | None = None
    noise: Literal["independent", "common"] = "independent"
    noise_decay: float = 0.0
    truncation: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.blocks, bool) or not isinstance(self.blocks, (int, np.integer)):
            raise ValueError(f"blocks must be a whole number, but is {self.blocks!r}.")
        if self.blocks < 1:
            raise ValueError(f"blocks must be at least 1, but is {self.blocks}; a chain needs a block to move.")
        object.__setattr__(self, "blocks", int(self.blocks))
        for name in ("k", "mu_right", "mu_left", "target", "noise_decay", "mass"):
            object.__setattr__(self, name, finite_number(name, getattr(self, name)))
        for name in ("eps_bar", "eps", "truncation", "gamma"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, finite_number(name, getattr(self, name)))
        if self.k <= 0:
            raise ValueError(f"k must be positive, but is {self.k}; a chain without springs has no rest state.")
        for name, meaning in (
            (
                "mu_right",
                "a friction threshold is a magnitude: swap mu_right and mu_left to mirror the chain",
            ),
            ("mu_left", "a friction threshold is a magnitude: swap mu_right and mu_left to mirror the chain"),
            ("eps_bar", "a noise amplitude is a standard deviation"),
            ("eps", "a noise amplitude is a standard deviation"),
            ("noise_decay", "a growing noise has no stationary state; use 0 for constant noise"),
        ):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must not be negative, but is {value}; {meaning}.")
        if self.eps_bar is not None and self.eps is not None:
            raise ValueError(
                f"eps_bar={self.eps_bar} and eps={self.eps} are both given; they are the same noise in two units "
                "(eps_bar = eps / sqrt(dt)). Give eps_bar for noise per step, or eps for noise per root time; "
                "to change one chain's unit use dataclasses.replace(chain, eps_bar=None, eps=...)."
            )
        if self.eps_bar is None and self.eps is None:
            object.__setattr__(self, "eps_bar", EPS_BAR)
        if self.truncation is not None and self.truncation <= 0:
            raise ValueError(f"truncation must be positive, but is {self.truncation}; use eps_bar=0 for no noise.")
        if self.noise not in ("independent", "common"):
            raise ValueError(f"noise must be 'independent' or 'common', but is {self.noise!r}.")
        if self.dynamics != "overdamped":
            raise ValueError(f"dynamics must be 'overdamped', but is {self.dynamics!r}.")
        if self.gamma is not None or self.mass != 1.0:
            raise ValueError(
                f"gamma={self.gamma} and mass={self.mass} do not enter overdamped dynamics; leave them at None and 1.0 "
                "and scale time instead (k and the forces are per unit of damping)."
            )

    @property
    def springs(self) -> int:
        """L, the number of springs; one more than there are blocks."""
        return self.blocks + 1

    def noise_per_step(self, dt: float | None = None) -> float:
        """eps_bar, from `eps` and the step if that is how the noise was given.

        Raises
        ------
        ValueError
            If the noise was given as `eps` and no dt is.
        """
        if self.eps is None:
            assert self.eps_bar is not None  # set when the record was made
            return self.eps_bar
        if dt is None:
            raise ValueError(f"eps={self.eps} is noise per square root of time; a step dt is needed to use it here.")
        return self.eps / float(np.sqrt(dt))

    def __repr__(self) -> str:
        shown = ((f.name, getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown)})"
