"""All that is random in a training run, as a pure function of (seed, step, place): no state, the same bits everywhere.

    words(seed, stream, step)[2 b], [2 b + 1] = Threefry-2x64-13(counter = (step, b), key = (seed, stream))

Salmon et al., SC'11 (2011). A stream is a purpose (and the layer, for dropout). A resumed run, another backend or
another order of the models draws the same numbers, so that backends can be compared mask for mask.
"""

import numpy as np
from numpy.typing import NDArray

from mechanics.engine import compile_bound, kernel
from mechanics.noise import normals, seed_word
from mechanics.noise.threefry import threefry13

# Above 2^40 no stream shares a key with the normals of mechanics.noise, whose key is a block number.
ORDER, LABELS, CORRUPTION, DROPOUT, MEASURED = (np.uint64(purpose << 40) for purpose in (1, 2, 3, 4, 5))
PARAMETERS = np.uint64(1 << 40)  # members of the normals from here on are parameters; below, examples of a batch
PER_BLOCK = 4  # 32-bit numbers of one block
Words = NDArray[np.uint64]


@kernel(forceinline=False)
def fill_words(out, count, seed, stream, step, first):  # type: ignore[no-untyped-def]
    """Fill out[0 .. 2 count) with the words of the blocks first, first + 1, ...; all but out and count are uint64."""
    for b in range(count):
        w0, w1 = threefry13(step, first + np.uint64(b), seed, stream)
        out[2 * b] = w0
        out[2 * b + 1] = w1


def _words_entry(out, seed, stream, step):  # type: ignore[no-untyped-def]
    fill_words(out, out.shape[0] // 2, seed, stream, step, np.uint64(0))


def words(seed: int, stream: np.uint64, step: int, count: int) -> Words:
    """The first `count` words of a stream at one step."""
    out = np.empty(2 * ((count + 1) // 2), dtype=np.uint64)
    with np.errstate(over="ignore"):  # wrapping additions warn where the kernels run as plain Python
        compile_bound(_words_entry)(out, seed_word(seed), stream, np.uint64(step))
    return out[:count]


def random_order(seed: int, stream: np.uint64, step: int, n: int) -> NDArray[np.int64]:
    """Random order of n: that of n random words, whose lowest bits are the index (so that none are equal)."""
    low = np.uint64((1 << max(n - 1, 1).bit_length()) - 1)
    keys = (words(seed, stream, step, n) & ~low) | np.arange(n, dtype=np.uint64)
    return (np.sort(keys) & low).astype(np.int64)


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Random order of n examples in one epoch."""
    return random_order(seed, ORDER, epoch, n)


def dropout_blocks(batch: int) -> int:
    """Blocks of random numbers that each unit of a layer takes for a batch."""
    return -(-batch // PER_BLOCK)


def keep_threshold(keep: float) -> int:
    """A unit stays where its 32-bit number is below this."""
    return round(keep * 2**32)


def kept_units(
    seed: int, step: int, layer: int, units: int, batch: int, keep: float, stream: np.uint64 = DROPOUT
) -> NDArray[np.bool_]:
    """Dropout mask of a layer, shape (units, batch): true where a unit stays, with probability `keep`.

    Unit f takes the blocks f q .. f q + q - 1, q = ceil(batch / 4), four neighbours of the batch from each. Stream
    MEASURED is that of measurements in mode "train": its step is the epoch, its batch all examples sorted by class.
    """
    blocks = dropout_blocks(batch)
    bits = words(seed, stream + np.uint64(layer), step, 2 * units * blocks).view("<u4")
    return bits.reshape(units, PER_BLOCK * blocks)[:, :batch].astype(np.uint64) < np.uint64(keep_threshold(keep))


def uniform_labels(seed: int, stream: np.uint64, step: int, count: int, classes: int) -> NDArray[np.int64]:
    """Labels 0 .. classes - 1, all equally likely (to 2^-32)."""
    high = words(seed, stream, step, count) >> np.uint64(32)
    return ((high * np.uint64(classes)) >> np.uint64(32)).astype(np.int64)


def noisy_labels(seed: int, step: int, y: NDArray[np.int64], noise: float, classes: int) -> NDArray[np.int64]:
    """Labels of a shuffled batch, its first floor(noise B) drawn anew: some stay true."""
    redrawn = int(noise * len(y))
    if redrawn == 0:
        return y
    return np.concatenate([uniform_labels(seed, LABELS, step, redrawn, classes), y[redrawn:]])


def corrupted_labels(seed: int, y: NDArray[np.int64], fraction: float, classes: int) -> NDArray[np.int64]:
    """Labels of which floor(fraction n), chosen at random, are drawn anew once and for all; some stay true."""
    count = int(fraction * len(y))
    if count == 0:
        return y
    chosen = random_order(seed, CORRUPTION, 0, len(y))[:count]
    corrupted = y.copy()
    corrupted[chosen] = uniform_labels(seed, CORRUPTION, 1, count, classes)
    return corrupted


def input_noise(seed: int, step: int, features: int, batch: int) -> NDArray[np.float64]:
    """Standard normals of the inputs of one batch, shape (features, batch)."""
    return normals(seed, np.arange(batch)[None, :], step, np.arange(features)[:, None])


def parameter_noise(seed: int, step: int, count: int) -> NDArray[np.float64]:
    """Standard normals of all parameters at one step, (count,): parameter i is component i mod 4 of member i // 4."""
    members = PARAMETERS + np.arange(-(-count // PER_BLOCK), dtype=np.uint64)
    return normals(seed, members[:, None], step, np.arange(PER_BLOCK)).ravel()[:count]
