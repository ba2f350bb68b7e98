"""Is an array problem what a splitting method needs? The questions of `mechanics.separable`, on arrays like y0.

The full probe is made once for each drift and for each value of parameters that are plain numbers. Parameters of other
kinds (arrays, modules) may have changed since: then a short one, five evaluations, is made in every solve. Where
nothing can be compared (traced arrays, sums on a device that do not repeat their bits), nothing is refused.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..methods import Method
from ..separable import CHANGES, INSTEAD
from .framework import Framework

MOST_KEPT = 256  # findings of one drift
Finding = tuple[str, bool, bool]  # complaint, whether dq/dt is v bit for bit, whether it is linear in v

_found: Any = WeakKeyDictionary()


def check_separable(problem: Any, method: Method, framework: Framework, t0: float, t1: float) -> bool:
    """Whether dq/dt is v itself.

    Raises
    ------
    ValueError
        If the last axis of y0 has no halves, or the drift is not separable.
    """
    complaint, plain, linear = _probed(problem, framework, (t0, 0.5 * (t0 + t1)))
    if complaint:
        raise ValueError(f"{method} splits y = (q, v) into positions and velocities, but {complaint} {INSTEAD}.")
    if method.data.linear_velocity and not linear:
        raise ValueError(
            f"{method} keeps its order only where dq/dt is linear in the velocities, but here it is not. Use "
            f"KAHAN_LI8 or YOSHIDA6."
        )
    return plain


def _probed(problem: Any, framework: Framework, times: tuple[float, float]) -> Finding:
    if not framework.shape or framework.shape[-1] % 2:
        length = framework.shape[-1] if framework.shape else 1
        return f"the last axis of y0 has {length} components, an odd number.", False, False
    try:
        kept = _found.setdefault(problem.drift, {})
    except TypeError:  # no weak reference, or no hash
        kept = {}
    numbers = _numbers(problem.p)
    key = (framework.name, framework.shape[-1], str(framework.dtype), problem.p if numbers else None)
    with framework.undifferentiated(), np.errstate(all="ignore"):
        try:
            framework.finite(
                problem.y0 + 0.0 * problem.drift(framework.times(np.array(times))[0], problem.y0, problem.p)
            )
        except Exception:  # placeholders of a transformation have no values, and a wrong slope is told by the run
            return "", False, True
        probe = _Probe(problem, framework)
        if key in kept:
            if numbers or kept[key][0]:
                return kept[key]
            complaint, plain = probe.look(times[0], CHANGES[1], CHANGES[1:2])
            return complaint, plain and kept[key][1], kept[key][2]
        if len(kept) > MOST_KEPT:
            kept.clear()
        kept[key] = probe.all(times)
    found: Finding = kept[key]
    return found


def _numbers(p: Any) -> bool:
    """Whether the parameters are numbers that nobody changes in place."""
    return p is None or isinstance(p, (int, float)) or (isinstance(p, tuple) and all(map(_numbers, p)))


class _Probe:
    """Slopes about y0, one half of y changed at a time."""

    def __init__(self, problem: Any, framework: Framework) -> None:
        self.problem, self.framework = problem, framework
        self.d = framework.shape[-1] // 2
        self.random = np.random.default_rng(20100731)

    def all(self, times: tuple[float, float]) -> Finding:
        plain = linear = True
        for t in times:
            for size in (0.0, *CHANGES):
                complaint, same = self.look(t, size, CHANGES)
                if complaint:
                    return complaint, False, False
                plain = plain and same
        for t in times:
            linear = linear and (plain or self._linear(t))
        return "", plain, linear

    def look(self, t: float, size: float, changes: tuple[float, ...]) -> tuple[str, bool]:
        """What is wrong at a state `size` away from y0, and whether dq/dt is v there."""
        framework, y0, d = self.framework, self.problem.y0, self.d
        y = y0 + size * self._scale(y0) * self._uniform()
        base = self._slope(t, y)
        if framework.host(base != self._slope(t, y)).any() and framework.finite(base):
            return "", False  # it does not repeat its bits
        for change in changes:
            moved = y + change * self._scale(y) * self._uniform()
            for first in (0, d):
                z = self._with_half(y, moved, first)
                bad = self._differences(base, self._slope(t, z), first)
                if bad.any():
                    return self._complaint(t, y, z, base, first, bad), False
        return "", not framework.host(base[..., :d] != y[..., d:]).any()

    def _scale(self, y: Any) -> Any:
        return 1.0 + self.framework.xp.abs(y)

    def _uniform(self) -> Any:
        shape = self.framework.shape
        sign = self.random.choice((-1.0, 1.0), shape)
        return self.framework.real(sign * self.random.uniform(0.5, 1.0, shape))

    def _slope(self, t: float, y: Any) -> Any:
        framework, problem = self.framework, self.problem
        try:
            return framework.own(problem.drift(framework.times(np.array([t]))[0], framework.own(y), problem.p))
        except (ArithmeticError, ValueError):  # a state outside the domain of the drift says nothing
            return y * float("nan")

    def _with_half(self, y: Any, moved: Any, first: int) -> Any:
        d, join = self.d, self.framework.join
        return join(y[..., :d], moved[..., d:]) if first else join(moved[..., :d], y[..., d:])

    def _differences(self, a: Any, b: Any, first: int) -> NDArray[np.bool_]:
        """Which slopes of a half differ in their bits; values that are not finite say nothing."""
        xp, half = self.framework.xp, slice(first, first + self.d)
        a, b = a[..., half], b[..., half]
        return self.framework.host((a != b) & xp.isfinite(a) & xp.isfinite(b)) != 0.0

    def _complaint(self, t: float, y: Any, z: Any, base: Any, first: int, bad: NDArray[np.bool_]) -> str:
        framework, n = self.framework, 2 * self.d
        i = first + int(np.argmax(bad.reshape(-1, self.d).any(axis=0)))
        dots = "..., " if len(framework.shape) > 1 else ""
        alone = None
        for j in range(first, first + self.d):
            one = framework.where(framework.mask(np.broadcast_to(np.arange(n) == j, framework.shape).copy()), z, y)
            if self._differences(base, self._slope(t, one), first)[..., i - first].any():
                alone = j
                break
        on = "components of its own half" if alone is None else f"y[{dots}{alone}]"
        if first == 0:
            return f"dq/dt depends on positions: dy[{dots}{i}] changes with {on}."
        return f"the force depends on velocities: dy[{dots}{i}] changes with {on}."

    def _linear(self, t: float) -> bool:
        """Whether dq/dt is homogeneous of degree one in v, exactly, and additive but for rounding."""
        framework, d = self.framework, self.d
        y = self.problem.y0
        v, w = y[..., d:] + 1e-3, self._uniform()[..., :d]

        def rate(v: Any) -> Any:
            return self._slope(t, framework.join(y[..., :d], v))[..., :d]

        if any(framework.host(rate(factor * v) != factor * rate(v)).any() for factor in (-2.0, 0.5, 1024.0)):
            return False
        abs_ = framework.xp.abs
        size = framework.host(abs_(rate(v)) + abs_(rate(w))).max()
        eps = float(np.finfo(np.float32 if framework.itemsize // (1 + framework.complex) == 4 else np.float64).eps)
        return bool(framework.host(abs_(rate(v + w) - rate(v) - rate(w))).max() <= 5e3 * eps * d * size)
