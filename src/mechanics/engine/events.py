"""Events: roots of g(t, y(t), p) along the interpolant of an accepted step, in the order of time.

The step is sampled at SAMPLES + 1 points; where three samples of one sign bend towards zero, the vertex of their
parabola is sampled too, so that two roots between samples are found. A change of sign is narrowed to 1e-15 of the step
by Chandrupatla's method, and the end *behind* the root is reported: g has its new sign there, and the same root cannot
be found again from the next step.

Chandrupatla, Adv. Eng. Software 28 (1997) 145-149.
"""

from collections.abc import Sequence
from typing import Any

from .compile import inlined, kernel
from .dense import evaluate
from .layout import BEFORE, DIRECTION, FIRED, LOGGED, SEEN, STOP, STOPPED_BY
from .output import prepare
from .stack import workspace

SAMPLES = 4
# Further samples right after a change of state: a bounce may be over long before the first regular one.
EARLY = (1e-6, 1e-4, 1e-2)
MOST = 2 * SAMPLES + len(EARLY) + 1  # samples in one step
NARROW = 1e-15


@inlined
def watch_nothing(  # type: ignore[no-untyped-def]
    dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks
):
    """No events."""
    return -1.0


def make_values(functions: Sequence[Any]) -> Any:
    """Kernel `values(t, y, p, out, start)`: all event functions at one point, into out[start], out[start + 1], ..."""

    @inlined
    def none(t, y, p, out, start):  # type: ignore[no-untyped-def]
        pass

    values = none
    for e in reversed(range(len(functions))):
        values = _prepend_value(functions[e], e, values)
    return values


def _prepend_value(g: Any, e: int, others: Any) -> Any:
    @inlined
    def values(t, y, p, out, start):  # type: ignore[no-untyped-def]
        out[start + e] = g(t, y, p)
        others(t, y, p, out, start)

    return values


def make_apply(functions: Sequence[Any]) -> Any:
    """Kernel `apply(e, t, y, p) -> bool`: change the state at event e; False where nothing is to be changed."""

    @inlined
    def none(e, t, y, p):  # type: ignore[no-untyped-def]
        return False

    apply = none
    for e in reversed(range(len(functions))):
        if functions[e] is not None:
            apply = _prepend_apply(functions[e], e, apply)
    return apply


def _prepend_apply(change: Any, index: int, others: Any) -> Any:
    @inlined
    def apply(e, t, y, p):  # type: ignore[no-untyped-def]
        if e == index:
            change(t, y, p)
            return True
        return others(e, t, y, p)

    return apply


