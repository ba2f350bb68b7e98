"""Which variables of an untyped function come from lanes, judged by the types of its arguments.

A field of a parameter record or an element of an array has its own type; what is computed from lanes is lanes; lengths,
shapes and loop counters are not. The judgement need not be perfect: what is taken for lanes and is not ends in a
selection by one truth value, which is right too; what is missed keeps its branch, and numba refuses it.
"""

from types import ModuleType
from typing import Any

from numba.core import ir, types
from numba.core.ir_utils import get_definition, guard

from .lane_type import Lanes, Mask

UNIFORM_CALLS = (len, range)
UNIFORM_ATTRIBUTES = ("shape", "size", "ndim", "strides", "itemsize")
NO, YES = False, True


def has_lanes(kind: Any) -> bool:
    """Whether a numba type is or holds lanes."""
    t: Any = kind
    if _is_tuple(t):
        return any(has_lanes(item) for item in t.types)
    if isinstance(t, types.Array):
        return has_lanes(t.dtype)
    return isinstance(t, (Lanes, Mask))


def _is_tuple(kind: Any) -> bool:
    return isinstance(kind, types.BaseTuple)


def callee(func_ir: Any, variable: Any) -> Any:
    """The Python object behind a variable (a global, a closure's name, an attribute of a module), or None."""
    definition = guard(get_definition, func_ir, variable)
    if isinstance(definition, (ir.Global, ir.FreeVar)):
        return definition.value
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        owner = callee(func_ir, definition.value)
        if isinstance(owner, ModuleType):
            return getattr(owner, definition.attr, None)
    if isinstance(definition, ir.Var):
        return callee(func_ir, definition)
    return None


class Taint:
    """Kinds of variables: a numba type where it is known from the arguments, else whether it comes from lanes."""

    def __init__(self, func_ir: Any, arg_types: tuple[Any, ...]) -> None:
        self._func_ir, self._arg_types = func_ir, arg_types
        self._kinds: dict[str, Any] = {}
        changed = True
        while changed:
            changed = False
            for block in func_ir.blocks.values():
                for statement in block.body:
                    if isinstance(statement, ir.Assign):
                        changed |= self._join(statement.target.name, self._value(statement.value))

    def of(self, variable: Any) -> bool:
        """Whether a variable is, or holds, lanes."""
        kind = self.kind(variable)
        return kind if isinstance(kind, bool) else has_lanes(kind)

    def kind(self, variable: Any) -> Any:
        """Its numba type if an argument tells, else whether it comes from lanes."""
        return self._kinds.get(variable.name, NO)

    def mark(self, variable: Any) -> None:
        """A variable that has become lanes."""
        if not self.of(variable):
            self._kinds[variable.name] = YES

    def same(self, new: Any, old: Any) -> None:
        """A variable that is another one under a new name."""
        self._kinds[new.name] = self.kind(old)

    def _join(self, name: str, kind: Any) -> bool:
        old = self._kinds.get(name)
        if old is None:
            self._kinds[name] = kind
            return True
        if old is YES or kind is NO or old == kind:
            return False
        if isinstance(old, types.Type) and (has_lanes(old) or not (kind is YES or has_lanes(kind))):
            return False
        self._kinds[name] = kind if isinstance(kind, types.Type) and not isinstance(old, types.Type) else YES
        return True

    def _value(self, value: Any) -> Any:
        if isinstance(value, ir.Arg):
            return self._arg_types[value.index]
        if isinstance(value, ir.Var):
            return self.kind(value)
        return self._expression(value) if isinstance(value, ir.Expr) else NO

    def _expression(self, e: Any) -> Any:
        if e.op == "getattr":
            return self._attribute(self.kind(e.value), e.attr)
        if e.op in ("static_getitem", "getitem", "typed_getitem"):
            return self._item(self.kind(e.value), e)
        if e.op == "pair_second":
            return NO
        if e.op == "call":
            function = callee(self._func_ir, e.func)
            if any(function is uniform for uniform in UNIFORM_CALLS):
                return NO
        return any(self.of(v) for v in e.list_vars())

    def _attribute(self, owner: Any, name: str) -> Any:
        if name in UNIFORM_ATTRIBUTES:
            return NO
        if _is_tuple(owner) and hasattr(owner, "fields"):
            return dict(zip(owner.fields, owner.types, strict=True)).get(name, NO)
        return owner if isinstance(owner, (bool, types.Array)) else NO

    def _item(self, owner: Any, e: Any) -> Any:
        index = e.index if e.op == "static_getitem" else None
        if _is_tuple(owner):
            items = owner.types
            inside = isinstance(index, int) and -len(items) <= index < len(items)
            return items[index] if inside else has_lanes(owner)
        if isinstance(owner, types.Array) and isinstance(index, slice):
            return owner
        return owner if isinstance(owner, bool) else has_lanes(owner)
