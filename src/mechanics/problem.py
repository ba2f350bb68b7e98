"""An initial value problem: what moves, from where, from when until when."""

import contextlib
import dis
import inspect
import math
import operator
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from .arrays.accept import array_fields, is_for_arrays
from .parameters import normalise

NOISES = ("diagonal", "additive", "scalar", "general")


@dataclass(frozen=True, eq=False)
class Problem:
    """dy/dt = f(t, y, p), y(t0) = y0; with `diffusion` the stochastic equation dy = f dt + g dW.

    The method says how g dW is read, in the sense of Ito or of Stratonovich (`Method.calculus`): the same problem has
    two solutions where g depends on y.

    Parameters
    ----------
    drift : callable
        `drift(t, y, p, dy) -> None` fills dy (n,) from y (n,). Plain Python; it is compiled when first solved. With
        three arguments, `drift(t, y, p) -> dy` is for the array engine, on arrays like y0.
    y0 : array_like, shape (n,)
        Initial state; a number is a state of one component. An array of another framework (torch, JAX, CuPy), of any
        shape, is for the array engine.
    t0, t1 : float
        Start and end; t1 < t0 runs backwards.
    p : None, float, array_like, or NamedTuple of these
        Parameters. New values never compile anything anew. For the array engine, anything; it is not copied.
    diffusion : callable, optional
        `diffusion(t, y, p, g) -> None` fills every entry of g, of shape (n,), or (n, m) for general noise.
        For the array engine, `diffusion(t, y, p) -> g`, of the shape of y, or with a last axis m more.
    noise : {"diagonal", "additive", "scalar", "general"}
        Structure of the diffusion: one Wiener process a component; the same, with g independent of y; one process for
        all components; m processes through a matrix, dy_i = f_i dt + sum_j g[i, j] dW_j.
    noises : int, optional
        m, for general noise, where it must be given; else it follows.
    jacobian : callable, optional
        `jacobian(t, y, p, J) -> None` fills J (n, n), J[i, j] = d f_i / d y_j, which holds zeros when it is called.
        Implicit methods take differences of the drift without it.
    band : (int, int), optional
        Half-bandwidths (lower, upper) of the Jacobian: d f_i / d y_j = 0 unless -upper <= i - j <= lower. Implicit
        methods then solve banded systems. `jacobian` fills the same J[i, j], but only inside the band: no other
        elements are stored.

    Raises
    ------
    TypeError
        If a function takes the wrong number of arguments, or y0 or p hold what is not a real number.
    ValueError
        If y0 is empty, not one-dimensional, or not finite, or a time is not finite; if the band does not fit the
        state, or `jacobian` assigns an element outside of it.
    """

    drift: Callable[..., None]
    y0: NDArray[np.float64]
    t0: float
    t1: float
    p: Any = None
    diffusion: Callable[..., None] | None = field(default=None, kw_only=True)
    noise: str = field(default="diagonal", kw_only=True)
    noises: int | None = field(default=None, kw_only=True)
    jacobian: Callable[..., None] | None = field(default=None, kw_only=True)
    band: tuple[int, int] | None = field(default=None, kw_only=True)
    second_order: Any = field(default=None, kw_only=True, repr=False)  # made by `Langevin`
    p_key: Hashable = field(init=False, repr=False)
    engine: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.noise not in NOISES:
            raise ValueError(f"noise must be one of {', '.join(NOISES)}, but is {self.noise!r}.")
        if is_for_arrays(self.drift, self.y0):
            fields = array_fields(self.drift, self.y0, self.t0, self.t1, self.diffusion, self.jacobian)
            for name, value in {**fields, "p_key": None, "engine": "arrays"}.items():
                object.__setattr__(self, name, value)
            return
        check_arguments(self.drift, "drift", "t, y, p, dy")
        if self.diffusion is not None:
            check_arguments(self.diffusion, "diffusion", "t, y, p, g")
        if self.jacobian is not None:
            check_arguments(self.jacobian, "jacobian", "t, y, p, J")
        self._check_noises()
        p, key = normalise(self.p)
        for name, value in (
            ("y0", initial_state(self.y0)),
            ("t0", finite_time(self.t0, "t0")),
            ("t1", finite_time(self.t1, "t1")),
            ("p", p),
            ("p_key", key),
            ("engine", "compiled"),
        ):
            object.__setattr__(self, name, value)
        known = self.second_order
        if known is not None and (known.drift is not self.drift or known.diffusion is not self.diffusion):
            object.__setattr__(self, "second_order", None)  # a copy with another drift or diffusion
        if self.band is not None:
            object.__setattr__(self, "band", half_bandwidths(self.band, len(self.y0)))
            if self.jacobian is not None:
                check_inside_band(self)

    def _check_noises(self) -> None:
        if self.noises is None:
            if self.diffusion is not None and self.noise == "general":
                raise ValueError("General noise needs noises=, the number m of Brownian motions: g has shape (n, m).")
            return
        if isinstance(self.noises, bool) or int(self.noises) != self.noises or self.noises < 1:
            raise ValueError(f"noises must be a whole number of at least 1, but is {self.noises!r}.")
        wanted = {"general": self.noises, "scalar": 1}.get(self.noise, np.size(self.y0))
        if self.noises != wanted:
            raise ValueError(f"{self.noise} noise has {wanted} Brownian motions here, but noises is {self.noises}.")

    def __str__(self) -> str:
        """The equation with its numbers, where its form is known."""
        if self.second_order is None:
            return repr(self)
        from .langevin_text import describe

        return describe(self)

    @property
    def wieners(self) -> int:
        """Number of Brownian motions; 0 without a diffusion."""
        if self.diffusion is None:
            return 0
        return {"general": self.noises or 0, "scalar": 1}.get(self.noise, len(self.y0))


