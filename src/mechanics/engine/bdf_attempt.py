"""One attempted step of the backward differentiation formulas: prediction, Newton's iteration, error.

    e = (dt f(t_n, y_predicted + e) - z_1) / l_1,      (l_1 / dt - J) delta = l_1 / dt (right - left)

J is kept until the iteration fails or it is old, the factorised matrix until l_1 / dt has changed by more than a part;
meanwhile corrections are multiplied by 2 r / (1 + r), r the ratio of the old l_1 / dt to the present one, between
what is right for fast and for slow modes. The iteration ends where the error left, estimated from the rate of
convergence, is a small part of the error allowed.

Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10 (1989) 1038-1051, section 3.
"""

import math
from typing import Any

from .bdf_layout import HEAD, J_AGE, LU_AGE, LU_SHIFT, ORDER, RATE, ROWS, SAME, SCALE
from .compile import inlined, kernel
from .layout import EVALUATIONS, FACTORISATIONS, JACOBIANS
from .stack import part

MOST_ITERATIONS = 4
SLOWEST = 0.3  # a rate of convergence is remembered by this part of it
DIVERGING = 2.0  # ratio of two corrections
CLOSE = 0.03  # part of the tolerance that the iteration may leave: 0.1 costs a third more steps, 0.01 more iterations
OLD_LU, OLD_J = 20, 50  # accepted steps
CHANGED = 0.1  # part of l_1 / dt


@kernel
def predict(mem, dt, n, zp):  # type: ignore[no-untyped-def]
    """The Nordsieck array at the end of the step from that at its start: Pascal's triangle."""
    q = int(mem[ORDER])
    ratio, scale = dt / mem[SCALE], 1.0
    for j in range(q + 1):
        row, start = part(zp, j * n, n), part(mem, HEAD + j * n, n)
        for m in range(n):
            row[m] = scale * start[m]
        scale *= ratio
    for k in range(q):
        for j in range(q - 1, k - 1, -1):
            row, above = part(zp, j * n, n), part(zp, j * n + n, n)
            for m in range(n):
                row[m] += above[m]


def make_attempt(linear: Any, jacobian: Any) -> Any:
    """Kernel `attempt(drift, t, dt, p, mem, whole, zp, e, w, d, f, y1, work, l, c, rtol, atol) -> square`.

    The mean square of the scaled error; -1 where Newton's iteration does not converge, NaN where it meets values that
    are not finite.
    """
    shifted, factorise, backsolve = linear.shifted, linear.factorise, linear.solve
    size_J, size_M, size_P = linear.size_J, linear.size_M, linear.size_P

    @inlined
    def attempt(drift, t, dt, p, mem, whole, zp, e, w, d, f, y1, work, l, c, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y1)
        at_J = HEAD + (ROWS + 1) * n
        at_M = at_J + size_J(n)
        at_P = at_M + size_M(n)
        J, M, P = part(mem, at_J, size_J(n)), part(mem, at_M, size_M(n)), part(mem, at_P, size_P(n))
        predict(mem, dt, n, zp)
        zp0, zp1 = part(zp, 0, n), part(zp, n, n)
        shift, close = l[1] / dt, CLOSE / c[SAME]
        inverse = 1.0 / l[1]
        fresh, failed = False, False
        while True:
            for m in range(n):
                e[m] = 0.0
                y1[m] = zp0[m]
            before, size, scale = 0.0, 0.0, 0.0
            for i in range(MOST_ITERATIONS):
                drift(t + dt, y1, p, f)
                whole[EVALUATIONS] += 1
                if i == 0:
                    ratio = mem[LU_SHIFT] / shift
                    if failed or abs(ratio - 1.0) > CHANGED or mem[LU_AGE] >= OLD_LU:
                        if failed or ratio == 0.0 or mem[J_AGE] >= OLD_J:
                            jacobian(drift, t + dt, y1, p, f, J, work, d, rtol, atol)
                            whole[JACOBIANS] += 1
                            mem[J_AGE] = 0.0
                            fresh = True
                        shifted(J, shift, M)
                        factorise(M, P)
                        whole[FACTORISATIONS] += 1
                        mem[LU_SHIFT], mem[LU_AGE], mem[RATE] = shift, 0.0, 1.0
                        ratio = 1.0
                    scale = 2.0 * mem[LU_SHIFT] / (1.0 + ratio)
                for m in range(n):
                    d[m] = (dt * f[m] - zp1[m]) * inverse - e[m]
                backsolve(M, P, d)
                size, total = 0.0, 0.0
                for m in range(n):
                    step = scale * d[m]
                    e[m] += step
                    y1[m] = zp0[m] + e[m]
                    step *= w[m]
                    size += step * step
                    total += e[m] * w[m] * (e[m] * w[m])
                size = math.sqrt(size / n)
                if i > 0:
                    mem[RATE] = max(SLOWEST * mem[RATE], size / before)
                if size * min(1.0, mem[RATE]) <= close:
                    return total / n * c[SAME] * c[SAME]
                if not size < math.inf or (i > 0 and size > DIVERGING * before):
                    break
                before = size
            if fresh:
                return -1.0 if size < math.inf else math.nan
            failed = True

    return attempt
