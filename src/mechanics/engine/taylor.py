"""Steps of Taylor's method: the expansion as machine code, written from the graph of the drift.

K holds the coefficients a_1 .. a_N of the step's start, each a vector of n components, the slope at its end, and a flag
that says whether the coefficients are those of this start: an attempt that is refused is repeated without a new
expansion. The error is taken to be the last term of the series, which is more than what follows it; where that term
happens to vanish, RATIO times the one before it.
"""

import math
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.extending import intrinsic

from ..methods.bernstein import from_monomials
from ..methods.taylor import Series
from . import functions_arc, functions_exp, functions_hyperbolic, functions_trig
from . import functions_number as numbers
from .compile import inlined, kernel
from .elementary import fma
from .functions_number import Number
from .lane_type import Lanes, splat
from .parts import NO_PARTS, Parts, Step
from .series import Arithmetic, Expansion
from .stack import STACK
from .trace import NAMES, Graph, Untraceable, trace

RATIO = 0.2  # of a term to the one before it, where tolerance and order suit each other
MOST_PRODUCTS = 60_000  # of the recurrences: beyond, compiling takes longer than solving
LONG = {"mul", "div", "sqrt", "pow", "exp", "log", "sincos", "sinhcosh", "tan", "tanh", "asin", "acos", "atan"}
ADVICE = "Use VERN9, which takes any drift."

_made: dict[tuple[int, int | None], Step] = {}


def taylor_step(series: Series, n: int | None, parts: Parts = NO_PARTS) -> Step:
    """The kernels and sizes for one order."""
    key = (series.order, n)
    if key not in _made:
        _made[key] = _kernels(series.order, n)
    return _made[key]


def _kernels(N: int, n: int | None) -> Step:
    expand = _expansion(N, n)
    to_bernstein = from_monomials(np.eye(N))  # row j: what a_{j+1} dt^j theta^(j+1) adds to each coefficient

    @inlined
    def begin(drift, t, y, p, K):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            K[m] = np.nan
        drift(t, y, p, K[:n])
        K[(N + 1) * n] = 0.0 * t

    @inlined
    def attempt(drift, t, dt, y, p, z, K, y1, rtol, atol):  # type: ignore[no-untyped-def]
        n = len(y)
        if not has_expansion(K, (N + 1) * n):
            expand(drift, t, y, p, K)
            K[(N + 1) * n] = 0.0 * dt + 1.0
        total = 0.0 * dt
        power = dt
        for _ in range(N - 2):
            power = power * dt
        next_to_last, last = RATIO * power, power * dt
        for m in range(n):
            value = K[(N - 1) * n + m]
            for k in range(N - 2, -1, -1):
                value = fma(value, dt, K[k * n + m])
            y1[m] = fma(value, dt, y[m])
            scale = 1.0 / (atol[m] + rtol * abs(y[m]))
            a = K[(N - 1) * n + m] * last * scale
            b = K[(N - 2) * n + m] * next_to_last * scale
            total += a * a + b * b
        return total / n

    @inlined
    def finish(drift, t1, y1, p, K):  # type: ignore[no-untyped-def]
        n = len(y1)
        drift(t1, y1, p, K[N * n : N * n + n])

    @kernel(forceinline=False)
    def in_bernstein_basis(dt, y, K, Q):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            for k in range(N):
                Q[k * n + m] = 0.0 * dt
            power = 0.0 * dt + 1.0
            for j in range(N):
                term = power * K[j * n + m]
                power = power * dt
                for k in range(j, N):
                    Q[k * n + m] = fma(term, to_bernstein[j, k], Q[k * n + m])

    @inlined
    def dense(drift, t, dt, y, p, K, work, Q):  # type: ignore[no-untyped-def]
        in_bernstein_basis(dt, y, K, Q)

    @inlined
    def shift(y, K):  # type: ignore[no-untyped-def]
        n = len(y)
        for m in range(n):
            K[m] = K[N * n + m]
        K[(N + 1) * n] = 0.0

    def check(drift: Any, p: Any) -> None:
        graph_of(drift, N, n, numba.typeof(p))

    return Step(begin, attempt, finish, dense, shift, N + 2, N, N, 1, 1, 0, check=check)


