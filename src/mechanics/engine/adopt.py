"""`adopt` compiles a user's function so that it gives the same bits alone and in lanes.

    drift = adopt(f)          a dispatcher: float64 arrays for one member, arrays of lanes for many

While it is compiled, before types are known,
 - `math.sin`, `numpy.exp`, ... become the functions of `functions`, whatever name they were imported under,
 - `x ** y` with a power that is not a whole constant >= 0 becomes `functions.power` (half powers: a square root),
 - the plain functions and dispatchers that it uses are adopted too,
 - where lanes decide a branch, the branch becomes a selection (`adopt_branches`).
The user's function is not changed. Arrays, complex numbers and everything unknown keep numba's meaning.
"""

import math
import operator
from collections.abc import Callable, Hashable
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit
from numba.core import compiler, config, errors, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.dispatcher import Dispatcher
from numba.core.ir_utils import build_definitions, find_const, guard, mk_unique_var
from numba.core.untyped_passes import InlineClosureLikes
from numba.extending import _Intrinsic

from .adopt_branches import select_instead_of_branching
from .adopt_taint import callee
from .functions import HALF_POWERS, REPLACED, power

POWERS = (pow, math.pow, np.power)
WHOLE_POWERS = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)  # as floats: products at most 1 unit in the last place away

_adopted: dict[tuple[Any, ...], Any] = {}


def adopt(function: Callable[..., Any], *, inline: bool = False) -> Any:
    """Compile a plain function for numbers and lanes alike.

    Parameters
    ----------
    function : function or dispatcher
        Plain Python that numba can compile, or a dispatcher, whose Python function is taken.
    inline : bool
        Force its machine code into its callers, as `kernel` does.

    Returns
    -------
    dispatcher
        The same object for the same function; the plain function under NUMBA_DISABLE_JIT=1.

    Raises
    ------
    TypeError
        If it is neither a plain function nor a dispatcher.
    """
    options: dict[str, Any] = {}
    plain: Any = function
    if isinstance(plain, Dispatcher):
        if _is_adopted(plain) or plain.targetoptions.get("parallel"):
            return plain
        options = {k: v for k, v in plain.targetoptions.items() if k in ("fastmath", "forceinline")}
        plain = plain.py_func
    if not isinstance(plain, FunctionType):
        raise TypeError(f"adopt takes a plain function, but got {type(function).__name__}: wrap it in a function.")
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return plain
    if inline:
        options["forceinline"] = True
    key = plain, repr(sorted(options.items()))
    if key not in _adopted:
        _adopted[key] = njit(error_model="numpy", nogil=True, pipeline_class=Adopting, **options)(plain)
    return _adopted[key]


def _is_adopted(dispatcher: Any) -> bool:
    return dispatcher._compiler.pipeline_class is Adopting


class Adopting(compiler.CompilerBase):
    """Numba's pipeline with the replacements after closures are inlined."""

    def define_pipelines(self) -> list[Any]:
        """The nopython pipeline and one pass."""
        pipeline = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(Adopt, InlineClosureLikes)
        pipeline.finalize()
        return [pipeline]


@register_pass(mutates_CFG=True, analysis_only=False)
class Adopt(FunctionPass):
    """Replace functions and powers; then branches by selections where arguments are lanes."""

    _name = "mechanics_adopt"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change `state.func_ir` in place."""
        func_ir = state.func_ir
        changed = False
        for block in func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                if isinstance(statement, ir.Assign):
                    changed |= _replace(state, func_ir, body, block.scope, statement)
                body.append(statement)
            block.body = body
        itself = func_ir.func_id.func

        def pure(function: Any) -> bool:
            # a recursion that lanes end would never end if both arms were computed
            return _is_pure(function) and getattr(function, "py_func", function) is not itself

        changed |= select_instead_of_branching(func_ir, state.args, pure)
        if changed:
            func_ir._definitions = build_definitions(func_ir.blocks)
        return changed


def _replace(state: Any, func_ir: Any, body: list[Any], scope: Any, statement: Any) -> bool:
    """Replace what one assignment refers to or calls; statements needed before it go to `body`."""
    value = statement.value
    if isinstance(value, (ir.Global, ir.FreeVar)) or (isinstance(value, ir.Expr) and value.op == "getattr"):
        found = callee(func_ir, statement.target) if isinstance(value, ir.Expr) else value.value
        if not _is_users(state, found):
            return False
        statement.value = ir.Global(found.__name__, adopt(found), value.loc)
        return True
    if not isinstance(value, ir.Expr):
        return False
    if value.op in ("binop", "inplace_binop") and value.fn in (operator.pow, operator.ipow):
        return _replace_power(func_ir, body, scope, statement, value.lhs, value.rhs)
    if value.op != "call" or value.kws or value.vararg:
        return False
    function = callee(func_ir, value.func)
    if not isinstance(function, Hashable):
        return False
    if function in POWERS and len(value.args) == 2:
        return _replace_power(func_ir, body, scope, statement, *value.args)
    if function in REPLACED and REPLACED[function][1] == len(value.args):
        return _call(func_ir, body, scope, statement, REPLACED[function][0], value.args)
    return False


def _is_users(state: Any, found: Any) -> bool:
    """Whether this is a function to adopt: plain and unknown to numba, or compiled with ordinary options."""
    if isinstance(found, Dispatcher):
        return adopt(found) is not found
    if not isinstance(found, FunctionType):
        return False
    try:
        return not isinstance(state.typingctx.resolve_value_type(found), types.Function)
    except (errors.NumbaError, ValueError):  # numba does not know it
        return True


def _replace_power(func_ir: Any, body: list[Any], scope: Any, statement: Any, x: Any, y: Any) -> bool:
    exponent = guard(find_const, func_ir, y)
    if isinstance(exponent, float) and 2 * exponent in HALF_POWERS:
        return _call(func_ir, body, scope, statement, HALF_POWERS[int(2 * exponent)], (x,))
    if isinstance(exponent, float) and exponent in WHOLE_POWERS:
        y = _assign(func_ir, body, scope, ir.Const(int(exponent), statement.loc), statement.loc)
    elif isinstance(exponent, int) and exponent >= 0 and statement.value.op != "call":
        return False  # numba's products, the same in lanes
    return _call(func_ir, body, scope, statement, power, (x, y))


def _call(func_ir: Any, body: list[Any], scope: Any, statement: Any, function: Any, args: Any) -> bool:
    """Make the statement call `function`."""
    loc = statement.loc
    variable = _assign(func_ir, body, scope, ir.Global(function.__name__, function, loc), loc)
    statement.value = ir.Expr.call(variable, tuple(args), (), loc)
    return True


def _assign(func_ir: Any, body: list[Any], scope: Any, value: Any, loc: Any) -> Any:
    variable = scope.redefine(mk_unique_var("$adopted"), loc)
    body.append(ir.Assign(value, variable, loc))
    func_ir._definitions[variable.name] = [value]
    return variable


def _is_pure(function: Any) -> bool:
    """Whether a call that is given no array has no side effect."""
    if isinstance(function, (FunctionType, Dispatcher, _Intrinsic)):
        return True
    return isinstance(function, Hashable) and (function in REPLACED or function in POWERS)
