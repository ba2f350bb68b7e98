"""Coefficients of the backward differentiation formulas and of their errors, from the lengths of the last steps.

With xi_i = (t_n - t_{n-i}) / dt the corrector polynomial of z = z_predicted + l e is

    sum_j l_j x^j = (1 + x / xi_*) prod_{i<q} (1 + x / xi_i),      1 / xi_* = sum_{i<=q} 1/i - sum_{i<q} 1 / xi_i

so that l_1 = 1 + 1/2 + ... + 1/q. Local errors at orders q - 1, q and q + 1 are estimated by multiples of z_q, of e,
and of the difference of e and its predecessor: for equal steps the classical dt^(q+1) y^(q+1) / ((q + 1) l_1).

Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10 (1989) 1038-1051, section 2; Jackson, Sacks-Davis, ACM TOMS 6
(1980) 295-318.
"""

from .bdf_layout import HEAD, HIGHER, LOWER, ORDER, PAST, RATIO, ROWS, SAME, SCALE
from .compile import kernel


@kernel(forceinline=False)
def terms(mem, dt, change, l, c):  # type: ignore[no-untyped-def]
    """Fill l and c for a step dt at the present order; c at the neighbouring orders only if `change`."""
    q = int(mem[ORDER])
    for j in range(2, ROWS):
        l[j] = 0.0
    l[0] = l[1] = leading = star = x = total = 1.0  # star = 1 / xi_*, x = 1 / xi_q, total = sum_{i<=q} 1 / xi_i
    past = dt
    if q > 1:
        for j in range(2, q):
            past += mem[PAST + j - 2]
            x = dt / past
            leading += 1.0 / j
            for i in range(j, 0, -1):
                l[i] += l[i - 1] * x
        leading += 1.0 / q
        star = leading - l[1]
        past += mem[PAST + q - 2]
        x = dt / past
        total = l[1] + x
        for i in range(q, 0, -1):
            l[i] += l[i - 1] * star
        l[1] = leading  # exactly: Newton's matrix depends on it
    a = 1.0 + total - leading
    b = 1.0 + q * a
    c[SAME] = abs(a / (leading * b))
    c[RATIO] = abs(b * star / (l[q] * x))
    if change:
        c[LOWER] = 1.0
        if q > 1:
            less = leading - 1.0 / q
            c[LOWER] = abs(star / l[q] * (1.0 + total - x - less) / less)
        past += mem[PAST + q - 1]
        x = dt / past
        more = leading + 1.0 / (q + 1)
        c[HIGHER] = abs((1.0 + total + x - more) / (b * x * (q + 2) * more))


@kernel(forceinline=False)
def raise_order(mem, n, e, l):  # type: ignore[no-untyped-def]
    """Order q + 1: add the multiple of x^2 prod_{i=1}^{q-1} (x + xi_i) with which y_{n-q} is met too."""
    q, dt = int(mem[ORDER]), mem[SCALE]
    for j in range(ROWS):
        l[j] = 0.0
    l[2] = product = total = leading = 1.0
    past = before = 0.0
    for j in range(1, q):
        past += mem[PAST + j - 1]
        before = past / dt
        for i in range(j + 2, 1, -1):
            l[i] = l[i] * before + l[i - 1]
        leading += 1.0 / (j + 1)
        x = (past + mem[PAST + j]) / dt
        product *= x
        total += 1.0 / x
    factor = (leading - total) / product
    for m in range(n):
        last = factor * e[m]
        for j in range(2, q + 1):
            mem[HEAD + j * n + m] += l[j] * last
        mem[HEAD + (q + 1) * n + m] = last
    mem[ORDER] = q + 1.0


@kernel(forceinline=False)
def lower_order(mem, n, l):  # type: ignore[no-untyped-def]
    """Order q - 1: take away the multiple of x^2 prod_{i=1}^{q-2} (x + xi_i) that ends the highest power."""
    q, dt = int(mem[ORDER]), mem[SCALE]
    for j in range(ROWS):
        l[j] = 0.0
    l[2] = 1.0
    past = 0.0
    for j in range(1, q - 1):
        past += mem[PAST + j - 1]
        for i in range(j + 2, 1, -1):
            l[i] = l[i] * (past / dt) + l[i - 1]
    for m in range(n):
        last = mem[HEAD + q * n + m]
        for j in range(2, q):
            mem[HEAD + j * n + m] -= l[j] * last
        mem[HEAD + q * n + m] = 0.0
    mem[ORDER] = q - 1.0
