"""From graphs to a Python function, by way of its syntax tree: no text of a program is ever made or read.

Local names are counted (`v0`, `v1`, ...), functions and tables are globals of a dictionary of their own, parameters are
read by position. So nothing that a user writes, the names of symbols included, becomes code.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from .functions import FUNCTIONS
from .graph import Graph, Node

DEEPEST = 12  # operations in one expression: Python's compiler has a limit, readers of errors too
COMPARE: dict[str, Any] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}
BINARY: dict[str, Any] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "div": ast.Div,
    "mod": ast.Mod,
    "power": ast.Pow,
    "and": ast.BitAnd,
    "or": ast.BitOr,
}
LEAVES = ("constant", "name", "local")


def load(name: str) -> Any:
    """A variable that is read."""
    return ast.Name(name, ast.Load())


def literal(value: Any) -> Any:
    """A constant; negative ones as Python writes them."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def element(array: Any, indices: Sequence[Any], context: Any = None) -> Any:
    """`array[i]` or `array[i, j]`; indices are integers or expressions."""
    parts = [literal(i) if isinstance(i, int) else i for i in indices]
    index = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
    return ast.Subscript(array, index, context or ast.Load())


def assign(target: Any, value: Any) -> Any:
    """`target = value`."""
    return ast.Assign([target], value)


def count(name: str, stop: int, body: list[Any], start: int = 0) -> Any:
    """`for name in range(start, stop): body`."""
    limits = [literal(start)] * (start != 0) + [literal(stop)]
    return ast.For(ast.Name(name, ast.Store()), ast.Call(load("range"), limits, []), body, [])


