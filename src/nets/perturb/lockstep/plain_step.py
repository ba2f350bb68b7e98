"""Training of one fully connected network without BatchNorm over some batches: compiled, and nothing allocated.

    z_l = W_l h_{l-1} + b_l,   h_l = phi(z_l) m_l / keep,   phi the leaky ReLU,   m_l the dropout mask

Products are BLAS's, draws and updates those of `nets.ensembles.step`, whose layers with BatchNorm this leaves out.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.engine import kernel

from ...ensembles.draws import DROPOUT, PER_BLOCK, dropout_blocks, fill_words
from ...ensembles.loss import cross_entropy
from ...ensembles.step import FINITE, gather, matrix, product, product_nt, product_tn, row_sums
from ...ensembles.update import update


class PlainWorkspace(NamedTuple):
    """Scratch arrays of training with batches of up to B examples.

    h (depth, widest B): inputs and outputs of the hidden layers. D (depth, widest B): their derivatives. dh
    (2, widest B), logits (classes B,), scratch (2, B), words: random bits of one unit.
    """

    h: NDArray[Any]
    D: NDArray[Any]
    dh: NDArray[Any]
    logits: NDArray[Any]
    scratch: NDArray[Any]
    words: NDArray[np.uint64]


def plain_workspace(sizes: NDArray[np.int64], batch: int, dtype: Any) -> PlainWorkspace:
    """Scratch for batches of up to `batch` examples."""
    depth, widest = len(sizes) - 1, int(sizes[:-1].max())
    return PlainWorkspace(
        h=np.empty((depth, widest * batch), dtype),
        D=np.empty((depth, widest * batch), dtype),
        dh=np.empty((2, widest * batch), dtype),
        logits=np.empty(int(sizes[-1]) * batch, dtype),
        scratch=np.empty((2, batch), dtype),
        words=np.empty(2 * dropout_blocks(batch), dtype=np.uint64),
    )


@kernel(forceinline=False)
def activate_rows(z, D, w, at, slope, keep, threshold, words, seed, stream, step):  # type: ignore[no-untyped-def]
    """z becomes h, and D its derivative; the biases begin at `at` in w."""
    rows, n = z.shape
    one, zero = z.dtype.type(1), z.dtype.type(0)
    scale = one / keep
    blocks = -(-n // PER_BLOCK)
    bits = words.view(np.uint32)
    drops = keep < 1
    for f in range(rows):
        zf, Df, bias = z[f], D[f], w[at + f]
        if drops:
            fill_words(words, blocks, seed, stream, step, np.uint64(f) * np.uint64(blocks))
            for j in range(n):
                a = zf[j] + bias
                d = (one if a > 0 else slope) * scale
                d = d if bits[j] < threshold else zero
                Df[j] = d
                zf[j] = a * d
        else:
            for j in range(n):
                a = zf[j] + bias
                d = one if a > 0 else slope
                Df[j] = d
                zf[j] = a * d


@kernel(forceinline=False)
def add_biases(z, w, at):  # type: ignore[no-untyped-def]
    """z += bias of each row, which is in w from `at` on."""
    for f in range(z.shape[0]):
        bias, row = w[at + f], z[f]
        for j in range(z.shape[1]):
            row[j] += bias


@kernel(forceinline=False)
def multiply(z, D):  # type: ignore[no-untyped-def]
    """z *= D."""
    for f in range(z.shape[0]):
        zf, Df = z[f], D[f]
        for j in range(z.shape[1]):
            zf[j] *= Df[j]


def plain_entry(  # type: ignore[no-untyped-def]
    w, g, m, v, sizes, starts, x, order, labels, edges, work, slope, keep, threshold, constants, lr, weight_decay,
    seed, first_step,
):  # fmt: skip
    """Steps over the batches order[edges[k] : edges[k + 1]]; FINITE, or the step whose loss was not finite.

    Parameters move only while the loss is finite.
    """
    depth = starts.shape[0]
    nothing = np.empty((0, 0), x.dtype)
    for k in range(edges.shape[0] - 1):
        start, stop = edges[k], edges[k + 1]
        n, step = stop - start, first_step + k
        inputs = matrix(work.h[0], 0, sizes[0], n)
        gather(x, order, start, nothing, x.dtype.type(0), inputs)
        for l in range(depth):
            i, o = sizes[l], sizes[l + 1]
            z = matrix(work.h[l + 1], 0, o, n) if l < depth - 1 else matrix(work.logits, 0, o, n)
            product(matrix(w, starts[l], o, i), matrix(work.h[l], 0, i, n), z)
            b = starts[l] + o * i
            if l < depth - 1:
                D = matrix(work.D[l + 1], 0, o, n)
                stream = DROPOUT + np.uint64(l + 1)
                activate_rows(z, D, w, b, slope, keep, threshold, work.words, seed, stream, np.uint64(step))
            else:
                add_biases(z, w, b)
        dz = matrix(work.logits, 0, sizes[depth], n)
        loss = cross_entropy(dz, labels[start:stop], work.scratch[0], work.scratch[1])
        if not math.isfinite(loss):
            return step
        for l in range(depth - 1, -1, -1):
            i, o = sizes[l], sizes[l + 1]
            row_sums(dz, g, starts[l] + o * i)
            product_nt(dz, matrix(work.h[l], 0, i, n), matrix(g, starts[l], o, i))
            if l > 0:
                dh = matrix(work.dh[l % 2], 0, i, n)
                product_tn(matrix(w, starts[l], o, i), dz, dh)
                multiply(dh, matrix(work.D[l], 0, i, n))
                dz = dh
        update(w, g, m, v, constants, lr, weight_decay, step + 1)
    return FINITE
