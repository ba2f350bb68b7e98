"""Values between steps: y(t + theta dt) = y + dt (theta Q_1 + theta^2 Q_2 + ...), Q_d several vectors in one array."""

from .compile import kernel


@kernel(forceinline=False)
def evaluate(theta, dt, y, Q, degree, out):  # type: ignore[no-untyped-def]
    """State at theta in [0, 1]; `out` may not be `y`."""
    n = len(y)
    for m in range(n):
        total = Q[(degree - 1) * n + m]
        for d in range(degree - 2, -1, -1):
            total = total * theta + Q[d * n + m]
        out[m] = y[m] + dt * (theta * total)


def evaluate_many(t, ts, ys, dense, degree, out):  # type: ignore[no-untyped-def]
    """States at times t (k,) into out (k, n): row i of `dense` holds dt and Q of the step from ts[i] to ts[i + 1]."""
    forward = ts[-1] >= ts[0]
    steps = len(ts) - 1
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
        evaluate((t[k] - ts[low]) / dt, dt, ys[low], dense[low, 1:], degree, out[k])
