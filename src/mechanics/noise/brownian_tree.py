"""Brownian motion as a dyadic tree of bridges: increments and space-time areas of any interval, from integers alone.

A node is an interval [s, s + h] with W = W(s + h) - W(s) and the area between the path and its chord,

    H = (1/h) integral_s^{s+h} (W(u) - W(s) - (u - s)/h W) du,    W ~ N(0, h), H ~ N(0, h/12), independent.

Its halves follow from two more normals, Z ~ N(0, h/16) and N ~ N(0, h/12):

    W_left  = W/2 + 3 H/2 + Z,    H_left  = H/4 - Z/2 + N/2
    W_right = W/2 - 3 H/2 - Z,    H_right = H/4 - Z/2 - N/2                                    (1)

Gaussian with the right covariances (each half again has the variances above, all four are independent), and the halves
joined by (2) are the node again. Two intervals one after the other make one:

    W = W1 + W2,   h H = h1 H1 + h2 H2 + (h2 W1 - h1 W2)/2                                     (2)

The normals of a node are a function of (seed, member, 2^level + index). The nodes that hold a point, its chain,
follow from the bits of its place, so that the normals of all levels are drawn in one vectorised loop; what two
successive points have in common is kept. Times are counted in cells of 2^-48 of the span, as (whole cells, fraction).
In a cell the path is its parabola of given W and H plus one normal with the right variance:

    W(r) = r W + 6 r (1 - r) H + sqrt(h r (1 - r) (1 - 3 r (1 - r))) z                          (3)

Foster, Lyons, Oberhauser, SIAM J. Numer. Anal. 58 (2020) 1500, for the parabola and its remainder; (1) is the
conditional Gaussian law worked out.
"""

import math

import numpy as np

from ..engine import kernel
from ..engine.elementary import bits_of, float_of
from .box_muller import constants, direction, pair, radius_squared
from .threefry import threefry13

FINEST = 48  # levels: a cell is 2^-48 of the span
CELLS = 1 << FINEST
PATH = np.uint64(1 << 62)  # key bit of these draws, which share none with those of solvers
ONE, DEEPEST = np.uint64(1), np.uint64(FINEST)
W, H = 0, 1  # rows of an interval