class Writer:
    """Collects the statements of one function and the globals that they use.

    Parameters
    ----------
    arguments : sequence of str
        Names of the arguments.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.body: list[Any] = []
        self.globals: dict[str, Any] = {"__name__": __name__}  # a module that can be imported: the disk cache needs it
        self._names = 0

    def name(self, letter: str = "v") -> str:
        """A new local or global name."""
        self._names += 1
        return f"{letter}{self._names - 1}"

    def keep(self, letter: str, value: Any) -> str:
        """A global that holds `value`."""
        name = self.name(letter)
        self.globals[name] = value
        return name

    def function(self, name: str) -> Any:
        """The variable of an elementary function."""
        self.globals[f"f_{name}"] = FUNCTIONS[name]
        return load(f"f_{name}")

    def statements(
        self, graph: Graph, roots: Iterable[Node], index: Callable[[Any], Any]
    ) -> tuple[list[Any], Callable[[Node], Any]]:
        """Assignments of what is used more than once, and a function that gives the expression of a root.

        Parameters
        ----------
        graph : Graph
            Holds the nodes.
        roots : iterable of nodes
            Each is asked for once.
        index : callable
            Gives the expression of a symbolic index.
        """
        uses = self._uses(graph, roots)
        done: dict[Node, Any] = {}
        depth: dict[Node, int] = {}
        body: list[Any] = []
        for node in sorted(uses):
            what = graph.nodes[node]
            operands = _operands(what)
            depth[node] = 1 + max((depth[o] for o in operands), default=0)
            made = self._expression(what, done, index)
            shared = uses[node] > 1 or node in graph.cut or depth[node] > DEEPEST
            if shared and what[0] not in LEAVES:
                name = self.name()
                body.append(assign(ast.Name(name, ast.Store()), made))
                done[node], depth[node] = name, 0
            else:
                done[node] = made
        return body, lambda node: _read(done[node])

    @staticmethod
    def _uses(graph: Graph, roots: Iterable[Node]) -> dict[Node, int]:
        uses: dict[Node, int] = {}
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            uses[node] = uses.get(node, 0) + 1
            if uses[node] == 1:
                waiting.extend(_operands(graph.nodes[node]))
        return uses

    def _expression(self, what: tuple[Any, ...], done: dict[Node, Any], index: Callable[[Any], Any]) -> Any:
        kind, *rest = what
        if kind == "constant":
            return literal(float(rest[0]))
        if kind == "name":
            return load(rest[0])
        if kind == "load":
            array, *indices = rest
            return element(load(array), [index(i) for i in indices])
        if kind == "item":  # of an array among the parameters
            field, i = rest
            return element(element(load("p"), [field]), [index(i)])
        if kind == "local":
            return index(rest[0])
        if kind == "call":
            return ast.Call(self.function(rest[0]), [_read(done[o]) for o in rest[1:]], [])
        if kind == "neg":
            return ast.UnaryOp(ast.USub(), _read(done[rest[0]]))
        if kind == "compare":
            return ast.Compare(_read(done[rest[1]]), [COMPARE[rest[0]]()], [_read(done[rest[2]])])
        if kind == "if":
            condition, yes, no = (_read(done[o]) for o in rest)
            return ast.IfExp(condition, yes, no)
        left, right = (_read(done[o]) for o in rest)
        return ast.BinOp(left, BINARY[kind](), right)

    def build(self, name: str, doc: str) -> Any:
        """The function.

        Parameters
        ----------
        name : str
            Its `__name__`, of this package's choice.
        doc : str
            Its docstring.
        """
        arguments = ast.arguments([], [ast.arg(a) for a in self.arguments], None, [], [], None, [])
        definition = ast.FunctionDef(name, arguments, self.body or [ast.Pass()], [])
        module = ast.fix_missing_locations(ast.Module([definition], []))
        code = compile(module, "<mechanics.symbolic>", "exec")
        [inner] = [c for c in code.co_consts if isinstance(c, CodeType)]
        function = FunctionType(inner, self.globals, name)
        function.__doc__ = doc
        return function


def _read(made: Any) -> Any:
    return load(made) if isinstance(made, str) else made


def _operands(what: tuple[Any, ...]) -> list[Node]:
    kind, *rest = what
    if kind in ("constant", "name", "load", "item", "local"):
        return []
    return [o for o in rest if not isinstance(o, str)]


class Columns:
    """The integers and floats that change from row to row of a loop: counted where that is possible, else tables.

    Parameters
    ----------
    writer : Writer
        Takes the tables as globals.
    counter : str
        The loop's variable.
    """

    def __init__(self, writer: Writer, counter: str) -> None:
        self._writer, self._counter = writer, counter
        self._whole: list[tuple[str, Any]] = []
        self._real: list[tuple[str, Any]] = []
        self._known: dict[tuple[str, bytes], Any] = {}

    def whole(self, values: Any) -> Any:
        """The expression of an index with these values (rows,)."""
        first = int(values[0])
        step = int(values[1]) - first if len(values) > 1 else 0
        if (values == first + step * np.arange(len(values))).all():
            if step == 0:
                return literal(first)
            moving = load(self._counter)
            if step != 1:
                moving = ast.BinOp(literal(step), ast.Mult(), moving)
            return ast.BinOp(moving, ast.Add(), literal(first)) if first else moving
        return load(self._column(self._whole, "i", np.asarray(values, np.int64)))

    def real(self, values: Any) -> Any:
        """The expression of a number with these values (rows,)."""
        return load(self._column(self._real, "c", np.asarray(values, np.float64)))

    def _column(self, columns: list[tuple[str, Any]], letter: str, values: Any) -> str:
        key = letter, values.tobytes()
        if key not in self._known:
            self._known[key] = self._writer.name(letter)
            columns.append((self._known[key], values))
        return self._known[key]

    def reads(self) -> list[Any]:
        """Statements that read the row's values from the tables."""
        body = []
        for columns, letter in ((self._whole, "T"), (self._real, "C")):
            if columns:
                table = self._writer.keep(letter, np.ascontiguousarray(np.column_stack([v for _, v in columns])))
                for j, (name, _) in enumerate(columns):
                    body.append(assign(ast.Name(name, ast.Store()), element(load(table), [load(self._counter), j])))
        return body
