"""Linear systems of implicit methods: M = shift I - J and its LU factors, dense or banded, real or complex.

    shifted(J, shift, M)              M = shift I - J
    factorise(M, P)                   M becomes L and U by partial pivoting, P what was exchanged
    solve(M, P, b)                    b becomes M^-1 b
    shifted_complex(J, re, im, R, I)  and so on: real and imaginary parts in arrays of their own

All arrays are flat. Nothing is allocated and nothing raised: a singular matrix has infinite reciprocal pivots, and the
solution is not finite, which refuses the step. A dense matrix is stored by rows. A banded one too, row i holding its
columns i - lower .. i + upper (J), or i - lower .. i + lower + upper (M, where exchanged rows need the room):

    J[i, j] at i (lower + upper + 1) + j - i + lower

Dense systems of up to `SMALL` unknowns are straight-line code without branches (`linear_small`), also for lanes.
The diagonal of U is stored as reciprocals.

References
----------
Golub, Van Loan, Matrix Computations, 4th ed., 3.4 and 4.3.5.
"""

from functools import cache
from typing import Any, NamedTuple

from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]

from .compile import inlined, kernel
from .elementary import fma
from .linear_small import SMALL, small_kernels

Band = tuple[int, int]  # lower and upper half-bandwidths


class Linear(NamedTuple):
    """Kernels for one storage: see the module's first lines. Sizes are kernels of n that give numbers of elements."""

    shifted: Any
    factorise: Any
    solve: Any
    shifted_complex: Any
    factorise_complex: Any
    solve_complex: Any
    size_J: Any
    size_M: Any
    size_P: Any


class Storage(NamedTuple):
    """Elements of J, M and P, as vectors of n and n x n squares: what an engine reserves for them."""

    vectors: int
    squares: int


@cache
def make_linear(n: int | None, band: Band | None) -> Linear:
    """Kernels for systems of n unknowns; n=None leaves the number open."""
    if band is not None:
        return _banded(*band)
    return _dense(n if n is not None and n <= SMALL else None)


def storage(n: int | None, band: Band | None, *, J: int = 1, M: int = 1, P: int = 1) -> Storage:
    """Room for so many matrices J and M and exchanges P (a complex M counts as two)."""
    if band is not None:
        lower, upper = band
        return Storage(J * (lower + upper + 1) + M * (2 * lower + upper + 1) + P, 0)
    return Storage(P * _pivot_vectors(n), J + M)


def elements(room: Storage, n: int) -> int:
    """The same as a number of float64."""
    return room.vectors * n + room.squares * n * n


