"""Checks of what `solve_geodesic` is given, and the way from the first point of the branch to the last."""

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers, whole_numbers
from ..leaky_resnet.activation import activation_of
from .result import Geodesic
from .setting import Problem, Setting

Array = NDArray[np.float64]
SMALL = (
    30  # w N up to which soft networks take Newton's method on (A, B): beyond, weights are faster, 2 to 10 times at 100
)
MIDDLE = 200  # w N up to which it is taken without being asked for
GENTLE = 4.0  # beta of the softplus at which a branch begins
SHARPEST = 65536.0  # beta of the softplus that tells which entries rest on a kink
SHARP = 1024.0  # beta of the softplus that tells where a continuous geodesic crosses kinks
NAMES = ("Lt", "beta", "lam")


class Request(NamedTuple):
    """What is to be done."""

    problem: Problem
    first: Setting
    last: Setting
    """Where the branch ends: the target, with SHARPEST for the beta of a kink."""
    waypoints: dict[str, Sequence[float]]
    newton: bool
    seed: int
    state: tuple[Array, Setting] | None
    tol: float
    activation: tuple[str, float]


def request_of(
    X: ArrayLike, Y: ArrayLike, lam: float, Lt: float, *, activation: Any, bias: bool, readout: ArrayLike | None,
    end: str, layers: int | ArrayLike, method: str, scheme: str, continuation: Mapping[str, Any] | None,
    start: Any, tol: float,
) -> Request:  # fmt: skip
    """Check arguments; see `solve_geodesic`."""
    _one_of(end=(end, ("soft", "fixed")), method=(method, ("auto", "newton", "weights")))
    _one_of(scheme=(scheme, ("network", "continuous")))
    if not isinstance(bias, (bool, np.bool_)):
        raise ValueError(f"bias must be True or False, but is {bias!r}.")
    X, Y = _matrix("X", X), _matrix("Y", Y)
    w, N = X.shape
    P = _readout(readout, w, Y, N)
    lam, Lt, tol = _positive("lam", lam), _positive("Lt", Lt), _positive("tol", tol)
    if not 1e-12 <= tol <= 0.1:
        raise ValueError(f"tol must lie between 1e-12 and 0.1, but is {tol}.")
    act = activation_of(activation)
    rho = steps_of(layers)
    if scheme == "network" and (rho * Lt).max() >= 1:
        warnings.warn(
            f"rho Lt reaches {(rho * Lt).max():.3g}: at 1 a layer forgets its input. Take more layers.",
            UserWarning, stacklevel=3,
        )  # fmt: skip
    if end == "fixed":
        _distinct(X, Y)
    target = Setting(
        Lt, np.inf if act.kinked or act.name == "identity" else act.parameter, lam, 1.0 if end == "soft" else 0.0
    )
    sharpest = SHARP if scheme == "continuous" else SHARPEST
    last = target._replace(beta=sharpest) if act.kinked else target
    states_only = end == "fixed" or scheme == "continuous"
    if states_only and (method == "weights" or (method == "auto" and w * N > MIDDLE)):
        raise ValueError(
            'end="fixed" and scheme="continuous" need method="newton", which "auto" takes up to w N = '
            f'{MIDDLE}; here w N = {w * N}. Ask for method="newton" (its time grows like (w N)^3), or a soft network.'
        )
    newton = method == "newton" or (method == "auto" and (states_only or w * N <= SMALL))
    first, waypoints = _way(continuation, last)
    problem = Problem(X, Y, P, rho, act, bool(bias), scheme, target)
    seed, state = 0, None
    if isinstance(start, Geodesic):
        state = _state(start, problem, act)
    elif start is not None:
        whole_numbers(start=(start, 0))
        seed = int(start)
    return Request(problem, first, last, waypoints, newton, seed, state, tol, (act.name, act.parameter))