def initial_state(y0: Any) -> NDArray[np.float64]:
    """A finite, contiguous float64 copy of y0, of shape (n,)."""
    y = np.asarray(y0)
    if y.dtype.kind not in "fiub":
        advice = " Write real and imaginary parts as components." if y.dtype.kind == "c" else ""
        raise TypeError(f"y0 must hold real numbers, but its dtype is {y.dtype}.{advice}")
    if y.ndim > 1 or y.size == 0:
        raise ValueError(f"y0 must have shape (n,) with n >= 1, but has shape {y.shape}; flatten it with y0.ravel().")
    y = np.array(y, dtype=np.float64, order="C").reshape(-1)
    if not np.isfinite(y).all():
        bad = np.flatnonzero(~np.isfinite(y))
        raise ValueError(f"y0 must be finite, but components {bad[:10].tolist()} are not.")
    return y


def finite_time(t: Any, name: str) -> float:
    """The time as a finite float."""
    try:
        value = float(t)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, but is {t!r}.") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, but is {value}.")
    return value


def half_bandwidths(band: Any, n: int) -> tuple[int, int]:
    """(lower, upper) of n components as two ints."""
    try:
        lower, upper = (operator.index(width) for width in band)
    except (TypeError, ValueError):
        raise TypeError(f"band must be two whole numbers (lower, upper), but is {band!r}.") from None
    if not (0 <= lower < n and 0 <= upper < n):
        raise ValueError(f"band must hold half-bandwidths from 0 to n - 1 = {n - 1}, but is {(lower, upper)}.")
    return lower, upper


class _Recorder:
    """Stands for J while a Jacobian is tried in plain Python: refuses what banded storage has no room for."""

    def __init__(self, n: int, band: tuple[int, int]) -> None:
        self.shape, self.band, self.values = (n, n), band, {}  # type: ignore[var-annotated]

    def _place(self, index: Any) -> tuple[int, int]:
        lower, upper = self.band
        if not (isinstance(index, tuple) and len(index) == 2 and not any(isinstance(i, slice) for i in index)):
            raise ValueError(f"With band=, jacobian must fill J element by element (J[i, j] = ...), not J[{index!r}].")
        i, j = (operator.index(part) for part in index)
        if not (-upper <= i - j <= lower and 0 <= i < self.shape[0] and 0 <= j < self.shape[1]):
            raise ValueError(
                f"jacobian uses J[{i}, {j}], which lies outside of band={self.band}. Fill only the band (J holds zeros "
                "when it is called), or give the true half-bandwidths."
            )
        return i, j

    def __setitem__(self, index: Any, value: Any) -> None:
        self.values[self._place(index)] = value

    def __getitem__(self, index: Any) -> Any:
        return self.values.get(self._place(index), 0.0)


def check_inside_band(problem: Problem) -> None:
    """Try the Jacobian once in plain Python: storage of a band cannot see a wrong index.

    Raises
    ------
    ValueError
        If it touches what lies outside of the band.
    """
    key = (problem.jacobian, problem.band, len(problem.y0))
    if key in _checked:
        return
    function: Any = problem.jacobian
    with contextlib.suppress(ArithmeticError), np.errstate(all="ignore"):
        J: Any = _Recorder(len(problem.y0), problem.band or (0, 0))
        getattr(function, "py_func", function)(problem.t0, problem.y0.copy(), problem.p, J)
    _checked.add(key)


@cache
def reads_time(drift: Any) -> bool:
    """Whether the function reads its first argument; True where that cannot be told."""
    code = getattr(getattr(drift, "py_func", drift), "__code__", None)
    if code is None or code.co_argcount == 0:
        return True
    name = code.co_varnames[0]
    return name in code.co_cellvars or any(
        name == step.argval or (isinstance(step.argval, tuple) and name in step.argval)
        for step in dis.get_instructions(code)
    )


_checked: set[Any] = set()


def check_arguments(function: Any, name: str, wanted: str) -> None:
    """Raise TypeError unless `function` can be called as `name(wanted)`."""
    if not callable(function):
        raise TypeError(f"{name} must be a function {name}({wanted}), but is {function!r}.")
    plain = function.py_func if isinstance(function, Dispatcher) else function
    if not inspect.isfunction(plain):
        raise TypeError(
            f"{name} must be a plain function {name}({wanted}), because it is compiled; got a "
            f"{type(function).__name__}. Write a def and pass what it needs in p."
        )
    key = (plain, wanted)
    if key in _checked:
        return
    try:
        inspect.signature(plain).bind(*wanted.split(", "))
    except TypeError:
        got = ", ".join(inspect.signature(plain).parameters)
        raise TypeError(
            f"{name} must be {name}({wanted}), but takes ({got}). It fills its last argument and returns nothing; p is "
            "given even where there are no parameters."
        ) from None
    _checked.add(key)