@kernel(forceinline=False)
def fill_nodes(z, first, last, place, seed, member):  # type: ignore[no-untyped-def]
    """Into z[:, first:last] (4 ceil(m / 2) rows) the normals of the nodes of these levels over cell `place`.

    Rows 2 c and 2 c + 1 are Z and N of motion c. Three passes as in `normals.fill_blocks`.
    """
    const = constants()
    levels = last - first
    top = np.uint64(first)
    cell = np.uint64(place)
    for b in range(z.shape[0] // 4):
        one, two = z[4 * b + 1, first:last], z[4 * b + 3, first:last]
        key = PATH | np.uint64(b)
        for i in range(levels):
            level = top + np.uint64(i)
            w0, w1 = threefry13(member, (ONE << level) | (cell >> (DEEPEST - level)), seed, key)
            one[i] = float_of(w0)
            two[i] = float_of(w1)
    for c in range(0, z.shape[0], 2):
        radii, words = z[c, first:last], z[c + 1, first:last]
        for i in range(levels):
            radii[i] = radius_squared(bits_of(words[i]), const)
    for c in range(0, z.shape[0], 2):
        za, zb = z[c, first:last], z[c + 1, first:last]
        for i in range(levels):
            r = math.sqrt(za[i])
            a, b = direction(bits_of(zb[i]), const)
            za[i] = r * a
            zb[i] = r * b


@kernel
def bit_length(x):  # type: ignore[no-untyped-def]
    """Binary digits of 0 <= x < 2^53."""
    return 0 if x == 0 else np.int64(bits_of(float(x)) >> np.uint64(52)) - 1022


@kernel
def is_right(place, level):  # type: ignore[no-untyped-def]
    """Whether the cell lies in the right half of its node."""
    return (place >> (FINEST - 1 - level)) & 1


@kernel
def depth(place, f):  # type: ignore[no-untyped-def]
    """Levels of nodes that hold the point inside: none for t0 and t1, 49 (the cell is one) off the grid of cells."""
    if f > 0.0:
        return FINEST + 1
    if place == 0 or place == CELLS:
        return 0
    return FINEST + 1 - bit_length(place & -place)


@kernel(forceinline=False)
def extend(chain, place, f, span, root, seed, member):  # type: ignore[no-untyped-def]
    """Make `chain` that of a point: normals z, halves (48, 2 halves, 2, m) of its nodes, (1), and what it is for."""
    z, halves, known = chain
    want = depth(place, f)
    shared = min(FINEST + 1 - bit_length(place ^ known[0]), known[1])
    if want <= shared:
        return
    fill_nodes(z, shared, want, place, seed, member)
    for level in range(shared, min(want, FINEST)):
        node = root if level == 0 else halves[level - 1, is_right(place, level - 1)]
        h = span / (1 << level)
        to_Z, to_N = 0.25 * math.sqrt(h), math.sqrt(h / 12.0)
        for c in range(root.shape[1]):
            swing = 1.5 * node[H, c] + to_Z * z[2 * c, level]
            area = 0.25 * node[H, c] - 0.5 * to_Z * z[2 * c, level]
            more = 0.5 * to_N * z[2 * c + 1, level]
            halves[level, 0, W, c] = 0.5 * node[W, c] + swing
            halves[level, 1, W, c] = 0.5 * node[W, c] - swing
            halves[level, 0, H, c] = area + more
            halves[level, 1, H, c] = area - more
    known[0], known[1] = place, want


@kernel
def copy(interval, out):  # type: ignore[no-untyped-def]
    """The same interval; a loop, because an assignment of arrays takes seconds to compile."""
    for c in range(out.shape[1]):
        out[W, c] = interval[W, c]
        out[H, c] = interval[H, c]


@kernel(forceinline=False)
def join(h1, first, h2, second, out):  # type: ignore[no-untyped-def]
    """One interval of two, one after the other, (2); `out` may be either of them."""
    h = h1 + h2
    for c in range(out.shape[1]):
        w1, w2 = first[W, c], second[W, c]
        out[H, c] = (h1 * first[H, c] + h2 * second[H, c] + 0.5 * (h2 * w1 - h1 * w2)) / h
        out[W, c] = w1 + w2


@kernel(forceinline=False)
def in_cell(chain, place, f1, f2, h, out):  # type: ignore[no-untyped-def]
    """Into out the part f1 <= r <= f2 of a cell of length h, (3); its area is that of the parabola."""
    z, halves, _ = chain
    cell = halves[FINEST - 1, is_right(place, FINEST - 1)]
    q1, q2 = f1 * (1.0 - f1), f2 * (1.0 - f2)
    rest = math.sqrt(h * q2 * (1.0 - 3.0 * q2)) - math.sqrt(h * q1 * (1.0 - 3.0 * q1))
    for c in range(out.shape[1]):
        out[W, c] = (f2 - f1) * cell[W, c] + 6.0 * (q2 - q1) * cell[H, c] + rest * z[2 * c, FINEST]
        out[H, c] = (f2 - f1) ** 2 * cell[H, c]


@kernel(forceinline=False)
def part_of_half(right, top, chain, place, f, h, out):  # type: ignore[no-untyped-def]
    """Into out what lies between the point and the middle of its node of level `top`, and its length in cells.

    right = 0: the point is in the left half, the part goes from it to the middle; 1: from the middle to the point.
    """
    halves = chain[1]
    if f > 0.0:
        in_cell(chain, place, 0.0 if right else f, f if right else 1.0, h, out)
        length, level = f if right else 1.0 - f, FINEST - 1
    else:
        level = depth(place, f) - 1
        if level <= top:  # the point ends the node
            copy(halves[top, right], out)
            return float(CELLS >> (top + 1))
        copy(halves[level, 1 - right], out)
        length = float(CELLS >> (level + 1))
        level -= 1
    while level > top:
        if is_right(place, level) == right:
            size = float(CELLS >> (level + 1))
            if right:
                join(size, halves[level, 0], length, out, out)
            else:
                join(length, out, size, halves[level, 1], out)
            length += size
        level -= 1
    return length


@kernel(forceinline=False)
def interval(i1, f1, i2, f2, span, root, one, other, out, spare, seed, member):  # type: ignore[no-untyped-def]
    """Into out (2, m) the interval between cells i1 + f1 and i2 + f2, with the chains of its ends."""
    if i1 == i2 and f1 == f2:
        for c in range(out.shape[1]):
            out[W, c] = out[H, c] = 0.0
        return
    last = i2 if f2 > 0.0 else i2 - 1  # the last cell it touches
    top = FINEST - bit_length(i1 ^ last)  # level of the smallest node that holds it
    extend(one, i1, f1, span, root, seed, member)
    extend(other, i2, f2, span, root, seed, member)
    h = span / CELLS
    if depth(i1, f1) <= top and depth(i2, f2) <= top:  # the node itself
        if top == 0:
            copy(root, out)
        elif depth(i1, f1) == top:  # its left end is the middle of the node above
            copy(one[1][top - 1, 1], out)
        else:
            copy(other[1][top - 1, 0], out)
    elif top == FINEST:
        in_cell(one if f1 > 0.0 else other, i1, f1, f2 if f2 > 0.0 else 1.0, h, out)
    else:
        # a point that ends the node has no halves of it in its chain; the other end has
        h1 = part_of_half(0, top, one if depth(i1, f1) > top else other, i1, f1, h, out)
        h2 = part_of_half(1, top, other if depth(i2, f2) > top else one, i2, f2, h, spare)
        join(h1, out, h2, spare, out)


@kernel
def fill_root(root, span, seed, member):  # type: ignore[no-untyped-def]
    """The whole path, from the normals of node 0."""
    const = constants()
    for c in range(root.shape[1]):
        w0, w1 = threefry13(member, np.uint64(0), seed, PATH | np.uint64(c // 2))
        z, more = pair(w1 if c % 2 else w0, const)
        root[W, c] = math.sqrt(span) * z
        root[H, c] = math.sqrt(span / 12.0) * more


@kernel
def empty_chain(m):  # type: ignore[no-untyped-def]
    """Memory of `extend`."""
    return np.empty(((m + 1) // 2 * 4, FINEST + 1)), np.empty((FINEST, 2, 2, m)), np.zeros(2, np.int64)


def intervals_entry(out, places, fractions, span, seed, member):  # type: ignore[no-untyped-def]
    """Into out (k, 2, m) the intervals between the points (k, 2)."""
    m = out.shape[2]
    one, other, root, spare = empty_chain(m), empty_chain(m), np.empty((2, m)), np.empty((2, m))
    fill_root(root, span, seed, member)
    for k in range(out.shape[0]):
        if places[k, 0] == other[2][0]:  # the next step of a grid
            one, other = other, one
        i1, i2, f1, f2 = places[k, 0], places[k, 1], fractions[k, 0], fractions[k, 1]
        interval(i1, f1, i2, f2, span, root, one, other, out[k], spare, seed, member)