def _pivot_vectors(n: int | None) -> int:
    """n (n - 1) / 2 marks of the branch-free form, or n indices."""
    return 1 if n is None or n > SMALL else max(1, n // 2)


def _dense(small: int | None) -> Linear:
    @kernel(forceinline=False)
    def shifted(J, shift, M):  # type: ignore[no-untyped-def]
        n = small if small is not None else _root(len(M))
        for i in range(n * n):
            M[i] = -J[i]
        for i in range(n):
            M[i * n + i] = shift + M[i * n + i]

    @kernel(forceinline=False)
    def shifted_complex(J, re, im, R, I):  # type: ignore[no-untyped-def]
        n = small if small is not None else _root(len(R))
        for i in range(n * n):
            R[i] = -J[i]
            I[i] = 0.0
        for i in range(n):
            R[i * n + i] = re + R[i * n + i]
            I[i * n + i] = im

    @inlined
    def size(n):  # type: ignore[no-untyped-def]
        return n * n

    pivots = _pivot_vectors(small)

    @inlined
    def size_P(n):  # type: ignore[no-untyped-def]
        return n * pivots

    if small is not None and not DISABLE_JIT:
        real, complex_ = small_kernels(small)
    else:
        real = (_factorise, _solve)
        complex_ = (_factorise_complex, _solve_complex)
    return Linear(shifted, *real, shifted_complex, *complex_, size, size, size_P)


@inlined
def _root(square):  # type: ignore[no-untyped-def]
    return int(square**0.5 + 0.5)


@kernel(forceinline=False)
def _factorise(M, P):  # type: ignore[no-untyped-def]
    n = _root(len(M))
    for k in range(n):
        best, largest = k, abs(M[k * n + k])
        for r in range(k + 1, n):
            size = abs(M[r * n + k])
            if size > largest:
                best, largest = r, size
        P[k] = best
        if best != k:
            for j in range(k, n):
                M[k * n + j], M[best * n + j] = M[best * n + j], M[k * n + j]
        inverse = 1.0 / M[k * n + k]
        M[k * n + k] = inverse
        top = M[k * n : k * n + n]
        for r in range(k + 1, n):
            row = M[r * n : r * n + n]
            factor = row[k] * inverse
            row[k] = factor
            if factor != 0.0:
                for j in range(k + 1, n):
                    row[j] = fma(-factor, top[j], row[j])


@kernel(forceinline=False)
def _solve(M, P, b):  # type: ignore[no-untyped-def]
    n = len(b)
    for k in range(n):
        best = int(P[k])
        value = b[best]
        b[best] = b[k]
        b[k] = value
        for r in range(k + 1, n):
            b[r] = fma(-M[r * n + k], value, b[r])
    for k in range(n - 1, -1, -1):
        row = M[k * n : k * n + n]
        total = b[k]
        for j in range(k + 1, n):
            total = fma(-row[j], b[j], total)
        b[k] = total * row[k]


@kernel(forceinline=False)
def _factorise_complex(R, I, P):  # type: ignore[no-untyped-def]
    n = _root(len(R))
    for k in range(n):
        best, largest = k, abs(R[k * n + k]) + abs(I[k * n + k])
        for r in range(k + 1, n):
            size = abs(R[r * n + k]) + abs(I[r * n + k])
            if size > largest:
                best, largest = r, size
        P[k] = best
        if best != k:
            for j in range(k, n):
                R[k * n + j], R[best * n + j] = R[best * n + j], R[k * n + j]
                I[k * n + j], I[best * n + j] = I[best * n + j], I[k * n + j]
        a, b = R[k * n + k], I[k * n + k]
        square = a * a + b * b
        a, b = a / square, -b / square
        R[k * n + k], I[k * n + k] = a, b
        top_R, top_I = R[k * n : k * n + n], I[k * n : k * n + n]
        for r in range(k + 1, n):
            row_R, row_I = R[r * n : r * n + n], I[r * n : r * n + n]
            x, y = row_R[k], row_I[k]
            u, v = fma(x, a, -(y * b)), fma(x, b, y * a)
            row_R[k], row_I[k] = u, v
            if u != 0.0 or v != 0.0:
                for j in range(k + 1, n):
                    row_R[j] = fma(-u, top_R[j], fma(v, top_I[j], row_R[j]))
                    row_I[j] = fma(-u, top_I[j], fma(-v, top_R[j], row_I[j]))


@kernel(forceinline=False)
def _solve_complex(R, I, P, b, c):  # type: ignore[no-untyped-def]
    n = len(b)
    for k in range(n):
        best = int(P[k])
        x, y = b[best], c[best]
        b[best], c[best] = b[k], c[k]
        b[k], c[k] = x, y
        for r in range(k + 1, n):
            u, v = R[r * n + k], I[r * n + k]
            b[r] = fma(-u, x, fma(v, y, b[r]))
            c[r] = fma(-u, y, fma(-v, x, c[r]))
    for k in range(n - 1, -1, -1):
        row_R, row_I = R[k * n : k * n + n], I[k * n : k * n + n]
        x, y = b[k], c[k]
        for j in range(k + 1, n):
            x = fma(-row_R[j], b[j], fma(row_I[j], c[j], x))
            y = fma(-row_R[j], c[j], fma(-row_I[j], b[j], y))
        b[k] = fma(x, row_R[k], -(y * row_I[k]))
        c[k] = fma(x, row_I[k], y * row_R[k])


def _banded(lower: int, upper: int) -> Linear:
    narrow, wide, reach = lower + upper + 1, 2 * lower + upper + 1, lower + upper

    @kernel(forceinline=False)
    def shifted(J, shift, M):  # type: ignore[no-untyped-def]
        for i in range(len(M) // wide):
            for d in range(narrow):
                M[i * wide + d] = -J[i * narrow + d]
            for d in range(narrow, wide):
                M[i * wide + d] = 0.0
            M[i * wide + lower] = shift + M[i * wide + lower]

    @kernel(forceinline=False)
    def shifted_complex(J, re, im, R, I):  # type: ignore[no-untyped-def]
        for i in range(len(R) // wide):
            for d in range(narrow):
                R[i * wide + d] = -J[i * narrow + d]
                I[i * wide + d] = 0.0
            for d in range(narrow, wide):
                R[i * wide + d] = 0.0
                I[i * wide + d] = 0.0
            R[i * wide + lower] = re + R[i * wide + lower]
            I[i * wide + lower] = im

    # Element (i, j) is at i wide + j - i + lower. The multipliers of column k stay where rows were not exchanged
    # later, so exchanges and eliminations alternate in `solve` as they did here.
    @kernel(forceinline=False)
    def factorise(M, P):  # type: ignore[no-untyped-def]
        n = len(M) // wide
        for k in range(n):
            rows = min(lower, n - 1 - k)
            top = k * wide + lower
            best, largest = 0, abs(M[top])
            for r in range(1, rows + 1):
                size = abs(M[top + r * (wide - 1)])
                if size > largest:
                    best, largest = r, size
            P[k] = k + best
            if best != 0:
                other = top + best * (wide - 1)
                for d in range(min(reach, n - 1 - k) + 1):
                    M[top + d], M[other + d] = M[other + d], M[top + d]
            inverse = 1.0 / M[top]
            M[top] = inverse
            for r in range(1, rows + 1):
                row = top + r * (wide - 1)
                factor = M[row] * inverse
                M[row] = factor
                if factor != 0.0:
                    for d in range(1, min(reach, n - 1 - k) + 1):
                        M[row + d] = fma(-factor, M[top + d], M[row + d])

    @kernel(forceinline=False)
    def solve(M, P, b):  # type: ignore[no-untyped-def]
        n = len(b)
        for k in range(n):
            best = int(P[k])
            value = b[best]
            if best != k:
                b[best] = b[k]
                b[k] = value
            top = k * wide + lower
            for r in range(1, min(lower, n - 1 - k) + 1):
                b[k + r] = fma(-M[top + r * (wide - 1)], value, b[k + r])
        for k in range(n - 1, -1, -1):
            top = k * wide + lower
            total = b[k]
            for d in range(min(reach, n - 1 - k), 0, -1):  # the newest unknown last: the shortest dependency
                total = fma(-M[top + d], b[k + d], total)
            b[k] = total * M[top]

    @kernel(forceinline=False)
    def factorise_complex(R, I, P):  # type: ignore[no-untyped-def]
        n = len(R) // wide
        for k in range(n):
            rows = min(lower, n - 1 - k)
            top = k * wide + lower
            best, largest = 0, abs(R[top]) + abs(I[top])
            for r in range(1, rows + 1):
                at = top + r * (wide - 1)
                size = abs(R[at]) + abs(I[at])
                if size > largest:
                    best, largest = r, size
            P[k] = k + best
            if best != 0:
                other = top + best * (wide - 1)
                for d in range(min(reach, n - 1 - k) + 1):
                    R[top + d], R[other + d] = R[other + d], R[top + d]
                    I[top + d], I[other + d] = I[other + d], I[top + d]
            a, b = R[top], I[top]
            square = a * a + b * b
            a, b = a / square, -b / square
            R[top], I[top] = a, b
            for r in range(1, rows + 1):
                row = top + r * (wide - 1)
                x, y = R[row], I[row]
                u, v = fma(x, a, -(y * b)), fma(x, b, y * a)
                R[row], I[row] = u, v
                if u != 0.0 or v != 0.0:
                    for d in range(1, min(reach, n - 1 - k) + 1):
                        R[row + d] = fma(-u, R[top + d], fma(v, I[top + d], R[row + d]))
                        I[row + d] = fma(-u, I[top + d], fma(-v, R[top + d], I[row + d]))

    @kernel(forceinline=False)
    def solve_complex(R, I, P, b, c):  # type: ignore[no-untyped-def]
        n = len(b)
        for k in range(n):
            best = int(P[k])
            x, y = b[best], c[best]
            b[best], c[best] = b[k], c[k]
            b[k], c[k] = x, y
            top = k * wide + lower
            for r in range(1, min(lower, n - 1 - k) + 1):
                u, v = R[top + r * (wide - 1)], I[top + r * (wide - 1)]
                b[k + r] = fma(-u, x, fma(v, y, b[k + r]))
                c[k + r] = fma(-u, y, fma(-v, x, c[k + r]))
        for k in range(n - 1, -1, -1):
            top = k * wide + lower
            x, y = b[k], c[k]
            for d in range(min(reach, n - 1 - k), 0, -1):
                x = fma(-R[top + d], b[k + d], fma(I[top + d], c[k + d], x))
                y = fma(-R[top + d], c[k + d], fma(-I[top + d], b[k + d], y))
            b[k] = fma(x, R[top], -(y * I[top]))
            c[k] = fma(x, I[top], y * R[top])

    @inlined
    def size_J(n):  # type: ignore[no-untyped-def]
        return n * narrow

    @inlined
    def size_M(n):  # type: ignore[no-untyped-def]
        return n * wide

    @inlined
    def size_P(n):  # type: ignore[no-untyped-def]
        return n

    return Linear(shifted, factorise, solve, shifted_complex, factorise_complex, solve_complex, size_J, size_M, size_P)
