"""A named test problem: its equations, its standard start, and what is known about its solution."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Field = Callable[[float, Any, Any, Any], None]  # f(t, y, p, out) -> None
Invariant = Callable[[float, Vector, Any], float]

KINDS = ("linear", "non-stiff", "stiff", "Hamiltonian", "stochastic")


@dataclass(frozen=True, eq=False)
class System:
    """A test problem; made by `make_system`, which checks it.

    Attributes
    ----------
    name : str
        As in the literature.
    kind : str
        "linear", "non-stiff", "stiff", "Hamiltonian" or "stochastic".
    drift : function
        `drift(t, y, p, dy) -> None`, in place, one member, scalar style.
    y0 : ndarray, shape (n,)
        Standard start (read-only).
    t0, t1 : float
        Standard interval.
    p : NamedTuple, ndarray or None
        Standard parameters.
    reference : str
        Where the problem was published.
    jacobian : function or None
        `jacobian(t, y, p, J) -> None` sets every J[i, j] = d f_i / d y_j.
    diffusion : function or None
        `diffusion(t, y, p, g) -> None`, as `mechanics.Problem` takes it.
    noise : str
        Kind of noise, as `mechanics.Problem` takes it.
    noises : int
        Number of independent Brownian motions; 0 without diffusion.
    calculus : str
        "ito" or "stratonovich": what the diffusion means.
    exact : function or None
        `exact(t, y0, p) -> y(t)` in closed form, started from y0 at the record's t0.
    final : ndarray, shape (n,), or None
        y(t1) of the float64 problem data, from high-precision arithmetic, rounded to float64 (read-only).
    final_error : float
        Bound on the relative error of `final` before that rounding; 0 without `final`.
    invariants : tuple of functions
        `invariant(t, y, p) -> float`, constant along every solution; its `__name__` says which.
    moments : function or None
        `moments(t, y0, p) -> (mean (n,), covariance (n, n))` of a stochastic system.
    path : function or None
        `path(t, y0, p, W) -> y(t)`: the strong solution given the Brownian motions W, shape (noises,), at t.
    density : function or None
        `density(y, p) -> float`, the stationary probability density, n = 1.

    Notes
    -----
    `final` belongs to the record's y0, t0, t1 and p; `exact`, `moments` and `invariants` take any.
    """

    name: str
    kind: str
    drift: Field
    y0: Vector
    t0: float
    t1: float
    p: Any
    reference: str
    jacobian: Field | None = None
    diffusion: Field | None = None
    noise: str = "diagonal"
    noises: int = 0
    calculus: str = "ito"
    exact: Callable[[float, Vector, Any], Vector] | None = None
    final: Vector | None = None
    final_error: float = 0.0
    invariants: tuple[Invariant, ...] = ()
    moments: Callable[[float, Vector, Any], tuple[Vector, Vector]] | None = None
    path: Callable[[float, Vector, Any, Vector], Vector] | None = None
    density: Callable[[Any, Any], Any] | None = None

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.y0)

    def f(self, t: float, y: ArrayLike, p: Any = None) -> Vector:
        """The drift at one state as a new array, in plain Python; p defaults to the standard parameters."""
        state = np.asarray(y, float)
        dy = np.empty_like(state)
        self.drift(float(t), state, self.p if p is None else p, dy)
        return dy

    def solution(self, t: float | None = None) -> Vector:
        """y(t) from the standard start, by default at t1: closed form, else the stored final state.

        Raises
        ------
        ValueError
            If neither is known at t.
        """
        t = self.t1 if t is None else float(t)
        if self.exact is not None:
            return self.exact(t, self.y0, self.p)
        if self.final is not None and t == self.t1:
            return self.final.copy()
        known = f"only at t1 = {self.t1:g}" if self.final is not None else "nowhere"
        raise ValueError(
            f"The solution of {self.name} is known {known}, but t is {t!r}. Integrate a reference instead."
        )

    def problem(self, **changes: Any) -> Any:
        """A `mechanics.Problem` of this system.

        Parameters
        ----------
        **changes
            Any of drift, y0, t0, t1, p, diffusion, noise, jacobian, in place of the standard ones; band, noises.

        Returns
        -------
        mechanics.Problem
        """
        from mechanics.problem import Problem

        standard = {k: getattr(self, k) for k in ("drift", "y0", "t0", "t1", "p", "diffusion", "noise", "jacobian")}
        unknown = sorted(set(changes) - {*standard, "band", "noises"})
        if unknown:
            raise TypeError(f"problem() can change {', '.join(standard)}, but got {', '.join(unknown)}.")
        if self.noise == "general":
            standard["noises"] = self.noises
        arguments = {**standard, **changes}
        first = [arguments.pop(k) for k in ("drift", "y0", "t0", "t1", "p")]
        return Problem(*first, **arguments)

    def __repr__(self) -> str:
        return f"System({self.name}, {self.kind}, n={self.n}, t={self.t0:g}..{self.t1:g})"


def make_system(
    name: str,
    drift: Field,
    y0: ArrayLike,
    t1: float,
    p: Any = None,
    *,
    kind: str,
    reference: str,
    t0: float = 0.0,
    final: ArrayLike | None = None,
    **known: Any,
) -> System:
    """Build a `System` and freeze its arrays.

    Parameters
    ----------
    name, drift, y0, t0, t1, p, kind, reference, final, **known
        As in `System`.

    Raises
    ------
    ValueError
        If y0 is not a finite vector, the kind is unknown, `final` has another shape than y0, or a diffusion comes
        without the number of its Brownian motions.
    """
    state = _frozen(y0)
    if state.ndim != 1 or not np.isfinite(state).all():
        raise ValueError(f"y0 must be a finite vector, but is {np.asarray(y0)!r}.")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, but is {kind!r}.")
    if final is not None:
        final = _frozen(final)
        if final.shape != state.shape:
            raise ValueError(f"final must have the shape {state.shape} of y0, but has {final.shape}.")
    if known.get("diffusion") is not None and known.get("noises", 0) < 1:
        raise ValueError("a diffusion needs noises, the number of its Brownian motions; pass noises=1 or more.")
    return System(name, kind, drift, state, float(t0), float(t1), p, reference, final=final, **known)


def _frozen(x: ArrayLike) -> Vector:
    array = np.array(x, float)
    array.flags.writeable = False
    return array
