"""The formulas of a drift as a graph, found by running its Python once on symbols.

    graph = trace(drift, n, parameters)        y and t are symbols, p holds symbols in the form of the parameters
    graph.outputs[m]                           the node that the drift writes into dy[m]

Equal expressions are one node. A drift that asks for the value of a symbol (a branch on the state, `min`, a table
look-up) has no graph: `Untraceable` says what it asked for.
"""

import math
import operator
from collections.abc import Callable, Hashable
from types import CellType, FunctionType, ModuleType
from typing import Any, NoReturn

import numpy as np
from numba.core.dispatcher import Dispatcher

MOST_PRODUCTS = 64  # whole powers up to here are products, as in a compiled drift


class Untraceable(ValueError):
    """The drift is not a formula of its arguments alone."""


class Graph:
    """Nodes in an order in which each comes after its arguments; a node is (operation, arguments)."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Any, ...]] = []
        self.fixed: list[bool] = []  # does not depend on the state or on time
        self.outputs: list[int] = []
        self._known: dict[Hashable, int] = {}

    def add(self, operation: str, *arguments: Any) -> "Symbol":
        """The node of this operation, made if it is new; arguments are nodes, or constants of the operation."""
        key = operation, *arguments, *(math.copysign(1.0, a) for a in arguments if isinstance(a, float))
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append((operation, *arguments))
            self.fixed.append(operation in ("constant", "p") or self._all_fixed(operation, arguments))
        return Symbol(self, self._known[key])

    def _all_fixed(self, operation: str, arguments: tuple[Any, ...]) -> bool:
        return operation not in ("y", "t") and all(self.fixed[a] for a in arguments if type(a) is int)

    def symbol(self, value: Any) -> "Symbol":
        """A number as a node; a node as it is."""
        if isinstance(value, Symbol):
            return value
        if isinstance(value, (bool, int, float, np.integer, np.floating, np.bool_)):
            return self.add("constant", float(value))
        raise Untraceable(f"it computes with a {type(value).__name__}")


def _binary(name: str, swap: bool = False) -> Callable[["Symbol", Any], "Symbol"]:
    def operation(self: "Symbol", other: Any) -> "Symbol":
        if not isinstance(other, (Symbol, int, float, np.number, np.bool_)):
            return NotImplemented
        a, b = self, self.graph.symbol(other)
        return a.graph.add(name, *((b.index, a.index) if swap else (a.index, b.index)))

    return operation


class Symbol:
    """A number that is not known yet."""

    __slots__ = ("graph", "index")
    __array_ufunc__ = None  # numpy's numbers leave operations to us

    def __init__(self, graph: Graph, index: int) -> None:
        self.graph, self.index = graph, index

    __add__, __radd__ = _binary("add"), _binary("add", swap=True)
    __sub__, __rsub__ = _binary("sub"), _binary("sub", swap=True)
    __mul__, __rmul__ = _binary("mul"), _binary("mul", swap=True)
    __truediv__, __rtruediv__ = _binary("div"), _binary("div", swap=True)

    def __neg__(self) -> "Symbol":
        return self.graph.add("neg", self.index)

    def __pos__(self) -> "Symbol":
        return self

    def __pow__(self, power: Any) -> "Symbol":
        if isinstance(power, Symbol):
            return exp(power * log(self))
        return self.graph.add("sqrt", self.index) if power == 0.5 else _power(self, float(power))

    def __rpow__(self, base: Any) -> "Symbol":
        return exp(self * math.log(base))

    def _refuse(self, *_: Any) -> NoReturn:
        raise Untraceable("it asks for the value of the state, of time or of a parameter (a branch, min, max, abs, //)")

    __bool__ = __float__ = __int__ = __index__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __round__ = _refuse
    __eq__ = __ne__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def _power(x: Symbol, power: float) -> Symbol:
    """Products for whole powers, a recurrence for others."""
    if power != int(power) or abs(power) > MOST_PRODUCTS:
        return x.graph.add("pow", x.index, power)
    result, left, square = x.graph.symbol(1.0), abs(int(power)), x
    while left:
        if left & 1:
            result = square if result.graph.nodes[result.index] == ("constant", 1.0) else result * square
        left >>= 1
        if left:
            square = square * square
    return 1.0 / result if power < 0 else result


def _unary(name: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return x.graph.add(name, x.index) if isinstance(x, Symbol) else original(x)

    return function


def _of_pair(pair: str, which: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Functions whose series are found two together: `pair` holds both, `which` takes one."""

    def function(x: Any) -> Any:
        return x.graph.add(which, x.graph.add(pair, x.index).index) if isinstance(x, Symbol) else original(x)

    return function


sqrt, exp, log = _unary("sqrt", math.sqrt), _unary("exp", math.exp), _unary("log", math.log)


def _hypot(x: Any, y: Any) -> Any:
    return sqrt(x * x + y * y)


