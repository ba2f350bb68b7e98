"""Derivatives of templates. Jumps have derivative 0: sign, Heaviside, floor and ceiling are constant beside them."""

from typing import Any

import sympy as sp

from .functions import STEPS


def derivative(expression: Any, symbol: Any) -> Any:
    """d expression / d symbol.

    Raises
    ------
    ValueError
        If sympy leaves it undone.
    """
    if symbol not in expression.free_symbols:
        return sp.S.Zero
    jumps = {e: sp.Dummy(real=True) for e in expression.atoms(*STEPS)}
    if not jumps:
        return _done(sp.diff(expression, symbol))
    back = {dummy: e for e, dummy in jumps.items()}
    result = _done(sp.diff(expression.xreplace(jumps), symbol))
    while result.free_symbols & set(back):  # a jump within a jump
        result = result.xreplace(back)
    return result


def _done(result: Any) -> Any:
    result = result.replace(sp.DiracDelta, lambda *_: sp.S.Zero)
    if result.has(sp.Derivative, sp.Subs):
        undone = result.atoms(sp.Derivative, sp.Subs).pop()
        raise ValueError(f"{undone} cannot be written in functions that kernels know.")
    return result
