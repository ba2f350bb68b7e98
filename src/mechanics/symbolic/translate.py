"""From a sympy expression to nodes of a graph."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from .functions import DIRECT, EXTREME, RECIPROCAL, RELATIONS, supported_names
from .graph import Graph, Node


class Translator:
    """Translates expressions whose symbols are bound to nodes; equal subexpressions are walked once.

    Parameters
    ----------
    graph : Graph
        Where the nodes go.
    bound : mapping
        Node of each symbol.
    """

    def __init__(self, graph: Graph, bound: Mapping[Any, Node]) -> None:
        self._graph, self._known = graph, dict(bound)

    def __call__(self, expression: Any) -> Node:
        """The node of an expression.

        Raises
        ------
        ValueError
            If a function has no counterpart, or a number is not real and finite.
        """
        found = self._known.get(expression)
        if found is None:
            found = self._known[expression] = self._translate(expression)
        return found

    def _translate(self, e: Any) -> Node:
        g = self._graph
        if e.is_Number or e.is_NumberSymbol:
            return g.constant(number(e))
        if e.is_Add:
            return g.total(self._signed(a) for a in e.args)
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e)
        kind = type(e)
        if kind is sp.Tuple:
            return g.total(map(self, e.args))
        if kind in DIRECT:
            return g.call(DIRECT[kind], *map(self, e.args))
        if kind in RECIPROCAL:
            return g.div(g.constant(Fraction(1)), g.call(RECIPROCAL[kind], *map(self, e.args)))
        if kind in EXTREME:
            first, *others = map(self, e.args)
            for other in others:
                first = g.call(EXTREME[kind], first, other)
            return first
        if kind is sp.Heaviside:
            return self._heaviside(*e.args)
        if kind is sp.Mod:
            return g.make("mod", *map(self, e.args))
        if kind is sp.Piecewise:
            return self._piecewise(e)
        raise ValueError(
            f"{e} has no counterpart in a kernel. Supported are +, *, powers, comparisons and {supported_names()}."
        )

    def _signed(self, e: Any) -> Node:
        if e.is_Mul and e.args[0].is_Number and e.args[0].is_negative:
            return self._graph.neg(self(-e))
        return self(e)

    def _product(self, e: Any) -> Node:
        g = self._graph
        if e.args[0] is sp.S.NegativeOne:
            return g.neg(self(-e))
        above, below = [], []
        for factor in e.args:
            if factor.is_Pow and factor.exp.is_Number and factor.exp.is_negative:
                below.append(self(sp.Pow(factor.base, -factor.exp)))
            else:
                above.append(self(factor))
        return g.div(g.product(above), g.product(below)) if below else g.product(above)

    def _power(self, e: Any) -> Node:
        g = self._graph
        base, exponent = e.args
        if base is sp.S.Exp1:
            return g.call("exp", self(exponent))
        if exponent.is_Rational:
            return g.power(self(base), Fraction(int(exponent.p), int(exponent.q)))
        if exponent.is_Float and (2 * exponent).is_integer and float(2 * exponent).is_integer():
            return g.power(self(base), Fraction(float(exponent)))
        if exponent.is_Number and exponent.is_negative:
            return g.div(g.constant(Fraction(1)), self(sp.Pow(base, -exponent)))
        return g.make("power", self(base), self(exponent))

    def _heaviside(self, x: Any, at_zero: Any = sp.S.Half) -> Node:
        g = self._graph
        if at_zero == sp.S.Half:  # (1 + sign x) / 2, without a branch
            half = g.constant(Fraction(1, 2))
            return g.add(half, g.mul(half, g.call("sign", self(x))))
        zero, one = g.constant(Fraction(0)), g.constant(Fraction(1))
        at_least = g.make("if", g.make("compare", "==", self(x), zero), self(at_zero), one)
        return g.make("if", g.make("compare", "<", self(x), zero), zero, at_least)

    def _piecewise(self, e: Any) -> Node:
        g = self._graph
        result = g.constant(float("nan"))
        for value, condition in reversed(e.args):
            result = (
                self(value) if condition == sp.true else g.make("if", self._condition(condition), self(value), result)
            )
        return result

    def _condition(self, e: Any) -> Node:
        g = self._graph
        kind = type(e)
        if kind in RELATIONS:
            return g.make("compare", RELATIONS[kind], self(e.lhs), self(e.rhs))
        if kind is sp.Not and type(e.args[0]) in (sp.And, sp.Or):
            return self._condition(e.to_nnf())
        if kind in (sp.And, sp.Or):
            first, *others = map(self._condition, e.args)
            for other in others:
                first = g.make("and" if kind is sp.And else "or", first, other)
            return first
        raise ValueError(f"{e} cannot be a condition; write comparisons, joined by And and Or.")


def number(e: Any) -> Fraction | float:
    """A sympy number: exact if it is rational.

    Raises
    ------
    ValueError
        If it is not real and finite.
    """
    if e.is_Rational:
        return Fraction(int(e.p), int(e.q))
    if not (e.is_real and e.is_finite):
        raise ValueError(f"{e} is no finite real number, and kernels know no others.")
    return float(e)
