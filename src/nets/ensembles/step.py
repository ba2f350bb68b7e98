"""Training of one network over some batches: gather, forward, backward, update; compiled, and nothing allocated.

Products are BLAS's (numba's `np.dot` on contiguous arrays). The bias of a layer before BatchNorm has no effect on the
loss: its gradient is exactly 0, and it is added to the running mean alone. The input's BatchNorm needs no product of
its own: with M = dZ x^T of the first linear layer and s its row sums of dZ, dW = M gamma + s beta^T and
dgamma = sum_o W M, dbeta = sum_o W s.
"""

import math

import numpy as np

from mechanics.engine import kernel

from .draws import DROPOUT
from .loss import cross_entropy
from .rows import FAST, hidden_backward, hidden_forward, inverse_deviation, keep_running, moments
from .update import update

FINITE = -1  # no layer is at fault


@kernel(forceinline=False)
def matrix(flat, start, rows, columns):  # type: ignore[no-untyped-def]
    """The part of a flat array that holds a matrix."""
    return flat[start : start + rows * columns].reshape(rows, columns)


@kernel(forceinline=False)
def product(a, b, out):  # type: ignore[no-untyped-def]
    """out = a b."""
    np.dot(a, b, out)


@kernel(forceinline=False)
def product_nt(a, b, out):  # type: ignore[no-untyped-def]
    """out = a b^T."""
    np.dot(a, b.T, out)


@kernel(forceinline=False)
def product_tn(a, b, out):  # type: ignore[no-untyped-def]
    """out = a^T b."""
    np.dot(a.T, b, out)


@kernel(forceinline=False)
def gather(x, order, start, noise, std, out):  # type: ignore[no-untyped-def]
    """Columns of x (features, n) in the order given from `start` on, with noise of this standard deviation."""
    noisy = std > 0
    n = out.shape[1]
    for f in range(x.shape[0]):
        row, to = x[f], out[f]
        for j in range(n):
            to[j] = row[order[start + j]]
        if noisy:
            for j in range(n):
                to[j] += std * noise[f, start + j]


@kernel(forceinline=False)
def input_forward(x, h, w, running, scratch):  # type: ignore[no-untyped-def]
    """BatchNorm of the inputs: x is normalised in place, h = gamma x + beta; whether all numbers are finite."""
    rows, n = x.shape
    means, squares = scratch[0], scratch[1]
    moments(x, 0, rows, means, squares)
    finite = True
    for f in range(rows):
        inverse = x.dtype.type(inverse_deviation(squares[f], n))
        keep_running(running, 0, f, rows, means[f], squares[f], n)
        finite = finite and inverse > 0
        mean, gamma, beta, xf, hf = means[f], w[f], w[rows + f], x[f], h[f]
        for j in range(n):
            xj = (xf[j] - mean) * inverse
            xf[j] = xj
            hf[j] = gamma * xj + beta
    return finite


@kernel(forceinline=False, fastmath=FAST)
def row_sums(z, g, at):  # type: ignore[no-untyped-def]
    """Sum of each row, into g from `at` on."""
    for f in range(z.shape[0]):
        total, row = z.dtype.type(0), z[f]
        for j in range(z.shape[1]):
            total += row[j]
        g[at + f] = total


@kernel(forceinline=False)
def add_bias(z, w, at):  # type: ignore[no-untyped-def]
    """z += bias of each row, which is in w from `at` on."""
    for f in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[f, j] += w[at + f]


@kernel(forceinline=False)
def input_backward(w, g, W, dW, at):  # type: ignore[no-untyped-def]
    """From M in dW, and s in g from `at` on, to the gradients of W, gamma and beta of the input's BatchNorm."""
    outputs, inputs = W.shape
    for i in range(2 * inputs):
        g[i] = 0
    for o in range(outputs):
        s = g[at + o]
        for i in range(inputs):
            g[i] += W[o, i] * dW[o, i]
            g[inputs + i] += W[o, i] * s
            dW[o, i] = dW[o, i] * w[i] + s * w[inputs + i]


