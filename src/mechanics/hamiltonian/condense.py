"""Kernels of Gauss collocation on a mesh: stages, residuals, and elimination of the stages interval by interval.

    Z_ij = y_i + h_i sum_l A_jl K_il         K_ij = f(t_i + c_j h_i, Z_ij)         y_{i+1} = y_i + h_i sum_j b_j K_ij

A Newton step with slopes dK and Jacobians J_ij solves (I - h J A) dK = J dy_i + r_K in each interval, which leaves
dy_{i+1} = G_i dy_i + w_i with G_i = I + h b^T (I - h J A)^-1 J.

Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for ODEs, SIAM 1995, 5.6.1-5.6.2.
"""

import numpy as np


def stages(ts, y, K, A, c, times, Z):  # type: ignore[no-untyped-def]
    """Stage times (M s,) and states (M s, n)."""
    M, s, n = K.shape
    for i in range(M):
        h = ts[i + 1] - ts[i]
        for j in range(s):
            times[i * s + j] = ts[i] + c[j] * h
            for a in range(n):
                total = 0.0
                for l in range(s):
                    total += A[j, l] * K[i, l, a]
                Z[i * s + j, a] = y[i, a] + h * total


def residuals(ts, y, K, F, b, rK, rC):  # type: ignore[no-untyped-def]
    """r_K = f - K (M, s, n) and r_C = y_i + h b^T K - y_{i+1} (M, n); whether both are finite."""
    M, s, n = K.shape
    check = 0.0
    for i in range(M):
        h = ts[i + 1] - ts[i]
        for a in range(n):
            total = 0.0
            for j in range(s):
                r = F[i * s + j, a] - K[i, j, a]
                rK[i, j, a] = r
                total += b[j] * K[i, j, a]
                check += 0.0 * r
            rC[i, a] = y[i, a] + h * total - y[i + 1, a]
            check += 0.0 * rC[i, a]
    return check == 0.0  # zero times infinity is not a number


def eliminate(ts, J, A, b, LU, swaps, S, G):  # type: ignore[no-untyped-def]
    """Factors of I - h J A, S = (I - h J A)^-1 J and G."""
    M, size, n = S.shape
    s = size // n
    for i in range(M):
        h = ts[i + 1] - ts[i]
        for j in range(s):
            for a in range(n):
                for l in range(s):
                    for c in range(n):
                        one = 1.0 if j == l and a == c else 0.0
                        LU[i, j * n + a, l * n + c] = one - h * A[j, l] * J[i * s + j, a, c]
                for c in range(n):
                    S[i, j * n + a, c] = J[i * s + j, a, c]
        for k in range(size):
            best = k
            for r in range(k + 1, size):
                if abs(LU[i, r, k]) > abs(LU[i, best, k]):
                    best = r
            swaps[i, k] = best
            if best != k:
                for c in range(size):
                    LU[i, k, c], LU[i, best, c] = LU[i, best, c], LU[i, k, c]
                for c in range(n):
                    S[i, k, c], S[i, best, c] = S[i, best, c], S[i, k, c]
            inverse = 1.0 / LU[i, k, k]
            for r in range(k + 1, size):
                factor = LU[i, r, k] * inverse
                LU[i, r, k] = factor
                if factor == 0.0:  # q' = p has many
                    continue
                for c in range(k + 1, size):
                    LU[i, r, c] -= factor * LU[i, k, c]
                for c in range(n):
                    S[i, r, c] -= factor * S[i, k, c]
        for k in range(size - 1, -1, -1):
            inverse = 1.0 / LU[i, k, k]
            for c in range(n):
                total = S[i, k, c]
                for r in range(k + 1, size):
                    total -= LU[i, k, r] * S[i, r, c]
                S[i, k, c] = total * inverse
        for a in range(n):
            for c in range(n):
                total = 0.0
                for j in range(s):
                    total += b[j] * S[i, j * n + a, c]
                G[i, a, c] = (1.0 if a == c else 0.0) + h * total


def reduce(ts, LU, swaps, b, rK, rC, u, w):  # type: ignore[no-untyped-def]
    """u = (I - h J A)^-1 r_K (M, s n) and w = r_C + h b^T u (M, n)."""
    M, s, n = rK.shape
    size = s * n
    x = np.empty(size)
    for i in range(M):
        h = ts[i + 1] - ts[i]
        for j in range(s):
            for a in range(n):
                x[j * n + a] = rK[i, j, a]
        for k in range(size):  # rows were exchanged whole, multipliers too: all exchanges come first
            best = swaps[i, k]
            if best != k:
                x[k], x[best] = x[best], x[k]
        for k in range(size):
            for r in range(k):
                x[k] -= LU[i, k, r] * x[r]
        for k in range(size - 1, -1, -1):
            total = x[k]
            for r in range(k + 1, size):
                total -= LU[i, k, r] * x[r]
            x[k] = total / LU[i, k, k]
            u[i, k] = x[k]
        for a in range(n):
            total = 0.0
            for j in range(s):
                total += b[j] * x[j * n + a]
            w[i, a] = rC[i, a] + h * total


def expand(S, U, u, dy, dtheta, dK):  # type: ignore[no-untyped-def]
    """dK = u + S dy_i + U dtheta (M, s, n)."""
    M, s, n = dK.shape
    for i in range(M):
        for j in range(s):
            for c in range(n):
                k = j * n + c
                total = u[i, k]
                for a in range(n):
                    total += S[i, k, a] * dy[i, a]
                for a in range(len(dtheta)):
                    total += U[i, k, a] * dtheta[a]
                dK[i, j, c] = total


def size_of(ts, y, dy, dK, share, sy, sK):  # type: ignore[no-untyped-def]
    """Mean square of a correction less a share of the step s; each component relative to its largest value of y."""
    M, s, n = dK.shape
    largest, whole = 0.0, 0.0
    for a in range(n):
        for i in range(M + 1):
            largest = max(largest, abs(y[i, a]))
    for a in range(n):
        scale, nodes, slopes = 1e-3 * largest, 0.0, 0.0
        for i in range(M + 1):
            scale = max(scale, abs(y[i, a]))
            x = dy[i, a] - share * sy[i, a]
            nodes += x * x
        for i in range(M):
            h = ts[i + 1] - ts[i]
            for j in range(s):
                x = h * (dK[i, j, a] - share * sK[i, j, a])
                slopes += x * x
        scale += 1e-12
        whole += (nodes / (M + 1) + slopes / (M * s)) / (scale * scale)
    return whole / n