def make_watch(values: Any, apply: Any, count: int) -> Any:
    """Kernel that finds the events of an accepted step, logs them, and says where the step must end (-1.0: at its end).

    Log rows are (index, t, y...).
    """
    make_thetas, make_row, make_samples = workspace(MOST, 1), workspace(count, 1), workspace(count, MOST)

    @kernel(forceinline=False)
    def at(theta, t, dt, y, p, Q, degree, work, g, start):  # type: ignore[no-untyped-def]
        evaluate(theta, dt, y, Q, degree, work)
        values(t + theta * dt, work, p, g, start)

    @kernel(forceinline=False)
    def root(e, left, right, g_left, g_right, t, dt, y, p, Q, degree, work, g):  # type: ignore[no-untyped-def]
        """The end behind the root of event e between two samples of opposite sign."""
        if g_right == 0.0:
            return right
        a, b, fa, fb = right, left, g_right, g_left  # a is the newest point
        c, fc, split = b, fb, 0.5
        for _ in range(100):
            x = a + split * (b - a)
            at(x, t, dt, y, p, Q, degree, work, g, 0)
            f = g[e]
            if (f > 0.0) == (fa > 0.0) and f != 0.0:
                c, fc = a, fa
            else:
                c, b, fc, fb = b, a, fb, fa
            a, fa = x, f
            if abs(b - a) <= NARROW or fa == 0.0:
                break
            xi = (a - b) / (c - b)
            phi = (fa - fb) / (fc - fb)
            split = 0.5
            if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
                split = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
            least = 0.5 * NARROW / abs(b - a)
            split = min(max(split, least), 1.0 - least)
        if fa == 0.0:
            return a
        return a if (fa > 0.0) == (g_right > 0.0) else b

    @inlined
    def crosses(e, before, after, marks):  # type: ignore[no-untyped-def]
        up = before < 0.0 and after >= 0.0 and marks[DIRECTION, e] >= 0.0
        down = before > 0.0 and after <= 0.0 and marks[DIRECTION, e] <= 0.0
        return up or down

    @kernel(forceinline=False)
    def sample(t, dt, y, y1, p, Q, degree, work, marks, thetas, G):  # type: ignore[no-untyped-def]
        """Samples of all events, in order of theta; returns their number."""
        unknown = False
        for e in range(count):
            G[e] = marks[BEFORE, e]
            unknown = unknown or marks[BEFORE, e] == 0.0
        thetas[0] = 0.0
        k = 1
        if unknown:
            for theta in EARLY:
                thetas[k] = theta
                at(theta, t, dt, y, p, Q, degree, work, G, k * count)
                k += 1
        for i in range(1, SAMPLES):
            thetas[k] = i / SAMPLES
            at(thetas[k], t, dt, y, p, Q, degree, work, G, k * count)
            k += 1
        thetas[k] = 1.0
        values(t + dt, y1, p, G, k * count)
        k += 1
        i = 1
        while i < k - 1 and k < len(thetas):
            for e in range(count):
                a, b, c = G[(i - 1) * count + e], G[i * count + e], G[(i + 1) * count + e]
                same = (a > 0.0 and b > 0.0 and c > 0.0) or (a < 0.0 and b < 0.0 and c < 0.0)
                if same and abs(b) <= abs(a) and abs(b) <= abs(c):
                    left, right = thetas[i] - thetas[i - 1], thetas[i + 1] - thetas[i]
                    u, v = (b - a) / left, (c - b) / right
                    if u == v:
                        continue
                    vertex = 0.5 * (thetas[i - 1] + thetas[i]) - u * 0.5 * (left + right) / (v - u)
                    if vertex <= thetas[i - 1] or vertex >= thetas[i + 1] or vertex == thetas[i]:
                        continue
                    j = i + 1 if vertex > thetas[i] else i
                    for r in range(k, j, -1):
                        thetas[r] = thetas[r - 1]
                        for d in range(count):
                            G[r * count + d] = G[(r - 1) * count + d]
                    thetas[j] = vertex
                    at(vertex, t, dt, y, p, Q, degree, work, G, j * count)
                    k += 1
                    i += 1
                    break
            i += 1
        return k

    @kernel(forceinline=False)
    def search(t, dt, y, y1, p, work, Q, degree, real, whole, log, marks):  # type: ignore[no-untyped-def]
        thetas, G, g, roots = make_thetas(0), make_samples(0), make_row(0), make_row(0)
        k = sample(t, dt, y, y1, p, Q, degree, work, marks, thetas, G)
        for i in range(1, k):
            for e in range(count):
                roots[e] = 2.0
                if crosses(e, G[(i - 1) * count + e], G[i * count + e], marks):
                    roots[e] = root(
                        e,
                        thetas[i - 1],
                        thetas[i],
                        G[(i - 1) * count + e],
                        G[i * count + e],
                        t,
                        dt,
                        y,
                        p,
                        Q,
                        degree,
                        work,
                        g,
                    )
            for _ in range(count):
                e = 0
                for d in range(1, count):
                    if roots[d] < roots[e]:
                        e = d
                theta = roots[e]
                if theta > 1.0:
                    break
                roots[e] = 2.0
                t_event = t + theta * dt
                if theta < 1.0:
                    evaluate(theta, dt, y, Q, degree, work)
                else:
                    for m in range(len(y)):
                        work[m] = y1[m]
                stop = False
                if (t_event - real[SEEN]) * dt > 0.0:  # else it was logged before the run was resumed
                    row = log[whole[LOGGED]]
                    row[0], row[1] = e, t_event
                    for m in range(len(y)):
                        row[2 + m] = work[m]
                    whole[LOGGED] += 1
                    marks[FIRED, e] += 1.0
                    stop = marks[STOP, e] > 0.0 and marks[FIRED, e] >= marks[STOP, e]
                changed = apply(e, t_event, work, p)
                if stop:
                    whole[STOPPED_BY] = e
                if stop or changed:
                    for m in range(len(y)):
                        y1[m] = work[m]
                    values(t_event, y1, p, g, 0)
                    for d in range(count):
                        marks[BEFORE, d] = g[d]
                    if changed:
                        marks[BEFORE, e] = 0.0
                    return theta
        for e in range(count):
            marks[BEFORE, e] = G[(k - 1) * count + e]
        return -1.0

    @inlined
    def watch(  # type: ignore[no-untyped-def]
        dense, drift, t, dt, y, y1, p, K, work, Q, degree, real, whole, log, marks
    ):
        prepare(dense, drift, t, dt, y, p, K, work, Q, whole)
        return search(t, dt, y, y1, p, work, Q, degree, real, whole, log, marks)

    return watch
