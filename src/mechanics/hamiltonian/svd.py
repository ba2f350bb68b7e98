"""Singular values of small matrices inside kernels, by one-sided Jacobi rotations.

    A V = U diag(values)      columns of A are rotated in pairs until they are orthogonal

No work space, no call of a library, small singular values to high relative accuracy.

Golub, Van Loan, Matrix Computations, 4th ed., section 8.6.3.
Demmel, Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204-1245.
"""

import math

SWEEPS = 30  # six are usual
ORTHOGONAL = 1e-15  # cosine of two columns


def decompose(U, values, V):  # type: ignore[no-untyped-def]
    """Overwrites A in U (r, c) with the left vectors; fills values (c,), not sorted, and V (c, c)."""
    rows, columns = U.shape
    for a in range(columns):
        for b in range(columns):
            V[a, b] = 1.0 if a == b else 0.0
    for _ in range(SWEEPS):
        turned = False
        for p in range(columns - 1):
            for q in range(p + 1, columns):
                first, second, product = 0.0, 0.0, 0.0
                for r in range(rows):
                    first += U[r, p] * U[r, p]
                    second += U[r, q] * U[r, q]
                    product += U[r, p] * U[r, q]
                if abs(product) <= ORTHOGONAL * math.sqrt(first * second) or product == 0.0:
                    continue
                turned = True
                zeta = (second - first) / (2.0 * product)
                tangent = 1.0 / (abs(zeta) + math.sqrt(1.0 + zeta * zeta))
                if zeta < 0.0:
                    tangent = -tangent
                cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
                sine = cosine * tangent
                for r in range(rows):
                    U[r, p], U[r, q] = cosine * U[r, p] - sine * U[r, q], sine * U[r, p] + cosine * U[r, q]
                for r in range(columns):
                    V[r, p], V[r, q] = cosine * V[r, p] - sine * V[r, q], sine * V[r, p] + cosine * V[r, q]
        if not turned:
            break
    for c in range(columns):
        square = 0.0
        for r in range(rows):
            square += U[r, c] * U[r, c]
        values[c] = math.sqrt(square)
        if values[c] > 0.0:
            for r in range(rows):
                U[r, c] /= values[c]
