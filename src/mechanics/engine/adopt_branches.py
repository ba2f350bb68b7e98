"""Branches that lanes decide become selections: both arms are computed, each member keeps its own.

    if f > mu:            t = f - mu
        r = f - mu   ->   e = r_before
                          r = select(f > mu, t, e)

Only where the condition comes from lanes (a loop index still branches, so `y[i + 1]` behind `if i < n - 1` is never
read out of bounds), and only where the arms assign numbers, store to elements of arrays, or return. Everything else
keeps its branch, and numba then refuses the condition: the caller runs such a function one member at a time.

The conversion works on numba's untyped intermediate code, innermost branches first.
"""

import copy
from typing import Any

from numba.core import ir, types
from numba.core.analysis import compute_cfg_from_blocks, compute_live_map, compute_use_defs
from numba.core.ir_utils import build_definitions, get_definition, guard, mk_unique_var, replace_vars_stmt

from .adopt_taint import Taint, callee, has_lanes
from .lane_select import select

PURE = {abs, min, max, float, bool, len, round, pow, int}
EXPRESSIONS = {"binop", "unary", "getattr", "getitem", "static_getitem", "build_tuple", "cast", "call", "inplace_binop"}


def select_instead_of_branching(func_ir: Any, arg_types: tuple[Any, ...], pure: Any) -> bool:
    """Convert every branch of `func_ir` that can be; return whether anything changed.

    Parameters
    ----------
    func_ir : numba.core.ir.FunctionIR
        Changed in place.
    arg_types : tuple
        Numba types of the arguments.
    pure : callable
        Tells of a Python object whether calling it has no side effects.
    """
    if not any(has_lanes(t) for t in arg_types):
        return False
    taint = Taint(func_ir, arg_types)
    if not any(taint.of(b.body[-1].cond) for b in func_ir.blocks.values() if isinstance(b.body[-1], ir.Branch)):
        return False
    converter = _Converter(func_ir, taint, pure)
    changed = False
    while converter.one():
        changed = True
    if changed:
        func_ir._definitions = build_definitions(func_ir.blocks)
    return changed


