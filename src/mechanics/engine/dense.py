"""Values between steps, from Bernstein coefficients:

    y(t + theta dt) = y + dt sum_{k=1..d} Q_k C(d, k) theta^k (1 - theta)^(d - k)

Q holds d vectors one after the other, and room for the d weights behind them. Monomials would lose up to five digits to
cancellation at high order.
"""

import numpy as np

from .compile import kernel


@kernel(forceinline=False)
def evaluate(theta, dt, y, Q, degree, out):  # type: ignore[no-untyped-def]
    """State at theta in [0, 1]; `out` may not be `y`."""
    n = len(y)
    weights = degree * n
    power, binomial = theta, 1.0 * degree
    for k in range(degree):  # C(d, k + 1) theta^(k + 1)
        Q[weights + k] = binomial * power
        power = power * theta
        binomial = binomial * (degree - k - 1) / (k + 2)
    rest = 1.0 - theta
    power = rest
    for k in range(degree - 2, -1, -1):
        Q[weights + k] = Q[weights + k] * power
        power = power * rest
    for m in range(n):
        total = Q[weights] * Q[m]
        for k in range(1, degree):
            total = total + Q[weights + k] * Q[k * n + m]
        out[m] = y[m] + dt * total


def evaluate_many(t, ts, ys, dense, degree, out):  # type: ignore[no-untyped-def]
    """States at times t (k,) into out (k, n): row i of `dense` holds dt and Q of the step from ts[i] to ts[i + 1]."""
    forward = ts[-1] >= ts[0]
    steps, size = len(ts) - 1, dense.shape[1] - 1
    Q = np.empty(size + degree)
    for k in range(len(t)):
        low, high = 0, steps - 1
        while low < high:  # the last step that starts before t
            middle = (low + high + 1) // 2
            before = ts[middle] <= t[k] if forward else ts[middle] >= t[k]
            if before:
                low = middle
            else:
                high = middle - 1
        if t[k] == ts[steps]:
            for m in range(ys.shape[1]):
                out[k, m] = ys[steps, m]
            continue
        dt = dense[low, 0]
        for i in range(size):
            Q[i] = dense[low, 1 + i]
        evaluate((t[k] - ts[low]) / dt, dt, ys[low], Q, degree, out[k])
