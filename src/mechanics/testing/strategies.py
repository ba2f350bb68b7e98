"""Hypothesis strategies: systems whose solutions, invariants or moments are known.

Hypothesis is imported when a strategy is made, so that `mechanics.testing` works without it.
"""

import importlib
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.systems import System, linear_moments, linear_system, make_system

Array = NDArray[np.float64]


def _strategies() -> Any:
    """hypothesis.strategies, or an ImportError that says what to install."""
    try:
        return importlib.import_module("hypothesis.strategies")
    except ImportError:
        raise ImportError(
            "mechanics.testing.strategies needs hypothesis; install it with: pip install mechanet[test]"
        ) from None


def states(n: int, largest: float = 10.0) -> Any:
    """Strategy for finite states, shape (n,), components within [-largest, largest], none subnormal.

    Raises
    ------
    ValueError
        If n < 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, but is {n}.")
    st = _strategies()
    number = st.floats(-largest, largest, allow_subnormal=False)
    return st.lists(number, min_size=n, max_size=n).map(lambda values: np.array(values, float))


def parameters(record: type, **ranges: tuple[float, float]) -> Any:
    """Strategy for a parameter record, a NamedTuple type, with each field within its range.

    Parameters
    ----------
    record : type
        A NamedTuple class.
    **ranges : (low, high)
        One for each field.

    Raises
    ------
    TypeError
        If the class is no NamedTuple, or ranges and fields differ.
    """
    fields = getattr(record, "_fields", None)
    if fields is None or set(fields) != set(ranges):
        raise TypeError(
            f"parameters needs one range for each field of a NamedTuple: {fields}, but got {sorted(ranges)}."
        )
    st = _strategies()
    return st.builds(record, **{k: st.floats(low, high) for k, (low, high) in ranges.items()})


def _orthogonal(n: int, seed: int) -> Array:
    """A random rotation or reflection, uniform (Stewart, SIAM J. Numer. Anal. 17 (1980) 403-409)."""
    Q, R = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return Q * np.sign(np.diag(R))


def _matrix(eigenvalues: list[complex], shear: float, seed: int) -> Array:
    """A real matrix with these eigenvalues (those with imaginary part stand for a conjugate pair)."""
    n = sum(2 if z.imag else 1 for z in eigenvalues)
    T, i = np.zeros((n, n)), 0
    for z in eigenvalues:
        if z.imag:
            T[i : i + 2, i : i + 2] = [[z.real, z.imag], [-z.imag, z.real]]
            i += 2
        else:
            T[i, i] = z.real
            i += 1
    block = np.add.accumulate([0, *(2 if z.imag else 1 for z in eigenvalues)])
    for a, b in pairwise(block):
        T[a:b, b:] = shear  # above the blocks: not normal, same eigenvalues
    Q = _orthogonal(n, seed)
    return Q @ T @ Q.T


def linear_systems(
    eigenvalues: list[complex] | None = None,
    *,
    largest_n: int = 5,
    real: tuple[float, float] = (-2.0, 0.5),
    imaginary: tuple[float, float] = (0.1, 3.0),
    t1: float = 1.0,
) -> Any:
    """Strategy for systems y' = A y with an exact solution and prescribed eigenvalues.

    Parameters
    ----------
    eigenvalues : list of complex, optional
        One of each conjugate pair, e.g. [-1, 0.5 + 2j] for n = 3; drawn from the ranges if not given.
    largest_n : int
        Most components, if drawn.
    real, imaginary : (low, high)
        Ranges of the parts, if drawn.
    t1 : float
        End.

    Returns
    -------
    strategy of System
        A is a random rotation of a block triangular matrix, so it need not be normal.
    """
    st = _strategies()

    def one(draw: Any) -> System:
        chosen = eigenvalues
        if chosen is None:
            chosen, n = [], draw(st.integers(1, largest_n))
            while n > 0:
                pair = n > 1 and draw(st.booleans())
                part = draw(st.floats(*imaginary)) if pair else 0.0
                chosen.append(complex(draw(st.floats(*real)), part))
                n -= 2 if pair else 1
        A = _matrix([complex(z) for z in chosen], draw(st.floats(0.0, 0.5)), draw(st.integers(0, 2**32 - 1)))
        return linear_system(A, draw(states(len(A), 1.0)), t1, name="linear, drawn")

    return st.composite(one)()


class Quartic(NamedTuple):
    """V(q) = sum k_i q_i^2 / 2 + sum c_ij q_i^2 q_j^2 / 4, c symmetric with no negative entries."""

    k: Array
    c: Array


def quartic(t, y, p, dy):  # type: ignore[no-untyped-def]
    """q_i'' = -(k_i + sum_j c_ij q_j^2) q_i."""
    d = len(y) // 2
    for i in range(d):
        stiffness = p.k[i]
        for j in range(d):
            stiffness += p.c[i, j] * y[j] * y[j]
        dy[i] = y[d + i]
        dy[d + i] = -stiffness * y[i]


def quartic_energy(t: float, y: Array, p: Quartic) -> float:
    """|v|^2 / 2 + V(q)."""
    d = len(y) // 2
    q2 = y[:d] ** 2
    return float(0.5 * (y[d:] @ y[d:] + p.k @ q2) + 0.25 * (q2 @ p.c @ q2))


def plane_angular_momentum(t: float, y: Array, p: Quartic) -> float:
    """q_1 v_2 - q_2 v_1."""
    return float(y[0] * y[3] - y[1] * y[2])


def hamiltonians(*, d: int | None = None, round: bool = False, t1: float = 5.0) -> Any:
    """Strategy for separable polynomial Hamiltonians |v|^2 / 2 + V(q), confining and even in q.

    Parameters
    ----------
    d : int, optional
        Degrees of freedom; 1 to 3 if not given.
    round : bool
        Two degrees of freedom and V a function of |q|: angular momentum is a second invariant.
    t1 : float
        End.

    Returns
    -------
    strategy of System
        With its energy (and angular momentum) as invariants; if y(t) is a solution so is -y(t), and so is the reversed
        motion (q(-t), -v(-t)).
    """
    st = _strategies()

    def one(draw: Any) -> System:
        n = 2 if round else d or draw(st.integers(1, 3))
        if round:
            k, c = np.full(n, draw(st.floats(0.1, 2.0))), np.full((n, n), draw(st.floats(0.0, 1.0)))
        else:
            k = np.array([draw(st.floats(0.1, 2.0)) for _ in range(n)])
            c = np.array([[draw(st.floats(0.0, 1.0)) for _ in range(n)] for _ in range(n)])
            c = 0.5 * (c + c.T)
        return make_system(
            "quartic, drawn",
            quartic,
            draw(states(2 * n, 1.0)),
            t1,
            Quartic(k, c),
            kind="Hamiltonian",
            reference="Drawn by mechanics.testing.",
            invariants=(quartic_energy, *((plane_angular_momentum,) if round else ())),
        )

    return st.composite(one)()


class LinearNoise(NamedTuple):
    """dy = A y dt + B dW."""

    A: Array
    B: Array


def linear_drift(t, y, p, dy):  # type: ignore[no-untyped-def]
    """A y."""
    n = len(y)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += p.A[i, j] * y[j]
        dy[i] = total


def linear_noise(t, y, p, g):  # type: ignore[no-untyped-def]
    """B."""
    n, m = p.B.shape
    for i in range(n):
        for j in range(m):
            g[i, j] = p.B[i, j]


def _linear_noise_moments(t: float, y0: Array, p: LinearNoise) -> tuple[Array, Array]:
    return linear_moments(p.A, p.B, t, y0)


def linear_sdes(*, largest_n: int = 3, largest_noise: float = 1.0, t1: float = 1.0) -> Any:
    """Strategy for linear stochastic systems with additive noise through a matrix, exact moments included.

    Parameters
    ----------
    largest_n : int
        Most components; as many Brownian motions at most.
    largest_noise : float
        Bound on the entries of B.
    t1 : float
        End.

    Returns
    -------
    strategy of System
        `noise="general"`; eigenvalues of A have real parts in [-2, 0].
    """
    st = _strategies()

    def one(draw: Any) -> System:
        base = draw(linear_systems(largest_n=largest_n, real=(-2.0, 0.0)))
        n = base.n
        m = draw(st.integers(1, n))
        entry = st.floats(-largest_noise, largest_noise, allow_subnormal=False)
        B = np.array([[draw(entry) for _ in range(m)] for _ in range(n)])
        return make_system(
            "linear with noise, drawn",
            linear_drift,
            base.y0,
            t1,
            LinearNoise(base.p.A, B),
            kind="stochastic",
            reference="Drawn by mechanics.testing.",
            diffusion=linear_noise,
            noise="general",
            noises=m,
            moments=_linear_noise_moments,
        )

    return st.composite(one)()
