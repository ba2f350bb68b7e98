"""The Gaussian step of a linear stochastic equation, dx = (f + J x) dt + B dW from x = 0, as a kernel.

    flow(J, S, f, dt, n, Phi, u, Q, room)
    Phi = e^{J dt},   u = int_0^dt e^{J s} f ds,   Q = int_0^dt e^{J s} S e^{J^T s} ds,   S = B B^T

Matrices are flat, row by row. Taylor series on dt / 2^k, then k doublings: u(2h) = u + Phi u, Q(2h) = Q + Phi Q Phi^T.
The integrals are those of Van Loan, IEEE Trans. Autom. Control 23 (1978) 395-404.
"""

from ..engine.compile import kernel
from ..engine.stack import part

TERMS = 8  # of the series
SHORT = 0.25  # largest |J| h for it: 0.25^9 / 9! = 1e-11
MOST = 60  # doublings


@kernel(forceinline=False)
def flow(J, S, f, dt, n, Phi, u, Q, room):  # type: ignore[no-untyped-def]
    """Fill Phi (n n), u (n) and Q (n n); room holds `room_of(n)` numbers."""
    N = n * n
    power, other, dQ, more, du = (
        part(room, 0, N), part(room, N, N), part(room, 2 * N, N), part(room, 3 * N, N), part(room, 4 * N, n),
    )  # fmt: skip
    size = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(J[i * n + j])
        size = max(size, row)
    h, doublings = dt, 0
    while size * abs(h) > SHORT and doublings < MOST:
        h *= 0.5
        doublings += 1
    for i in range(n):
        u[i] = du[i] = f[i] * h
        for j in range(n):
            at = i * n + j
            Phi[at] = power[at] = 1.0 if i == j else 0.0
            Q[at] = dQ[at] = S[at] * h
    for k in range(1, TERMS + 1):
        _product(J, power, other, n, h / k)
        _product(J, dQ, more, n, h / (k + 1))
        for i in range(n):
            total = 0.0
            for j in range(n):
                total += J[i * n + j] * du[j]
            room[4 * N + n + i] = total * h / (k + 1)
        for i in range(n):
            du[i] = room[4 * N + n + i]
            u[i] += du[i]
            for j in range(n):
                at = i * n + j
                power[at] = other[at]
                Phi[at] += power[at]
                dQ[at] = more[at] + more[j * n + i]  # dQ is symmetric
                Q[at] += dQ[at]
    for _ in range(doublings):
        for i in range(n):
            total = u[i]
            for j in range(n):
                total += Phi[i * n + j] * u[j]
            du[i] = total
        _product(Phi, Q, other, n, 1.0)
        for i in range(n):
            u[i] = du[i]
            for j in range(n):
                total = Q[i * n + j]
                for k in range(n):
                    total += other[i * n + k] * Phi[j * n + k]
                more[i * n + j] = total
        _product(Phi, Phi, power, n, 1.0)
        for at in range(N):
            Q[at], Phi[at] = more[at], power[at]


def room_of(n: int) -> int:
    """Numbers of working memory."""
    return 4 * n * n + 2 * n


@kernel(forceinline=False)
def _product(A, B, C, n, factor):  # type: ignore[no-untyped-def]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += A[i * n + k] * B[k * n + j]
            C[i * n + j] = factor * total