if DISABLE_JIT:

    def has_expansion(K: Any, place: int) -> bool:
        """Uncompiled runs expand at every attempt."""
        return False

else:

    @intrinsic
    def has_expansion(typingctx, K, place):  # type: ignore[no-untyped-def]
        """Whether K[place] says so; never for lanes, which share K with other groups."""

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            if isinstance(K.dtype, Lanes):
                return context.get_constant(types.boolean, False)
            data = context.make_array(K)(context, builder, args[0]).data
            return builder.fcmp_ordered(
                "==", builder.load(builder.gep(data, [args[1]])), ir.Constant(ir.DoubleType(), 1.0)
            )

        return types.boolean(K, place), codegen


FUNCTIONS: dict[str, Any] = {
    "sqrt": numbers.sqrt,
    "exp": functions_exp.exp,
    "log": functions_exp.log,
    "sin": functions_trig.sin,
    "cos": functions_trig.cos,
    "tan": functions_trig.tan,
    "sinh": functions_hyperbolic.sinh,
    "cosh": functions_hyperbolic.cosh,
    "tanh": functions_hyperbolic.tanh,
    "asin": functions_arc.asin,
    "acos": functions_arc.acos,
    "atan": functions_arc.atan,
}


def _machine_code(like: Number) -> Arithmetic:
    """Numbers that leave instructions behind; the elementary functions are those of a compiled drift."""
    return Arithmetic(numbers.fma, like.constant, {**FUNCTIONS, "pow": _power})


def _power(x: Number, power: float) -> Number:
    twice = 2.0 * power
    if twice == int(twice) and abs(twice) <= 7:
        return functions_exp.half_power(x, int(twice))
    return functions_exp.power(x, x.constant(power))


def _floats() -> Arithmetic:
    """Python's numbers, for uncompiled runs."""
    functions = {name: getattr(math, name) for name in (*FUNCTIONS, "pow")}
    return Arithmetic(lambda a, b, c: a * b + c, float, functions)


def _expansion(N: int, n: int | None) -> Any:
    """`expand(drift, t, y, p, K)`: fill a_1 .. a_N."""
    if DISABLE_JIT:

        def in_python(drift: Any, t: float, y: Any, p: Any, K: Any) -> None:
            graph = trace(drift, len(y), lambda graph: _symbols(graph, numba.typeof(p), ()))
            rows = Expansion(graph, _floats(), t, [float(x) for x in y], lambda path: _follow(p, path)).outputs(N)
            K[: N * len(y)] = np.array(rows).T.ravel()

        return in_python

    @intrinsic
    def expand(typingctx, drift, t, y, p, K):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            element = context.get_value_type(y.dtype)
            states, target = (
                builder.bitcast(context.make_array(y)(context, builder, args[i]).data, element.as_pointer())
                for i in (2, 4)
            )
            values = (args[1], states, args[3], target)
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            # a function of its own: the recurrences are long, and called from several places
            name = f"expand.{N}.{n}.{y.dtype}.{drift.dispatcher.py_func.__qualname__}.{id(drift.dispatcher)}"
            if name not in builder.module.globals:
                function = ir.Function(builder.module, kind, name)
                function.linkage = "internal"
                function.attributes.add("noinline")
                body = ir.IRBuilder(function.append_basic_block())
                _write_expansion(context, body, graph_of(drift.dispatcher.py_func, N, n, p), N, p, *function.args)
                body.ret_void()
            builder.call(builder.module.globals[name], values)
            return context.get_dummy_value()

        return types.void(drift, t, y, p, K), codegen

    return expand


