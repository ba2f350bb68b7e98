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
from .rows import FAST, hidden_backward, hidden_forward, normalise
from .update import update

FINITE = -1  # no layer is at fault


@kernel(forceinline=False)
def gather(x, order, noise, std, out):  # type: ignore[no-untyped-def]
    """Columns of x (features, n) in the order given, with noise of this standard deviation."""
    noisy = std > 0
    for f in range(x.shape[0]):
        row, to = x[f], out[f]
        for j in range(order.shape[0]):
            to[j] = row[order[j]]
        if noisy:
            for j in range(order.shape[0]):
                to[j] += std * noise[f, j]


@kernel(forceinline=False)
def input_forward(x, h, gamma, beta, mean, var):  # type: ignore[no-untyped-def]
    """BatchNorm of the inputs: x is normalised in place, h = gamma x + beta."""
    finite = True
    for f in range(x.shape[0]):
        inverse = normalise(x[f], x.dtype.type(0), mean[f : f + 1], var[f : f + 1])
        finite = finite and inverse > 0
        for j in range(x.shape[1]):
            h[f, j] = gamma[f] * x[f, j] + beta[f]
    return finite


@kernel(forceinline=False, fastmath=FAST)
def row_sums(z, out):  # type: ignore[no-untyped-def]
    """Sum of each row."""
    for f in range(z.shape[0]):
        total, row = z.dtype.type(0), z[f]
        for j in range(z.shape[1]):
            total += row[j]
        out[f] = total


@kernel(forceinline=False)
def add_bias(z, bias):  # type: ignore[no-untyped-def]
    """z += bias of each row."""
    for f in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[f, j] += bias[f]


@kernel(forceinline=False)
def input_backward(w, dw, s, gamma, beta, dgamma, dbeta):  # type: ignore[no-untyped-def]
    """From M in dw to the gradients of W, gamma and beta of the input's BatchNorm."""
    outputs, inputs = w.shape
    for i in range(inputs):
        dgamma[i] = w.dtype.type(0)
        dbeta[i] = w.dtype.type(0)
    for o in range(outputs):
        for i in range(inputs):
            dgamma[i] += w[o, i] * dw[o, i]
            dbeta[i] += w[o, i] * s[o]
            dw[o, i] = dw[o, i] * gamma[i] + s[o] * beta[i]


@kernel(forceinline=False)
def loss_and_gradient(w, g, running, sizes, starts, x, labels, work, slope, keep, threshold, seed, step):  # type: ignore[no-untyped-def]
    """Loss summed over a batch and, in g, the gradient of its mean; running statistics move on.

    x (inputs, n) is overwritten. Returns the loss and the layer whose numbers stopped being finite, or FINITE.
    """
    depth = starts.shape[0]
    inputs, n = x.shape
    s = w[0:0]
    faulty = FINITE
    h = work.h[0][: inputs * n].reshape(inputs, n)
    if not input_forward(x, h, w[:inputs], w[inputs : 2 * inputs], running[:inputs], running[inputs : 2 * inputs]):
        faulty = 0
    at = 2 * inputs
    for l in range(depth):
        i, o, a = sizes[l], sizes[l + 1], starts[l]
        b = a + o * i
        W = w[a:b].reshape(o, i)
        if l == depth - 1:
            logits = work.logits[: o * n].reshape(o, n)
            np.dot(W, h, logits)
            add_bias(logits, w[b : b + o])
            break
        z = work.x[l][: o * n].reshape(o, n)
        np.dot(W, h, z)
        h = work.h[l + 1][: o * n].reshape(o, n)
        good = hidden_forward(
            z, h, work.D[l][: o * n].reshape(o, n), work.inverse[l], w[b : b + o], w[b + o : b + 2 * o],
            w[b + 2 * o : b + 3 * o], running[at : at + o], running[at + o : at + 2 * o], slope, keep, threshold,
            work.words, seed, DROPOUT + np.uint64(l + 1), step,
        )  # fmt: skip
        at += 2 * o
        if not good and faulty == FINITE:
            faulty = l + 1
    loss = cross_entropy(logits, labels, work.scratch[0], work.scratch[1])
    if faulty == FINITE and not math.isfinite(loss):
        faulty = depth
    if faulty != FINITE:
        return loss, faulty

    dz = logits
    for l in range(depth - 1, -1, -1):
        i, o, a = sizes[l], sizes[l + 1], starts[l]
        b = a + o * i
        W, dW = w[a:b].reshape(o, i), g[a:b].reshape(o, i)
        if l < depth - 1:
            x_l, D = work.x[l][: o * n].reshape(o, n), work.D[l][: o * n].reshape(o, n)
            hidden_backward(
                dz, D, x_l, work.inverse[l], w[b + o : b + 2 * o], g[b + o : b + 2 * o], g[b + 2 * o : b + 3 * o]
            )
            g[b : b + o] = 0
        else:
            row_sums(dz, g[b : b + o])
        if l > 0:
            np.dot(dz, work.h[l][: i * n].reshape(i, n).T, dW)
            dh = work.dh[l % 2][: i * n].reshape(i, n)
            np.dot(W.T, dz, dh)
            dz = dh
        else:
            np.dot(dz, x.T, dW)
            s = g[b : b + o]
            input_backward(W, dW, s, w[:inputs], w[inputs : 2 * inputs], g[:inputs], g[inputs : 2 * inputs])
    return loss, faulty


def train_entry(w, g, m, v, running, sizes, starts, x, order, labels, edges, noise, work, slope, keep, threshold,
                input_std, constants, lr, weight_decay, seed, first_step):  # type: ignore[no-untyped-def]  # fmt: skip
    """Steps over the batches order[edges[k] : edges[k + 1]]; returns the mean loss and the faulty layer or FINITE.

    Parameters move only while all is finite. `noise` is (features, n) where input_std > 0.
    """
    inputs = x.shape[0]
    total = 0.0
    for k in range(edges.shape[0] - 1):
        start, stop = edges[k], edges[k + 1]
        batch = work.batch[: inputs * (stop - start)].reshape(inputs, stop - start)
        gather(x, order[start:stop], noise[:, start:stop], input_std, batch)
        loss, faulty = loss_and_gradient(
            w, g, running, sizes, starts, batch, labels[start:stop], work, slope, keep, threshold, seed,
            np.uint64(first_step + k),
        )  # fmt: skip
        total += loss
        if faulty != FINITE:
            return total, faulty
        update(w, g, m, v, constants, lr, weight_decay, first_step + k + 1)
    return total / max(edges[-1] - edges[0], 1), FINITE
