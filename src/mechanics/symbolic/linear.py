"""Mass matrices: elimination written out for small ones, a banded factorisation in the kernel for large ones."""

from fractions import Fraction
from typing import Any

from .graph import Graph, Node

Sparse = dict[tuple[int, int], Node]


class Singular(ValueError):
    """A matrix without pivot in a column, whatever its entries are."""

    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


class Elimination:
    """L U of a sparse matrix of nodes; only entries that are not zero take operations.

    Parameters
    ----------
    graph : Graph
        Holds the nodes.
    matrix : dict
        Nodes of the entries that are not zero.
    n : int
        Rows and columns.

    Raises
    ------
    Singular
        If a column is left without an entry.

    Notes
    -----
    Pivots are chosen by structure: the diagonal where it has an entry. A mass matrix is positive definite and needs no
    other order.
    """

    def __init__(self, graph: Graph, matrix: Sparse, n: int) -> None:
        self._graph, self._n = graph, n
        rows: list[dict[int, Node]] = [{} for _ in range(n)]
        for (i, j), node in matrix.items():
            if graph.value(node) != 0:
                rows[i][j] = node
        left = list(range(n))
        self._steps: list[tuple[int, dict[int, Node], list[tuple[int, Node]]]] = []
        for j in range(n):
            candidates = [i for i in left if j in rows[i]]
            if not candidates:
                raise Singular(j)
            pivot = j if j in candidates else candidates[0]
            left.remove(pivot)
            factors = []
            for i in left:
                if j not in rows[i]:
                    continue
                factor = graph.div(rows[i].pop(j), rows[pivot][j])
                factors.append((i, factor))
                for column, value in rows[pivot].items():
                    if column != j:
                        rows[i][column] = self._less(rows[i].get(column), graph.mul(factor, value))
            self._steps.append((pivot, rows[pivot], factors))

    def _less(self, a: Node | None, b: Node) -> Node:
        return self._graph.neg(b) if a is None else self._graph.sub(a, b)

    def solve(self, right: dict[int, Node]) -> dict[int, Node]:
        """x of M x = right; what is missing is zero."""
        g = self._graph
        b = dict(right)
        for pivot, _, factors in self._steps:
            if pivot in b:
                for i, factor in factors:
                    b[i] = self._less(b.get(i), g.mul(factor, b[pivot]))
        x: dict[int, Node] = {}
        for j in reversed(range(self._n)):
            pivot, row, _ = self._steps[j]
            value = b.get(pivot)
            for column, entry in row.items():
                if column > j and column in x:
                    value = self._less(value, g.mul(entry, x[column]))
            if value is not None and g.value(value) != Fraction(0):
                x[j] = g.div(value, row[j])
        return x


def factor(M: Any, n: int, b: int) -> None:
    """M = L D L^T in place, M[i, k] the entry (i, i - k), b diagonals below the main one; M must be definite."""
    for i in range(n):
        first = max(0, i - b)
        for j in range(first, i):
            for k in range(max(first, j - b), j):
                M[i, i - j] -= M[i, i - k] * M[j, j - k]
        for j in range(first, i):
            scaled = M[i, i - j] / M[j, 0]
            M[i, 0] -= scaled * M[i, i - j]
            M[i, i - j] = scaled


def solve(M: Any, n: int, b: int, x: Any, start: int) -> None:
    """Replace x[start : start + n] by M^-1 of it, M from `factor`."""
    for i in range(n):
        for j in range(max(0, i - b), i):
            x[start + i] -= M[i, i - j] * x[start + j]
    for i in range(n):
        x[start + i] /= M[i, 0]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, min(n, i + b + 1)):
            x[start + i] -= M[j, j - i] * x[start + j]


def divide_row(J: Any, i: int, n: int, below: int, above: int, value: float) -> None:
    """Divide row i of J (n, n), which has a band, by a number."""
    for j in range(max(0, i - below), min(n, i + above + 1)):
        J[i, j] /= value


def solve_columns(M: Any, n: int, b: int, J: Any, column: Any) -> None:
    """Replace the lower n rows of J by M^-1 of them; `column` is work space of as many rows as J."""
    rows, columns = J.shape
    for j in range(columns):
        for i in range(rows - n, rows):
            column[i] = J[i, j]
        solve(M, n, b, column, rows - n)
        for i in range(rows - n, rows):
            J[i, j] = column[i]
