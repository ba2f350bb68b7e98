"""The equation of a Langevin problem as text, with its numbers."""

from typing import Any

import numpy as np

from .problem import Problem


def describe(problem: Problem) -> str:
    """Two lines for the equation, then its numbers and the start."""
    p, known = problem.p, problem.second_order
    d = len(problem.y0) // 2
    time = "" if known.autonomous else "t, "
    motion = f"dq = v dt,   m dv = F({time}q) dt"
    if known.friction:
        motion += " - friction(v) dt"
    if np.any(np.asarray(p.gamma) != 0.0):
        motion += " - gamma m v dt"
    numbers = [f"gamma = {_text(p.gamma)} per unit time", f"m = {_text(p.mass)}"]
    if problem.diffusion is not None:
        motion += " + sigma(t) dW" if known.amplitude else " + sigma dW"
        numbers += _noise(p, known)
    if known.friction:
        numbers.append(f"friction {_text(p.mu_right)} against v > 0, {_text(p.mu_left)} against v < 0")
    shared = ", one W for all components" if known.common and problem.diffusion is not None else ""
    name = getattr(known.force, "__name__", "force")
    return (
        f"Langevin problem, y = (q, v), {d} component{'s' if d > 1 else ''}, t from {problem.t0:g} to {problem.t1:g}\n"
        f"  {motion}{shared}\n  F = {name},  {',  '.join(numbers)}"
    )


def _noise(p: Any, known: Any) -> list[str]:
    if known.amplitude is not None:
        return [f"sigma(t) = {getattr(known.amplitude, '__name__', 'a function')}(t, p)"]
    if p.temperature is None:
        return [f"sigma = {_text(p.noise)}"]
    sigma = np.sqrt(2.0 * np.asarray(p.gamma) * p.mass * p.temperature)
    return [f"sigma = sqrt(2 gamma m kT) = {_text(sigma)}", f"kT = {_text(p.temperature)}"]


def _text(x: Any) -> str:
    values = np.atleast_1d(x)
    if np.all(values == values[0]):
        return f"{values[0]:g}"
    return np.array2string(values, precision=6, threshold=8, edgeitems=2)