def _write_expansion(
    context: Any, builder: Any, graph: Graph, N: int, kind: Any, t: Any, y: Any, p: Any, K: Any
) -> None:
    """Instructions that read y and fill K; `kind` is the numba type of p."""
    n = len(graph.outputs)

    def place(base: Any, index: int) -> Any:
        return builder.gep(base, [ir.Constant(ir.IntType(64), index)])

    start = [Number(builder, builder.load(place(y, m), align=8)) for m in range(n)]

    def parameter(path: tuple[Any, ...]) -> Number:
        return _load(context, builder, kind, p, path, start[0])

    rows = Expansion(graph, _machine_code(start[0]), Number(builder, t), start, parameter).outputs(N)
    for m, row in enumerate(rows):
        for k, value in enumerate(row):
            builder.store(value.value, place(K, k * n + m), align=8)


def graph_of(drift: Any, N: int, n: int | None, p: Any) -> Graph:
    """The graph of a drift for parameters of a numba type.

    Raises
    ------
    Untraceable
        If there is none, or it is too large; the message says what to do.
    """
    if n is None:
        raise Untraceable(f"Taylor's method takes up to {STACK} components. {ADVICE}")
    try:
        graph = trace(drift, n, lambda graph: _symbols(graph, p, ()))
    except Untraceable as error:
        raise Untraceable(
            f"Taylor's method needs a drift that is a formula of {NAMES}, but in {getattr(drift, '__name__', drift)} "
            f"{error}. {ADVICE}"
        ) from error
    products = sum(
        N * N // 2 for node, fixed in zip(graph.nodes, graph.fixed, strict=True) if not fixed and node[0] in LONG
    )
    if products > MOST_PRODUCTS:
        raise Untraceable(
            f"The series of {getattr(drift, '__name__', drift)} takes {products} products a step, too many to compile "
            f"(the limit is {MOST_PRODUCTS}). {ADVICE}"
        )
    return graph


def _symbols(graph: Graph, numba_type: Any, path: tuple[Any, ...]) -> Any:
    """Symbols in the form of parameters of this numba type."""
    kind: Any = numba_type
    if isinstance(kind, types.BaseTuple):
        items = [_symbols(graph, item, (*path, i)) for i, item in enumerate(numba_type.types)]
        return numba_type.instance_class(*items) if isinstance(kind, types.BaseNamedTuple) else tuple(items)
    if isinstance(kind, types.Array):
        return _Table(graph, path, kind.ndim)
    return None if kind == types.none else graph.add("p", *path)


class _Table:
    """An array among the parameters, whose elements are symbols."""

    def __init__(self, graph: Graph, path: tuple[Any, ...], ndim: int) -> None:
        self._graph, self._path, self._ndim = graph, path, ndim

    def __getitem__(self, index: Any) -> Any:
        places = index if isinstance(index, tuple) else (index,)
        if len(places) > self._ndim or any(isinstance(i, slice) or i < 0 for i in places):
            raise Untraceable("it takes slices of a parameter, or counts its elements from the end")
        path = (*self._path, *(int(i) for i in places))
        left = self._ndim - len(places)
        return _Table(self._graph, path, left) if left else self._graph.add("p", *path)

    def __len__(self) -> int:
        raise Untraceable("it asks for the length of a parameter")


def _load(context: Any, builder: Any, kind: Any, value: Any, path: tuple[Any, ...], like: Number) -> Number:
    """The parameter at a path as a number in every lane."""
    while isinstance(kind, types.BaseTuple):
        inside: Any = kind
        value, kind, path = builder.extract_value(value, path[0]), inside.types[path[0]], path[1:]
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        shape, strides = (cgutils.unpack_tuple(builder, part, kind.ndim) for part in (array.shape, array.strides))
        where = [context.get_constant(types.intp, i) for i in path]
        pointer = cgutils.get_item_pointer2(context, builder, array.data, shape, strides, kind.layout, where)
        value, kind = context.unpack_value(builder, kind.dtype, pointer), kind.dtype
    if isinstance(kind, Lanes):
        return Number(builder, value)
    value = context.cast(builder, value, kind, types.float64)
    width = getattr(like.value.type, "count", None)
    return Number(builder, value if width is None else splat(builder, value, width))


def _follow(p: Any, path: tuple[Any, ...]) -> float:
    for place in path:
        p = p[place]
    return float(p)