def steps_of(layers: int | ArrayLike) -> Array:
    """Steps rho_l of layers: equal ones, or those given."""
    if np.ndim(layers) == 0:
        whole_numbers(layers=(layers, 1))  # type: ignore[arg-type]
        return np.full(layers, 1.0 / layers)  # type: ignore[arg-type, operator]
    rho = finite_numbers("layers", layers)
    if rho.ndim != 1 or len(rho) == 0 or (rho <= 0).any() or abs(rho.sum() - 1) > 1e-10:
        raise ValueError(
            f"layers must be a number of layers, or positive steps rho that sum to one; here the least is "
            f"{rho.min():.3g} and the sum {rho.sum():.12g}."
        )
    return rho


def _way(continuation: Mapping[str, Any] | None, last: Setting) -> tuple[Setting, dict[str, Sequence[float]]]:
    given: dict[str, Sequence[float]] = {}
    for name, values in (continuation or {}).items():
        if name not in NAMES:
            raise ValueError(f"continuation may hold {', '.join(NAMES)}, but holds {name!r}.")
        given[name] = [_positive(f"continuation[{name!r}]", v) for v in np.ravel(values)]
        if not given[name]:
            raise ValueError(f"continuation[{name!r}] must hold values, but is empty.")
    if "beta" in given and np.isinf(last.beta):
        raise ValueError("continuation may not hold 'beta' for the identity, which has no kink to smooth.")
    first = Setting(
        given["Lt"][0] if "Lt" in given else min(1.0, last.Lt),
        given["beta"][0] if "beta" in given else min(GENTLE, last.beta) if np.isfinite(last.beta) else np.inf,
        given["lam"][0] if "lam" in given else last.lam,
        1.0,
    )
    return first, {name: values[1:] for name, values in given.items()}


def _state(start: Geodesic, problem: Problem, act: Any) -> tuple[Array, Setting]:
    if start.at is None:
        raise ValueError(f"start holds no states to go on from. {start.reason}")
    same = (
        start.X.shape == problem.X.shape
        and np.array_equal(start.X, problem.X)
        and np.array_equal(start.rho, problem.rho)
    )
    if not same or start.bias != problem.bias or start.scheme != problem.scheme:
        raise ValueError("start must be a result of the same X, layers, bias and scheme.")
    if start.activation[0] != act.name or (act.kinked and start.activation[1] != act.parameter):
        raise ValueError(
            f"start has the activation {start.activation}, but ({act.name!r}, {act.parameter}) is asked for."
        )
    return start.state, start.at


def _readout(readout: ArrayLike | None, w: int, Y: Array, N: int) -> Array:
    if readout is None:
        if Y.shape != (w, N):
            raise ValueError(f"Y must have the shape {(w, N)} of X where there is no readout, but has {Y.shape}.")
        return np.eye(w)
    P = _matrix("readout", readout)
    if Y.shape[1] != N or P.shape != (w, Y.shape[0]) or P.shape[1] > w:
        raise ValueError(
            f"X is (w, N) = {(w, N)}, so Y must be (d, {N}) and readout ({w}, d) with d <= w, but they are "
            f"{Y.shape} and {P.shape}."
        )
    if np.linalg.matrix_rank(P) < P.shape[1]:
        raise ValueError("readout must have independent columns.")
    if not np.allclose(P.T @ P, np.eye(P.shape[1]), atol=1e-8):
        warnings.warn(
            "The columns of readout are not orthonormal; outputs are P^T A all the same.", UserWarning, stacklevel=4
        )
    return P


def _distinct(X: Array, Y: Array) -> None:
    """Equal inputs cannot be sent to different outputs."""
    order = np.lexsort(X)
    for a, b in pairwise(order):
        if np.array_equal(X[:, a], X[:, b]) and not np.array_equal(Y[:, a], Y[:, b]):
            raise ValueError(
                f"columns {min(a, b)} and {max(a, b)} of X are equal but have different outputs: "
                'end="fixed" cannot hold. Take end="soft", or merge them.'
            )


def _matrix(name: str, values: ArrayLike) -> Array:
    array = finite_numbers(name, values)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must be a matrix, but has the shape {array.shape}.")
    return array


def _positive(name: str, value: Any) -> float:
    number = finite_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, but is {number}.")
    return number


def _one_of(**choices: tuple[Any, tuple[str, ...]]) -> None:
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, but is {value!r}.")
