"""Steps of Langevin methods: the flows of a word, one after the other, on y = (q, v).

p is the record `mechanics.langevin.LangevinParameters`; its `table` holds the numbers of each flow for this dt
(`langevin_table`), in rows of one number, or of one for each component. K holds the force. Where the first and the last
letters need it at the same positions, and it does not read its t, the next step starts with it.
"""

import math
from typing import Any

from ..methods.langevin import DRAWS, KICKS, MOVES, AveragedNoise, BrooksKarplus, LangevinMethod, Word
from .compile import inlined
from .dry_friction import drive, slow_down
from .elementary import fma
from .langevin_table import rows_of
from .noise_source import Draws
from .noise_terms import terms_of
from .noisy_steps import noisy_step
from .parts import NO_PARTS, Parts, SecondOrder, Step
from .stack import part

_made: dict[Any, Step] = {}


def langevin_step(data: LangevinMethod, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """Kernels for a method and what is known of the problem; without that, the sizes alone."""
    key = (data, parts)
    if key not in _made:
        if isinstance(data, AveragedNoise):
            _made[key] = _averaged(parts)
        else:
            known = parts.second_order or SecondOrder(None)
            _made[key] = _word(data, known) if isinstance(data, Word) else _verlet(data, known)
    return _made[key]


def _draws(known: SecondOrder, each: int, both: bool = False) -> Draws:
    """`each` normals for every velocity; with `both` those of the next step behind them, from an even row on."""
    common = known.common

    @inlined
    def wieners(n):  # type: ignore[no-untyped-def]
        return 1 if common else n // 2

    @inlined
    def count(n):  # type: ignore[no-untyped-def]
        m = each * wieners(n)
        return 2 * (m + m % 2) if both else m

    return Draws(wieners, count, False, both)


def _picks(known: SecondOrder) -> tuple[Any, Any, Any]:
    """Kernels: a number of the table, a normal, and what multiplies the noise at one time."""
    each, common, amplitude = known.each, known.common, known.amplitude

    @inlined
    def number(table, row, i, d):  # type: ignore[no-untyped-def]
        return table[row * d + i] if each else table[row]

    @inlined
    def normal(z, k, i, d):  # type: ignore[no-untyped-def]
        return z[k] if common else z[k * d + i]

    @inlined
    def constant(t, p):  # type: ignore[no-untyped-def]
        return 1.0

    @inlined
    def varying(t, p):  # type: ignore[no-untyped-def]
        return amplitude(t, p)

    return number, normal, constant if amplitude is None else varying


def _evaluated(known: SecondOrder) -> Any:
    """Kernel: the force at the positions of y, into the first half of K."""
    force = known.force

    @inlined
    def evaluate(t, y, p, K):  # type: ignore[no-untyped-def]
        d = len(y) // 2
        force(t, part(y, 0, d), p.p, part(K, 0, d))

    return evaluate


@inlined
def _copy(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
    for i in range(len(y)):
        y1[i] = y[i]


@inlined
def _half(n):  # type: ignore[no-untyped-def]
    return n // 2


def _word(data: Word, known: SecondOrder) -> Step:
    kicks = [i for i, letter in enumerate(data.letters) if letter in KICKS]
    moves = [i for i, letter in enumerate(data.letters) if letter in MOVES]
    carries = known.autonomous and kicks[0] < moves[0] and kicks[-1] > moves[-1]
    flow, evaluate, rows = _copy, _evaluated(known), rows_of(data, known.friction)
    fresh, cost, drawn = carries, 0, 0
    times: dict[str, float] = {}
    for letter, weight in zip(data.letters, data.weights, strict=True):
        if letter in KICKS and not fresh:
            flow, fresh, cost = _then_force(flow, evaluate, sum(times.get(move, 0.0) for move in MOVES)), True, cost + 1
        middle = times.get(letter, 0.0) + 0.5 * weight
        flow = _then(flow, letter, weight, rows.get((letter, weight), 0), drawn, middle, known)
        times[letter] = times.get(letter, 0.0) + weight
        drawn += DRAWS.get(letter, 0)
        fresh = fresh and letter not in MOVES

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        flow(t, dt, p, z, K, y, y1)

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        evaluate(t, y, p, K)

    step = noisy_step(attempt, 1, cost, _draws(known, drawn))
    return step._replace(begin=begin, keeps=_half) if carries else step


def _then_force(before: Any, evaluate: Any, node: float) -> Any:
    """The kernel `before`, then the force."""

    @inlined
    def flow(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        evaluate(t + node * dt, y1, p, K)

    return flow


def _then(before: Any, letter: str, w: float, row: int, k: int, middle: float, known: SecondOrder) -> Any:
    """The kernel `before`, then the flow of a letter, whose first normals are number k."""
    number, normal, strength = _picks(known)

    @inlined
    def V(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        for i in range(d):
            y1[d + i] = fma(number(p.table, row, i, d), K[i], y1[d + i])

    @inlined
    def R(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        for i in range(d):
            y1[i] = fma(w * dt, y1[d + i], y1[i])

    @inlined
    def O(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]  # noqa: E743
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        size = strength(t + middle * dt, p.p)
        for i in range(d):
            kick = size * number(p.table, row + 1, i, d) * normal(z, k, i, d)
            y1[d + i] = fma(number(p.table, row, i, d), y1[d + i], kick)

    @inlined
    def W(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        size = strength(t + middle * dt, p.p)
        for i in range(d):
            kick = size * number(p.table, row + 1, i, d) * normal(z, k, i, d)
            kick = fma(number(p.table, row + 2, i, d), K[i], kick)
            y1[d + i] = fma(number(p.table, row, i, d), y1[d + i], kick)

    @inlined
    def U(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        size = strength(t + middle * dt, p.p)
        for i in range(d):
            z1, z2 = size * normal(z, k, i, d), size * normal(z, k + 1, i, d)
            shift = number(p.table, row + 3, i, d) * z1 + number(p.table, row + 4, i, d) * z2
            y1[i] += fma(number(p.table, row + 2, i, d), y1[d + i], shift)
            y1[d + i] = fma(number(p.table, row, i, d), y1[d + i], number(p.table, row + 1, i, d) * z1)

    @inlined
    def F(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        for i in range(d):
            right, left = number(p.table, 0, i, d), number(p.table, 1, i, d)
            y1[d + i] = slow_down(y1[d + i], number(p.table, row, i, d), right, left)

    @inlined
    def D(t, dt, p, z, K, y, y1):  # type: ignore[no-untyped-def]
        before(t, dt, p, z, K, y, y1)
        d = len(y) // 2
        for i in range(d):
            right, left = number(p.table, 0, i, d), number(p.table, 1, i, d)
            y1[d + i] = drive(y1[d + i], K[i], number(p.table, row, i, d), right, left)

    return {"V": V, "R": R, "O": O, "W": W, "U": U, "F": F, "D": D}[letter]


def _verlet(data: LangevinMethod, known: SecondOrder) -> Step:
    """BBK and GJF: formulas in `methods.langevin`, rows of the table in `langevin_table`."""
    number, normal, strength = _picks(known)
    evaluate, carries = _evaluated(known), known.autonomous

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        evaluate(t, y, p, K)

    @inlined
    def brooks_karplus(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        d = len(y) // 2
        later = len(z) // 2
        now, then = strength(t, p.p), strength(t + dt, p.p)
        if not carries:
            evaluate(t, y, p, K)
        for i in range(d):
            kick = number(p.table, 2, i, d) * K[i] + now * number(p.table, 3, i, d) * normal(z, 0, i, d)
            y1[d + i] = fma(number(p.table, 0, i, d), y[d + i], kick)
            y1[i] = fma(dt, y1[d + i], y[i])
        evaluate(t + dt, y1, p, K)
        for i in range(d):
            noise = then * number(p.table, 3, i, d) * normal(part(z, later, later), 0, i, d)
            kick = number(p.table, 2, i, d) * K[i] + noise
            y1[d + i] = (y1[d + i] + kick) * number(p.table, 1, i, d)

    @inlined
    def far_jensen(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        d = len(y) // 2
        size = strength(t + 0.5 * dt, p.p)
        if not carries:
            evaluate(t, y, p, K)
        for i in range(d):
            a, b, h = number(p.table, 0, i, d), number(p.table, 1, i, d), number(p.table, 2, i, d)
            noise = size * number(p.table, 3, i, d) * normal(z, 0, i, d)  # r / (2 m)
            y1[i] = fma(b * dt, y[d + i] + (h * K[i] + noise), y[i])
            y1[d + i] = a * (y[d + i] + h * K[i]) + 2.0 * b * noise
        evaluate(t + dt, y1, p, K)
        for i in range(d):
            y1[d + i] = fma(number(p.table, 2, i, d), K[i], y1[d + i])

    both = isinstance(data, BrooksKarplus)
    step = noisy_step(brooks_karplus if both else far_jensen, 1, 1 if carries else 2, _draws(known, 1, both))
    return step._replace(begin=begin, keeps=_half) if carries else step


def _averaged(parts: Parts) -> Step:
    """Leimkuhler and Matthews: z is the mean of this step's normals and the next one's."""
    kick, _, _, vectors = terms_of(parts)

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        later = len(z) // 2
        root = math.sqrt(dt)
        f, k = part(K, 0, n), part(K, n, n)
        for i in range(n):
            z[i] = 0.5 * (z[i] + z[later + i])
        drift(t, y, p, f)
        kick(t, y, p, z, part(K, 2 * n, n), k)
        for i in range(n):
            y1[i] = y[i] + dt * f[i] + root * k[i]

    @inlined
    def own(n):  # type: ignore[no-untyped-def]
        return n

    @inlined
    def count(n):  # type: ignore[no-untyped-def]
        return 2 * (n + n % 2)

    return noisy_step(attempt, 2 + vectors, 1, Draws(own, count, False, True))
