"""Taylor coefficients of a solution by recurrences over the graph of its drift.

With a(t + s) = sum_k a_k s^k for every node, the equation gives y_{k+1} = f_k / (k + 1), and each operation its k-th
coefficient from earlier ones:

    (a b)_k = sum_j a_j b_{k-j}                        (a / b)_k = (a_k - sum_{j>=1} b_j (a/b)_{k-j}) / b_0
    e = exp a:   k e_k = sum_j j a_j e_{k-j}           l = log a:   a_0 l_k = a_k - sum_{j<k} (j/k) l_j a_{k-j}
    p = a^c:   a_0 p_k = sum_j ((c + 1) j/k - 1) a_j p_{k-j}        and their like

Jorba, Zou, Exp. Math. 14 (2005) 99-117, section 2; Hairer, Norsett, Wanner I, I.8. The coefficients are of any type
with arithmetic: numbers that write machine code (`functions_number.Number`), or floats.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .trace import Graph

LATENCY = 4  # sums of more products than this run in several accumulators
NEWEST = 2  # products added last


class Arithmetic(NamedTuple):
    """What the recurrences ask of a type of number beside + - * /."""

    fma: Callable[[Any, Any, Any], Any]  # a b + c
    constant: Callable[[float], Any]
    functions: dict[str, Callable[..., Any]]  # sqrt, exp, log, sin, ... of one number; pow of a number and a power


class Expansion:
    """Coefficients of every node, order by order; None is a zero that is known."""

    def __init__(self, graph: Graph, arithmetic: Arithmetic, t: Any, y: Sequence[Any], p: Callable[..., Any]) -> None:
        self.graph, self.of = graph, arithmetic
        self.c: list[list[Any]] = [[] for _ in graph.nodes]
        self.second: dict[int, list[Any]] = {}  # the other function of a pair, or a helper of a function
        self.slope: dict[int, list[Any]] = {}  # j c_j
        self.inverse: dict[int, Any] = {}  # 1 / c_0
        self.twice: dict[int, Any] = {}
        self.t, self.y, self.p = t, y, p

    def outputs(self, order: int) -> list[list[Any]]:
        """Coefficients 1 .. order of each component of the solution."""
        for k in range(order):
            for index, (operation, *arguments) in enumerate(self.graph.nodes):
                value = None
                if k == 0 or not self.graph.fixed[index]:
                    value = getattr(self, f"_{operation}")(index, k, *arguments)
                self.c[index].append(value)
        results = [[self._next(m, k) for k in range(order)] for m in range(len(self.graph.outputs))]
        return [[self.of.constant(0.0) if v is None else v for v in row] for row in results]

    def _next(self, m: int, k: int) -> Any:
        """y_{k+1} of component m."""
        value = self.c[self.graph.outputs[m]][k]
        return value if k == 0 or value is None else value * (1.0 / (k + 1))

    # symbols

    def _y(self, index: int, k: int, m: int) -> Any:
        return self.y[m] if k == 0 else self._next(m, k - 1)

    def _t(self, index: int, k: int) -> Any:
        return self.t if k == 0 else self.of.constant(1.0) if k == 1 else None

    def _p(self, index: int, k: int, *path: Any) -> Any:
        return self.p(path)

    def _constant(self, index: int, k: int, value: float) -> Any:
        return self.of.constant(value)

    # arithmetic

    def _add(self, index: int, k: int, a: int, b: int) -> Any:
        x, y = self.c[a][k], self.c[b][k]
        return y if x is None else x if y is None else x + y

    def _sub(self, index: int, k: int, a: int, b: int) -> Any:
        x, y = self.c[a][k], self.c[b][k]
        return x if y is None else -y if x is None else x - y

    def _neg(self, index: int, k: int, a: int) -> Any:
        x = self.c[a][k]
        return None if x is None else -x

    def _mul(self, index: int, k: int, a: int, b: int) -> Any:
        if self.graph.fixed[a]:
            return self._product(self.c[a][0], self.c[b][k])
        if self.graph.fixed[b]:
            return self._product(self.c[a][k], self.c[b][0])
        if a == b:
            return self._square(self.c[a], k)
        return self._sum([(self.c[a][j], self.c[b][k - j]) for j in range(k + 1)])

    def _div(self, index: int, k: int, a: int, b: int) -> Any:
        x = self.c[a][k]
        if k == 0:
            return x / self.c[b][0]
        if self.graph.fixed[b]:
            return self._product(x, self._inverse(b))
        rest = self._sum([(self.c[b][j], self.c[index][k - j]) for j in range(1, k)])
        new = self._product(self.c[b][k], self.c[index][0])
        return self._combine(self._less(x, new), self._inverse(b), self._product(rest, -self._inverse(b)))

    # functions

    def _sqrt(self, index: int, k: int, a: int) -> Any:
        if k == 0:
            return self.of.functions["sqrt"](self.c[a][0])
        if index not in self.inverse:
            self.inverse[index] = 0.5 / self.c[index][0]
        rest = self._inner_square(self.c[index], k)
        return self._combine(self.c[a][k], self.inverse[index], self._product(rest, -self.inverse[index]))

    def _pow(self, index: int, k: int, a: int, power: float) -> Any:
        if k == 0:
            return self.of.functions["pow"](self.c[a][0], power)
        if index not in self.inverse:
            self.inverse[index] = self.c[index][0] * self._inverse(a) * power
        terms = []
        for j in range(1, k):
            x = self.c[a][j]
            terms.append((None if x is None else x * ((power + 1.0) * j / k - 1.0), self.c[index][k - j]))
        rest = self._product(self._sum(terms), self._inverse(a))
        return self._combine(self.c[a][k], self.inverse[index], rest)

    def _exp(self, index: int, k: int, a: int) -> Any:
        return self._along(a, self.c[index], k) if k else self.of.functions["exp"](self.c[a][0])

    def _log(self, index: int, k: int, a: int) -> Any:
        return self._integral("log", index, k, a, self.c[a], a)

    def _sincos(self, index: int, k: int, a: int) -> Any:
        return self._pair(("sin", "cos"), -1.0, index, k, a)

    def _sinhcosh(self, index: int, k: int, a: int) -> Any:
        return self._pair(("sinh", "cosh"), 1.0, index, k, a)

    def _first(self, index: int, k: int, pair: int) -> Any:
        return self.c[pair][k]

    def _second(self, index: int, k: int, pair: int) -> Any:
        return self.second[pair][k]

    def _tan(self, index: int, k: int, a: int) -> Any:
        return self._tangent("tan", 1.0, index, k, a)

    def _tanh(self, index: int, k: int, a: int) -> Any:
        return self._tangent("tanh", -1.0, index, k, a)

    def _atan(self, index: int, k: int, a: int) -> Any:
        square = self._square(self.c[a], k)
        helper = self.second.setdefault(index, [])  # 1 + a^2
        helper.append(square + 1.0 if k == 0 else square)
        return self._integral("atan", index, k, a, helper, ~index)

    def _asin(self, index: int, k: int, a: int) -> Any:
        return self._integral("asin", index, k, a, self._cosine(index, k, a), ~index)

    def _acos(self, index: int, k: int, a: int) -> Any:
        helper = self._cosine(index, k, a)
        if k == 0:
            return self.of.functions["acos"](self.c[a][0])
        x = self.c[a][k]
        return self._integral("acos", index, k, a, helper, ~index, None if x is None else -x)

    def _cosine(self, index: int, k: int, a: int) -> list[Any]:
        """sqrt(1 - a^2), in the second series of a node."""
        helper = self.second.setdefault(index, [])
        square = self._square(self.c[a], k)
        if k == 0:
            helper.append(self.of.functions["sqrt"](1.0 - square))
        else:
            rest = self._inner_square(helper, k)
            known = rest if square is None else square if rest is None else square + rest
            helper.append(None if known is None else known * (-0.5 / helper[0]))
        return helper

    def _pair(self, names: tuple[str, str], sign: float, index: int, k: int, a: int) -> Any:
        """sin and cos (sign -1) or sinh and cosh (+1): k s_k = sum j a_j c_{k-j}, k c_k = sign sum j a_j s_{k-j}."""
        others = self.second.setdefault(index, [])
        if k == 0:
            others.append(self.of.functions[names[1]](self.c[a][0]))
            return self.of.functions[names[0]](self.c[a][0])
        first, other = self._along(a, others, k), self._along(a, self.c[index], k)
        others.append(other if other is None or sign > 0.0 else -other)
        return first

    def _tangent(self, name: str, sign: float, index: int, k: int, a: int) -> Any:
        """T = tan a or tanh a: k T_k = sum j a_j g_{k-j} with g = 1 + sign T^2."""
        helper = self.second.setdefault(index, [])
        if k == 0:
            value = self.of.functions[name](self.c[a][0])
            helper.append(1.0 + sign * (value * value))
            return value
        value = self._along(a, helper, k)
        square = self._square([*self.c[index], value], k)
        helper.append(None if square is None else square * sign)
        return value

    def _integral(self, name: str, index: int, k: int, a: int, g: list[Any], key: int, top: Any = None) -> Any:
        """v' = a' / g: g_0 v_k = a_k - sum_{0<j<k} (j/k) v_j g_{k-j}."""
        if k == 0:
            return self.of.functions[name](self.c[a][0])
        slopes = self._slopes(index, self.c[index])
        rest = self._sum([(slopes[j], g[k - j]) for j in range(1, k)])
        if key not in self.inverse:
            self.inverse[key] = 1.0 / g[0]
        rest = None if rest is None else rest * (-1.0 / k) * self.inverse[key]
        return self._combine(self.c[a][k] if top is None else top, self.inverse[key], rest)

    # sums: what is newest comes last, since everything waits for it

    def _along(self, a: int, other: list[Any], k: int) -> Any:
        """(1/k) sum_{j=1..k} j a_j other_{k-j}."""
        slopes = self._slopes(a, self.c[a])
        rest = self._sum([(slopes[j], other[k - j]) for j in range(1, k)])
        return self._combine(self.c[a][k], other[0], None if rest is None else rest * (1.0 / k))

    def _slopes(self, index: int, values: list[Any]) -> list[Any]:
        """j c_j, each computed once."""
        slopes = self.slope.setdefault(index, [])
        while len(slopes) < len(values):
            j, value = len(slopes), values[len(slopes)]
            slopes.append(None if value is None or j == 0 else value if j == 1 else value * float(j))
        return slopes

    def _square(self, a: list[Any], k: int) -> Any:
        """sum_{j=0..k} a_j a_{k-j}."""
        if k == 0:
            return a[0] * a[0]
        twice = self.twice.get(id(a[0]))
        if twice is None:
            twice = self.twice[id(a[0])] = a[0] + a[0]
        return self._combine(a[k], twice, self._inner_square(a, k))

    def _inner_square(self, a: list[Any], k: int) -> Any:
        """sum_{j=1..k-1} a_j a_{k-j}, equal products taken once."""
        half = self._sum([(a[j], a[k - j]) for j in range(1, (k + 1) // 2)])
        middle = a[k // 2] if k % 2 == 0 else None
        return self._combine(middle, middle, None if half is None else half + half)

    def _sum(self, terms: list[tuple[Any, Any]]) -> Any:
        """Sum of products of coefficients whose orders add up to the same; the outermost hold the newest ones."""
        known = [(a, b) for a, b in terms if a is not None and b is not None]
        known = [known[len(known) // 2 + (i // 2 if i % 2 == 0 else ~(i // 2))] for i in range(len(known))]
        inner, newest = known[:-NEWEST] or known[:1], known[-NEWEST:] if len(known) > NEWEST else known[1:]
        count = 1 if len(inner) <= LATENCY else 2 if len(inner) <= 2 * LATENCY else 4
        totals: list[Any] = []
        for i, (a, b) in enumerate(inner):
            if i < count:
                totals.append(a * b)
            else:
                totals[i % count] = self.of.fma(a, b, totals[i % count])
        while len(totals) > 1:
            totals = [a + b for a, b in zip(totals[::2], totals[1::2], strict=True)]
        total = totals[0] if totals else None
        for a, b in newest:
            total = self.of.fma(a, b, total)
        return total

    def _inverse(self, index: int) -> Any:
        if index not in self.inverse:
            self.inverse[index] = 1.0 / self.c[index][0]
        return self.inverse[index]

    def _combine(self, a: Any, b: Any, rest: Any) -> Any:
        """a b + rest."""
        if a is None or b is None:
            return rest
        return a * b if rest is None else self.of.fma(a, b, rest)

    @staticmethod
    def _product(a: Any, b: Any) -> Any:
        return None if a is None or b is None else a * b

    @staticmethod
    def _less(a: Any, b: Any) -> Any:
        return a if b is None else -b if a is None else a - b
