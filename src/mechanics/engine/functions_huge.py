"""x - k pi/2 for arguments so large that three floats of pi do not suffice: exact integers (Payne, Hanek 1983).

    x = m 2^e;  of 2/pi only the bits matter that make m 2^e 2/pi between 4 and 2^-137

192 of them, times the 53 bits of m, fit an integer of 256 bits. The largest cancellation for floats is 2^-62, so at
least 75 bits of the remainder are right. One function a module, called lane by lane behind a branch hardly ever taken.
"""

from typing import Any

from llvmlite import ir

from .functions_number import DOUBLE, WORD, Number, fma, magnitude

HUGE = 2.0**30  # from here on rounding 2 x/pi would cost bits of the remainder
TABLE_BITS = 1216
# floor(2/pi 2^1216), from mpmath with 1400 bits
TWO_OVER_PI = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1c"
    "b129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f"
    "6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab",
    16,
)
I8, I32, I256 = ir.IntType(8), ir.IntType(32), ir.IntType(256)
HALF_PI, HALF_PI_TAIL = float.fromhex("0x1.921fb54442d18p+0"), float.fromhex("0x1.1a62633145c07p-54")
REMAINDER = ir.LiteralStructType([DOUBLE, DOUBLE, WORD])


def reduce_where_huge(x: Number, word: Number, r: Number, tail: Number) -> tuple[Number, Number, Number]:
    """The given (word, r, tail), replaced in lanes where 2^30 <= |x| < infinity (and NaN at infinity)."""
    builder = x.builder
    huge = (magnitude(x) >= HUGE).value
    vector = isinstance(huge.type, ir.VectorType)
    if vector:
        flags = builder.bitcast(huge, ir.IntType(huge.type.count))
        condition = builder.icmp_unsigned("!=", flags, flags.type(0))
    else:
        condition = huge
    start = builder.block
    with builder.if_then(condition, likely=False):
        function = _remainder_function(builder.module)
        new = [r.value, tail.value, word.value]
        for i in range(x.value.type.count if vector else 1):
            one = builder.extract_element(x.value, I32(i)) if vector else x.value
            is_huge = builder.extract_element(huge, I32(i)) if vector else huge
            answer = builder.call(function, [one])
            for j in range(3):
                value = builder.extract_value(answer, j)
                old = builder.extract_element(new[j], I32(i)) if vector else new[j]
                value = builder.select(is_huge, value, old)
                new[j] = builder.insert_element(new[j], value, I32(i)) if vector else value
        end = builder.block
    merged = []
    for old, changed in zip((r.value, tail.value, word.value), new, strict=True):
        phi = builder.phi(old.type)
        phi.add_incoming(old, start)
        phi.add_incoming(changed, end)
        merged.append(Number(builder, phi))
    return merged[2], merged[0], merged[1]


def _remainder_function(module: Any) -> Any:
    """(r, tail, quadrant) of one float, |x| >= 1; NaN at infinity."""
    name = "mechanics.remainder_of_half_pi"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(REMAINDER, [DOUBLE]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    (x,) = function.args
    bits = builder.bitcast(x, WORD)
    biased = builder.and_(builder.lshr(bits, WORD(52)), WORD(0x7FF))
    m = builder.or_(builder.and_(bits, WORD(2**52 - 1)), WORD(2**52))
    e = builder.sub(biased, WORD(1023 + 52))
    # bit i of 2/pi (i = 1 is worth 1/2) times 2^e is a multiple of 4 for i <= e - 2: start at i = max(e - 1, 1)
    first = builder.select(builder.icmp_signed(">", e, WORD(2)), builder.sub(e, WORD(1)), WORD(1))
    shift = builder.sub(WORD(TABLE_BITS - 192 + 1), first)  # of the 192 bits from `first` on
    window = builder.load(
        builder.bitcast(builder.gep(_table(module), [I32(0), builder.lshr(shift, WORD(3))]), I256.as_pointer()), align=1
    )
    window = builder.lshr(window, builder.zext(builder.and_(shift, WORD(7)), I256))
    window = builder.and_(window, I256(2**192 - 1))
    product = builder.mul(builder.zext(m, I256), window)
    # product 2^(e - first - 191) = x 2/pi modulo 4; its point is moved below the two top bits of 256
    left = builder.add(WORD(254 - 191), builder.sub(e, first))
    turned = builder.shl(product, builder.zext(left, I256))
    half = I256(2**253)
    quadrant = builder.trunc(builder.lshr(builder.add(turned, half), I256(254)), WORD)
    fraction = builder.shl(turned, I256(2))  # signed, in units of 2^-256 quarter turns
    negative = builder.icmp_signed("<", fraction, I256(0))
    size = builder.select(negative, builder.sub(I256(0), fraction), fraction)
    zeros = builder.ctlz(size, ir.IntType(1)(0))
    size = builder.shl(size, zeros)
    high = builder.uitofp(builder.trunc(builder.lshr(size, I256(203)), WORD), DOUBLE)
    low = builder.uitofp(builder.and_(builder.trunc(builder.lshr(size, I256(150)), WORD), WORD(2**53 - 1)), DOUBLE)
    # 2^-53-zeros and 2^-106-zeros as bit patterns
    zeros = builder.trunc(zeros, WORD)
    unit = builder.bitcast(builder.shl(builder.sub(WORD(1023 - 53), zeros), WORD(52)), DOUBLE)
    high = builder.fmul(high, unit)
    low = builder.fmul(builder.fmul(low, unit), DOUBLE(2.0**-53))
    # reduced by the sign of the fraction and of x
    sign = builder.xor(builder.shl(builder.zext(negative, WORD), WORD(63)), builder.and_(bits, WORD(2**63)))
    r = Number(builder, high) * HALF_PI
    tail = fma(Number(builder, high), HALF_PI, -r) + (
        Number(builder, high) * HALF_PI_TAIL + Number(builder, low) * HALF_PI
    )
    negative_x = builder.icmp_signed("<", bits, WORD(0))
    quadrant = builder.select(negative_x, builder.sub(WORD(0), quadrant), quadrant)
    infinite = builder.icmp_unsigned("==", biased, WORD(0x7FF))
    answer = ir.Constant(REMAINDER, ir.Undefined)
    nan = DOUBLE(float("nan"))
    for j, part in enumerate((r, tail)):
        value = builder.bitcast(builder.xor(builder.bitcast(part.value, WORD), sign), DOUBLE)
        answer = builder.insert_value(answer, builder.select(infinite, nan, value), j)
    builder.ret(builder.insert_value(answer, quadrant, 2))
    return function


def _table(module: Any) -> Any:
    """The bits of 2/pi, least significant byte first, padded so that any window may be read."""
    name = "mechanics.two_over_pi"
    if name not in module.globals:
        data = bytearray(TWO_OVER_PI.to_bytes(TABLE_BITS // 8 + 32, "little"))
        table = ir.GlobalVariable(module, ir.ArrayType(I8, len(data)), name)
        table.linkage = "internal"
        table.global_constant = True
        table.initializer = ir.Constant(table.value_type, data)
    return module.globals[name]