def _square(x: Any) -> Any:
    return x * x


def _pow(x: Any, y: Any) -> Any:
    return x**y


TRACED: dict[Any, Callable[..., Any]] = {
    original: ours
    for ours, originals in (
        (sqrt, (math.sqrt, np.sqrt)),
        (exp, (math.exp, np.exp)),
        (log, (math.log, np.log)),
        (_of_pair("sincos", "first", math.sin), (math.sin, np.sin)),
        (_of_pair("sincos", "second", math.cos), (math.cos, np.cos)),
        (_of_pair("sinhcosh", "first", math.sinh), (math.sinh, np.sinh)),
        (_of_pair("sinhcosh", "second", math.cosh), (math.cosh, np.cosh)),
        (_unary("tan", math.tan), (math.tan, np.tan)),
        (_unary("tanh", math.tanh), (math.tanh, np.tanh)),
        (_unary("asin", math.asin), (math.asin, np.arcsin)),
        (_unary("acos", math.acos), (math.acos, np.arccos)),
        (_unary("atan", math.atan), (math.atan, np.arctan)),
        (_hypot, (math.hypot, np.hypot)),
        (_square, (np.square,)),
        (_pow, (math.pow, np.power, pow, operator.pow)),
    )
    for original in originals
}
NAMES = "sqrt, exp, log, sin, cos, tan, sinh, cosh, tanh, asin, acos, atan, hypot and powers"


class Row:
    """An array of symbols whose elements are read, written and counted."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    @property
    def shape(self) -> tuple[int]:
        """As of an array."""
        return (len(self.values),)

    size = property(lambda self: len(self.values))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Part(self, range(*index.indices(len(self.values))))
        return self.values[operator.index(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            places = range(*index.indices(len(self.values)))
            values = [value] * len(places) if not hasattr(value, "__len__") else [value[i] for i in range(len(value))]
            for place, one in zip(places, values, strict=True):
                self.values[place] = one
        else:
            self.values[operator.index(index)] = value


class Part(Row):
    """A slice of a row: writing to it writes to the row."""

    def __init__(self, row: Row, places: range) -> None:
        super().__init__([row.values[i] for i in places])
        self._row, self._places = row, places

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, value)
        for place, one in zip(self._places, self.values, strict=True):
            self._row[place] = one


def trace(drift: Any, n: int, parameters: Callable[[Graph], Any]) -> Graph:
    """Run `drift(t, y, p, dy)` on symbols.

    Parameters
    ----------
    drift : function or dispatcher
        Plain Python, or compiled from it.
    n : int
        Number of components.
    parameters : function
        `parameters(graph)` makes the symbols that stand for p.

    Raises
    ------
    Untraceable
        If the drift is not a formula of its arguments.
    """
    graph = Graph()
    y = Row([graph.add("y", m) for m in range(n)])
    dy = Row([math.nan] * n)  # what the drift leaves unwritten shows
    try:
        _on_symbols(drift, {})(graph.add("t"), y, parameters(graph), dy)
        graph.outputs = [graph.symbol(value).index for value in dy.values]
    except Untraceable:
        raise
    except Exception as error:
        raise Untraceable(f"running it on symbols ended with {type(error).__name__}: {error}") from error
    return graph


def _on_symbols(value: Any, done: dict[int, Any]) -> Any:
    """What stands for a value that a drift uses: functions of symbols for functions of numbers."""
    try:
        if value in TRACED:
            return TRACED[value]
    except TypeError:  # cannot be hashed: no function
        return value
    if isinstance(value, Dispatcher):
        value = value.py_func
    if isinstance(value, ModuleType):
        return _Module(value, done)
    if not isinstance(value, FunctionType) or value.__module__.split(".")[0] in ("numpy", "math"):
        return value
    if id(value) not in done:
        scope = {"__builtins__": __builtins__}
        done[id(value)] = twin = FunctionType(
            value.__code__, scope, value.__name__, value.__defaults__, _cells(value, done)
        )
        twin.__kwdefaults__ = value.__kwdefaults__
        for name in _names(value.__code__):
            if name in value.__globals__:
                scope[name] = _on_symbols(value.__globals__[name], done)
    return done[id(value)]


def _cells(function: FunctionType, done: dict[int, Any]) -> tuple[CellType, ...] | None:
    if function.__closure__ is None:
        return None
    return tuple(CellType(_on_symbols(cell.cell_contents, done)) for cell in function.__closure__)


def _names(code: Any) -> set[str]:
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if hasattr(c, "co_names")))


class _Module:
    """A module whose functions take symbols."""

    def __init__(self, module: ModuleType, done: dict[int, Any]) -> None:
        self._module, self._done = module, done

    def __getattr__(self, name: str) -> Any:
        return _on_symbols(getattr(self._module, name), self._done)
