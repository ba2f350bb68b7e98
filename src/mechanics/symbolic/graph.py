"""Arithmetic as a graph in which equal subexpressions are one node.

Nodes are numbers, in an order in which each comes after what it is made of. Exact constants are folded exactly:
3 * (1/3) x is x. Whole powers are products, half powers a root and products.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

Node = int
MOST_PRODUCTS = 64  # whole powers up to here are products
LONGEST = 8  # terms of a sum in one statement


class Graph:
    """Makes nodes, each once."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Any, ...]] = []
        self.cut: set[Node] = set()  # nodes that deserve a statement of their own
        self._known: dict[tuple[Any, ...], Node] = {}
        self._sums: dict[tuple[tuple[Node, bool], ...], Node] = {}

    def make(self, *what: Any) -> Node:
        """The node for an operation and its operands."""
        key = tuple((type(w), w) for w in what)  # 1 and 1.0 are equal, but not the same constant
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(what)
        return self._known[key]

    def constant(self, value: Fraction | float) -> Node:
        """A number; exact if it is a Fraction."""
        return self.make("constant", value)

    def value(self, node: Node) -> Any:
        """The number behind a node, or None."""
        kind, *rest = self.nodes[node]
        return rest[0] if kind == "constant" else None

    def call(self, name: str, *args: Node) -> Node:
        """A function of the table `functions.FUNCTIONS`."""
        return self.make("call", name, *args)

    def mul(self, a: Node, b: Node) -> Node:
        """a b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.constant(x * y)
        if x == 1 or y == 1:
            return b if x == 1 else a
        if x == -1 or y == -1:
            return self.neg(b if x == -1 else a)
        if x == 0 and isinstance(x, Fraction):
            return a
        if y == 0 and isinstance(y, Fraction):
            return b
        (a, one), (b, other) = self._sign(a), self._sign(b)
        made = self.make("mul", a, b)
        return made if one == other else self.neg(made)

    def div(self, a: Node, b: Node) -> Node:
        """a / b."""
        x, y = self.value(a), self.value(b)
        if isinstance(x, Fraction) and isinstance(y, Fraction) and y != 0:
            return self.constant(x / y)
        if y == 1 or (x == 0 and isinstance(x, Fraction)):
            return a
        (a, one), (b, other) = self._sign(a), self._sign(b)
        made = self.make("div", a, b)
        return made if one == other else self.neg(made)

    def neg(self, a: Node) -> Node:
        """-a."""
        x = self.value(a)
        if x is not None:
            return self.constant(-x)
        kind, *rest = self.nodes[a]
        return rest[0] if kind == "neg" else self.make("neg", a)

    def add(self, a: Node, b: Node) -> Node:
        """a + b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.constant(x + y)
        if x == 0 or y == 0:
            return b if x == 0 else a
        if self.nodes[b][0] == "neg":
            return self.sub(a, self.nodes[b][1])
        return self.make("add", a, b)

    def sub(self, a: Node, b: Node) -> Node:
        """a - b."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.constant(x - y)
        if y == 0:
            return a
        if x == 0:
            return self.neg(b)
        if self.nodes[b][0] == "neg":
            return self.add(a, self.nodes[b][1])
        return self.make("sub", a, b)

    def total(self, terms: Iterable[Node]) -> Node:
        """Sum from left to right, what is not subtracted first; a sum and its negative are one node and a sign."""
        signed = [self._sign(term) for term in terms]
        key = tuple(sorted(signed))
        if key not in self._sums:
            opposite = tuple(sorted((node, not negative) for node, negative in signed))
            if opposite in self._sums:
                return self.neg(self._sums[opposite])
            plus = [node for node, negative in signed if not negative]
            minus = [node for node, negative in signed if negative]
            self._sums[key] = self._chain(plus, minus) if plus else self.neg(self._chain(minus, []))
        return self._sums[key]

    def _chain(self, plus: list[Node], minus: list[Node]) -> Node:
        result = plus[0] if plus else self.constant(Fraction(0))
        for i, term in enumerate([*plus[1:], *minus], 1):
            result = self.add(result, term) if i < len(plus) else self.sub(result, term)
            if i % LONGEST == 0:
                self.cut.add(result)
        return result

    def _sign(self, node: Node) -> tuple[Node, bool]:
        kind, *rest = self.nodes[node]
        return (rest[0], True) if kind == "neg" else (node, False)

    def product(self, factors: Iterable[Node]) -> Node:
        """Product from left to right; 1 if there are none."""
        result = self.constant(Fraction(1))
        for factor in factors:
            result = self.mul(result, factor)
        return result

    def power(self, base: Node, exponent: Fraction) -> Node:
        """Base to a constant power."""
        if exponent < 0:
            return self.div(self.constant(Fraction(1)), self.power(base, -exponent))
        if exponent.denominator > 2 or exponent > MOST_PRODUCTS:
            return self.make("power", base, self.constant(exponent))
        result = self.constant(Fraction(1))
        square, left = base, exponent.numerator // exponent.denominator
        while left:
            if left & 1:
                result = self.mul(result, square)
            left >>= 1
            if left:
                square = self.mul(square, square)
        return result if exponent.denominator == 1 else self.mul(result, self.call("sqrt", base))
