"""Standard normals as a pure function of (seed, member, step, component).

    words = Threefry-2x64-13(counter = (member, step), key = (seed, stream 2^32 + block))
    components 4 b, ..., 4 b + 3 = Box-Muller of the two words of block b

Nothing is stored and nothing advances: any thread may draw any number in any order, a run may be split over members or
restarted at any step, and the bits are the same. `stream` separates draws for different purposes.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine import compile_bound, kernel
from ..engine.elementary import bits_of, float_of
from .box_muller import B32, constants, direction, pair, pair_wide, radius_squared
from .threefry import threefry13

BLOCK = 4  # normals made by one call of the generator
WIDE = np.uint64(1 << 63)  # key bit of the wide variant, which shares no draw with the other
_U0, _U1, _U2, _U3 = (np.uint64(i) for i in range(4))


@kernel(forceinline=False)
def fill_normals(z, seed, member, step, over_steps):  # type: ignore[no-untyped-def]
    """Fill z[component, lane] with the normals of members `member`, `member` + 1, ... at one step.

    With `over_steps` the lanes are steps `step`, `step` + 1, ... of one member instead. z has shape (components,
    lanes), the number of components an even one (pad it); seed, member and step are uint64. Three passes over short
    loops (words, radii, directions): one long loop would wait for its own divisions and square roots instead of
    overlapping those of the next lanes. Words wait in z as the bits of floats.
    """
    n, lanes = z.shape
    const = constants()
    for b in range(n // BLOCK):
        first, second = z[BLOCK * b + 1], z[BLOCK * b + 3]
        key = np.uint64(b)
        if over_steps:
            for i in range(lanes):
                w0, w1 = threefry13(member, step + np.uint64(i), seed, key)
                first[i] = float_of(w0)
                second[i] = float_of(w1)
        else:
            for i in range(lanes):
                w0, w1 = threefry13(member + np.uint64(i), step, seed, key)
                first[i] = float_of(w0)
                second[i] = float_of(w1)
    if n % BLOCK != 0:  # half a block: its first word alone
        half, key = z[n - 1], np.uint64(n // BLOCK)
        if over_steps:
            for i in range(lanes):
                w0, _ = threefry13(member, step + np.uint64(i), seed, key)
                half[i] = float_of(w0)
        else:
            for i in range(lanes):
                w0, _ = threefry13(member + np.uint64(i), step, seed, key)
                half[i] = float_of(w0)
    for c in range(0, n, 2):
        radii, words = z[c], z[c + 1]
        for i in range(lanes):
            radii[i] = radius_squared(bits_of(words[i]), const)
    for c in range(0, n, 2):
        za, zb = z[c], z[c + 1]
        for i in range(lanes):
            r = math.sqrt(za[i])
            a, b = direction(bits_of(zb[i]), const)
            za[i] = r * a
            zb[i] = r * b


@kernel
def normal_at(seed, member, step, component, stream, const):  # type: ignore[no-untyped-def]
    """One normal, the same bits as in `fill_normals` for stream 0; all arguments uint64."""
    w0, w1 = threefry13(member, step, seed, (stream << B32) | (component >> _U2))
    a, b = pair(w1 if (component & _U2) != _U0 else w0, const)
    return b if (component & _U1) != _U0 else a


@kernel
def wide_normal_at(seed, member, step, component, const):  # type: ignore[no-untyped-def]
    """One normal of the wide variant; all arguments uint64."""
    w0, w1 = threefry13(member, step, seed, WIDE | (component >> _U1))
    a, b = pair_wide(w0, w1, const)
    return b if (component & _U1) != _U0 else a


@kernel(forceinline=False)
def truncate_normals(z, components, bound, seed, member, step, over_steps):  # type: ignore[no-untyped-def]
    """Redraw what `fill_normals` put beyond |z| <= bound, until the draw of stream 1, 2, ... falls inside."""
    const = constants()
    for c in range(components):
        for i in range(z.shape[1]):
            stream = np.uint64(0)
            while abs(z[c, i]) > bound:
                stream += _U1
                at_member = member if over_steps else member + np.uint64(i)
                at_step = step + np.uint64(i) if over_steps else step
                z[c, i] = normal_at(seed, at_member, at_step, np.uint64(c), stream, const)


wide = None  # bound below


def _normals_entry(out, seed, member, step, component):  # type: ignore[no-untyped-def]
    const = constants()
    for i in range(out.shape[0]):
        if wide:
            out[i] = wide_normal_at(seed, member[i], step[i], component[i], const)
        else:
            out[i] = normal_at(seed, member[i], step[i], component[i], _U0, const)


def normals(
    seed: int | np.random.SeedSequence,
    member: ArrayLike = 0,
    step: ArrayLike = 0,
    component: ArrayLike = 0,
    *,
    bits: Literal[32, 53] = 32,
) -> NDArray[np.float64]:
    """Standard normals at the given indices.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Names the ensemble; 0 <= seed < 2^64.
    member, step, component : array_like of int
        Indices, not negative, broadcast against each other. component < 2^34.
    bits : {32, 53}
        Resolution of the uniforms behind the normals. 32 bits are what simulations use (`|z| <= 6.76`); 53
        are a different set of draws, use a word for each normal, and reach `|z|` = 8.57.

    Returns
    -------
    ndarray
        Of the broadcast shape.

    Raises
    ------
    ValueError
        If an index is negative or too large, or bits is neither 32 nor 53.

    Examples
    --------
    >>> from mechanics.noise import normals
    >>> import numpy as np
    >>> z = normals(7, np.arange(1000)[:, None], 0, np.arange(8))     # 1000 members, one step, 8 components
    >>> bool(z[12, 3] == normals(7, 12, 0, 3))
    True

    References
    ----------
    Salmon et al., SC'11 (2011); Box, Muller, Ann. Math. Stat. 29 (1958) 610.
    """
    if bits not in (32, 53):
        raise ValueError(f"bits must be 32 or 53, but is {bits!r}.")
    key = seed_word(seed)
    shape = np.broadcast_shapes(np.shape(member), np.shape(step), np.shape(component))
    flat = [
        np.broadcast_to(_index(name, value), shape).ravel()
        for name, value in (("member", member), ("step", step), ("component", component))
    ]
    out = np.empty(flat[0].size)
    with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
        compile_bound(_normals_entry, wide=bits == 53)(out, key, *flat)
    return out.reshape(shape)


def seed_word(seed: int | np.random.SeedSequence) -> np.uint64:
    """The 64-bit key of a seed.

    Raises
    ------
    ValueError
        If the seed is neither a whole number in 0 <= seed < 2^64 nor a SeedSequence.
    """
    if isinstance(seed, np.random.SeedSequence):
        return np.uint64(seed.generate_state(1, np.uint64)[0])
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(f"seed must be a whole number or a numpy SeedSequence, but is {seed!r}.")
    if not 0 <= int(seed) < 2**64:
        raise ValueError(f"seed must lie in 0 <= seed < 2^64, but is {seed}.")
    return np.uint64(int(seed))


def _index(name: str, value: ArrayLike) -> NDArray[np.uint64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold whole numbers, but has dtype {array.dtype}.")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError(f"{name} must not be negative, but holds {array.min()}.")
    if name == "component" and array.size and array.max() >= 2**34:
        raise ValueError(f"component must be below 2^34, but holds {array.max()}.")
    return array.astype(np.uint64)