@kernel(forceinline=False)
def forward(w, running, sizes, starts, x, labels, work, slope, keep, threshold, seed, step):  # type: ignore[no-untyped-def]
    """Loss summed over a batch, and the layer whose numbers stopped being finite, or FINITE.

    x (inputs, n) is overwritten, `work` filled, the logits with the gradient of the mean loss; running statistics move.
    """
    depth = starts.shape[0]
    inputs, n = x.shape
    faulty = FINITE
    h = matrix(work.h[0], 0, inputs, n)
    if not input_forward(x, h, w, running, work.moments):
        faulty = 0
    at = 2 * inputs
    for l in range(depth - 1):
        i, o = sizes[l], sizes[l + 1]
        z = matrix(work.x[l], 0, o, n)
        product(matrix(w, starts[l], o, i), h, z)
        h = matrix(work.h[l + 1], 0, o, n)
        good = hidden_forward(
            z, h, matrix(work.D[l], 0, o, n), work.inverse[l], work.moments, w, starts[l] + o * i, running, at,
            slope, keep, threshold, work.words, seed, DROPOUT + np.uint64(l + 1), step,
        )  # fmt: skip
        at += 2 * o
        if not good and faulty == FINITE:
            faulty = l + 1
    i, o = sizes[depth - 1], sizes[depth]
    logits = matrix(work.logits, 0, o, n)
    product(matrix(w, starts[depth - 1], o, i), h, logits)
    add_bias(logits, w, starts[depth - 1] + o * i)
    loss = cross_entropy(logits, labels, work.scratch[0], work.scratch[1])
    if faulty == FINITE and not math.isfinite(loss):
        faulty = depth
    return loss, faulty


@kernel(forceinline=False)
def backward(w, g, sizes, starts, x, work):  # type: ignore[no-untyped-def]
    """The gradient of the mean loss in g, after `forward`."""
    depth = starts.shape[0]
    n = x.shape[1]
    dz = matrix(work.logits, 0, sizes[depth], n)
    for l in range(depth - 1, -1, -1):
        i, o = sizes[l], sizes[l + 1]
        b = starts[l] + o * i
        W, dW = matrix(w, starts[l], o, i), matrix(g, starts[l], o, i)
        if l < depth - 1:
            hidden_backward(dz, matrix(work.D[l], 0, o, n), matrix(work.x[l], 0, o, n), work.inverse[l], w, g, b)
        else:
            row_sums(dz, g, b)
        product_nt(dz, matrix(work.h[l], 0, i, n) if l > 0 else x, dW)
        if l > 0:
            dh = matrix(work.dh[l % 2], 0, i, n)
            product_tn(W, dz, dh)
            dz = dh
        else:
            input_backward(w, g, W, dW, b)


def train_entry(  # type: ignore[no-untyped-def]
    w, g, m, v, running, sizes, starts, x, order, labels, edges, noise, work, slope, keep, threshold, input_std,
    constants, lr, weight_decay, seed, first_step,
):  # fmt: skip
    """Steps over the batches order[edges[k] : edges[k + 1]]; returns the summed loss and the faulty layer or FINITE.

    Parameters move only while all is finite. `noise` is (features, n) where input_std > 0.
    """
    total = 0.0
    for k in range(edges.shape[0] - 1):
        start, stop = edges[k], edges[k + 1]
        step = first_step + k
        batch = matrix(work.batch, 0, x.shape[0], stop - start)
        gather(x, order, start, noise, input_std, batch)
        loss, faulty = forward(
            w, running, sizes, starts, batch, labels[start:stop], work, slope, keep, threshold, seed, np.uint64(step)
        )
        total += loss
        if faulty != FINITE:
            return total, faulty
        backward(w, g, sizes, starts, batch, work)
        update(w, g, m, v, constants, lr, weight_decay, step + 1)
    return total, FINITE
