"""Parameters of a spring-block chain as a frozen record, checked when it is made."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..checks import finite_number, finite_numbers
from .drive import Drive
from .what_differs import what_differs

EPS_BAR = 0.1  # noise per step of the published notebook

Dynamics = Literal["overdamped", "second_order", "langevin", "sign_law", "smooth_law"]
Values = float | NDArray[np.float64]  # one for all blocks (springs), or one for each

DYNAMICS = ("overdamped", "second_order", "langevin", "sign_law", "smooth_law")
PER_BLOCK = ("mu_right", "mu_left", "mass", "eps_bar", "eps", "gamma", "mu_static_right", "mu_static_left")
NOT_NEGATIVE = {
    "mu_right": "a friction threshold is a magnitude: swap mu_right and mu_left to mirror the chain",
    "mu_left": "a friction threshold is a magnitude: swap mu_right and mu_left to mirror the chain",
    "eps_bar": "a noise amplitude is a standard deviation",
    "eps": "a noise amplitude is a standard deviation",
    "noise_decay": "a growing noise has no stationary state; use 0 for constant noise",
    "gamma": "negative damping feeds energy in without bound",
}


@dataclass(frozen=True, eq=False)
class ChainParameters:
    """Fields and checks of `SpringChain`, which documents them; what the other files of this folder take."""

    blocks: int = 7
    k: Any = 1.0
    mu_right: Any = 0.1
    mu_left: Any = 0.1
    target: float = 1.0
    eps_bar: Any = None
    dynamics: Dynamics = "overdamped"
    gamma: Any = None
    mass: Any = 1.0
    eps: Any = None
    noise: Literal["independent", "common"] = "independent"
    noise_decay: float = 0.0
    truncation: float | None = None
    mu_static_right: Any = None
    mu_static_left: Any = None
    drive: Drive | None = None
    v_smooth: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.blocks, bool) or not isinstance(self.blocks, (int, np.integer)):
            raise ValueError(f"blocks must be a whole number, but is {self.blocks!r}.")
        if self.blocks < 1:
            raise ValueError(f"blocks must be at least 1, but is {self.blocks}; a chain needs a block to move.")
        object.__setattr__(self, "blocks", int(self.blocks))
        for name in ("target", "noise_decay"):
            object.__setattr__(self, name, finite_number(name, getattr(self, name)))
        if self.truncation is not None:
            object.__setattr__(self, "truncation", finite_number("truncation", self.truncation))
        object.__setattr__(self, "k", self._values("k", self.springs, "springs"))
        for name in PER_BLOCK:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, self._values(name, self.blocks, "blocks"))
        self._check_signs()
        self._check_noise()
        self._check_dynamics()

    def _values(self, name: str, count: int, of: str) -> Values:
        """A float, or a read-only array with one value for each of `count` blocks or springs."""
        given = getattr(self, name)
        if np.ndim(given) == 0:
            return finite_number(name, given)
        values = finite_numbers(name, given)
        if values.shape != (count,):
            raise ValueError(f"{name} must be one number or one for each of the {count} {of}, not {values.shape}.")
        if (values == values[0]).all():
            return float(values[0])  # the same chain, however it was written
        values.setflags(write=False)
        return values

    def _check_signs(self) -> None:
        for name in ("k", "mass"):
            if np.min(getattr(self, name)) <= 0:
                why = (
                    "a chain without springs has no rest state" if name == "k" else "a block without mass is overdamped"
                )
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}; {why}.")
        for name, meaning in NOT_NEGATIVE.items():
            value = getattr(self, name)
            if value is not None and np.min(value) < 0:
                raise ValueError(f"{name} must not be negative, but is {value}; {meaning}.")
        for side in ("right", "left"):
            static, sliding = getattr(self, f"mu_static_{side}"), getattr(self, f"mu_{side}")
            if static is not None and np.any(np.asarray(static) < sliding):
                raise ValueError(
                    f"mu_static_{side}={static} is below mu_{side}={sliding}: a block at rest would start under a "
                    f"force that cannot keep it moving. Give mu_static_{side} >= mu_{side}, or leave it None (equal)."
                )

    def _check_noise(self) -> None:
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

    def _check_dynamics(self) -> None:
        if self.dynamics not in DYNAMICS:
            raise ValueError(f"dynamics must be one of {', '.join(map(repr, DYNAMICS))}, but is {self.dynamics!r}.")
        if self.drive is not None and not isinstance(self.drive, Drive):
            raise ValueError(f"drive must be a mechanics.chain.Drive, but is {type(self.drive).__name__}.")
        smooth = self.dynamics == "smooth_law"
        if smooth != (self.v_smooth is not None):
            raise ValueError(
                f"v_smooth={self.v_smooth} with dynamics={self.dynamics!r}: the speed over which friction is smoothed "
                "belongs to dynamics='smooth_law', which needs it; every other law is sharp."
            )
        if self.v_smooth is not None:
            object.__setattr__(self, "v_smooth", finite_number("v_smooth", self.v_smooth))
            if self.v_smooth <= 0:
                raise ValueError(f"v_smooth must be positive, but is {self.v_smooth}; 'second_order' is its limit 0.")
        static = self.mu_static_right is not None or self.mu_static_left is not None
        if self.dynamics == "overdamped" and (self.gamma is not None or np.any(np.asarray(self.mass) != 1.0)):
            raise ValueError(
                f"gamma={self.gamma} and mass={self.mass} do not enter overdamped dynamics; leave them at None and 1.0 "
                "and scale time instead (k and the forces are per unit of damping)."
            )
        if static and self.dynamics != "second_order":
            raise ValueError(
                f"mu_static_right={self.mu_static_right} and mu_static_left={self.mu_static_left} enter the set-valued "
                f"law of dynamics='second_order' only, but dynamics is {self.dynamics!r}; leave them None."
            )

    @property
    def springs(self) -> int:
        """L, the number of springs; one more than there are blocks."""
        return self.blocks + 1

    @property
    def start(self) -> float:
        """Position of the pulled end at time 0."""
        return self.target if self.drive is None else float(self.drive.at(0.0))

    def noise_per_step(self, dt: float | None = None) -> Any:
        """eps_bar, from `eps` and the step if that is how the noise was given; an array where blocks differ.

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

    def require_uniform(self, what: str, *names: str) -> None:
        """Raise ValueError where one of the named parameters differs between blocks; `what` needs it not to."""
        for name in names:
            if np.ndim(getattr(self, name)) > 0:
                raise ValueError(
                    f"{what} is known for uniform chains only, but {name} differs between blocks; simulate the chain, "
                    f"or give one {name} for all."
                )

    def replace(self, **changes: Any) -> Self:
        """Return the chain with other parameters; `eps_bar` replaces `eps` and the reverse."""
        if changes.get("eps") is not None:
            changes.setdefault("eps_bar", None)
        elif changes.get("eps_bar") is not None:
            changes.setdefault("eps", None)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Fields by name in what JSON can hold: numbers, lists, text; the drive as a dictionary."""
        record: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Drive):
                value = {"times": value.times.tolist(), "positions": value.positions.tolist()}
            record[f.name] = value.tolist() if isinstance(value, np.ndarray) else value
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Self:
        """The chain that `to_dict` wrote."""
        drive = record.get("drive")
        return cls(**{**record, "drive": None if drive is None else Drive(**drive)})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChainParameters):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        values = (getattr(self, f.name) for f in fields(self))
        return tuple(tuple(v.tolist()) if isinstance(v, np.ndarray) else v for v in values)

    def __repr__(self) -> str:
        return what_differs(self)
