"""The equations of a Gauss step, solved: `solve(drift, t, dt, y, p, K, y1)` evaluations, infinite where it fails.

    first order     Y_i = y + (e + dt sum_j A_ij F_j)                    F_i = f(t + c_i dt, Y_i)
    plain velocity  Q_i = q + (e + dt (c_i v + dt sum_j (A A)_ij F_j))   F_i = force at t + c_i dt, Q_i

e is the rounding error of y so far. The iteration starts from the slopes of the step before, extrapolated, and ends
when a change is zero or no longer shrinks (Hairer, McLachlan, Razakarivony, BIT 48 (2008) 231-243, section 3.2): what
an earlier end leaves would add up over the steps. What float64 leaves out of A, b, c is added from the first slopes,
whose errors do not matter there.

Single trajectories evaluate PACK nodes at once, as lanes of a vector, where the drift can be compiled for lanes;
otherwise, and where lanes are members of an ensemble, node after node. The bits are the same.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.config import DISABLE_JIT  # type: ignore[attr-defined]
from numba.core.errors import NumbaError
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from ..methods.gauss import Gauss
from .emit import UNROLL, Emitter, double, word
from .lane_type import Lanes

PACK = 4  # nodes in a vector, on every machine: sums over nodes keep their order
MOST = 60  # iterations
LOW_TURNS = 0, 2  # in which the low parts of the coefficients are applied: the first slopes may be off by a hundredth
CLOSE = 2.0**-44  # relative: changes below are rounding if they no longer shrink
HUGE = 1e300


class _Sums(NamedTuple):
    """Coefficients of one form of the equations."""

    A: Any
    A_low: Any
    guess: Any
    offset: bool  # slopes of unknown m are at n // 2 + m


def node_kernel(data: Gauss, n: int | None, plain: bool, carried: int) -> Any:
    """`solve` for states of n components; n=None leaves the number open."""
    if DISABLE_JIT:
        from .nodes_plain import plain_nodes

        return plain_nodes(data, plain, carried)
    form = _Sums(data.AA[0], data.AA[1], data.guess2, True) if plain else _Sums(data.A[0], data.A[1], data.guess, False)

    @intrinsic
    def solve(typingctx, drift, t, dt, y, p, K, y1):  # type: ignore[no-untyped-def]
        slope, packs = None, [[i] for i in range(data.stages)]
        lanes = Lanes(PACK)
        if n is not None and data.stages > 1 and y.dtype == types.float64:
            vectors = types.Array(lanes, 1, "C")
            try:
                slope = typingctx.resolve_function_type(drift, (lanes, vectors, p, vectors), {})
            except NumbaError:
                slope = None
        packed = slope is not None
        if packed:
            last = data.stages - 1
            packs = [[min(i + k, last) for k in range(PACK)] for i in range(0, data.stages, PACK)]
        else:
            slope = typingctx.resolve_function_type(drift, (t, y, p, y), {})

        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            evaluate = context.get_function(drift, slope)
            array_type = types.Array(lanes, 1, "C") if packed else signature.args[3]
            writer = _Writer(context, builder, signature, args, n, data, form, carried, packs, packed, array_type)
            return writer.write(evaluate)

        return types.float64(drift, t, dt, y, p, K, y1), codegen

    return solve


class _Writer:
    """Writes one step at the position of an LLVM builder."""

    def __init__(  # type: ignore[no-untyped-def]
        self, context, builder, signature, args, n, data, form, carried, packs, packed, array_type
    ) -> None:
        self.context, self.builder, self.n, self.data, self.form = context, builder, n, data, form
        self.packs, self.packed, self.array_type = packs, packed, array_type
        _, self.t, self.dt, y, self.p, K, y1 = args
        self.emit = Emitter(context, builder, signature.args[3], y, n)
        self.single = self.emit.element  # of y and K
        self.kind = ir.VectorType(double, PACK) if packed else self.single
        self.many = isinstance(self.single, ir.VectorType)  # each lane is a member with an iteration of its own
        self.s = data.stages
        half = builder.udiv(self.emit.length, ir.Constant(word, 2))
        self.half = half if n is None else ir.Constant(word, n // 2)
        self.count = self.half if form.offset else self.emit.length
        self.shift = self.half if form.offset else ir.Constant(word, 0)
        self.y, self.y1 = self.emit.pointer(y), self.emit.pointer(y1)
        slots = self.emit.slots(K, 2 * carried + 2 * self.s + 1)
        self.before, self.low = slots[: self.s], slots[self.s]
        self.after, self.low_after = slots[carried : carried + self.s], slots[carried + self.s]
        rest = slots[2 * carried :]
        if packed:
            memory = [[cgutils.alloca_once(builder, self.kind, size=n) for _ in packs] for _ in range(3)]
            self.Y, self.F, self.extra = memory
            self.spare = None
        else:
            self.Y, self.F, self.extra, self.spare = rest[: self.s], self.after, rest[self.s : 2 * self.s], rest[-1]

    # -- small things

    def load(self, pointer: Any, m: Any) -> Any:
        return self.builder.load(self.builder.gep(pointer, [m]), align=8)

    def store(self, value: Any, pointer: Any, m: Any) -> None:
        self.builder.store(value, self.builder.gep(pointer, [m]), align=8)

    def each(self, count: Any, body: Callable[[Any], None]) -> None:
        """Run `body(m)` for m = 0 .. count - 1."""
        if isinstance(count, ir.Constant) and count.constant <= UNROLL:
            for m in range(count.constant):
                body(ir.Constant(word, m))
        else:
            with cgutils.for_range(self.builder, count) as loop:
                body(loop.index)

    def up(self, m: Any) -> Any:
        """Where the slope of unknown m is."""
        return self.builder.add(m, self.shift)

    def column(self, values: Any, g: int) -> Any:
        """The coefficients of the nodes of pack g as one value."""
        own = [float(values[i]) for i in self.packs[g]]
        return ir.Constant(self.kind, own) if self.packed else self.emit.constant(own[0], self.kind)

    def wide(self, value: Any) -> Any:
        return self.emit.spread(value, self.kind)

    def slope(self, j: int, m: Any) -> Any:
        """F_j of unknown m, for all nodes of a pack."""
        if not self.packed:
            return self.load(self.F[j], self.up(m))
        value = self.load(self.F[j // PACK], self.up(m))
        return self.wide(self.builder.extract_element(value, ir.Constant(ir.IntType(32), j % PACK)))

    def dot(self, rows: Any, slopes: list[Any], g: int, low: Any | None = None) -> Any:
        """low + sum_j rows[i][j] slopes[j] for the nodes i of pack g: two chains, whose latencies overlap.

        What is small comes first: after the sum, rounding would swallow it.
        """
        half = (self.s + 1) // 2
        chains = []
        for part in (range(half), range(half, self.s)):
            total, low = low, None
            for j in part:
                weight = self.column(rows[:, j], g)
                total = (
                    self.builder.fmul(weight, slopes[j]) if total is None else self.emit.fma(weight, slopes[j], total)
                )
            if total is not None:
                chains.append(total)
        return chains[0] if len(chains) == 1 else self.builder.fadd(*chains)

    def node(self, g: int, m: Any, total: Any) -> Any:
        """Y_i or Q_i from sum_j A_ij F_j."""
        b, fma = self.builder, self.emit.fma
        dt, slope = self.wide(self.dt), total
        if self.form.offset:
            v, e = (self.wide(self.load(pointer, self.up(m))) for pointer in (self.y, self.low))
            high, low = self.column(self.data.c[0], g), self.column(self.data.c[1], g)
            slope = fma(high, v, fma(dt, total, fma(high, e, b.fmul(low, v))))
        return b.fadd(self.wide(self.load(self.y, m)), fma(dt, slope, self.wide(self.load(self.low, m))))

    # -- the step

    def write(self, evaluate: Any) -> Any:
        """Everything; the value that `solve` returns."""
        b = self.builder
        if self.form.offset:  # velocities, which the force does not read
            for Y in self.Y:
                self.each(self.half, partial(self.spread_velocity, Y))

        def first(m: Any) -> None:
            slopes = [self.wide(self.load(pointer, self.up(m))) for pointer in self.before]
            for g in range(len(self.packs)):
                self.store(self.node(g, m, self.dot(self.form.guess, slopes, g)), self.Y[g], m)

        self.each(self.count, first)
        self.nan(self.F)
        failed = self.iterate(evaluate)
        self.end(failed)
        if self.many:
            return ir.Constant(double, 0.0)
        evaluations = b.fmul(b.uitofp(b.load(self.turn), double), ir.Constant(double, self.s))
        return b.select(failed, ir.Constant(double, float("inf")), evaluations)

    def nan(self, pointers: list[Any]) -> None:
        """What the drift leaves unwritten shows."""
        missing = self.emit.constant(float("nan"), self.kind)
        for pointer in pointers:
            self.each(self.emit.length, partial(self.store, missing, pointer))

    def spread_velocity(self, pointer: Any, m: Any) -> None:
        """The velocity that belongs to position m, for all nodes of a pack."""
        self.store(self.wide(self.load(self.y, self.up(m))), pointer, self.up(m))

    def slopes(self, evaluate: Any, active: Any) -> None:
        """F = f(Y), in lanes whose iteration goes on."""
        b, c = self.builder, self.data.c[0]
        if self.packed:
            for g in range(len(self.packs)):
                at = self.emit.fma(self.column(c, g), self.wide(self.dt), self.wide(self.t))
                evaluate(b, (at, self.array(self.Y[g]), self.p, self.array(self.F[g])))
            return
        constants = ir.Constant(ir.ArrayType(double, self.s), [ir.Constant(double, float(x)) for x in c])
        memory = cgutils.global_constant(b, "nodes", constants)
        with cgutils.for_range(b, ir.Constant(word, self.s)) as loop:
            node = b.load(b.gep(memory, [ir.Constant(word, 0), loop.index]))
            at = self.emit.fma(self.emit.spread(node, self.t.type), self.emit.spread(self.dt, self.t.type), self.t)
            start = b.mul(loop.index, self.emit.length)
            Y, F = b.gep(self.Y[0], [start]), b.gep(self.F[0], [start])
            out = self.spare if self.many else F
            evaluate(b, (at, self.array(Y), self.p, self.array(out)))
            if self.many:
                self.each(
                    self.emit.length,
                    lambda m: self.store(b.select(active, self.load(out, m), self.load(F, m)), F, m),
                )

    def array(self, pointer: Any) -> Any:
        """A numba array value of n elements at `pointer`."""
        made = self.context.make_array(self.array_type)(self.context, self.builder)
        size = ir.Constant(word, 8 * (self.kind.count if isinstance(self.kind, ir.VectorType) else 1))
        shape = cgutils.pack_array(self.builder, [self.emit.length])
        populate_array(
            made, self.builder.bitcast(pointer, made.data.type), shape, cgutils.pack_array(self.builder, [size]), size,
            None,
        )  # fmt: skip
        return made._getvalue()

    def iterate(self, evaluate: Any) -> Any:
        """The fixed-point iteration; a truth value (of each lane): whether it failed."""
        b = self.builder
        flag = ir.VectorType(ir.IntType(1), self.single.count) if self.many else ir.IntType(1)
        yes = ir.Constant(flag, [1] * self.single.count) if self.many else ir.Constant(flag, 1)
        number = self.single
        active, self.turn = cgutils.alloca_once(b, flag), cgutils.alloca_once(b, word)
        change, scale = cgutils.alloca_once(b, number), cgutils.alloca_once(b, number)
        b.store(yes, active)
        b.store(ir.Constant(word, 0), self.turn)
        b.store(self.emit.constant(HUGE, number), change)
        b.store(self.emit.constant(0.0, number), scale)
        loop, done = b.append_basic_block("iterate"), b.append_basic_block("iterated")
        b.branch(loop)
        b.position_at_end(loop)
        k = b.load(self.turn)
        self.slopes(evaluate, b.load(active))
        with b.if_then(b.or_(*(b.icmp_unsigned("==", k, ir.Constant(word, turn)) for turn in LOW_TURNS))):
            b.store(self.reduce(self.add_low()), scale)
        moved = self.reduce(self.move())
        before = b.load(change)
        b.store(moved, change)
        bound = b.fmul(self.emit.constant(CLOSE, number), b.load(scale))
        shrinks = b.fcmp_ordered("<", moved, before)
        rounding = b.and_(b.not_(shrinks), b.fcmp_ordered("<=", moved, bound))
        still = b.not_(b.or_(b.fcmp_ordered("==", moved, self.emit.constant(0.0, number)), rounding))
        possible = b.fcmp_ordered("<", moved, self.emit.constant(HUGE, number))
        going = b.and_(b.load(active), still)
        b.store(going, active)
        k = b.add(k, ir.Constant(word, 1))
        b.store(k, self.turn)
        again = b.and_(self.any(b.and_(going, possible)), b.icmp_unsigned("<", k, ir.Constant(word, MOST)))
        b.cbranch(again, loop, done)
        b.position_at_end(done)
        return b.load(active)

    def any(self, mask: Any) -> Any:
        if not self.many:
            return mask
        bits = self.builder.bitcast(mask, ir.IntType(mask.type.count))
        return self.builder.icmp_unsigned("!=", bits, bits.type(0))

    def add_low(self) -> Any:
        """The sums with the low parts of the coefficients; the size of y."""
        size = self.largest()

        def body(m: Any) -> None:
            slopes = [self.slope(j, m) for j in range(self.s)]
            for g in range(len(self.packs)):
                self.store(self.dot(self.form.A_low, slopes, g), self.extra[g], m)
                size.add(self.emit.magnitude(self.load(self.Y[g], m)))

        self.each(self.count, body)
        return size.value()

    def move(self) -> Any:
        """New Y from F; the largest change, not a number if one is not finite."""
        b = self.builder
        size = self.largest()

        def body(m: Any) -> None:
            slopes = [self.slope(j, m) for j in range(self.s)]
            for g in range(len(self.packs)):
                new = self.node(g, m, self.dot(self.form.A, slopes, g, self.load(self.extra[g], m)))
                size.add(self.emit.magnitude(b.fsub(new, self.load(self.Y[g], m))))
                self.store(new, self.Y[g], m)

        self.each(self.count, body)
        return size.value()

    def largest(self) -> "_Largest":
        return _Largest(self)

    def reduce(self, value: Any) -> Any:
        """The largest of the nodes of a pack."""
        if not self.packed:
            return value
        b = self.builder
        while value.type.count > 1:
            half = value.type.count // 2
            parts = [
                b.shuffle_vector(
                    value,
                    ir.Constant(value.type, ir.Undefined),
                    ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(start, start + half))),
                )
                for start in (0, half)
            ]
            value = _larger(b, *parts)
        return b.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def end(self, failed: Any) -> None:
        """y1 and its rounding error; slopes for the next step."""
        b, data = self.builder, self.data
        if self.packed:
            for j in range(self.s):
                at = ir.Constant(ir.IntType(32), j % PACK)

                def keep(m: Any, j: int = j, at: Any = at) -> None:
                    value = self.load(self.F[j // PACK], m)
                    self.store(b.extract_element(value, at), self.after[j], m)

                self.each(self.emit.length, keep)
        dt = self.emit.spread(self.dt, self.single)
        nan = self.emit.constant(float("nan"), self.single)

        def move(m: Any, increment: Any) -> None:
            total = self.load(self.y, m)
            new = b.fadd(total, increment)
            part = b.fsub(new, total)
            lost = b.fsub(total, b.fsub(new, part))
            if self.many:
                new = b.select(failed, nan, new)
            self.store(b.fadd(lost, b.fsub(increment, part)), self.low_after, m)
            self.store(new, self.y1, m)

        def body(m: Any) -> None:
            slopes = [self.load(pointer, self.up(m)) for pointer in self.after]
            if self.form.offset:
                upper = self.up(m)
                v, e = self.load(self.y, upper), self.load(self.low, upper)
                inner = b.fadd(e, b.fmul(dt, self.quadrature(data.bA, slopes)))
                inner = self.emit.fma(dt, inner, self.load(self.low, m))
                move(m, self.emit.fma(dt, v, inner))
                move(upper, self.emit.fma(dt, self.quadrature(data.b, slopes), e))
            else:
                move(m, self.emit.fma(dt, self.quadrature(data.b, slopes), self.load(self.low, m)))

        self.each(self.count, body)

    def quadrature(self, weights: Any, slopes: list[Any]) -> Any:
        """sum_j weights_j slopes_j, both parts of the weights: four chains, added up in pairs."""
        chains: list[Any] = [None] * PACK
        for part in (weights[1], weights[0]):
            for j, slope in enumerate(slopes):
                if float(part[j]) == 0.0:
                    continue
                weight, r = self.emit.constant(float(part[j]), self.single), j % PACK
                chains[r] = (
                    self.builder.fmul(weight, slope) if chains[r] is None else self.emit.fma(weight, slope, chains[r])
                )
        even = [x for x in chains[::2] if x is not None]
        odd = [x for x in chains[1::2] if x is not None]
        sums = [x[0] if len(x) == 1 else self.builder.fadd(*x) for x in (even, odd) if x]
        return sums[0] if len(sums) == 1 else self.builder.fadd(*sums)


class _Largest:
    """Running maximum; not a number once a term is not finite."""

    def __init__(self, writer: _Writer) -> None:
        self.builder, self.emit, kind = writer.builder, writer.emit, writer.kind
        self.memory, self.bad = (cgutils.alloca_once(self.builder, kind) for _ in range(2))
        self.builder.store(writer.emit.constant(0.0, kind), self.memory)
        self.builder.store(writer.emit.constant(0.0, kind), self.bad)

    def add(self, value: Any) -> None:
        """Take in one term."""
        b = self.builder
        b.store(_larger(b, b.load(self.memory), value), self.memory)
        b.store(b.fadd(b.load(self.bad), b.fmul(value, self.emit.constant(0.0, value.type))), self.bad)

    def value(self) -> Any:
        """The maximum so far."""
        return self.builder.fadd(self.builder.load(self.memory), self.builder.load(self.bad))


def _larger(builder: Any, a: Any, b: Any) -> Any:
    """The larger one; not a number if the second is not."""
    return builder.select(builder.fcmp_ordered(">=", a, b), a, b)
