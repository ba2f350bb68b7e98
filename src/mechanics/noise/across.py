"""The normals of one member at one step, drawn across its components: for long states that no other member joins.

The same bits as `fill_normals` and `truncate_normals` give; their lanes are members or steps, here they are blocks of
four components.
"""

import math

import numpy as np

from ..engine import kernel
from ..engine.elementary import bits_of, float_of
from .box_muller import constants, direction, radius_squared
from .normals import BLOCK, normal_at
from .threefry import threefry13


@kernel(forceinline=False)
def fill_across(z, words, seed, member, step):  # type: ignore[no-untyped-def]
    """Fill z (components,), a multiple of four of them; words (4, components / 4) is scratch."""
    const = constants()
    blocks = words.shape[1]
    radii_a, words_a, radii_b, words_b = words[0], words[1], words[2], words[3]
    for b in range(blocks):
        w0, w1 = threefry13(member, step, seed, np.uint64(b))
        words_a[b] = float_of(w0)
        words_b[b] = float_of(w1)
    for b in range(blocks):
        radii_a[b] = radius_squared(bits_of(words_a[b]), const)
    for b in range(blocks):
        radii_b[b] = radius_squared(bits_of(words_b[b]), const)
    for b in range(blocks):
        r, (x, y) = math.sqrt(radii_a[b]), direction(bits_of(words_a[b]), const)
        radii_a[b], words_a[b] = r * x, r * y
    for b in range(blocks):
        r, (x, y) = math.sqrt(radii_b[b]), direction(bits_of(words_b[b]), const)
        radii_b[b], words_b[b] = r * x, r * y
    for b in range(blocks):
        z[BLOCK * b] = radii_a[b]
        z[BLOCK * b + 1] = words_a[b]
        z[BLOCK * b + 2] = radii_b[b]
        z[BLOCK * b + 3] = words_b[b]


@kernel(forceinline=False)
def truncate_across(z, components, bound, seed, member, step):  # type: ignore[no-untyped-def]
    """Redraw what lies beyond |z| <= bound from stream 1, 2, ..."""
    const = constants()
    for c in range(components):
        stream = np.uint64(0)
        while abs(z[c]) > bound:
            stream += np.uint64(1)
            z[c] = normal_at(seed, member, step, np.uint64(c), stream, const)