class _Converter:
    def __init__(self, func_ir: Any, taint: Taint, pure: Any) -> None:
        self.func_ir, self.taint, self.pure = func_ir, taint, pure
        self.blocks = func_ir.blocks

    def one(self) -> bool:
        """Convert one branch, or join two blocks that follow each other; False when nothing is left."""
        cfg = compute_cfg_from_blocks(self.blocks)
        before = {label: {p for p, _ in cfg.predecessors(label)} for label in self.blocks}
        for label, block in self.blocks.items():
            last = block.body[-1]
            if isinstance(last, ir.Jump) and before[last.target] == {label} and last.target != label:
                block.body = block.body[:-1] + self.blocks.pop(last.target).body
                return True
        branches = [(k, b.body[-1]) for k, b in sorted(self.blocks.items(), reverse=True)]
        branches = [(k, last) for k, last in branches if isinstance(last, ir.Branch) and last.truebr != last.falsebr]
        lanes = [(k, last) for k, last in branches if self.taint.of(last.cond)]
        if any(self._thread(k, last, before, cfg) or self._convert(k, last, before, cfg) for k, last in lanes):
            return True
        # What is left may contain a branch on a number: a selection too, if its arms only compute
        uniform = [(k, last) for k, last in branches if not self.taint.of(last.cond)]
        return bool(lanes) and any(self._convert(k, last, before, cfg, computes=True) for k, last in uniform)

    def _convert(self, label: int, last: Any, before: Any, cfg: Any, computes: bool = False) -> bool:
        yes = self._arm(last.truebr, label, before, computes)
        no = self._arm(last.falsebr, label, before, computes)
        return self._short_circuit(label, last, yes, no, cfg) or self._merge(label, last, yes, no, cfg)

    def _thread(self, label: int, last: Any, before: Any, cfg: Any) -> bool:
        """Skip a block that only jumps on (chained comparisons drop their middle term there)."""
        for side in ("truebr", "falsebr"):
            target = getattr(last, side)
            block = self.blocks[target]
            end = block.body[-1]
            if before[target] != {label} or not isinstance(end, ir.Jump) or not self._only_assigns(block):
                continue
            other = last.falsebr if side == "truebr" else last.truebr
            dead = not self._assigned([block]) & self._live(cfg, end.target)
            if dead and len(before[end.target]) > 1 and end.target != other and end.target not in before[label]:
                truth, false = (end.target, last.falsebr) if side == "truebr" else (last.truebr, end.target)
                self.blocks[label].body[-1] = ir.Branch(last.cond, truth, false, last.loc)
                del self.blocks[target]
                return True
        return False

    def _arm(self, target: int, label: int, before: Any, computes: bool) -> Any:
        """The block if it belongs to this branch alone and has no effect but assignments and stores; else None.

        With `computes` neither stores nor elements of arrays, which the branch may guard.
        """
        if before[target] != {label}:
            return None
        block = self.blocks[target]
        if computes and any(self._touches_memory(s) for s in block.body[:-1]):
            return None
        return block if all(self._allowed(s) for s in block.body[:-1]) else None

    def _touches_memory(self, statement: Any) -> bool:
        if not isinstance(statement, ir.Assign):
            return not isinstance(statement, ir.Del)
        return isinstance(statement.value, ir.Expr) and statement.value.op in ("getitem", "static_getitem")

    def _allowed(self, statement: Any) -> bool:
        if isinstance(statement, (ir.SetItem, ir.StaticSetItem, ir.Del)):
            return True
        if not isinstance(statement, ir.Assign):
            return False
        value = statement.value
        if not isinstance(value, ir.Expr):
            return isinstance(value, (ir.Const, ir.Global, ir.FreeVar, ir.Var))
        if value.op not in EXPRESSIONS:
            return False
        if value.op == "inplace_binop":
            return not isinstance(self.taint.kind(value.lhs), types.Array)
        if value.op != "call":
            return True
        function = callee(self.func_ir, value.func)
        arrays = any(isinstance(self.taint.kind(a), types.Array) for a in value.args)
        return function in PURE or (self.pure(function) and not arrays)

    def _short_circuit(self, label: int, last: Any, yes: Any, no: Any, cfg: Any) -> bool:
        """`if a and b`, `if a or b`: the second test is computed with the first where it only steers."""
        for arm, other, joined, flip in ((yes, last.falsebr, "and", False), (no, last.truebr, "or", True)):
            if arm is None or not isinstance(arm.body[-1], ir.Branch) or not self._only_assigns(arm):
                continue
            second = arm.body[-1]
            if (second.truebr if flip else second.falsebr) != other:
                continue
            if self._assigned([arm]) & self._live(cfg, other):
                continue  # the other arm would see what the second test assigned
            block = self.blocks[label]
            first = self._condition(block, last.cond)
            inner = self._condition(arm, second.cond)
            body = block.body[:-1] + arm.body[:-1]
            # and: select(a, b, a) of truth values; or: select(a, a, b)
            cond = self._select(
                body,
                block.scope,
                last.loc,
                first,
                first if joined == "or" else inner,
                inner if joined == "or" else first,
            )
            self.taint.mark(cond)
            block.body = [*body, ir.Branch(cond, second.truebr, second.falsebr, second.loc)]
            self._forget(arm)
            return True
        return False

    def _merge(self, label: int, last: Any, yes: Any, no: Any, cfg: Any) -> bool:
        block = self.blocks[label]
        yes_end: Any = yes.body[-1] if yes is not None else None
        no_end: Any = no.body[-1] if no is not None else None
        join: Any = None
        if isinstance(yes_end, ir.Jump) and isinstance(no_end, ir.Jump) and yes_end.target == no_end.target:
            join = yes_end.target
        elif isinstance(yes_end, ir.Jump) and yes_end.target == last.falsebr:
            join, no = last.falsebr, None
        elif isinstance(no_end, ir.Jump) and no_end.target == last.truebr:
            join, yes = last.truebr, None
        elif not (isinstance(yes_end, ir.Return) and isinstance(no_end, ir.Return)):
            return False
        live = self._live(cfg, join) if join is not None else set()
        cond = self._condition(block, last.cond)
        body = block.body[:-1]
        # A name of its own: an arm may assign the variable that was tested
        names = []
        for arm, stored_if in ((yes, True), (no, False)):
            names.append(self._inline(body, arm, cond, stored_if) if arm is not None else {})
        if join is None:
            a, b = (n.get(end.value.name, end.value) for n, end in zip(names, (yes_end, no_end), strict=True))
            nothing = self._is_none(a) and self._is_none(b)
            result = b if nothing else self._select(body, block.scope, last.loc, cond, a, b)
            body.append(ir.Return(result, last.loc))
        else:
            for name in sorted((set(names[0]) | set(names[1])) & live):
                variable = block.scope.get_exact(name)
                a, b = (n.get(name, variable) for n in names)
                if self._defined_elsewhere(name, (yes, no)) or all(name in n for n in names):
                    chosen = self._select(body, block.scope, last.loc, cond, a, b)
                else:  # unbound on the other path: Python would stop there
                    chosen = a if name in names[0] else b
                body.append(ir.Assign(chosen, variable, last.loc))
                self.taint.mark(variable)
            body.append(ir.Jump(join, last.loc))
        block.body = body
        for arm in (yes, no):
            if arm is not None:
                self._forget(arm)
        return True

    def _inline(self, body: list[Any], arm: Any, cond: Any, stored_if: bool) -> dict[str, Any]:
        """Append the arm with its variables renamed and its stores made selections; return the new names."""
        names: dict[str, Any] = {}
        for statement in arm.body[:-1]:
            if isinstance(statement, ir.Del):
                continue
            copied = self._copy(statement)
            replace_vars_stmt(copied, names)
            if isinstance(copied, ir.Assign):
                new = arm.scope.redefine(mk_unique_var(f"{statement.target.name}.arm"), statement.loc)
                self.taint.same(new, statement.target)
                copied.target = new
                self._define(new, copied.value)
                names[statement.target.name] = new
            else:
                static = isinstance(copied, ir.StaticSetItem)
                before = arm.scope.redefine(mk_unique_var("$before"), statement.loc)
                read = (
                    ir.Expr.static_getitem(copied.target, copied.index, copied.index_var, statement.loc)
                    if static
                    else ir.Expr.getitem(copied.target, copied.index, statement.loc)
                )
                body.append(ir.Assign(read, before, statement.loc))
                a, b = (copied.value, before) if stored_if else (before, copied.value)
                copied.value = self._select(body, arm.scope, statement.loc, cond, a, b)
            body.append(copied)
        return names

    @staticmethod
    def _copy(statement: Any) -> Any:
        new = copy.copy(statement)
        if isinstance(new, ir.Assign) and isinstance(new.value, ir.Expr):
            new.value = copy.copy(new.value)
            new.value._kws = dict(new.value._kws)
        return new

    def _select(self, body: list[Any], scope: Any, loc: Any, cond: Any, a: Any, b: Any) -> Any:
        function = scope.redefine(mk_unique_var("$select"), loc)
        result = scope.redefine(mk_unique_var("$selected"), loc)
        ours = ir.Global("select", select, loc)
        self._define(function, ours)
        body.append(ir.Assign(ours, function, loc))
        body.append(ir.Assign(ir.Expr.call(function, (cond, a, b), (), loc), result, loc))
        self.taint.mark(result)
        return result

    def _define(self, variable: Any, value: Any) -> None:
        self.func_ir._definitions[variable.name] = [value]

    def _condition(self, block: Any, cond: Any) -> Any:
        """The mask behind `bool(mask)`, under a name that nothing else assigns."""
        for i, statement in reversed(list(enumerate(block.body))):
            if isinstance(statement, ir.Assign) and statement.target.name == cond.name:
                value = statement.value
                if isinstance(value, ir.Expr) and value.op == "call" and self._is_bool(block, value.func):
                    statement.value = value.args[0]
                fixed = block.scope.redefine(mk_unique_var("$mask"), cond.loc)
                block.body.insert(i + 1, ir.Assign(cond, fixed, cond.loc))
                self.taint.mark(fixed)
                return fixed
        return cond

    def _is_bool(self, block: Any, function: Any) -> bool:
        definition = guard(get_definition, self.func_ir, function)
        return isinstance(definition, ir.Global) and definition.value is bool

    def _is_none(self, variable: Any) -> bool:
        definition = guard(get_definition, self.func_ir, variable)
        if isinstance(definition, ir.Expr) and definition.op == "cast":
            return self._is_none(definition.value)
        return isinstance(definition, ir.Const) and definition.value is None

    def _live(self, cfg: Any, label: int) -> set[str]:
        uses = compute_use_defs(self.blocks)
        return set(compute_live_map(cfg, self.blocks, uses.usemap, uses.defmap)[label])

    def _assigned(self, blocks: list[Any]) -> set[str]:
        return {s.target.name for b in blocks for s in b.body if isinstance(s, ir.Assign)}

    def _only_assigns(self, block: Any) -> bool:
        return all(isinstance(s, (ir.Assign, ir.Del)) for s in block.body[:-1])

    def _defined_elsewhere(self, name: str, arms: tuple[Any, ...]) -> bool:
        return name in self._assigned([b for b in self.blocks.values() if all(b is not arm for arm in arms)])

    def _forget(self, block: Any) -> None:
        label = next(k for k, v in self.blocks.items() if v is block)
        del self.blocks[label]
